//! One look at what both versions counted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Observe;
use crate::judge::measure::{Alone, EvidenceRules, Measured, Memory, Versions};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{AliasReading, Contenders};

/// What to count, and how to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counting {
    /// The policy's rules.
    #[serde(flatten)]
    pub rules: EvidenceRules,
    /// The longest that an invocation of either version may take, in seconds: the larger one of
    /// both versions' time-outs, 1 to 900.
    pub timeout: u32,
}

impl Counting {
    /// What the last fetch came to, for a person: sentences about each metric and what was left
    /// out. Empty where nothing is counted.
    #[must_use]
    pub fn account(this: Option<&Self>, memory: &Memory) -> Vec<String> {
        let found = memory.finding().zip(this);
        found.map_or_else(Vec::new, |(finding, counting)| {
            finding.account(&counting.rules)
        })
    }
}

/// What a look at the counts gave: of both versions, or of one [`Alone`].
#[derive(Debug, Clone, PartialEq)]
pub struct Counts<M = Memory> {
    /// What the judge remembers from now on.
    pub memory: M,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// Whether there is enough evidence.
    pub measured: Measured,
    /// Why nothing, or not everything, could be counted.
    pub failure: Option<String>,
}

impl<M> Counts<M> {
    /// No evidence is asked for, or not now: nothing speaks against the canary, and there is
    /// nothing to wait for.
    #[must_use]
    pub fn unasked(memory: M) -> Self {
        Self {
            memory,
            verdict: Verdict::Pass,
            measured: Measured::default(),
            failure: None,
        }
    }
}

/// One look: takes down what stands at the alias, and fetches counts if that is due. `clock` is
/// asked before the fetch, since what is as old by then is at least as old when the answer comes.
pub async fn counts<P: Observe>(
    ports: &P,
    counting: &Counting,
    memory: &Memory,
    contenders: &Contenders,
    alias: &AliasReading,
    clock: impl Fn() -> Timestamp,
) -> Counts {
    let now = clock();
    let rules = &counting.rules;
    let mut memory = memory.clone();
    if let AliasReading::Seen(view) = alias {
        memory.saw(contenders.canary_share(view).basis_points(), now);
    }
    let versions = Versions {
        stable: contenders.stable.to_string(),
        canary: contenders.canary.to_string(),
    };
    let answer = match rules.question(&memory, &versions, now) {
        Some(question) => Some(ports.counts(&question).await),
        None => None,
    };
    let mut failure = None;
    match answer {
        Some(Ok(answer)) => memory = rules.weigh(&memory, counting.timeout, now, &answer),
        Some(Err(error)) => failure = Some(error),
        None => {}
    }
    let found = memory.finding().map(|finding| finding.verdict());
    Counts {
        measured: rules.measured(&memory, now),
        verdict: verdict(failure.as_ref(), found),
        failure: failure.or_else(|| memory.finding().and_then(|finding| finding.failure())),
        memory,
    }
}

/// One look at one version by itself, after all traffic has shifted to it: at the alias, and at the
/// counts if that is due. `clock` is asked before both.
pub async fn alone<P: Observe>(
    ports: &P,
    rules: &EvidenceRules,
    memory: &Alone,
    versions: &Versions,
    clock: impl Fn() -> Timestamp,
) -> Counts<Alone> {
    let now = clock();
    let mut memory = memory.clone();
    let mut failure = None;
    match ports.alias().await {
        AliasReading::Seen(view) => {
            let all = view.version == versions.canary && view.weights.is_empty();
            memory.saw(all, now);
        }
        AliasReading::Gone => memory.saw(false, now),
        AliasReading::Unreadable(error) => failure = Some(error),
    }
    if let Some(question) = rules.question_alone(&memory, versions, now) {
        match ports.counts(&question).await {
            Ok(answer) => memory = rules.weigh_alone(&memory, now, &answer),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let found = memory.finding().map(|finding| finding.verdict());
    Counts {
        measured: rules.measured_alone(&memory, now),
        verdict: verdict(failure.as_ref(), found),
        failure: failure.or_else(|| memory.finding().and_then(|finding| finding.failure())),
        memory,
    }
}

/// What was found stays found, whether or not the next call succeeds.
fn verdict(failure: Option<&String>, found: Option<Verdict>) -> Verdict {
    match (failure, found) {
        (_, Some(found @ Verdict::Fail(_))) => found,
        (Some(error), _) => Verdict::Inconclusive(vec![Doubt::Uncounted {
            error: error.clone(),
        }]),
        (None, found) => found.unwrap_or(Verdict::Pass),
    }
}
