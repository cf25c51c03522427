//! What becomes of the world when something happens to it; an error is what must not happen.

use std::mem::discriminant;
use std::sync::Arc;

use jiff::SignedDuration;

use super::actions_tests::{Action, Alarm, Edit, Heard, Look, RecoveryLook};
use super::pass_tests::{Fate, Passed, is_a_wait};
use super::world_tests::{Life, Recovery, Routes, Setting, World, Writer};
use crate::rollout::preflight::{Facts, Preflight, Request, VersionFacts, preflight};
use crate::rollout::{
    AliasView, Command, DeploymentStatus, End, Failure, Phase, PutBack, Version, Whose, put_back,
    put_back_write,
};

impl World {
    pub fn step(&self, setting: &Setting, action: &Action) -> Result<Self, String> {
        let mut after = self.clone();
        after.happens(setting, *action)?;
        if action.disturbs() {
            after.used += 1;
            if after.used == setting.disturbances {
                // Nobody can be late any more.
                after
                    .drivers
                    .iter_mut()
                    .for_each(|driver| driver.older.clear());
            }
        }
        Ok(after)
    }

    fn happens(&mut self, setting: &Setting, action: Action) -> Result<(), String> {
        match action {
            Action::Tick(who, look) => self.tick(setting, who, look, Fate::Applied, true),
            Action::TickWrites(who, look, fate) => self.tick(setting, who, look, fate, true),
            Action::TickForgotten(who, look, fate) => self.tick(setting, who, look, fate, false),
            Action::Duplicate {
                who,
                older,
                look,
                fate,
                due,
            } => self.duplicate(setting, (who, older), look, fate, due),
            Action::Late(who, minutes) => {
                let late = SignedDuration::from_mins(minutes.into());
                self.drivers[who].due = self.next_tick(who) + late;
                Ok(())
            }
            Action::Lands => match self.in_flight.take() {
                Some((who, write)) => self
                    .write(setting, (who, Writer::Rollout), &write)
                    .map(|_| ()),
                None => Ok(()),
            },
            Action::Vanishes => {
                self.in_flight = None;
                Ok(())
            }
            Action::Edit(edit) => {
                self.edit(edit);
                Ok(())
            }
            Action::Kill { who, known } => {
                let touched = false;
                self.drivers[who].life = Life::Killed;
                self.drivers[who].recovery = Recovery::Going { known, touched };
                Ok(())
            }
            Action::Redrive(who) => {
                // Whoever redrives what was stopped wants it to go on.
                self.put_out = false;
                self.drivers[who].life = Life::Running;
                self.drivers[who].due = self.now;
                Ok(())
            }
            Action::Recover(who, look) => self.recover(setting, who, look),
            Action::Shifts => self.shift(),
            Action::DeploymentEnds(status) => {
                self.deployment = status;
                Ok(())
            }
            Action::Rival => {
                self.rival();
                Ok(())
            }
        }
    }

    fn tick(
        &mut self,
        setting: &Setting,
        who: usize,
        look: Look,
        fate: Fate,
        kept: bool,
    ) -> Result<(), String> {
        self.now = self.next_tick(who);
        let state = self.drivers[who].snapshot.clone();
        let passed = self.passed(setting, &state, look, fate, self.now);
        self.may_decide(setting, look, &passed)?;
        if self.drivers[who].warned && raises(&passed) {
            return Err(
                "the weight goes up although a tick before saw a reason to stop".to_owned(),
            );
        }
        self.takes_effect(setting, who, &passed, fate)?;
        if !kept {
            self.drivers[who].due = self.now;
            return Ok(());
        }
        self.keep(setting, who, look, passed)
    }

    fn duplicate(
        &mut self,
        setting: &Setting,
        (who, older): (usize, usize),
        look: Look,
        fate: Fate,
        due: bool,
    ) -> Result<(), String> {
        if due {
            self.now = self.next_tick(who);
        }
        let state = self.drivers[who].older[older].clone();
        let passed = self.passed(setting, &state, look, fate, self.now);
        self.may_decide(setting, look, &passed)?;
        self.takes_effect(setting, who, &passed, fate)
    }

    /// What a decision must not be, whatever becomes of it.
    fn may_decide(&self, setting: &Setting, look: Look, passed: &Passed) -> Result<(), String> {
        if let Some(write) = &passed.write
            && passed.seen.as_ref().map(|seen| &seen.revision) != Some(&write.revision)
        {
            return Err("a write does not depend on what its own tick saw".to_owned());
        }
        let (wait, over) = (passed.pass.wait, passed.pass.snapshot.state.end().is_some());
        if !is_a_wait(wait) {
            return Err(format!("it is to wait for {wait:#}"));
        }
        let announces = |phase: &Phase| {
            matches!(
                phase,
                Phase::Starting {
                    announced: true,
                    ..
                } | Phase::RollingBack { .. }
            )
        };
        if !over
            && wait.is_zero()
            && passed.write.is_none()
            && !announces(&passed.pass.snapshot.state.phase)
        {
            return Err("it is to go on at once, and does nothing".to_owned());
        }
        if !raises(passed) {
            return Ok(());
        }
        let heard = look.wish != Heard::Unheard;
        let stopped = setting.in_hook() && self.deployment.ended() && heard;
        // That a wish could not be heard is no doubt; it uses up the budget of failing calls.
        if look.alarm != Alarm::Ok || look.wish == Heard::Abort || stopped {
            return Err("the weight goes up on a look that does not allow it".to_owned());
        }
        Ok(())
    }

    fn takes_effect(
        &mut self,
        setting: &Setting,
        who: usize,
        passed: &Passed,
        fate: Fate,
    ) -> Result<(), String> {
        let Some(write) = &passed.write else {
            return Ok(());
        };
        match fate {
            Fate::LostBefore => {}
            Fate::Refused => self.refuses = true,
            Fate::Touched => self.edit(Edit::Touch),
            Fate::Delayed => self.in_flight = Some((who, write.clone())),
            Fate::Applied | Fate::LostAfter => {
                self.write(setting, (who, Writer::Rollout), write)?;
            }
        }
        Ok(())
    }

    fn keep(
        &mut self,
        setting: &Setting,
        who: usize,
        look: Look,
        passed: Passed,
    ) -> Result<(), String> {
        let heard = look.wish != Heard::Unheard;
        let stopped = setting.in_hook() && self.deployment.ended() && heard;
        let driver = &mut self.drivers[who];
        let before = std::mem::replace(&mut driver.snapshot, Arc::new(passed.pass.snapshot));
        driver.due = self.now + passed.pass.wait;
        let announced = !matches!(
            before.state.phase,
            Phase::Starting {
                announced: false,
                ..
            }
        );
        let speaks = look.alarm == Alarm::Rings || look.wish == Heard::Abort || stopped;
        // At the canary everything is over.
        let canary = driver.contenders.canary.to_string();
        let promoted = passed
            .seen
            .is_some_and(|seen| seen.version == canary && seen.weights.is_empty());
        driver.warned |= announced && speaks && !promoted;
        if self.used < setting.disturbances {
            let same = |one: &Phase, other: &Phase| match (one, other) {
                (Phase::Baking { step, .. }, Phase::Baking { step: other, .. }) => step == other,
                (
                    Phase::Starting { announced, .. },
                    Phase::Starting {
                        announced: other, ..
                    },
                ) => announced == other,
                _ => discriminant(one) == discriminant(other),
            };
            driver
                .older
                .retain(|older| !same(&older.state.phase, &before.state.phase));
            driver.older.push(before);
        }
        match driver.snapshot.state.end().cloned() {
            Some(end) => self.ended(setting, who, &end),
            None => Ok(()),
        }
    }

    fn ended(&mut self, setting: &Setting, who: usize, end: &End) -> Result<(), String> {
        let not_put_back = matches!(
            end,
            End::Failed {
                failure: Failure::NotPutBack { .. }
            }
        );
        if not_put_back {
            // The state machine's own patience begins, or a person's.
            let (known, touched) = (true, false);
            self.drivers[who].life = Life::Killed;
            self.drivers[who].recovery = Recovery::Going { known, touched };
            return Ok(());
        }
        self.drivers[who].life = Life::Over;
        let driver = &self.drivers[who];
        let says = match end {
            End::Promoted { .. } => Some(driver.contenders.canary),
            End::HandedOver | End::RolledBack { .. } | End::Aborted { .. } => {
                Some(driver.contenders.stable)
            }
            End::Failed { .. } => None,
        };
        if let (Some(says), Some(view), true) = (says, &self.alias, self.is_ours(driver)) {
            let bare = view.weights.is_empty() && view.mark().is_none();
            if view.version != says.to_string() || !bare {
                return Err(format!("the end is \"{end}\", and the alias is {view}"));
            }
        }
        if self.put_out && *end == End::HandedOver {
            return Err("a canary passes that a person has stopped".to_owned());
        }
        if setting.in_hook() {
            self.reply(matches!(end, End::Promoted { .. } | End::HandedOver));
        }
        Ok(())
    }

    /// CodeDeploy hears the hook's answer, unless it has given up waiting.
    fn reply(&mut self, succeeded: bool) {
        if self.deployment.ended() || self.answer.is_some() {
            return;
        }
        self.answer = Some(succeeded);
        if !succeeded {
            self.deployment = DeploymentStatus::Failed;
        }
    }

    fn shift(&mut self) -> Result<(), String> {
        self.deployment = DeploymentStatus::Succeeded;
        let Some(view) = self.alias.clone() else {
            return Ok(());
        };
        let weighted = !view.weights.is_empty() || view.mark().is_some();
        if weighted && self.is_ours(&self.drivers[0]) {
            return Err(format!(
                "CodeDeploy finds the alias {view} after the hook has passed"
            ));
        }
        let (version, weights) = ("2".to_owned(), Default::default());
        self.put(AliasView {
            version,
            weights,
            ..view
        });
        Ok(())
    }

    fn recover(&mut self, setting: &Setting, who: usize, look: RecoveryLook) -> Result<(), String> {
        let Recovery::Going { known, touched } = self.drivers[who].recovery else {
            return Ok(());
        };
        let view = match look {
            RecoveryLook::Stale => &self.before,
            _ => &self.alias,
        };
        let driver = &self.drivers[who];
        let write = match (view, setting.in_hook()) {
            (None, _) => None,
            (Some(view), false) => put_back_write(view),
            (Some(view), true) => {
                let whose = Whose::This {
                    rollout: driver.contenders.rollout.clone(),
                    known: known.then(|| setting.known(driver)),
                };
                match put_back(view, &whose, touched) {
                    PutBack::Write(write) => Some(write),
                    PutBack::Leave | PutBack::LeaveEdit | PutBack::Nothing => None,
                }
            }
        };
        let Some(write) = write else {
            self.drivers[who].recovery = Recovery::Done;
            if setting.in_hook() {
                self.reply(false);
            }
            return Ok(());
        };
        let writer = match setting.in_hook() {
            true => Writer::Recovery { known },
            false => Writer::Person,
        };
        let done =
            look != RecoveryLook::LostBefore && self.write(setting, (who, writer), &write)?;
        if done && look != RecoveryLook::LostAfter {
            let touched = true;
            self.drivers[who].recovery = match setting.in_hook() {
                true => Recovery::Going { known, touched },
                false => Recovery::Done,
            };
        }
        Ok(())
    }

    fn rival(&mut self) {
        let Some(view) = &self.alias else {
            return;
        };
        if let Preflight::Ready(contenders) = preflight(&facts(view), &request()) {
            self.drivers.push(self.driver(contenders, view));
        }
    }

    fn edit(&mut self, edit: Edit) {
        let Some(mut view) = self.alias.clone() else {
            return;
        };
        match edit {
            Edit::NoWeights { description } => {
                view.weights.clear();
                if !description {
                    view.description = self.text.to_owned();
                }
            }
            Edit::PromoteByHand => {
                view.version = "2".to_owned();
                view.weights.clear();
            }
            Edit::OtherVersion => view.version = "7".to_owned(),
            // An alias' own version cannot have a weight beside it.
            Edit::Reweight if view.version == "2" => {}
            Edit::Reweight => view.weights = [("2".to_owned(), 0.3)].into(),
            Edit::RemoveMark => view.description = self.text.to_owned(),
            Edit::Describe => {
                self.text = "theirs";
                view.description = view
                    .mark()
                    .map_or(self.text.to_owned(), |mark| mark.join(self.text));
            }
            Edit::Touch => {}
            Edit::Delete => return self.delete(),
        }
        let routes = |view: &AliasView| (view.version.clone(), view.weights.clone(), view.mark());
        // With the mark gone, too, it looks like a write of our own.
        let weighted = self
            .alias
            .as_ref()
            .is_some_and(|view| !Routes::of(view).lit.is_empty());
        self.put_out =
            (self.put_out || weighted) && view.weights.is_empty() && view.mark().is_some();
        self.by_hand |= self.alias.as_ref().map(routes) != Some(routes(&view));
        self.put(view);
    }
}

/// Whether the pass wants more traffic for the canary.
fn raises(passed: &Passed) -> bool {
    matches!(
        &passed.pass.act,
        Some((Command::Shift { .. } | Command::Promote { .. }, _))
    )
}

/// What another rollout's preflight finds.
pub(super) fn facts(view: &AliasView) -> Facts {
    let version = Some(VersionFacts {
        state: None,
        state_reason: None,
        role: "role".to_owned(),
        dead_letter: None,
        timeout: 3,
    });
    Facts {
        alias: view.clone(),
        stable: version.clone(),
        canary: version,
        stack: None,
        deployment: None,
    }
}

pub(super) fn request() -> Request {
    Request {
        rollout: "r2".parse().unwrap(),
        // The same release, started twice.
        canary: Version::new(2),
        shifts: true,
        watches: true,
        reach: None,
        detach: false,
    }
}
