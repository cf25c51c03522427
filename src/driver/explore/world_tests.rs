//! What a rollout's driver stands in: one alias with Lambda's optimistic lock, a write that is still
//! under way, CodeDeploy, those who edit, and what must not be done to any of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::pass_tests::is_forward;
use crate::driver::{Assignment, Snapshot};
use crate::judge::alarms::{AlarmRule, AlarmRules, InsufficientData};
use crate::judge::measure::Inconclusive;
use crate::rollout::{
    AliasView, AliasWrite, Contenders, DeploymentStatus, Finish, Known, Limits, Mark, Mode, Plan,
    Rules, Version, Weight, preflight,
};

/// Long enough that a bake is one tick.
pub(super) const POLL: SignedDuration = SignedDuration::from_mins(1);
const BUDGET: SignedDuration = SignedDuration::from_secs(90);
/// A few polls longer than the plans.
const LONGEST: SignedDuration = SignedDuration::from_mins(4);

/// What is fixed in one exploration.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub assignment: Assignment,
    /// Whether Lambda keeps a weight of 0.0.
    pub keeps_zero: bool,
    /// A second rollout may start.
    pub rival: bool,
    /// At most so many disturbances.
    pub disturbances: u8,
}

/// Version, weights above zero and mark: what routes traffic, and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Routes {
    pub version: String,
    pub lit: BTreeMap<String, f64>,
    pub mark: Option<Mark>,
}

/// Where the process is that drives a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    /// The rollout came to its own end.
    Over,
    /// Stopped or killed before that.
    Killed,
}

/// Whoever puts right what a killed driver left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recovery {
    Uncalled,
    /// Not confirmed yet. Whether the rollout's plan is known, and whether a write has succeeded.
    Going {
        known: bool,
        touched: bool,
    },
    Done,
}

#[derive(Debug, Clone)]
pub(super) struct Driver {
    pub contenders: Contenders,
    pub snapshot: Arc<Snapshot>,
    pub due: Timestamp,
    pub life: Life,
    pub recovery: Recovery,
    /// What this rollout found or wrote last.
    pub ours: Routes,
    /// A tick whose state was kept has seen a reason to stop.
    pub warned: bool,
    /// The newest state of each phase before the present one: late duplicates run on these.
    pub older: Vec<Arc<Snapshot>>,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    pub now: Timestamp,
    pub alias: Option<AliasView>,
    /// What a stale answer shows: the alias before its last change.
    pub before: Option<AliasView>,
    /// Since when a rollout's own write routes as it does.
    pub since: Timestamp,
    changes: u32,
    /// A person was the last to change what stands.
    pub by_hand: bool,
    /// A person has taken the weights away, and our mark says so.
    pub put_out: bool,
    /// What others wrote in the description.
    pub text: &'static str,
    pub drivers: Vec<Driver>,
    /// A write whose sender does not know of it any more, and whose write it is.
    pub in_flight: Option<(usize, AliasWrite)>,
    /// Lambda lets nobody give the canary more: what was refused stays refused.
    pub refuses: bool,
    pub deployment: DeploymentStatus,
    /// Whether the hook was answered `Succeeded`.
    pub answer: Option<bool>,
    pub used: u8,
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The rollout.
    Rollout,
    /// Its recovery, which knows the rollout's plan or only its mark.
    Recovery { known: bool },
    /// A person, who has agreed.
    Person,
}

impl Setting {
    /// `finish`: who shifts at the end, this rollout or CodeDeploy around it.
    pub fn new(plan: &str, finish: Finish, disturbances: u8) -> Self {
        let rules = Rules {
            plan: plan.parse().unwrap(),
            limits: Limits {
                poll: POLL,
                longest: LONGEST,
                error_budget: BUDGET,
            },
            mode: Mode::Enforce,
            finish,
            inconclusive: Inconclusive::Hold,
        };
        let alarms = AlarmRules {
            alarms: vec![AlarmRule {
                name: "errors".to_owned(),
                ignore_if_already_in_alarm: false,
            }],
            insufficient_data: InsufficientData::Hold,
        };
        Self {
            assignment: Assignment::new(rules, alarms, None, 3),
            keeps_zero: true,
            rival: false,
            disturbances,
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.assignment.rules.plan
    }

    pub fn in_hook(&self) -> bool {
        self.assignment.rules.finish == Finish::HandOver
    }

    pub fn known(&self, driver: &Driver) -> Known {
        Known {
            contenders: driver.contenders.clone(),
            plan: self.plan().clone(),
        }
    }
}

impl World {
    pub fn new() -> Self {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let alias = AliasView {
            version: "1".to_owned(),
            weights: BTreeMap::new(),
            description: "prod".to_owned(),
            revision: "1".to_owned(),
        };
        // The same canary, tried before and put back by hand.
        let before = AliasView {
            version: "2".to_owned(),
            revision: "0".to_owned(),
            ..alias.clone()
        };
        let mut world = Self {
            now,
            before: Some(before),
            alias: Some(alias.clone()),
            since: now,
            changes: 1,
            by_hand: false,
            put_out: false,
            text: "prod",
            drivers: Vec::new(),
            in_flight: None,
            refuses: false,
            deployment: DeploymentStatus::InProgress,
            answer: None,
            used: 0,
        };
        world.drivers.push(world.driver(
            Contenders {
                rollout: "r1".parse().unwrap(),
                stable: Version::new(1),
                canary: Version::new(2),
            },
            &alias,
        ));
        world
    }

    pub fn driver(&self, contenders: Contenders, alias: &AliasView) -> Driver {
        let state = preflight::begin(contenders.clone(), alias, self.now);
        Driver {
            contenders,
            snapshot: Arc::new(Snapshot::new(state)),
            due: self.now,
            life: Life::Running,
            recovery: Recovery::Uncalled,
            ours: Routes::of(alias),
            warned: false,
            older: Vec::new(),
        }
    }

    /// The alias as it is from now on, under another revision.
    pub fn put(&mut self, view: AliasView) {
        self.changes += 1;
        let revision = self.changes.to_string();
        self.before = self.alias.take();
        self.alias = Some(AliasView { revision, ..view });
    }

    pub fn delete(&mut self) {
        self.before = self.alias.take();
    }

    /// Lambda's `UpdateAlias`: whether it took effect; or what this writer must not have done.
    pub fn write(
        &mut self,
        setting: &Setting,
        (who, writer): (usize, Writer),
        write: &AliasWrite,
    ) -> Result<bool, String> {
        let Some(before) = self.alias.clone() else {
            return Ok(false);
        };
        if before.revision != write.revision {
            return Ok(false);
        }
        let kept = write
            .canary
            .filter(|(_, weight)| *weight != Weight::ZERO || setting.keeps_zero);
        let after = AliasView {
            version: write.version.to_string(),
            weights: kept
                .iter()
                .map(|(version, weight)| (version.to_string(), weight.fraction()))
                .collect(),
            description: write.description.clone(),
            revision: String::new(),
        };
        if self.refuses
            && writer == Writer::Rollout
            && is_forward(&self.drivers[who].contenders, write)
        {
            return Ok(false);
        }
        self.may_write(setting, (who, writer), &before, &after)?;
        if self.drivers[who].ours != Routes::of(&after) {
            self.drivers[who].ours = Routes::of(&after);
            self.since = self.now;
        }
        self.by_hand = false;
        // Only after a dark step, whose missing entry tells nothing: any other one is not gone on from.
        // Nor does anybody know who took the weights away once a recovery has taken the mark away.
        self.put_out &= after.weights.is_empty() && writer == Writer::Rollout;
        self.put(after);
        Ok(true)
    }

    fn may_write(
        &self,
        setting: &Setting,
        (who, writer): (usize, Writer),
        before: &AliasView,
        after: &AliasView,
    ) -> Result<(), String> {
        if before.others_description() != after.others_description() {
            return Err("what others wrote in the description was overwritten".to_owned());
        }
        let driver = &self.drivers[who];
        let (was, is) = (Routes::of(before), Routes::of(after));
        let marked = was.mark.as_ref().map(|mark| &mark.rollout);
        let theirs = marked.is_some_and(|rollout| *rollout != driver.contenders.rollout);
        if theirs && is.mark != was.mark && writer != Writer::Person {
            return Err("another rollout's mark was taken away".to_owned());
        }
        // Where only the mark is known, no weight that is left goes before an edit that stays.
        let by_mark = writer == Writer::Recovery { known: false }
            && marked == Some(&driver.contenders.rollout);
        // Our weights under our mark go, also where somebody has moved the version below them.
        let known = writer == Writer::Recovery { known: true }
            && (&was.lit, &was.mark) == (&driver.ours.lit, &driver.ours.mark);
        let free = writer == Writer::Person || by_mark || known;
        let changes = (&was.version, &was.lit) != (&is.version, &is.lit);
        if was != driver.ours && changes && (!free || was.version != is.version) {
            return Err("somebody else's edit of the alias was overwritten".to_owned());
        }
        if setting.in_hook() && was.version != is.version {
            return Err("inside a hook the alias' version was moved".to_owned());
        }
        if writer == Writer::Rollout && driver.share(after) > driver.share(before) {
            self.may_raise(setting, who, &was, &is)?;
        }
        Ok(())
    }

    /// Only to the next step of the plan, and not before the step that stands has had its bake.
    fn may_raise(
        &self,
        setting: &Setting,
        who: usize,
        was: &Routes,
        is: &Routes,
    ) -> Result<(), String> {
        let driver = &self.drivers[who];
        // Outside CodeDeploy nobody is called when a process was killed: the next one who comes
        // finds the mark.
        let nobody = driver.life == Life::Killed && !setting.in_hook();
        let recovered = driver.recovery == Recovery::Done && driver.life != Life::Running;
        if driver.life == Life::Over || recovered && !nobody {
            return Err("the weight was raised after the end".to_owned());
        }
        let own = |routes: &Routes| {
            let mark = routes.mark.as_ref();
            let mark = mark.filter(|mark| mark.rollout == driver.contenders.rollout);
            mark.map_or(0, |mark| mark.generation as usize)
        };
        let plan = setting.plan();
        let (from, to) = (own(was), own(is));
        let share = is.lit.values().copied().sum::<f64>();
        let planned = match is.lit.is_empty() {
            true => to == 0 && from == plan.steps().len(),
            false => {
                to == from + 1
                    && plan
                        .step(from)
                        .is_some_and(|step| step.weight.fraction() == share)
            }
        };
        if !planned {
            return Err(format!(
                "the weight went above the plan's: from {from} to {to}"
            ));
        }
        let bake = from.checked_sub(1).and_then(|step| plan.step(step));
        if bake.is_some_and(|step| self.now.duration_since(self.since) < step.bake) {
            return Err("the weight was raised before the bake was over".to_owned());
        }
        Ok(())
    }

    /// Whether what stands is what this rollout found or left.
    pub fn is_ours(&self, driver: &Driver) -> bool {
        self.alias.as_ref().map(Routes::of).as_ref() == Some(&driver.ours)
    }
}

impl Driver {
    /// The share of this rollout's canary.
    fn share(&self, view: &AliasView) -> f64 {
        let canary = self.contenders.canary.to_string();
        match view.version == canary && view.weights.is_empty() {
            true => 1.0,
            false => view.weights.get(&canary).copied().unwrap_or(0.0),
        }
    }
}

impl Routes {
    pub fn of(view: &AliasView) -> Self {
        let lit = view.weights.iter().filter(|(_, share)| **share != 0.0);
        Self {
            version: view.version.clone(),
            lit: lit
                .map(|(version, share)| (version.clone(), *share))
                .collect(),
            mark: view.mark(),
        }
    }
}
