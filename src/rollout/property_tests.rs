//! What holds whatever happens: ticks on time, early, late, doubled, killed and on old states;
//! writes that are lost, refused or overtaken; stale answers; other people's edits.

use proptest::prelude::*;

use super::schedules::{Event, fates, undisturbed, with_edits};
use super::*;
use crate::judge::measure::{Inconclusive, Sufficiency};
use crate::rollout::Finish;
use crate::rollout::Mark;
use crate::rollout::ROLLBACK_PATIENCE;
use crate::rollout::script::{BUDGET, Fate, LONGEST, Look, POLL, Read, secs};
use crate::rollout::world::{Pass, World};

fn at_rest(world: &World) -> bool {
    ["1", "2", "gone"].contains(&world.stands().as_str())
}

fn given_up(world: &World) -> bool {
    let end = world.state.end();
    matches!(
        end,
        Some(End::Failed {
            failure: Failure::NotPutBack { .. }
        })
    )
}

fn share(alias: &AliasView) -> f64 {
    alias
        .weights
        .get("2")
        .copied()
        .unwrap_or(if alias.version == "2" { 1.0 } else { 0.0 })
}

fn raises(pass: &Pass) -> bool {
    pass.effect
        .as_ref()
        .is_some_and(|(before, after)| share(after) > share(before))
}

proptest! {
    /// Invariant 2: at the end the alias has no weights and is at stable or canary. Exceptions:
    /// somebody else's edit stands there, or the rollout says that it could not put it back.
    #[test]
    fn a_rollout_that_has_ended_leaves_no_weight(schedule in with_edits()) {
        let world = schedule.played();
        prop_assert!(at_rest(&world) || world.by_hand || given_up(&world), "{}", world.stands());
    }

    /// Invariant 2, second half: what the end says is what stands there.
    #[test]
    fn the_end_says_what_stands_there(schedule in undisturbed()) {
        let world = schedule.played();
        let expected = match world.state.end() {
            Some(End::Promoted { .. }) => "2",
            // A promotion whose answer was lost, found by a rollback, is taken for somebody else's.
            Some(End::Failed { failure: Failure::Drift { .. } }) => "2",
            Some(End::Failed { failure: Failure::NotPutBack { .. } }) => return Ok(()),
            _ => "1",
        };
        prop_assert_eq!(world.stands(), expected, "{:?}", world.state.end());
        prop_assert_eq!(&world.alias.as_ref().unwrap().description, "prod");
    }

    /// Invariant 6: after the end no tick with any state there ever was changes anything.
    #[test]
    fn no_old_state_restarts_a_finished_rollout(schedule in with_edits()) {
        let mut world = schedule.played();
        if !at_rest(&world) || given_up(&world) {
            // Somebody else's edit stands, or a rollback was given up, which may leave the mark of
            // a dark stage whose entry Lambda does not keep: it is not finished.
            return Ok(());
        }
        // The revision may change: a first write that was refused may be made void.
        let alias = |world: &World| world.alias.clone().map(|alias| AliasView {
            revision: String::new(),
            ..alias
        });
        let left = alias(&world);
        for old in 0..world.emitted.len() {
            for look in [Look::pass(), Look::alarm(), Look::abort(), Look::unreadable()] {
                world.duplicate(old, &look, Fate::Applied);
            }
        }
        prop_assert_eq!(alias(&world), left);
    }

    /// Invariant 6: a tick that is repeated on the same state, right after its write took effect,
    /// writes nothing more, unless it has a reason to put the alias back or the bake is zero.
    #[test]
    fn no_write_takes_effect_twice(schedule in undisturbed(), fate in fates()) {
        let mut world = schedule.storm();
        let look = Look::pass();
        let before = world.emitted.len() - 1;
        let first = world.drive(&look, fate, true).clone();
        let Some(Command::Shift { step, .. }) = first.decision.command else { return Ok(()) };
        prop_assume!(first.effect.is_some());
        prop_assume!(world.rules.plan.step(step).unwrap().bake > SignedDuration::ZERO);
        let again = world.duplicate(before, &look, Fate::Applied);
        prop_assert_eq!(&again.decision.command, &None);
    }

    /// Invariant 6: every write is on condition of the revision that the same tick saw.
    #[test]
    fn every_write_names_the_revision_of_its_own_tick(schedule in with_edits()) {
        for pass in schedule.played().trace {
            if let Some(command) = &pass.decision.command {
                let seen = pass.view.as_ref().map(|view| &view.revision);
                prop_assert_eq!(Some(&command.write().revision), seen);
            }
        }
    }

    /// Invariant 7: no write replaces a version or a weight that somebody else wrote, and what
    /// others wrote in the description stays.
    #[test]
    fn nobody_elses_edit_is_overwritten(schedule in with_edits()) {
        let world = schedule.played();
        for pass in &world.trace {
            if let Some((before, after)) = &pass.effect {
                // Our own mark is taken away also where somebody else has put the weights back.
                let routes_alike = (&before.version, &before.weights) == (&after.version, &after.weights);
                prop_assert!(!pass.over_edit || routes_alike, "{:?}", pass);
                prop_assert_eq!(before.others_description(), after.others_description());
            }
        }
        if let Some(alias) = &world.alias {
            prop_assert_eq!(alias.others_description(), &world.text);
        }
    }

    /// Invariant 9: the weight is always one of the plan's, rises by one step at a time and not
    /// before the bake of the step is over.
    #[test]
    fn the_weight_is_never_above_the_plans(schedule in with_edits()) {
        let world = schedule.played();
        let steps = world.rules.plan.steps();
        let mut since = None;
        for pass in world.trace.iter().filter(|pass| raises(pass) || pass.effect.is_some()) {
            let from = pass.before_generation();
            match pass.decision.command.as_ref().unwrap() {
                Command::Restore { .. } => continue,
                Command::Shift { step, weight, .. } => {
                    prop_assert_eq!(*step, from);
                    prop_assert_eq!(*weight, steps[*step].weight);
                }
                // Evidence that the canary is good enough skips the rest.
                Command::Promote { .. } if accepted(&pass.decision.reason) => continue,
                Command::Promote { .. } => prop_assert_eq!(from, steps.len()),
            }
            if let (Some(since), Some(step)) = (since, from.checked_sub(1)) {
                prop_assert!(pass.at.duration_since(since) >= steps[step].bake);
            }
            since = Some(pass.at);
        }
    }

    /// Invariant 9: the weight never goes up on a tick that saw a regression, a doubt, an abort or
    /// a failing look at the alias.
    #[test]
    fn the_weight_only_goes_up_on_a_pass(mut schedule in with_edits()) {
        schedule.mode = Mode::Enforce;
        for pass in schedule.played().trace.iter().filter(|pass| raises(pass)) {
            prop_assert_eq!(&pass.look.verdict, &Verdict::Pass);
            prop_assert!(!pass.look.abort && pass.look.read != Read::Unreadable);
        }
    }

    /// Invariant 9: nothing is skipped or promoted on too little evidence: an early end follows
    /// only from evidence that was seen on that tick, and the end of the plan, with too little of
    /// it, is passed only where the rules say to go on. No step ends before its minutes are judged.
    #[test]
    fn too_little_evidence_never_raises_the_weight_unless_the_rules_say_so(mut schedule in with_edits()) {
        schedule.mode = Mode::Enforce;
        let world = schedule.played();
        for pass in &world.trace {
            let measured = &pass.look.measured;
            let reason = &pass.decision.reason;
            let shown = matches!(measured.sufficiency, Sufficiency::Accepted { .. });
            prop_assert!(shown || !accepted(reason), "{:?}", pass);
            let goes_on = match reason {
                Reason::Promote | Reason::HandOver => matches!(pass.before.phase, Phase::Baking { .. }),
                Reason::Advance { .. } | Reason::Unproven { .. } => true,
                _ => false,
            };
            if !goes_on {
                continue;
            }
            let short = matches!(measured.sufficiency, Sufficiency::Short { .. });
            let last = !matches!(reason, Reason::Advance { .. });
            let allowed = schedule.inconclusive == Inconclusive::Complete;
            prop_assert!(!(short && last) || allowed, "{:?}", pass);
            // A bake of zero may end as soon as its write is found, by whoever wrote it.
            if let (Phase::Baking { step, since }, Some(judged)) = (&pass.before.phase, measured.unjudged_from) {
                let over = *since + world.rules.plan.step(*step).unwrap().bake;
                let generation = pass.view.as_ref().and_then(|view| view.mark()).map(|mark| mark.generation as usize);
                prop_assert!(generation != Some(step + 1) || judged >= over - secs(over.as_second() % 60), "{:?}", pass);
            }
        }
    }

    /// Once the driver has seen a regression or an abort after the announcement, it never raises
    /// the weight any more, also if the reason does not show again.
    #[test]
    fn a_reason_to_stop_is_never_forgotten(mut schedule in undisturbed()) {
        schedule.mode = Mode::Enforce;
        let mut stopped = false;
        for pass in schedule.played().trace.iter().filter(|pass| pass.driver) {
            prop_assert!(!(stopped && raises(pass)), "{:?}", pass);
            let announced = may_stand(&pass.before.phase);
            let speaks = pass.look.abort || matches!(pass.look.verdict, Verdict::Fail(_));
            // At the canary everything is over.
            let at_canary = pass.view.as_ref().is_some_and(|view| view.version == "2");
            stopped |= pass.delivered && announced && speaks && !at_canary;
        }
    }

    /// The version of the alias moves by the one promotion only.
    #[test]
    fn the_version_moves_only_by_the_promotion(schedule in with_edits()) {
        let mut promotions = 0;
        for pass in schedule.played().trace {
            let Some((before, after)) = &pass.effect else { continue };
            if matches!(pass.decision.command, Some(Command::Promote { .. })) {
                promotions += 1;
                prop_assert_eq!((before.version.as_str(), after.version.as_str()), ("1", "2"));
                prop_assert!(after.weights.is_empty());
            } else {
                prop_assert_eq!(&before.version, &after.version);
            }
        }
        prop_assert!(promotions <= 1);
    }

    /// With handing over at its end, a rollout never moves the alias' version.
    #[test]
    fn handing_over_never_moves_the_version(mut schedule in with_edits()) {
        schedule.finish = Finish::HandOver;
        for pass in schedule.played().trace {
            let promotes = matches!(pass.decision.command, Some(Command::Promote { .. }));
            prop_assert!(!promotes, "{:?}", pass);
        }
    }

    /// A driver is never told to wait for less than nothing or longer than a poll, and a rollout
    /// that goes on without a write always waits for something.
    #[test]
    fn every_wait_is_within_a_poll(schedule in with_edits()) {
        for pass in schedule.played().trace {
            for wait in [pass.wait, pass.decision.wait] {
                prop_assert!(!wait.is_negative() && wait <= POLL);
            }
            let idle = pass.decision.command.is_none() && pass.after.end().is_none();
            prop_assert!(!idle || pass.wait.is_positive() || announces(&pass.decision.reason));
        }
    }

    /// Once Lambda answers, a rollout ends within its longest duration and the patience for a
    /// rollback, whatever the verdicts are.
    #[test]
    fn every_rollout_ends(schedule in with_edits()) {
        let mut world = schedule.storm();
        let calm = world.now.max(world.due);
        world.play_out(&schedule.calm);
        prop_assert!(world.now.duration_since(calm) <= LONGEST + ROLLBACK_PATIENCE + POLL);
        prop_assert!(world.trace.len() < 500, "{} ticks", world.trace.len());
    }

    /// Without anything that speaks against the canary, no tick that is early, late, doubled or
    /// lost, and no lost write, keeps it from being promoted. Exception: writes that fail one after
    /// the other for longer than the budget.
    #[test]
    fn a_good_release_is_promoted_through_any_disturbance(mut schedule in undisturbed()) {
        let well = |look: &mut Look| {
            let read = match look.read {
                Read::Unreadable => Read::Fresh,
                read => read,
            };
            *look = Look::pass().read(read);
        };
        well(&mut schedule.calm);
        for event in &mut schedule.events {
            let (Event::Tick { look, fate, .. } | Event::Duplicate { look, fate, .. }) = event else {
                continue;
            };
            well(look);
            if let Fate::Refused | Fate::Touched = fate {
                *fate = Fate::LostAfter;
            }
            if let Event::Tick { late, .. } = event {
                *late = (*late).min(60);
            }
        }
        let world = schedule.played();
        let expected = match schedule.finish {
            Finish::Promote => matches!(world.state.end(), Some(End::Promoted { .. })),
            Finish::HandOver => world.state.end() == Some(&End::HandedOver),
        };
        let blind = matches!(
            world.state.end(),
            Some(End::RolledBack { cause: Cause::Blind { .. } })
        );
        let excused = blind && longest_without_an_answer(&world) > BUDGET;
        prop_assert!(expected || excused, "{:?}", world.state.end());
    }

    /// Every state survives JSON, and stays below 2 KB.
    #[test]
    fn every_state_survives_json_and_is_small(schedule in with_edits()) {
        for state in schedule.played().emitted {
            let json = serde_json::to_string(&state).unwrap();
            prop_assert!(json.len() < 2048, "{json}");
            prop_assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
        }
    }

    /// A tick says the same to the same, whatever its state, and never panics.
    #[test]
    fn a_tick_is_a_function_of_what_it_is_handed(schedule in with_edits(), hours in -100i64..100) {
        let world = schedule.storm();
        let now = world.now + SignedDuration::from_hours(hours);
        let alias = world.alias.clone().map_or(AliasReading::Gone, AliasReading::Seen);
        for state in &world.emitted {
            let seen = schedule.calm.seen(alias.clone());
            let decision = tick(&world.rules, state, now, &seen);
            prop_assert!(!decision.wait.is_negative() && decision.wait <= POLL);
            prop_assert_eq!(&decision, &tick(&world.rules, state, now, &seen));
        }
    }
}

/// From a write of the driver that failed to the last tick before one that was answered, or had
/// nothing to write.
fn longest_without_an_answer(world: &World) -> SignedDuration {
    let mut since = None;
    let mut longest = SignedDuration::ZERO;
    for pass in world
        .trace
        .iter()
        .filter(|pass| pass.driver && pass.delivered)
    {
        let began = since.unwrap_or(pass.at);
        longest = longest.max(pass.at.duration_since(began));
        since = (!pass.answered).then_some(began);
    }
    longest
}

/// Whether a tick only puts down what the next one will write.
fn announces(reason: &Reason) -> bool {
    let hands_over = matches!(reason, Reason::HandOver | Reason::Unproven { .. });
    hands_over || accepted(reason) || matches!(reason, Reason::Ready)
}

fn accepted(reason: &Reason) -> bool {
    matches!(reason, Reason::Accepted { .. })
}

impl Pass {
    /// The generation that stood before the write: 0 without a mark, else the number of steps done.
    fn before_generation(&self) -> usize {
        let mark: Option<Mark> = self.effect.as_ref().and_then(|(before, _)| before.mark());
        mark.map_or(0, |mark| mark.generation as usize)
    }
}
