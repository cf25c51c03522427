//! What can happen, where it can happen, and which of it is a disturbance.

use super::pass_tests::Fate;
use super::world_tests::{Life, Recovery, Setting, World};
use crate::rollout::DeploymentStatus;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Action {
    /// A driver's tick when it is due.
    Tick(usize, Look),
    /// The same, and something becomes of the write that it makes.
    TickWrites(usize, Look, Fate),
    /// The same, but it is killed before its state is kept; it is repeated at once.
    TickForgotten(usize, Look, Fate),
    /// A tick on an older state: late, reordered or redriven, now or just before the next one is
    /// due. What it comes to is not kept.
    Duplicate {
        who: usize,
        older: usize,
        look: Look,
        fate: Fate,
        due: bool,
    },
    /// The next tick comes so many minutes late.
    Late(usize, u8),
    /// A write that was under way arrives.
    Lands,
    /// It never does.
    Vanishes,
    Edit(Edit),
    /// The driver is stopped for good. Its recovery may know the plan.
    Kill {
        who: usize,
        known: bool,
    },
    /// A driver that was stopped goes on from its last state.
    Redrive(usize),
    /// One look and at most one write of the recovery.
    Recover(usize, RecoveryLook),
    /// CodeDeploy gives the canary all traffic.
    Shifts,
    /// The deployment ends before the hook has answered, or before the shift.
    DeploymentEnds(DeploymentStatus),
    /// Another rollout asks whether it may start.
    Rival,
}

/// What a tick sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub alarm: Alarm,
    pub read: Read,
    pub wish: Heard,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Alarm {
    Ok,
    Rings,
    NoData,
    Unreadable,
}

/// How the alias is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Read {
    Fresh,
    Stale,
    Unreadable,
}

/// What those who may stop the rollout say, beside the deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Heard {
    Nothing,
    Abort,
    /// They cannot be asked.
    Unheard,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RecoveryLook {
    Fresh,
    Stale,
    LostAfter,
    LostBefore,
}

/// Somebody else's edit of the alias.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Edit {
    /// All traffic to the version that it is at; the description stays, or goes with the mark.
    NoWeights {
        description: bool,
    },
    PromoteByHand,
    OtherVersion,
    Reweight,
    RemoveMark,
    Describe,
    /// Only the revision changes, as by an edit of something that no rollout reads.
    Touch,
    Delete,
}

const EDITS: [Edit; 9] = [
    Edit::NoWeights { description: true },
    Edit::NoWeights { description: false },
    Edit::PromoteByHand,
    Edit::OtherVersion,
    Edit::Reweight,
    Edit::RemoveMark,
    Edit::Describe,
    Edit::Touch,
    Edit::Delete,
];

impl Look {
    pub const fn of(alarm: Alarm) -> Self {
        Self {
            alarm,
            read: Read::Fresh,
            wish: Heard::Nothing,
        }
    }

    const ABORT: Self = Self {
        wish: Heard::Abort,
        ..Self::of(Alarm::Ok)
    };

    /// The looks of which any can follow any other without a disturbance: alarms flip as they like.
    pub fn calm(setting: &Setting) -> Vec<Self> {
        let mut looks: Vec<_> = [Alarm::Ok, Alarm::Rings, Alarm::NoData]
            .map(Self::of)
            .into();
        // Inside a hook only the deployment's end is a wish.
        looks.extend((!setting.in_hook()).then_some(Self::ABORT));
        looks
    }
}

impl Action {
    pub fn disturbs(&self) -> bool {
        match self {
            Self::Tick(_, look) => {
                look.read != Read::Fresh
                    || look.alarm == Alarm::Unreadable
                    || look.wish == Heard::Unheard
            }
            Self::Recover(_, look) => *look != RecoveryLook::Fresh,
            Self::Lands | Self::Vanishes | Self::Shifts => false,
            _ => true,
        }
    }
}

impl World {
    /// What happens next if nothing disturbs any more, by what the looks show from now on.
    pub fn calm(&self, setting: &Setting) -> Vec<Action> {
        let going =
            |driver: &super::world_tests::Driver| matches!(driver.recovery, Recovery::Going { .. });
        let looks = Look::calm(setting);
        if let Some(who) = self.drivers.iter().position(going) {
            return vec![Action::Recover(who, RecoveryLook::Fresh); looks.len()];
        }
        let running = self
            .drivers
            .iter()
            .enumerate()
            .filter(|(_, driver)| driver.life == Life::Running);
        if let Some((who, _)) = running.min_by_key(|(_, driver)| driver.due) {
            return looks
                .into_iter()
                .map(|look| Action::Tick(who, look))
                .collect();
        }
        match self.shifts() {
            true => vec![Action::Shifts; looks.len()],
            false => Vec::new(),
        }
    }

    /// Whether CodeDeploy is about to give the canary all traffic.
    pub fn shifts(&self) -> bool {
        self.answer == Some(true) && self.deployment == DeploymentStatus::InProgress
    }

    pub fn actions(&self, setting: &Setting) -> Vec<Action> {
        let disturbed = self.used < setting.disturbances;
        let mut actions = Vec::new();
        if self.in_flight.is_some() {
            actions.extend([Action::Lands, Action::Vanishes]);
        }
        actions.extend(self.shifts().then_some(Action::Shifts));
        for who in 0..self.drivers.len() {
            self.of_driver(setting, who, disturbed, &mut actions);
        }
        if !disturbed {
            return actions;
        }
        if self.alias.is_some() {
            actions.extend(EDITS.map(Action::Edit));
        }
        if setting.in_hook() && !self.deployment.ended() {
            let ends = [DeploymentStatus::Stopped, DeploymentStatus::Failed];
            actions.extend(ends.map(Action::DeploymentEnds));
        }
        actions.extend((setting.rival && self.drivers.len() == 1).then_some(Action::Rival));
        actions
    }

    fn of_driver(&self, setting: &Setting, who: usize, disturbed: bool, actions: &mut Vec<Action>) {
        let driver = &self.drivers[who];
        if matches!(driver.recovery, Recovery::Going { .. }) {
            actions.push(Action::Recover(who, RecoveryLook::Fresh));
            let looks = [
                RecoveryLook::Stale,
                RecoveryLook::LostAfter,
                RecoveryLook::LostBefore,
            ];
            actions.extend(
                looks
                    .map(|look| Action::Recover(who, look))
                    .into_iter()
                    .filter(|_| disturbed),
            );
        }
        if driver.life == Life::Running {
            let looks = Look::calm(setting);
            actions.extend(looks.into_iter().map(|look| Action::Tick(who, look)));
            if disturbed {
                self.disturbed_ticks(setting, who, actions);
            }
        }
        if !disturbed {
            return;
        }
        if driver.life == Life::Running {
            actions.extend([1, 40].map(|minutes| Action::Late(who, minutes)));
            // Outside CodeDeploy a person puts it back, by whatever stands there.
            let plans = [true, false]
                .into_iter()
                .filter(|known| setting.in_hook() || !known);
            actions.extend(plans.map(|known| Action::Kill { who, known }));
        }
        if driver.life == Life::Killed && setting.in_hook() {
            actions.push(Action::Redrive(who));
        }
        self.duplicates(setting, who, actions);
    }

    fn disturbed_ticks(&self, setting: &Setting, who: usize, actions: &mut Vec<Action>) {
        for alarm in [Alarm::Ok, Alarm::Rings] {
            let look = Look::of(alarm);
            // One answer may be stale. Two that say the same are believed.
            let surprised = self.drivers[who].snapshot.state.unexpected.is_some();
            let reads = [Read::Stale, Read::Unreadable].into_iter();
            for read in reads.filter(|read| !surprised || *read != Read::Stale) {
                actions.push(Action::Tick(who, Look { read, ..look }));
            }
            if !self.acts(setting, who, &self.drivers[who].snapshot, look, true) {
                continue;
            }
            let fates = Fate::DISTURBED
                .into_iter()
                .filter(|fate| self.may_be(*fate));
            for fate in fates {
                actions.push(Action::TickWrites(who, look, fate));
            }
            for fate in [Fate::Applied, Fate::Delayed]
                .into_iter()
                .filter(|fate| self.may_be(*fate))
            {
                actions.push(Action::TickForgotten(who, look, fate));
            }
        }
        actions.push(Action::Tick(who, Look::of(Alarm::Unreadable)));
        if setting.in_hook() {
            let wish = Heard::Unheard;
            actions.push(Action::Tick(
                who,
                Look {
                    wish,
                    ..Look::of(Alarm::Ok)
                },
            ));
        }
    }

    /// Only those that write anything: nobody gets to know the others.
    fn duplicates(&self, setting: &Setting, who: usize, actions: &mut Vec<Action>) {
        let driver = &self.drivers[who];
        for (older, snapshot) in driver.older.iter().enumerate() {
            for due in [false, true] {
                let waits = driver.life == Life::Running && driver.due > self.now;
                if due && !waits {
                    continue;
                }
                for alarm in [Alarm::Ok, Alarm::Rings] {
                    let look = Look::of(alarm);
                    if !self.acts(setting, who, snapshot, look, due) {
                        continue;
                    }
                    for fate in [Fate::Applied, Fate::Delayed] {
                        let duplicate = Action::Duplicate {
                            who,
                            older,
                            look,
                            fate,
                            due,
                        };
                        actions.extend(self.may_be(fate).then_some(duplicate));
                    }
                }
            }
        }
    }

    /// One write can be under way at a time.
    fn may_be(&self, fate: Fate) -> bool {
        fate != Fate::Delayed || self.in_flight.is_none()
    }
}
