//! One pass of the real driver over the model's world.

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};

use super::actions_tests::{Alarm, Heard, Look, Read};
use super::world_tests::{Setting, World};
use crate::driver::{Act, AlarmsAnswer, Observe, Pass, Snapshot, pass};
use crate::judge::alarms::{AlarmReading, AlarmState, Question};
use crate::judge::measure::{CountsAnswer, CountsQuestion};
use crate::rollout::{AliasReading, AliasView, AliasWrite, Contenders, Unapplied, Wish};

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Applied,
    /// Throttled, or killed before the call.
    LostBefore,
    LostAfter,
    /// Somebody touches the alias in between: the revision is another one.
    Touched,
    Refused,
    /// Its sender takes it for lost, and it arrives later, or never.
    Delayed,
}

impl Fate {
    pub const DISTURBED: [Self; 5] = [
        Self::LostBefore,
        Self::LostAfter,
        Self::Touched,
        Self::Refused,
        Self::Delayed,
    ];
}

/// A pass, and the write that it made.
pub(super) struct Passed {
    pub pass: Pass,
    pub seen: Option<AliasView>,
    pub write: Option<AliasWrite>,
}

struct Ports {
    contenders: Contenders,
    reading: AliasReading,
    alarm: Alarm,
    /// The alias' revision when a write arrives.
    revision: Option<String>,
    /// Lambda refuses to give the canary more, as it did before.
    refuses: bool,
    fate: Fate,
    written: Mutex<Option<AliasWrite>>,
}

impl Observe for Ports {
    async fn alias(&self) -> AliasReading {
        self.reading.clone()
    }

    /// An alarm shows itself once and leaves no history: only the state can remember it.
    async fn alarms(&self, _: &Question) -> Result<AlarmsAnswer, String> {
        let state = match self.alarm {
            Alarm::Ok => AlarmState::Ok,
            Alarm::Rings => AlarmState::Alarm,
            Alarm::NoData => AlarmState::InsufficientData,
            Alarm::Unreadable => return Err("throttled".to_owned()),
        };
        let reading = AlarmReading {
            name: "errors".to_owned(),
            state,
            transitioned_at: Timestamp::UNIX_EPOCH,
            evaluation: None,
            changes: Vec::new(),
        };
        Ok(AlarmsAnswer {
            readings: vec![reading],
            failure: None,
        })
    }

    async fn counts(&self, _: &CountsQuestion) -> Result<CountsAnswer, String> {
        Err("nobody asks for counts".to_owned())
    }
}

impl Act for Ports {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        *self.written.lock().unwrap() = Some(write.clone());
        let lost = || Err(Unapplied::Lost("timeout".to_owned()));
        match self.fate {
            Fate::LostBefore | Fate::LostAfter | Fate::Delayed => lost(),
            Fate::Touched => Err(Unapplied::Conflict),
            _ if self.revision.as_ref() != Some(&write.revision) => Err(Unapplied::Conflict),
            _ if self.refuses && is_forward(&self.contenders, write) => Err(refused()),
            Fate::Refused => Err(refused()),
            Fate::Applied => Ok(()),
        }
    }
}

impl World {
    /// When the driver's next tick is: a tick is never before what has happened.
    pub fn next_tick(&self, who: usize) -> Timestamp {
        self.now.max(self.drivers[who].due)
    }

    /// Whether a tick on this state would write.
    pub fn acts(
        &self,
        setting: &Setting,
        who: usize,
        state: &Snapshot,
        look: Look,
        due: bool,
    ) -> bool {
        let now = if due { self.next_tick(who) } else { self.now };
        self.passed(setting, state, look, Fate::Applied, now)
            .write
            .is_some()
    }

    pub fn passed(
        &self,
        setting: &Setting,
        state: &Snapshot,
        look: Look,
        fate: Fate,
        now: Timestamp,
    ) -> Passed {
        let view = match look.read {
            Read::Fresh | Read::Unreadable => &self.alias,
            Read::Stale => &self.before,
        };
        let reading = match (look.read, view) {
            (Read::Unreadable, _) => AliasReading::Unreadable("throttled".to_owned()),
            (_, Some(view)) => AliasReading::Seen(view.clone()),
            (_, None) => AliasReading::Gone,
        };
        let ports = Ports {
            contenders: state.state.contenders.clone(),
            reading,
            alarm: look.alarm,
            revision: self.alias.as_ref().map(|alias| alias.revision.clone()),
            refuses: self.refuses,
            fate,
            written: Mutex::new(None),
        };
        let ended = setting.in_hook() && self.deployment.ended();
        let abort = || Wish::Abort {
            by: "a person".to_owned(),
        };
        let heard = match look.wish {
            Heard::Unheard => Err("CodeDeploy did not answer".to_owned()),
            Heard::Abort => Ok(Some(abort())),
            Heard::Nothing => Ok(ended.then(abort)),
        };
        let pass = at_once(pass(&ports, &setting.assignment, state, heard, || now));
        let seen = match ports.reading {
            AliasReading::Seen(view) => Some(view),
            AliasReading::Gone | AliasReading::Unreadable(_) => None,
        };
        let write = ports.written.into_inner().unwrap();
        Passed { pass, seen, write }
    }
}

fn refused() -> Unapplied {
    Unapplied::Refused("not allowed".to_owned())
}

/// Whether a write is to give a canary more.
pub(super) fn is_forward(contenders: &Contenders, write: &AliasWrite) -> bool {
    write.canary.is_some() || write.version == contenders.canary
}

/// The model's ports answer at once.
fn at_once<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a pass waited for something"),
    }
}

/// The longest that a driver may be told to wait.
pub(super) fn is_a_wait(wait: SignedDuration) -> bool {
    !wait.is_negative() && wait <= super::world_tests::POLL
}
