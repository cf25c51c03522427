//! Writes that are lost, refused or too late, and rollbacks that take long.

use super::*;
use crate::rollout::ROLLBACK_PATIENCE;
use crate::rollout::script::{
    BUDGET, Fate, LONGEST, Look, POLL, Read, aborted, at, gist, regression, secs,
};
use crate::rollout::world::World;

const PLAN: &str = "10%:5m,50%:5m";
const PROMOTED: End = End::Promoted { confirmed: true };

/// Ticks until a write is due, and lets that one end so.
fn next_write(world: &mut World, look: &Look, fate: Fate) -> String {
    loop {
        let commanded = world.tick_with(look, fate).decision.clone();
        assert!(world.trace.len() < 200, "no write is due");
        if commanded.command.is_some() {
            return gist(&commanded);
        }
    }
}

#[test]
fn a_lost_answer_at_any_write_is_found_out_from_the_alias() {
    for fate in [Fate::LostBefore, Fate::LostAfter] {
        for (writes, lost) in [(0, "step 0"), (1, "step 1"), (2, "promote")] {
            let mut world = World::new(PLAN);
            for _ in 0..writes {
                next_write(&mut world, &Look::pass(), Fate::Applied);
            }
            assert_eq!(next_write(&mut world, &Look::pass(), fate), lost);
            let confirmed = (fate, lost) != (Fate::LostAfter, "promote");
            assert_eq!(world.play_out(&Look::pass()), End::Promoted { confirmed });
            assert_eq!(world.stands(), "2");
            assert!(world.now <= at(610), "each bake once: {}", world.now);
            let effects = world.trace.iter().filter(|pass| pass.effect.is_some());
            assert_eq!(effects.count(), 3, "nothing is written twice");
        }
    }
}

#[test]
fn a_lost_answer_to_the_rollback_is_found_out_from_the_alias() {
    let cause = Cause::Regression {
        regression: regression(),
    };
    for fate in [Fate::LostBefore, Fate::LostAfter] {
        let mut world = World::new(PLAN);
        world.reach(1);
        assert_eq!(next_write(&mut world, &Look::alarm(), fate), "put back");
        let cause = cause.clone();
        assert_eq!(world.play_out(&Look::pass()), End::RolledBack { cause });
        assert_eq!(world.stands(), "1");
    }
}

/// The rollout's state was lost with the answer: a killed tick is repeated with the state before.
#[test]
fn a_killed_tick_leaves_nothing_half_done() {
    let mut world = World::new(PLAN);
    world.tick(&Look::pass());
    world.drive(&Look::pass(), Fate::Applied, false);
    assert_eq!(world.stands(), "1 2:0.1");
    assert_eq!(gist(&world.tick(&Look::pass()).decision), "bake");
    world.reach(1);
    world.drive(&Look::alarm(), Fate::Applied, false);
    assert_eq!(world.stands(), "1");
    let by = "an edit of the alias".into();
    assert_eq!(world.play_out(&Look::pass()), End::Aborted { by });
}

/// A tick killed after the first write, then no answers for longer than the budget, or an abort:
/// the state does not know of the write, yet a weight stands.
#[test]
fn an_outage_that_begins_with_the_first_write_leaves_no_weight() {
    for look in [Look::unreadable(), Look::abort().read(Read::Unreadable)] {
        for delivered in [true, false] {
            let mut world = World::new(PLAN);
            world.tick(&Look::pass());
            world.drive(&Look::pass(), Fate::LostAfter, delivered);
            for _ in 0..20 {
                world.tick(&look);
            }
            assert_eq!(world.state.end(), None);
            world.play_out(&Look::pass());
            assert_eq!(world.stands(), "1");
        }
    }
}

/// The same with a stale answer in place of the outage.
#[test]
fn a_stale_answer_after_the_first_write_leaves_no_weight() {
    for look in [Look::abort(), Look::alarm()] {
        for delivered in [true, false] {
            let mut world = World::new(PLAN);
            world.tick(&Look::pass());
            world.drive(&Look::pass(), Fate::LostAfter, delivered);
            let pass = world.tick(&look.clone().read(Read::Stale(1)));
            assert_eq!(gist(&pass.decision), "put back");
            assert_eq!(pass.wait, LOOK_AGAIN, "the revision is another one");
            world.play_out(&Look::pass());
            assert_eq!(world.stands(), "1");
        }
    }
}

#[test]
fn before_the_announcement_a_rollout_ends_at_once_also_blind() {
    for (look, ticks) in [(Look::abort(), 1), (Look::alarm(), 1), (Look::pass(), 14)] {
        let mut world = World::new(PLAN);
        world.play_out(&look.read(Read::Unreadable));
        assert_eq!(world.trace.len(), ticks);
        assert_eq!(world.alias.unwrap().revision, "rev-1");
    }
}

/// A write whose answer was lost did not fail if its step stands: the bake may be longer than the
/// budget.
#[test]
fn an_adopted_write_does_not_use_up_the_error_budget() {
    for late in [secs(0), BUDGET + secs(1)] {
        let mut world = World::new("10%:30m");
        next_write(&mut world, &Look::pass(), Fate::LostAfter);
        assert!(world.state.failing.is_some());
        world.due += late;
        world.tick(&Look::pass());
        assert_eq!(world.state.failing, None);
        assert_eq!(world.play_out(&Look::pass()), PROMOTED);
    }
}

/// Nor does a write that failed and is not wanted any more.
#[test]
fn a_hold_after_a_lost_write_does_not_use_up_the_error_budget() {
    let mut world = World::new("10%:1m,50%:1m");
    world.reach(0);
    assert_eq!(
        next_write(&mut world, &Look::pass(), Fate::LostBefore),
        "step 1"
    );
    for _ in 0..40 {
        world.tick(&Look::doubt());
    }
    assert_eq!(world.play_out(&Look::pass()), PROMOTED);
}

#[test]
fn a_write_that_succeeds_ends_the_streak_of_failing_ones() {
    let mut world = World::new(PLAN);
    next_write(&mut world, &Look::pass(), Fate::LostBefore);
    assert!(world.state.failing.is_some());
    next_write(&mut world, &Look::pass(), Fate::Applied);
    assert_eq!(world.state.failing, None);
}

#[test]
fn writes_that_fail_longer_than_the_budget_roll_back() {
    let mut world = World::new(PLAN);
    world.reach(0);
    next_write(&mut world, &Look::pass(), Fate::LostBefore);
    let from = world.now;
    while matches!(world.state.phase, Phase::Baking { .. }) {
        world.tick_with(&Look::pass(), Fate::LostBefore);
    }
    assert_eq!(world.now.duration_since(from), BUDGET + secs(1));
    let end = world.play_out(&Look::pass());
    assert!(
        matches!(
            end,
            End::RolledBack {
                cause: Cause::Blind { .. }
            }
        ),
        "{end:?}"
    );

    let mut world = World::new(PLAN);
    next_write(&mut world, &Look::pass(), Fate::LostBefore);
    while matches!(world.state.phase, Phase::Starting { .. }) {
        world.tick_with(&Look::pass(), Fate::LostBefore);
    }
    world.play_out(&Look::pass());
    assert_eq!(world.stands(), "1");
}

#[test]
fn a_refused_first_write_ends_and_a_later_one_puts_the_alias_back() {
    let refused = || Cause::Refused {
        error: "not allowed".into(),
    };
    for plan in [PLAN, "AllAtOnce"] {
        let mut world = World::new(plan);
        next_write(&mut world, &Look::pass(), Fate::Refused);
        let cause = refused();
        let failure = Failure::NotStarted { cause };
        assert_eq!(world.state.end(), Some(&End::Failed { failure }));
        assert_eq!(world.alias.unwrap().revision, "rev-1");
    }
    for writes in 1..3 {
        let mut world = World::new(PLAN);
        for _ in 0..writes {
            next_write(&mut world, &Look::pass(), Fate::Applied);
        }
        next_write(&mut world, &Look::pass(), Fate::Refused);
        assert_eq!(world.due.duration_since(world.now), secs(1));
        let cause = refused();
        assert_eq!(world.play_out(&Look::pass()), End::RolledBack { cause });
        assert_eq!(world.stands(), "1");
    }
}

#[test]
fn a_first_write_that_is_refused_after_one_that_was_lost_is_put_back() {
    let mut world = World::new(PLAN);
    next_write(&mut world, &Look::pass(), Fate::LostBefore);
    next_write(&mut world, &Look::pass(), Fate::Refused);
    assert_eq!(world.state.end(), None);
    let end = world.play_out(&Look::pass());
    assert!(
        matches!(
            end,
            End::RolledBack {
                cause: Cause::Refused { .. }
            }
        ),
        "{end:?}"
    );
    assert_eq!(world.stands(), "1");
}

#[test]
fn steps_that_conflict_again_and_again_use_up_the_error_budget() {
    let mut world = World::new(PLAN);
    next_write(&mut world, &Look::pass(), Fate::Applied);
    while matches!(world.state.phase, Phase::Baking { .. }) {
        assert!(world.trace.len() < 2000, "it goes on for ever");
        world.tick_with(&Look::pass(), Fate::Touched);
    }
    let Phase::RollingBack { cause, .. } = &world.state.phase else {
        panic!("{:?}", world.state.phase);
    };
    assert!(matches!(cause, Cause::Blind { .. }), "{cause:?}");
}

fn long_rollback(look: &Look, fate: Fate) -> World {
    let mut world = World::new(PLAN);
    world.reach(1);
    world.tick_with(&Look::abort(), fate);
    while world.state.end().is_none() {
        world.tick_with(look, fate);
    }
    world
}

#[test]
fn a_rollback_is_tried_for_more_than_half_an_hour_then_given_up_with_what_is_left() {
    for (look, fate) in [
        (Look::pass(), Fate::LostBefore),
        (Look::pass(), Fate::Refused),
        (Look::pass(), Fate::Touched),
        (Look::unreadable(), Fate::LostBefore),
    ] {
        let world = long_rollback(&look, fate);
        let begun = world
            .trace
            .iter()
            .find(|pass| pass.decision.state.phase != pass.before.phase);
        let tried = match world.state.end() {
            Some(End::Failed {
                failure: Failure::NotPutBack { cause, tried },
            }) if *cause == aborted() => *tried,
            other => panic!("{other:?}, {begun:?}"),
        };
        assert!(tried > SignedDuration::from_mins(30), "{tried:#}");
        assert!(tried <= ROLLBACK_PATIENCE + POLL, "{tried:#}");
        assert_eq!(world.stands(), "1 2:0.5");
        let said = world.state.end().unwrap().to_string();
        assert!(said.contains("a weight may still stand"), "{said}");
        assert!(said.contains("aborted by ann"), "{said}");
    }
}

/// As on a laptop that wakes up now and then: time alone is no reason to give up.
#[test]
fn a_rollback_is_tried_ten_times_however_long_that_takes() {
    let mut world = World::new(PLAN);
    world.reach(0);
    for tried in 1..=10 {
        assert_eq!(world.state.end(), None, "tried {} times", tried - 1);
        world.due += SignedDuration::from_mins(10);
        world.tick_with(&Look::abort(), Fate::LostBefore);
    }
    let failure = world.state.end().unwrap();
    assert!(
        matches!(
            failure,
            End::Failed {
                failure: Failure::NotPutBack { .. }
            }
        ),
        "{failure:?}"
    );
}

#[test]
fn a_rollback_waits_longer_from_try_to_try() {
    let world = long_rollback(&Look::pass(), Fate::LostBefore);
    let waits = |world: &World| -> Vec<_> {
        let passes = world.trace.iter();
        let tries = passes.filter(|pass| matches!(pass.after.phase, Phase::RollingBack { .. }));
        tries.map(|pass| pass.wait.as_millis()).take(6).collect()
    };
    assert_eq!(waits(&world), [1000, 2000, 4000, 8000, 15_000, 15_000]);
    let world = long_rollback(&Look::unreadable(), Fate::LostBefore);
    assert_eq!(waits(&world), [1000, 2000, 4000, 8000, 15_000, 15_000]);
    let world = long_rollback(&Look::pass(), Fate::Touched);
    assert_eq!(waits(&world), [500, 2000, 4000, 8000, 15_000, 15_000]);
    let mut patient = World::new(PLAN);
    patient.rules.limits.poll = SignedDuration::from_mins(1);
    patient.reach(0);
    for _ in 0..6 {
        patient.tick_with(&Look::abort(), Fate::LostBefore);
    }
    assert_eq!(waits(&patient), [1000, 2000, 4000, 8000, 15_000, 15_000]);
    // But never longer than from look to look.
    for look in [Look::pass(), Look::unreadable()] {
        let mut world = World::new(PLAN);
        world.rules.limits.poll = secs(3);
        world.reach(0);
        world.tick_with(&Look::abort(), Fate::LostBefore);
        for _ in 0..5 {
            world.tick_with(&look, Fate::LostBefore);
        }
        assert_eq!(waits(&world), [1000, 2000, 3000, 3000, 3000, 3000]);
    }
}

#[test]
fn a_rollback_succeeds_whenever_lambda_answers_again_also_after_the_limits() {
    for fate in [Fate::LostBefore, Fate::Refused, Fate::Touched] {
        let mut world = World::new(PLAN);
        world.reach(1);
        for _ in 0..20 {
            world.tick_with(&Look::abort(), fate);
        }
        // A laptop that slept, or an execution that is redriven the next day.
        world.due += LONGEST * 24;
        assert_eq!(gist(&world.tick(&Look::pass()).decision), "put back");
        assert!(matches!(world.state.end(), Some(End::Aborted { .. })));
        assert_eq!(world.stands(), "1");
    }
}

#[test]
fn a_laptop_that_slept_while_putting_back_tries_again_although_the_network_is_not_back_yet() {
    let mut world = World::new(PLAN);
    world.reach(1);
    world.tick_with(&Look::abort(), Fate::LostBefore);
    world.due += LONGEST;
    for _ in 0..5 {
        world.tick(&Look::unreadable());
    }
    assert!(matches!(world.play_out(&Look::pass()), End::Aborted { .. }));
    assert_eq!(world.stands(), "1");
}
