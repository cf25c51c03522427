//! What a test of the protocol can ask for: looks, fates of writes, edits; and the gist of what a
//! tick decided.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::judge::measure::{Inconclusive, Measured};
use crate::judge::{Doubt, Regression, Verdict};

/// What one look will show.
#[derive(Clone)]
pub(super) struct Look {
    pub read: Read,
    pub verdict: Verdict,
    pub measured: Measured,
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
    /// The mark of another rollout in place of ours.
    OtherMark,
    OtherVersion,
    PromoteByHand,
    PutBackByHand,
    Describe(&'static str),
    Delete,
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
        finish: Finish::Promote,
        inconclusive: Inconclusive::Hold,
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
            measured: Measured::default(),
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
            measured: self.measured.clone(),
            wish: self.abort.then(|| Wish::Abort { by: "ann".into() }),
            failure: failed.then(|| "timeout".to_owned()),
        }
    }
}

/// What a decision says, in a few words.
pub(super) fn gist(decision: &Decision) -> String {
    let ended = |end: &End| match end {
        End::Promoted { confirmed: true } => "promoted",
        End::Promoted { confirmed: false } => "found promoted",
        End::HandedOver => "handed over",
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
        (None, Reason::HandOver) => "announce hand-over".into(),
        (None, Reason::Bake { .. }) => "bake".into(),
        (None, Reason::Hold { .. }) => "hold".into(),
        (None, Reason::LookAgain { .. }) => "look again".into(),
        (None, Reason::Blind { .. }) => "blind".into(),
        (None, Reason::Rollback { .. }) => "put back, blind".into(),
        (None, other) => format!("{other:?} without a command"),
    }
}
