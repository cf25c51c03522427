//! A rollout as a person watches it: a bar where there is a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::mem;

use jiff::{SignedDuration, Timestamp};

use super::console::Console;
use crate::driver::{Assignment, Pass};
use crate::judge::alarms::AlarmState;
use crate::judge::duration::readable;
use crate::judge::measure::EvidenceRules;
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    Command, Contenders, Phase, Plan, ROLLBACK_PATIENCE, Reason, State, Unapplied, Weight,
};

/// Without news, plain lines come this often.
const QUIET_LINES: SignedDuration = SignedDuration::from_secs(60);

/// Shows passes.
pub struct Progress {
    console: Console,
    plan: Plan,
    evidence: Option<EvidenceRules>,
    /// What was last said of the counts.
    counted: Vec<(String, String)>,
    standing: Standing,
    /// What the last line was about, so that only news makes a line.
    last: Option<(Topic, Timestamp)>,
}

/// What the bar shows between two passes.
#[derive(Default)]
struct Standing {
    weight: Option<Weight>,
    bake_ends: Option<Timestamp>,
    rolling_back: bool,
    alarms: String,
}

type Topic = (
    mem::Discriminant<Reason>,
    BTreeMap<String, &'static str>,
    String,
);

impl Progress {
    /// A display for this rollout.
    pub fn new(console: Console, assignment: &Assignment) -> Self {
        Self {
            console,
            plan: assignment.rules.plan.clone(),
            evidence: assignment
                .evidence
                .as_ref()
                .map(|counting| counting.rules.clone()),
            counted: Vec::new(),
            standing: Standing::default(),
            last: None,
        }
    }

    /// Shows what a pass saw, decided and did.
    pub fn show(&mut self, pass: &Pass, now: Timestamp) {
        self.remember(pass);
        if let Some(forecast) = &pass.forecast {
            self.console.say(&format!("warning: {forecast}"));
        }
        if pass.reason == Reason::Ready {
            // Only told apart from the first step inside: it follows at once.
            return;
        }
        let alarms = pass
            .alarms
            .iter()
            .map(|alarm| (alarm.name.clone(), alarm.state.as_str()));
        let mut detail = match &pass.reason {
            // These differ from pass to pass without being news.
            Reason::Bake { .. } | Reason::Blind { .. } => String::new(),
            reason => reason.to_string(),
        };
        detail += &doubts(pass)
            .iter()
            .map(Doubt::to_string)
            .collect::<String>();
        let topic = (mem::discriminant(&pass.reason), alarms.collect(), detail);
        let quiet = self
            .last
            .as_ref()
            .is_some_and(|(last, at)| *last == topic && now.duration_since(*at) < QUIET_LINES);
        if !quiet || pass.act.is_some() || pass.would.is_some() {
            self.console.say(&self.text(pass, now));
            self.last = Some((topic, now));
        }
        self.count(pass, now);
        self.refresh(now);
    }

    /// Says what the counts come to, once in a minute: after each fetch that brought something new.
    fn count(&mut self, pass: &Pass, now: Timestamp) {
        let found = pass.snapshot.evidence.finding().zip(self.evidence.as_ref());
        let sentences = found.map(|(finding, rules)| finding.sentences(rules));
        let sentences = sentences.unwrap_or_default();
        if sentences.is_empty() || sentences == self.counted {
            return;
        }
        let time = now.strftime("%H:%M:%SZ");
        for (metric, sentence) in &sentences {
            self.console.say(&format!("{time}  {metric}: {sentence}"));
        }
        self.counted = sentences;
    }

    /// Brings the bar up to date.
    pub fn refresh(&self, now: Timestamp) {
        if !self.console.is_terminal() {
            return;
        }
        let weight = self.standing.weight.unwrap_or(Weight::ZERO);
        let left = self.standing.bake_ends.map(|end| end.duration_since(now));
        let next = left
            .filter(|left| left.is_positive())
            .map_or(String::new(), |left| {
                format!("next step in {}  ", readable(left))
            });
        let next = if self.standing.rolling_back {
            "putting it back  ".to_owned()
        } else {
            next
        };
        let percent = (weight.fraction() * 100.0).round() as u64;
        let alarms = &self.standing.alarms;
        self.console
            .bar(percent, format!("{weight} to the canary  {next}{alarms}"));
    }

    /// Takes the display away.
    pub fn finish(&self) {
        self.console.no_bar();
    }

    fn remember(&mut self, pass: &Pass) {
        if !pass.alarms.is_empty() {
            self.standing.alarms = alarms(pass);
        } else if let Some(doubt) = doubts(pass).first() {
            // What was last known is not what is: never show an old OK.
            self.standing.alarms = doubt.to_string();
        }
        match &pass.snapshot.state.phase {
            Phase::Baking { step, since } => {
                let step = self.plan.step(*step);
                self.standing.weight = step.map(|step| step.weight);
                self.standing.bake_ends = step.and_then(|step| since.checked_add(step.bake).ok());
            }
            Phase::RollingBack { .. } => self.standing.rolling_back = true,
            Phase::Ended { .. } => self.standing.bake_ends = None,
            Phase::Starting { .. } => {}
        }
    }

    fn text(&self, pass: &Pass, now: Timestamp) -> String {
        let time = now.strftime("%H:%M:%SZ");
        let mut text = format!("{time}  {}", pass.reason);
        if !matches!(pass.reason, Reason::Hold { .. }) {
            doubts(pass)
                .iter()
                .for_each(|doubt| text += &format!("; {doubt}"));
        }
        text += &state_of_affairs(&pass.snapshot.state, now);
        if !pass.alarms.is_empty() {
            text += &format!("  [{}]", alarms(pass));
        }
        if let Some(cause) = &pass.would {
            text += &format!("\n{time}  would: roll back: {cause}");
        }
        if let Some((command, result)) = &pass.act {
            let contenders = &pass.snapshot.state.contenders;
            text += &format!("\n{time}  {}", done(contenders, command, result));
        }
        text
    }
}

fn alarms(pass: &Pass) -> String {
    let each = pass.alarms.iter().map(|alarm| {
        let excepted = pass.snapshot.alarms.excepts(&alarm.name);
        let note = if excepted {
            " (since before the start, excepted)"
        } else {
            ""
        };
        format!("{} {}{note}", alarm.name, alarm.state.as_str())
    });
    // The bad ones first: a narrow terminal cuts the end.
    let mut each: Vec<String> = each.collect();
    each.sort_by_key(|text| !text.contains(AlarmState::Alarm.as_str()));
    each.join(", ")
}

/// What the judge could not find out on this look.
fn doubts(pass: &Pass) -> &[Doubt] {
    match &pass.verdict {
        Verdict::Inconclusive(doubts) => doubts,
        Verdict::Pass | Verdict::Fail(_) => &[],
    }
}

/// What a person must not have to guess while nothing seems to happen.
fn state_of_affairs(state: &State, now: Timestamp) -> String {
    match &state.phase {
        Phase::Starting { .. } => " (nothing was shifted yet)".to_owned(),
        Phase::RollingBack {
            since, attempts, ..
        } if *attempts > 0 => format!(
            " (NOT BACK YET: tried for {} of at least {})",
            readable(now.duration_since(*since)),
            readable(ROLLBACK_PATIENCE),
        ),
        _ => String::new(),
    }
}

fn done(contenders: &Contenders, command: &Command, result: &Result<(), Unapplied>) -> String {
    let what = match command {
        Command::Shift { weight, .. } => format!("{weight} to version {}", contenders.canary),
        Command::Promote { .. } => format!("all traffic to version {}", contenders.canary),
        Command::Restore { .. } => format!("all traffic back to version {}", contenders.stable),
    };
    match result {
        Ok(()) => format!("done: {what}"),
        Err(Unapplied::Conflict) => {
            format!("{what}: the alias was changed meanwhile; looking again")
        }
        Err(Unapplied::Refused(error)) => format!("{what}: refused: {error}"),
        Err(Unapplied::Lost(error)) => format!("{what}: not confirmed, trying again: {error}"),
    }
}
