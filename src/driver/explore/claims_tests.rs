//! What must hold in every state, and which states nothing can tell apart.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use super::actions_tests::Action;
use super::search_tests::Model;
use super::steps_tests::{facts, request};
use super::world_tests::{Life, Recovery, Routes, Setting, World};
use crate::driver::Snapshot;
use crate::rollout::preflight::{Preflight, preflight};
use crate::rollout::{AliasView, Phase, PutBack, Whose, put_back};

impl Model for Setting {
    type State = World;
    type Action = Action;

    fn start(&self) -> World {
        World::new()
    }

    fn actions(&self, world: &World) -> Vec<Action> {
        world.actions(self)
    }

    fn disturbs(&self, action: &Action) -> bool {
        action.disturbs()
    }

    fn step(&self, world: &World, action: &Action) -> Result<World, String> {
        world.step(self, action)
    }

    fn calm(&self, world: &World) -> Vec<Action> {
        world.calm(self)
    }

    fn check(&self, world: &World) -> Result<(), String> {
        let Some(view) = &world.alias else {
            return Ok(());
        };
        if view.others_description() != world.text {
            return Err("what others wrote in the description is gone".to_owned());
        }
        if let Some(mark) = view.mark() {
            let (rollout, known) = (mark.rollout, None);
            for whose in [Whose::This { rollout, known }, Whose::Any] {
                removable(view, &whose)?;
            }
        }
        let taken = view.mark().is_some() || !view.weights.is_empty();
        if taken && matches!(preflight(&facts(view), &request()), Preflight::Ready(_)) {
            return Err("a second rollout may start beside a mark or weights".to_owned());
        }
        match world.calm(self).is_empty() {
            true => at_rest(self, world, view),
            false => Ok(()),
        }
    }

    fn fingerprint(&self, world: &World) -> u64 {
        let mut print = Print {
            hasher: DefaultHasher::new(),
            now: world.now,
            revisions: Vec::new(),
        };
        print.world(world);
        print.hasher.finish()
    }

    fn show(&self, world: &World) -> String {
        let alias = world.alias.as_ref();
        let alias = alias.map_or("gone".to_owned(), |view| {
            format!("{view} \"{}\" rev {}", view.description, view.revision)
        });
        let after = world.now.duration_since(World::new().now);
        let drivers = world.drivers.iter().map(|driver| {
            let state = &driver.snapshot.state;
            format!(
                "; {}: {:?} {:?} {:?}",
                state.contenders.rollout, driver.life, driver.recovery, state.phase
            )
        });
        let hook = match self.in_hook() {
            true => format!(
                "; deployment {}, answer {:?}",
                world.deployment, world.answer
            ),
            false => String::new(),
        };
        let under_way = match &world.in_flight {
            Some((_, write)) => format!("; under way: {write:?}"),
            None => String::new(),
        };
        format!(
            "{after:#}: {alias}{}{hook}{under_way}",
            drivers.collect::<String>()
        )
    }
}

/// A mark is taken away, with its weights, by whoever is left to do it.
fn removable(view: &AliasView, whose: &Whose) -> Result<(), String> {
    let fault = || Err(format!("a recovery cannot take the mark away: {whose:?}"));
    let PutBack::Write(write) = put_back(view, whose, false) else {
        return fault();
    };
    let after = AliasView {
        version: write.version.to_string(),
        weights: Default::default(),
        description: write.description.clone(),
        revision: String::new(),
    };
    let stays = after.version == view.version && write.revision == view.revision;
    match put_back(&after, whose, true) {
        PutBack::Nothing if write.canary.is_none() && stays => Ok(()),
        _ => fault(),
    }
}

/// Nothing goes on by itself any more.
fn at_rest(setting: &Setting, world: &World, view: &AliasView) -> Result<(), String> {
    if setting.in_hook() && world.answer.is_none() && !world.deployment.ended() {
        return Err("nobody has answered the hook".to_owned());
    }
    // Somebody else's edit may stand.
    if world.by_hand || !world.drivers.iter().any(|driver| world.is_ours(driver)) {
        return Ok(());
    }
    // Outside CodeDeploy a write that outlives its process and its recovery leaves a mark, by which
    // the next one finds it.
    let killed = world
        .drivers
        .iter()
        .any(|driver| driver.life == Life::Killed);
    if killed && !setting.in_hook() && view.mark().is_some() {
        return Ok(());
    }
    let bare = view.weights.is_empty() && view.mark().is_none();
    match bare {
        true => Ok(()),
        false => Err(format!(
            "it is all over, and the alias is {view}, \"{}\"",
            view.description
        )),
    }
}

/// Feeds a hasher with all that decides what can follow: times as spans from now, revisions by which
/// of them are the same.
struct Print {
    hasher: DefaultHasher,
    now: Timestamp,
    revisions: Vec<String>,
}

impl Print {
    fn world(&mut self, world: &World) {
        self.alias(world.alias.as_ref());
        self.alias(world.before.as_ref());
        self.time(world.since);
        (world.text, world.by_hand, world.put_out).hash(&mut self.hasher);
        for driver in &world.drivers {
            self.time(driver.due.max(world.now));
            (driver.life as u8, driver.warned).hash(&mut self.hasher);
            let recovery = match driver.recovery {
                Recovery::Uncalled => 0,
                Recovery::Going { known, touched } => 2 + u8::from(known) + 2 * u8::from(touched),
                Recovery::Done => 1,
            };
            recovery.hash(&mut self.hasher);
            self.routes(&driver.ours);
            self.snapshot(&driver.snapshot);
            driver.older.len().hash(&mut self.hasher);
            driver.older.iter().for_each(|older| self.snapshot(older));
        }
        if let Some((who, write)) = &world.in_flight {
            who.hash(&mut self.hasher);
            write.version.to_string().hash(&mut self.hasher);
            let weight = write.canary.map(|(_, weight)| weight.basis_points());
            weight.hash(&mut self.hasher);
            write.description.hash(&mut self.hasher);
            self.revision(&write.revision);
        }
        (world.deployment as u8, world.answer, world.refuses).hash(&mut self.hasher);
    }

    fn time(&mut self, at: Timestamp) {
        self.now
            .duration_since(at)
            .as_millis()
            .hash(&mut self.hasher);
    }

    fn revision(&mut self, revision: &str) {
        let known = self.revisions.iter().position(|known| known == revision);
        let index = known.unwrap_or(self.revisions.len());
        if known.is_none() {
            self.revisions.push(revision.to_owned());
        }
        index.hash(&mut self.hasher);
    }

    fn alias(&mut self, view: Option<&AliasView>) {
        let Some(view) = view else {
            return 0u8.hash(&mut self.hasher);
        };
        self.revision(&view.revision);
        (&view.version, &view.description).hash(&mut self.hasher);
        for (version, share) in &view.weights {
            (version, share.to_bits()).hash(&mut self.hasher);
        }
    }

    fn routes(&mut self, routes: &Routes) {
        routes.version.hash(&mut self.hasher);
        for (version, share) in &routes.lit {
            (version, share.to_bits()).hash(&mut self.hasher);
        }
        let mark = routes.mark.as_ref();
        mark.map(|mark| (&mark.rollout, mark.generation))
            .hash(&mut self.hasher);
    }

    /// All but what is only told: how often it has ticked, texts of errors.
    fn snapshot(&mut self, snapshot: &Snapshot) {
        let state = &snapshot.state;
        self.time(state.started_at);
        match &state.phase {
            Phase::Starting {
                revision,
                announced,
                lost,
            } => {
                (0u8, announced, lost).hash(&mut self.hasher);
                self.revision(revision);
            }
            Phase::Baking { step, since } => {
                (1u8, step).hash(&mut self.hasher);
                self.time(*since);
            }
            Phase::RollingBack {
                cause,
                since,
                attempts,
                untouched,
            } => {
                (2u8, attempts).hash(&mut self.hasher);
                std::mem::discriminant(cause).hash(&mut self.hasher);
                self.time(*since);
                match untouched {
                    Some(revision) => self.revision(revision),
                    None => 0u8.hash(&mut self.hasher),
                }
            }
            Phase::Ended { end } => {
                3u8.hash(&mut self.hasher);
                std::mem::discriminant(end).hash(&mut self.hasher);
            }
        }
        if let Some(failing) = &state.failing {
            failing.write.hash(&mut self.hasher);
            self.time(failing.since);
        }
        if let Some(unexpected) = &state.unexpected {
            1u8.hash(&mut self.hasher);
            self.revision(unexpected);
        }
        let remembers = snapshot.alarms != Default::default();
        (state.keeps_zero, remembers).hash(&mut self.hasher);
    }
}
