//! The world that the protocol's tests run in: one alias with Lambda's optimistic locking, other
//! people who edit it, answers that are stale or lost, and one driver that carries a state.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::judge::{Doubt, Regression, Verdict};

/// What one look will show.
#[derive(Clone)]
pub(super) struct Look {
    pub read: Read,
    pub verdict: Verdict,
    pub abort: bool,
    /// A call other than the one for the alias fails.
    pub failure: bool,
}

/// How the alias is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Fresh,
    /// An answer from before the last so many changes.
    Stale(usize),
    Unreadable,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Applied,
    LostBefore,
    LostAfter,
    Refused,
    /// Somebody touches the alias in between, so the revision is another one.
    Touched,
}

/// Somebody else's edit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    Reweight(f64),
    RemoveMark,
    OtherVersion,
    PromoteByHand,
    PutBackByHand,
    Describe(&'static str),
    Delete,
}

/// One pass of a driver: what it saw, decided and did.
#[derive(Debug, Clone)]
pub(super) struct Pass {
    pub at: Timestamp,
    /// False for a duplicate that runs on an old state and whose result nobody gets.
    pub driver: bool,
    /// False if the driver never got the result.
    pub delivered: bool,
    pub before: State,
    pub look: Look,
    pub view: Option<AliasView>,
    pub decision: Decision,
    /// The alias before and after the write, if the write took effect.
    pub effect: Option<(AliasView, AliasView)>,
    /// Version or weights were somebody else's before the write.
    pub over_edit: bool,
    pub after: State,
    pub wait: SignedDuration,
}

pub(super) struct World {
    pub rules: Rules,
    pub alias: Option<AliasView>,
    pub now: Timestamp,
    pub due: Timestamp,
    pub state: State,
    /// All states that a driver ever had.
    pub emitted: Vec<State>,
    pub trace: Vec<Pass>,
    /// Whether Lambda keeps a weight of 0.0.
    pub keeps_zero: bool,
    /// Somebody else's version or weights stand at the alias.
    pub edited: bool,
    /// What others wrote in the description.
    pub text: String,
    /// What was refused stays refused, or it was not a refusal; a rollback may be let through.
    refusing: bool,
    past: Vec<AliasView>,
}

pub(super) const POLL: SignedDuration = SignedDuration::from_secs(15);
pub(super) const BUDGET: SignedDuration = SignedDuration::from_mins(3);
pub(super) const LONGEST: SignedDuration = SignedDuration::from_mins(60);

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub(super) fn secs(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(super) fn contenders() -> Contenders {
    Contenders {
        rollout: "r1".parse().unwrap(),
        stable: Version::new(1),
        canary: Version::new(2),
    }
}

pub(super) fn rules(plan: &str) -> Rules {
    Rules {
        plan: plan.parse().unwrap(),
        limits: Limits {
            poll: POLL,
            longest: LONGEST,
            error_budget: BUDGET,
        },
        mode: Mode::Enforce,
    }
}

pub(super) fn regression() -> Regression {
    Regression::InAlarm {
        alarm: "errors".into(),
        since: at(0),
    }
}

pub(super) fn aborted() -> Cause {
    Cause::Aborted { by: "ann".into() }
}

/// On one line, so that a schedule that failed can be read.
impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = match self.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail(_) => "alarm",
            Verdict::Inconclusive(_) => "doubt",
        };
        let abort = if self.abort { " abort" } else { "" };
        let failure = if self.failure { " failure" } else { "" };
        write!(f, "{verdict}{abort}{failure} {:?}", self.read)
    }
}

impl Look {
    pub fn pass() -> Self {
        Self {
            read: Read::Fresh,
            verdict: Verdict::Pass,
            abort: false,
            failure: false,
        }
    }

    pub fn alarm() -> Self {
        let verdict = Verdict::Fail(regression());
        Self {
            verdict,
            ..Self::pass()
        }
    }

    pub fn doubt() -> Self {
        let alarm = "errors".into();
        let verdict = Verdict::Inconclusive(vec![Doubt::NoData { alarm }]);
        Self {
            verdict,
            ..Self::pass()
        }
    }

    pub fn abort() -> Self {
        Self {
            abort: true,
            ..Self::pass()
        }
    }

    pub fn unreadable() -> Self {
        Self::pass().read(Read::Unreadable)
    }

    pub fn read(self, read: Read) -> Self {
        Self { read, ..self }
    }

    pub fn seen(&self, alias: AliasReading) -> Observation {
        let failed = self.failure || matches!(alias, AliasReading::Unreadable(_));
        Observation {
            alias,
            verdict: self.verdict.clone(),
            wish: self.abort.then(|| Wish::Abort { by: "ann".into() }),
            failure: failed.then(|| "timeout".to_owned()),
        }
    }
}

impl World {
    pub fn new(plan: &str) -> Self {
        Self::with(rules(plan))
    }

    pub fn with(rules: Rules) -> Self {
        let alias = AliasView {
            version: "1".into(),
            weights: BTreeMap::new(),
            description: "prod".into(),
            revision: "rev-1".into(),
        };
        // What stood there before the preflight: the same canary, tried and put back by hand.
        let older = AliasView {
            version: "2".into(),
            revision: "rev-0".into(),
            ..alias.clone()
        };
        let state = preflight::begin(contenders(), &alias, at(0));
        Self {
            rules,
            past: vec![older, alias.clone()],
            alias: Some(alias),
            now: at(0),
            due: at(0),
            emitted: vec![state.clone()],
            state,
            trace: Vec::new(),
            keeps_zero: true,
            edited: false,
            text: "prod".into(),
            refusing: false,
        }
    }

    /// The driver's next pass, when it is due.
    pub fn tick(&mut self, look: &Look) -> &Pass {
        self.tick_with(look, Fate::Applied)
    }

    pub fn tick_with(&mut self, look: &Look, fate: Fate) -> &Pass {
        self.now = self.now.max(self.due);
        self.drive(look, fate, true)
    }

    /// The driver's pass now, early or late. If it is killed (`delivered` is false), its write may
    /// stand, and its state is the old one.
    pub fn drive(&mut self, look: &Look, fate: Fate, delivered: bool) -> &Pass {
        let mut pass = self.pass(&self.state.clone(), look, fate);
        pass.driver = true;
        pass.delivered = delivered;
        if delivered {
            self.state = pass.after.clone();
            self.emitted.push(self.state.clone());
            self.due = self.now + pass.wait;
        }
        self.trace.push(pass);
        &self.trace[self.trace.len() - 1]
    }

    /// A pass on an old state, whose result nobody gets.
    pub fn duplicate(&mut self, old: usize, look: &Look, fate: Fate) -> &Pass {
        let old = self.emitted[old % self.emitted.len()].clone();
        let pass = self.pass(&old, look, fate);
        self.trace.push(pass);
        &self.trace[self.trace.len() - 1]
    }

    /// Ticks on time until the end, at most for a day.
    pub fn to_the_end(&mut self, look: &Look) -> End {
        let midnight = self.now + SignedDuration::from_hours(24);
        while self.state.end().is_none() && self.now < midnight {
            self.tick(look);
        }
        self.state.end().cloned().expect("it never ended")
    }

    /// Ticks on time as long as the step with this index has not been written.
    pub fn to_step(&mut self, step: usize) {
        while !matches!(self.state.phase, Phase::Baking { step: now, .. } if now == step) {
            assert!(self.state.end().is_none(), "{:?}", self.state);
            self.tick(&Look::pass());
        }
    }

    /// The alias as a person sees it.
    pub fn stands(&self) -> String {
        match &self.alias {
            None => "gone".into(),
            Some(view) if view.weights.is_empty() => view.version.clone(),
            Some(view) => {
                let shares: Vec<_> = view
                    .weights
                    .iter()
                    .map(|(v, w)| format!("{v}:{w}"))
                    .collect();
                format!("{} {}", view.version, shares.join(" "))
            }
        }
    }

    pub fn edit(&mut self, edit: &Edit) {
        let Some(before) = self.alias.clone() else {
            return;
        };
        let mut view = before.clone();
        let marked = view.mark().is_some();
        let dark = view.weights.values().all(|share| *share == 0.0);
        match edit {
            Edit::Reweight(share) => view.weights = BTreeMap::from([("2".into(), *share)]),
            Edit::RemoveMark => {
                view.description = "mine".into();
                self.text = "mine".into();
            }
            Edit::OtherVersion => view.version = "3".into(),
            Edit::PromoteByHand => (view.version, view.weights) = ("2".into(), BTreeMap::new()),
            Edit::PutBackByHand => (view.version, view.weights) = ("1".into(), BTreeMap::new()),
            Edit::Describe(text) => {
                view.description = view.mark().map_or((*text).into(), |mark| mark.join(text));
                self.text = (*text).into();
            }
            Edit::Delete => {
                self.alias = None;
                return;
            }
        }
        let moved = view.version != before.version || view.weights != before.weights;
        // Taking a weight of 0 away under our mark is not told from Lambda dropping it.
        let unseen = *edit == Edit::PutBackByHand && before.version == "1" && dark;
        self.edited |= moved && !unseen || *edit == Edit::RemoveMark && marked;
        self.put(view);
    }

    fn pass(&mut self, state: &State, look: &Look, fate: Fate) -> Pass {
        let view = self.read(look.read);
        let reading = match (&view, look.read) {
            (_, Read::Unreadable) => AliasReading::Unreadable("timeout".into()),
            (Some(view), _) => AliasReading::Seen(view.clone()),
            (None, _) => AliasReading::Gone,
        };
        let decision = tick(&self.rules, state, self.now, &look.seen(reading));
        let over_edit = self.edited;
        let before = self.alias.clone();
        let (mut after, mut wait) = (decision.state.clone(), decision.wait);
        let mut took_effect = false;
        if let Some(command) = &decision.command {
            let (effect, answer) = self.write(command.write(), fate);
            took_effect = effect;
            (after, wait) = match answer {
                Ok(()) => (applied(after, command, self.now), wait),
                Err(why) => unapplied(after, &self.rules.limits, self.now, why),
            };
        }
        Pass {
            at: self.now,
            driver: false,
            delivered: false,
            before: state.clone(),
            look: look.clone(),
            view: view.filter(|_| look.read != Read::Unreadable),
            effect: before.zip(self.alias.clone()).filter(|_| took_effect),
            over_edit,
            decision,
            after,
            wait,
        }
    }

    fn read(&self, read: Read) -> Option<AliasView> {
        match read {
            Read::Stale(back) => {
                let last = self.past.len() - 1;
                Some(self.past[last.saturating_sub(back)].clone())
            }
            _ => self.alias.clone(),
        }
    }

    /// Lambda's `UpdateAlias`: whether it took effect, and what the caller learns.
    fn write(&mut self, write: &AliasWrite, fate: Fate) -> (bool, Result<(), Unapplied>) {
        let lost = || Err(Unapplied::Lost("timeout".into()));
        if fate == Fate::LostBefore {
            return (false, lost());
        }
        if fate == Fate::Touched
            && let Some(view) = self.alias.clone()
        {
            self.put(view);
        }
        match &self.alias {
            Some(view) if view.revision == write.revision => {}
            _ => return (false, Err(Unapplied::Conflict)),
        }
        let forward = write.canary.is_some() || write.version == Version::new(2);
        if fate == Fate::Refused || self.refusing && forward {
            self.refusing |= forward;
            return (false, Err(Unapplied::Refused("not allowed".into())));
        }
        let kept = write
            .canary
            .filter(|(_, w)| *w != Weight::ZERO || self.keeps_zero);
        self.edited = false;
        self.put(AliasView {
            version: write.version.to_string(),
            weights: kept
                .iter()
                .map(|(v, w)| (v.to_string(), w.fraction()))
                .collect(),
            description: write.description.clone(),
            revision: String::new(),
        });
        let answer = if fate == Fate::LostAfter {
            lost()
        } else {
            Ok(())
        };
        (true, answer)
    }

    fn put(&mut self, view: AliasView) {
        let revision = format!("rev-{}", self.past.len());
        let view = AliasView { revision, ..view };
        self.past.push(view.clone());
        self.alias = Some(view);
    }
}

/// What a decision says, in a few words.
pub(super) fn gist(decision: &Decision) -> String {
    let ended = |end: &End| match end {
        End::Promoted { confirmed: true } => "promoted",
        End::Promoted { confirmed: false } => "found promoted",
        End::RolledBack { .. } => "rolled back",
        End::Aborted { .. } => "aborted",
        End::Failed { failure } => match failure {
            Failure::Drift { .. } => "drift",
            Failure::AliasDeleted => "deleted",
            Failure::ChangedSincePreflight => "changed",
            Failure::NotStarted { .. } => "not started",
            Failure::NotPutBack { .. } => "not put back",
        },
    };
    match (&decision.command, &decision.reason) {
        (Some(Command::Shift { step, .. }), _) => format!("step {step}"),
        (Some(Command::Promote { .. }), _) => "promote".into(),
        (Some(Command::Restore { .. }), _) => "put back".into(),
        (None, Reason::Ended { end }) => format!("end: {}", ended(end)),
        (None, Reason::Ready) => "announce".into(),
        (None, Reason::Bake { .. }) => "bake".into(),
        (None, Reason::Hold { .. }) => "hold".into(),
        (None, Reason::LookAgain { .. }) => "look again".into(),
        (None, Reason::Blind { .. }) => "blind".into(),
        (None, Reason::Rollback { .. }) => "put back, blind".into(),
        (None, other) => format!("{other:?} without a command"),
    }
}
