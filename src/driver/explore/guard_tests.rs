//! The guard beside a CodeDeploy that shifts whenever it likes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::search_tests::Model;
use crate::judge::measure::{Inconclusive, Measured, Sufficiency};
use crate::judge::{Bound, Doubt, Regression, Verdict};
use crate::rollout::guard::{
    DeploymentReading, Guard, GuardAct, GuardEnd, GuardFailure, GuardObservation, GuardPhase,
    GuardRules, not_stopped, watch,
};
use crate::rollout::{
    AliasReading, AliasView, Contenders, DeploymentStatus, Limits, Mode, Version,
};

/// What is fixed in one exploration.
pub(super) struct Watch {
    rules: GuardRules,
    pub disturbances: u8,
}

/// What the alias shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shift {
    Stable,
    Part,
    Full,
    Gone,
}

#[derive(Debug, Clone)]
pub(super) struct World {
    now: Timestamp,
    due: Timestamp,
    status: DeploymentStatus,
    shift: Shift,
    guard: Arc<Guard>,
    older: Vec<Arc<Guard>>,
    /// The execution was stopped: recovery stops the deployment.
    killed: bool,
    /// A look that was kept saw something against the canary.
    warned: bool,
    used: u8,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    judge: Judge,
    unread: Unread,
}

/// What the counts and alarms come to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Judge {
    Pass,
    Fail,
    Doubt,
    /// Nothing against the canary, and too little for it.
    Short,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unread {
    Nothing,
    Deployment,
    /// CodeDeploy's answer is older than the deployment's end.
    Ended,
    Alias,
}

/// What becomes of the call to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Call {
    Answered,
    LostBefore,
    LostAfter,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Action {
    Tick(Look, Call),
    Forgotten(Look, Call),
    Duplicate(usize, Look),
    Late(u8),
    /// CodeDeploy goes on: more traffic, or the end.
    Shifts,
    /// A deployment that ended without success gives the traffic back.
    TakesBack,
    Ends(DeploymentStatus),
    Edit(bool),
    Kill,
    Recover,
}

const LOOKS: [Judge; 4] = [Judge::Pass, Judge::Fail, Judge::Doubt, Judge::Short];

const fn seen(judge: Judge) -> Look {
    let unread = Unread::Nothing;
    Look { judge, unread }
}

impl Watch {
    pub fn new(mode: Mode, disturbances: u8) -> Self {
        let limits = Limits {
            poll: SignedDuration::from_mins(1),
            longest: SignedDuration::from_mins(4),
            error_budget: SignedDuration::from_secs(90),
        };
        let inconclusive = Some(Inconclusive::Rollback);
        let rules = GuardRules {
            limits,
            mode,
            inconclusive,
        };
        Self {
            rules,
            disturbances,
        }
    }

    fn observed(&self, world: &World, look: Look) -> GuardObservation {
        let unread = || "throttled".to_owned();
        let short = Doubt::TooFewRequests {
            judged: 3,
            needed: 30,
            bound: Bound::new(0.01, 0.95),
        };
        let alarm = || "errors".to_owned();
        GuardObservation {
            deployment: match look.unread {
                Unread::Deployment => DeploymentReading::Unreadable(unread()),
                Unread::Ended => DeploymentReading::Seen(DeploymentStatus::InProgress),
                _ => DeploymentReading::Seen(world.status),
            },
            alias: match (look.unread, view(world.shift)) {
                (Unread::Alias, _) => AliasReading::Unreadable(unread()),
                (_, Some(view)) => AliasReading::Seen(view),
                (_, None) => AliasReading::Gone,
            },
            verdict: match look.judge {
                Judge::Pass | Judge::Short => Verdict::Pass,
                Judge::Fail => Verdict::Fail(Regression::Missing { alarm: alarm() }),
                Judge::Doubt => Verdict::Inconclusive(vec![Doubt::NoData { alarm: alarm() }]),
            },
            measured: Measured {
                sufficiency: match look.judge {
                    Judge::Short => Sufficiency::Short { doubt: short },
                    _ => Sufficiency::Enough,
                },
                unjudged_from: None,
            },
            unheard_from: None,
            wish: None,
            failure: matches!(look.unread, Unread::Deployment | Unread::Alias).then(unread),
        }
    }

    fn look(
        &self,
        world: &mut World,
        guard: &Arc<Guard>,
        look: Look,
        call: Call,
    ) -> Result<(Guard, SignedDuration), String> {
        let observed = self.observed(world, look);
        let decision = watch(&self.rules, guard, world.now, &observed);
        let ended = guard.end().is_some();
        let read = !matches!(look.unread, Unread::Deployment | Unread::Ended);
        let seen_ended = succeeded(guard) || read && world.status.ended();
        let stops = matches!(decision.act, GuardAct::Stop { .. });
        if stops && (ended || seen_ended) {
            return Err("a deployment that was seen to have ended is stopped".to_owned());
        }
        let enforced = self.rules.mode == Mode::Enforce;
        let against = look.judge == Judge::Fail && enforced;
        if against && !stops && !ended && !seen_ended {
            return Err("a regression does not stop the deployment".to_owned());
        }
        if stops && !enforced {
            return Err("a guard that only advises stops the deployment".to_owned());
        }
        let mut state = decision.state;
        if stops {
            if call != Call::LostBefore && world.status == DeploymentStatus::InProgress {
                world.status = DeploymentStatus::Stopped;
            }
            if call != Call::Answered {
                state = not_stopped(state, world.now, "timeout");
            }
        }
        Ok((state, decision.wait))
    }

    fn tick(&self, world: &mut World, look: Look, call: Call, kept: bool) -> Result<(), String> {
        world.now = world.now.max(world.due);
        let before = world.guard.clone();
        let (state, wait) = self.look(world, &before, look, call)?;
        if !kept {
            world.due = world.now;
            return Ok(());
        }
        if wait.is_negative() || wait > self.rules.limits.poll {
            return Err(format!("it is to wait for {wait:#}"));
        }
        world.due = world.now + wait;
        world.warned |= look.judge == Judge::Fail;
        world.guard = Arc::new(state);
        let kind = |guard: &Guard| discriminant(&guard.phase);
        world.older.retain(|older| kind(older) != kind(&before));
        world.older.push(before);
        match world.guard.end() {
            Some(end) => self.may_end(world, end, look),
            None if wait.is_zero() => Err("it is to look at once, and ends nothing".to_owned()),
            None => Ok(()),
        }
    }

    fn may_end(&self, world: &World, end: &GuardEnd, look: Look) -> Result<(), String> {
        use DeploymentStatus::{Failed, Stopped, Succeeded};
        let right = match end {
            GuardEnd::Passed => {
                let saw = look.judge == Judge::Pass && look.unread != Unread::Alias;
                world.shift == Shift::Full && !world.warned && saw
            }
            // The policy of this model never goes on with too little evidence.
            GuardEnd::PassedUnproven { .. } => false,
            GuardEnd::Advised { .. } => self.rules.mode == Mode::Advise,
            GuardEnd::Stopped { .. } => matches!(world.status, Failed | Stopped),
            GuardEnd::TooLate { .. } => world.status == Succeeded,
            GuardEnd::DeploymentEnded { status, .. } => *status == world.status,
            GuardEnd::Failed { failure } => match failure {
                GuardFailure::NotStopped { .. } => !world.status.ended(),
                GuardFailure::Unproven { .. } | GuardFailure::Elsewhere { .. } => {
                    world.status == Succeeded
                }
            },
        };
        match right {
            true => Ok(()),
            false => Err(format!("it ends as \"{end}\"")),
        }
    }
}

fn succeeded(guard: &Guard) -> bool {
    matches!(
        guard.phase,
        GuardPhase::Watching {
            succeeded: true,
            ..
        }
    )
}

fn view(shift: Shift) -> Option<AliasView> {
    let (version, share) = match shift {
        Shift::Stable => ("1", None),
        Shift::Part => ("1", Some(0.1)),
        Shift::Full => ("2", None),
        Shift::Gone => return None,
    };
    let weights = share.map(|share| ("2".to_owned(), share));
    Some(AliasView {
        version: version.to_owned(),
        weights: BTreeMap::from_iter(weights),
        description: String::new(),
        revision: String::new(),
    })
}

impl World {
    /// What CodeDeploy does next.
    fn codedeploy(&self) -> Option<Action> {
        let there = matches!(self.shift, Shift::Stable | Shift::Gone);
        match self.status {
            DeploymentStatus::InProgress => Some(Action::Shifts),
            DeploymentStatus::Failed | DeploymentStatus::Stopped if !there => {
                Some(Action::TakesBack)
            }
            _ => None,
        }
    }
}

impl Model for Watch {
    type State = World;
    type Action = Action;

    fn start(&self) -> World {
        let contenders = Contenders {
            rollout: "d-1".parse().unwrap(),
            stable: Version::new(1),
            canary: Version::new(2),
        };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        World {
            now,
            due: now,
            status: DeploymentStatus::InProgress,
            shift: Shift::Stable,
            guard: Arc::new(Guard::new(contenders, now)),
            older: Vec::new(),
            killed: false,
            warned: false,
            used: 0,
        }
    }

    fn actions(&self, world: &World) -> Vec<Action> {
        let disturbed = world.used < self.disturbances;
        let mut actions = Vec::new();
        let watches = world.guard.end().is_none() && !world.killed;
        if watches {
            actions.extend(LOOKS.map(|judge| Action::Tick(seen(judge), Call::Answered)));
        }
        if world.killed && !world.status.ended() {
            actions.push(Action::Recover);
        }
        actions.extend(world.codedeploy());
        if !disturbed {
            return actions;
        }
        if watches {
            for judge in LOOKS {
                for unread in [Unread::Deployment, Unread::Alias, Unread::Ended] {
                    actions.push(Action::Tick(Look { judge, unread }, Call::Answered));
                }
                for call in [Call::LostBefore, Call::LostAfter] {
                    actions.push(Action::Tick(seen(judge), call));
                    actions.push(Action::Forgotten(seen(judge), call));
                }
            }
            actions.extend([Action::Late(2), Action::Late(40), Action::Kill]);
        }
        for older in 0..world.older.len() {
            let looks =
                [Judge::Pass, Judge::Fail].map(|judge| Action::Duplicate(older, seen(judge)));
            actions.extend(looks);
        }
        if !world.status.ended() {
            let ends = [DeploymentStatus::Failed, DeploymentStatus::Stopped];
            actions.extend(ends.map(Action::Ends));
        }
        if world.shift != Shift::Gone {
            actions.extend([Action::Edit(true), Action::Edit(false)]);
        }
        actions
    }

    fn disturbs(&self, action: &Action) -> bool {
        match action {
            Action::Tick(look, call) => look.unread != Unread::Nothing || *call != Call::Answered,
            Action::Shifts | Action::TakesBack | Action::Recover => false,
            _ => true,
        }
    }

    fn step(&self, world: &World, action: &Action) -> Result<World, String> {
        let mut world = world.clone();
        match *action {
            Action::Tick(look, call) => self.tick(&mut world, look, call, true)?,
            Action::Forgotten(look, call) => self.tick(&mut world, look, call, false)?,
            Action::Duplicate(older, look) => {
                let guard = world.older[older].clone();
                self.look(&mut world, &guard, look, Call::Answered)?;
            }
            Action::Late(minutes) => {
                world.due = world.due.max(world.now) + SignedDuration::from_mins(minutes.into());
            }
            Action::Shifts => match world.shift {
                Shift::Stable => world.shift = Shift::Part,
                Shift::Part => world.shift = Shift::Full,
                Shift::Full => world.status = DeploymentStatus::Succeeded,
                Shift::Gone => world.status = DeploymentStatus::Failed,
            },
            Action::TakesBack => world.shift = Shift::Stable,
            Action::Ends(status) => world.status = status,
            Action::Edit(deletes) if deletes => world.shift = Shift::Gone,
            Action::Edit(_) => world.shift = Shift::Stable,
            Action::Kill => world.killed = true,
            Action::Recover => world.status = DeploymentStatus::Stopped,
        }
        if self.disturbs(action) {
            world.used += 1;
            if world.used == self.disturbances {
                world.older.clear();
            }
        }
        Ok(world)
    }

    fn check(&self, world: &World) -> Result<(), String> {
        let over = self.calm(world).is_empty();
        if over && !world.status.ended() {
            return Err("the deployment goes on, and nobody watches it".to_owned());
        }
        let dismissed = match world.guard.end() {
            // With all traffic at the canary there is nothing left to watch; who only advises lets go.
            Some(GuardEnd::Passed | GuardEnd::Advised { .. }) => true,
            Some(_) => world.status.ended(),
            None => true,
        };
        match dismissed {
            true => Ok(()),
            false => Err("the guard is over, and the deployment is not".to_owned()),
        }
    }

    /// CodeDeploy comes first, or never before the guard is over.
    fn calm(&self, world: &World) -> Vec<Action> {
        let shifts = world.codedeploy();
        let watches = world.guard.end().is_none() && !world.killed;
        let recovers = world.killed && !world.status.ended();
        let guard = |judge| match (watches, recovers) {
            (true, _) => Some(Action::Tick(seen(judge), Call::Answered)),
            (_, true) => Some(Action::Recover),
            _ => None,
        };
        let first = LOOKS.map(|judge| shifts.or(guard(judge)));
        let last = LOOKS.map(|judge| guard(judge).or(shifts));
        first.into_iter().chain(last).flatten().collect()
    }

    fn fingerprint(&self, world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        let since = |at: Timestamp| world.now.duration_since(at).as_millis();
        since(world.due.max(world.now)).hash(&mut hasher);
        (world.status as u8, world.shift, world.killed, world.warned).hash(&mut hasher);
        let guards = std::iter::once(&world.guard).chain(&world.older);
        for guard in guards {
            since(guard.started_at).hash(&mut hasher);
            guard.shifted.hash(&mut hasher);
            discriminant(&guard.phase).hash(&mut hasher);
            match &guard.phase {
                GuardPhase::Watching {
                    would,
                    arrived,
                    succeeded,
                } => {
                    (would.as_ref().map(discriminant), succeeded).hash(&mut hasher);
                    arrived.map(since).hash(&mut hasher);
                }
                GuardPhase::Stopping {
                    cause,
                    since: begun,
                    attempts,
                } => {
                    (discriminant(cause), since(*begun), attempts).hash(&mut hasher);
                }
                GuardPhase::Ended { end } => discriminant(end).hash(&mut hasher),
            }
            let failing = guard.failing.as_ref();
            failing
                .map(|failing| (since(failing.since), failing.write))
                .hash(&mut hasher);
        }
        hasher.finish()
    }

    fn show(&self, world: &World) -> String {
        let after = world.now.duration_since(self.start().now);
        format!(
            "{after:#}: deployment {}, {:?}; {}{:?}",
            world.status,
            world.shift,
            if world.killed { "killed, " } else { "" },
            world.guard.phase
        )
    }
}
