//! Somebody else edits the alias, and answers that are older than the last change.

use super::*;
use crate::rollout::script::{Edit, Fate, Look, Read, at, gist, rules, secs};
use crate::rollout::world::World;

const PLAN: &str = "1%:1m,10%:5m,50%:5m";

fn at_second_step() -> World {
    let mut world = World::new(PLAN);
    world.reach(1);
    world
}

#[test]
fn drift_of_every_kind_is_reported_and_left_alone() {
    let aborted = End::Aborted {
        by: "an edit of the alias".into(),
    };
    let drift = |found: &str| End::Failed {
        failure: Failure::Drift {
            found: found.into(),
        },
    };
    let deleted = End::Failed {
        failure: Failure::AliasDeleted,
    };
    let promoted = End::Promoted { confirmed: false };
    for (edit, expected) in [
        (Edit::Reweight(0.2), drift("at version 1 with 20% to 2")),
        (Edit::Reweight(0.01), drift("at version 1 with 1% to 2")),
        (
            Edit::Reweight(0.12345),
            drift("at version 1 with a share of 0.12345 to 2"),
        ),
        (Edit::RemoveMark, drift("at version 1 with 10% to 2")),
        (Edit::OtherMark, drift("at version 1 with 10% to 2")),
        (Edit::OtherVersion, drift("at version 3 with 10% to 2")),
        (Edit::PromoteByHand, promoted),
        (Edit::PutBackByHand, aborted),
        (Edit::Delete, deleted),
    ] {
        let mut world = at_second_step();
        world.edit(&edit);
        let (left, ticks, when) = (world.alias.clone(), world.trace.len(), world.due);
        assert_eq!(world.play_out(&Look::pass()), expected, "{edit:?}");
        assert_eq!(world.trace.len(), ticks + 2, "a second look, and no more");
        assert_eq!(world.now.duration_since(when), LOOK_AGAIN);
        assert_eq!(world.alias, left);
    }
}

/// Where verdicts have no consequences, none of them is why the rollout has ended.
#[test]
fn an_edit_during_an_alarm_is_the_alarms_doing_only_where_verdicts_are_enforced() {
    for mode in [Mode::Enforce, Mode::Advise] {
        let mut world = World::with(Rules {
            mode,
            ..rules(PLAN)
        });
        world.reach(1);
        world.edit(&Edit::PutBackByHand);
        // The first look shows no more than a surprise.
        world.tick(&Look::pass());
        let end = world.play_out(&Look::alarm());
        let cause = match &end {
            End::RolledBack {
                cause: Cause::Regression { .. },
            } => Mode::Enforce,
            End::Aborted { by } if by == "an edit of the alias" => Mode::Advise,
            _ => panic!("{end:?}"),
        };
        assert_eq!(cause, mode, "{end:?}");
    }
}

#[test]
fn a_changed_description_is_kept_and_changes_nothing_else() {
    for (look, stands) in [(Look::pass(), "2"), (Look::alarm(), "1")] {
        let mut world = at_second_step();
        world.edit(&Edit::Describe("see ticket 7"));
        world.play_out(&look);
        assert_eq!(world.stands(), stands);
        assert_eq!(world.alias.unwrap().description, "see ticket 7");
    }
}

#[test]
fn drift_while_putting_back() {
    for (edit, expected) in [
        (Edit::Reweight(0.2), "end: drift"),
        (Edit::PromoteByHand, "end: drift"),
        (Edit::Delete, "end: deleted"),
    ] {
        let mut world = at_second_step();
        world.tick_with(&Look::alarm(), Fate::LostBefore);
        world.edit(&edit);
        let left = world.alias.clone();
        world.play_out(&Look::pass());
        assert_eq!(gist(&world.trace[world.trace.len() - 1].decision), expected);
        assert_eq!(world.alias, left);
    }
}

/// A mark that outlives its rollout would refuse the next one.
#[test]
fn a_mark_that_is_left_goes_also_if_somebody_else_took_the_weights_away() {
    let mut world = at_second_step();
    world.tick_with(&Look::alarm(), Fate::LostBefore);
    world.edit(&Edit::PutBackByHand);
    let end = world.play_out(&Look::pass());
    assert!(matches!(end, End::RolledBack { .. }), "{end:?}");
    assert_eq!(world.stands(), "1");
    assert_eq!(world.alias.unwrap().description, "prod");
}

/// A dark stage of theirs may be all that it says.
#[test]
fn another_rollouts_mark_is_left_also_where_no_weights_stand() {
    let mut world = at_second_step();
    world.tick_with(&Look::alarm(), Fate::LostBefore);
    world.edit(&Edit::OtherMark);
    world.edit(&Edit::PutBackByHand);
    let left = world.alias.clone();
    assert!(left.as_ref().is_some_and(|view| view.mark().is_some()));
    let end = world.play_out(&Look::pass());
    assert!(matches!(end, End::RolledBack { .. }), "{end:?}");
    assert_eq!(world.alias, left);
}

#[test]
fn an_edit_between_the_preflight_and_the_first_step_stops_the_start() {
    for edit in [
        Edit::Describe("mine"),
        Edit::PutBackByHand,
        Edit::Reweight(0.1),
        Edit::Delete,
    ] {
        for announced in [false, true] {
            let mut world = World::new(PLAN);
            if announced {
                world.tick(&Look::pass());
            }
            world.edit(&edit);
            let left = world.alias.clone();
            let end = world.play_out(&Look::pass());
            assert!(matches!(end, End::Failed { .. }), "{end:?}");
            assert_eq!(world.alias, left);
        }
    }
}

#[test]
fn an_edit_between_the_look_and_the_write_is_seen_on_the_next_look() {
    let mut world = at_second_step();
    world.due += secs(600);
    let pass = world.tick_with(&Look::pass(), Fate::Touched);
    assert_eq!(
        (gist(&pass.decision).as_str(), pass.wait),
        ("step 2", LOOK_AGAIN)
    );
    assert!(pass.effect.is_none());
    assert_eq!(gist(&world.tick(&Look::pass()).decision), "step 2");
}

#[test]
fn one_stale_answer_ends_nothing_in_any_phase() {
    for back in 1..4 {
        for step in 0..3 {
            let mut world = World::new(PLAN);
            world.reach(step);
            world.tick(&Look::pass().read(Read::Stale(back)));
            assert_eq!(world.state.end(), None);
            assert_eq!(
                world.play_out(&Look::pass()),
                End::Promoted { confirmed: true }
            );
        }
    }
    for announced in [false, true] {
        let mut world = World::new(PLAN);
        if announced {
            world.tick(&Look::pass());
        }
        // The version that is now the canary stood there before the preflight.
        world.tick(&Look::pass().read(Read::Stale(1)));
        assert_eq!(
            world.play_out(&Look::pass()),
            End::Promoted { confirmed: true }
        );
    }
}

#[test]
fn two_stale_answers_with_a_good_one_between_end_nothing() {
    for held in [Look::pass(), Look::doubt()] {
        let mut world = World::new("10%:5m");
        for look in [
            Look::doubt().read(Read::Stale(1)),
            held,
            Look::doubt().read(Read::Stale(1)),
        ] {
            world.tick(&look);
        }
        assert_eq!(world.state.end(), None);
    }
}

#[test]
fn one_answer_that_the_alias_is_gone_ends_nothing() {
    let mut world = at_second_step();
    let alias = world.alias.take();
    assert_eq!(gist(&world.tick(&Look::pass()).decision), "look again");
    world.alias = alias;
    assert_eq!(
        world.play_out(&Look::pass()),
        End::Promoted { confirmed: true }
    );
}

/// The judge reports an alarm that flipped back between two looks once. If that look was stale, or
/// showed a surprise, the reason must not be forgotten.
#[test]
fn a_reason_to_stop_survives_a_stale_look() {
    for look in [Look::alarm(), Look::abort()] {
        for read in [Read::Stale(2), Read::Stale(1), Read::Unreadable] {
            let mut world = at_second_step();
            world.tick(&look.clone().read(read));
            world.play_out(&Look::pass());
            assert_eq!(world.stands(), "1", "{read:?}");
        }
    }
    let mut world = at_second_step();
    let alias = world.alias.take();
    world.tick(&Look::alarm());
    world.alias = alias;
    world.play_out(&Look::pass());
    assert_eq!(world.stands(), "1");
}

#[test]
fn a_person_who_puts_it_back_for_a_reason_that_shows_rolled_it_back() {
    let mut world = at_second_step();
    world.edit(&Edit::PutBackByHand);
    assert!(matches!(
        world.play_out(&Look::alarm()),
        End::RolledBack { .. }
    ));
    let mut world = at_second_step();
    world.edit(&Edit::PutBackByHand);
    world.tick(&Look::pass());
    assert!(matches!(
        world.play_out(&Look::alarm()),
        End::RolledBack { .. }
    ));
}

/// A late duplicate of any tick finds the rollout ended, and nothing more.
#[test]
fn no_old_state_restarts_a_finished_rollout() {
    for (look, stands) in [
        (Look::pass(), "2"),
        (Look::alarm(), "1"),
        (Look::abort(), "1"),
    ] {
        for step in [None, Some(0), Some(2)] {
            let mut world = World::new(PLAN);
            match step {
                Some(step) => world.reach(step),
                None => assert_eq!(world.tick(&Look::pass()).at, at(0)),
            }
            world.play_out(&look);
            let left = world.alias.clone();
            for old in 0..world.emitted.len() {
                for look in [Look::pass(), Look::alarm(), Look::abort()] {
                    world.duplicate(old, &look, Fate::Applied);
                }
            }
            assert_eq!(world.alias, left);
            assert_eq!(world.stands(), stands);
        }
    }
}

/// The end must make void what a tick that is still under way decided on the preflight's revision.
#[test]
fn no_old_state_starts_a_rollout_that_ended_before_its_first_step() {
    for read in [Read::Fresh, Read::Unreadable] {
        for look in [Look::abort(), Look::alarm()] {
            let mut world = World::new(PLAN);
            world.tick(&Look::pass());
            world.tick(&look.clone().read(read));
            world.play_out(&Look::pass());
            let left = world.alias.clone();
            for old in 0..world.emitted.len() {
                world.duplicate(old, &Look::pass(), Fate::Applied);
            }
            assert_eq!(world.alias, left);
        }
    }
}

/// It makes no difference who took the entry away: no second look is needed to remove the mark.
#[test]
fn a_dark_stage_put_back_by_hand_while_it_is_put_back_is_finished_at_once() {
    let mut world = World::new("0%:5m,10%:5m");
    world.reach(0);
    world.tick(&Look::pass());
    assert!(world.state.keeps_zero);
    world.tick_with(&Look::alarm(), Fate::LostBefore);
    world.edit(&Edit::PutBackByHand);
    let pass = world.tick(&Look::pass());
    assert_eq!(gist(&pass.decision), "put back");
    assert_eq!(world.alias.unwrap().description, "prod");
}

#[test]
fn a_dark_stage_put_back_by_hand_is_an_abort_once_lambda_was_seen_to_keep_its_entry() {
    let mut world = World::new("0%:5m,10%:5m");
    world.reach(0);
    world.tick(&Look::pass());
    assert!(world.state.keeps_zero);
    let mut bare = world.alias.clone().expect("it exists");
    bare.weights.clear();
    world.put(bare);
    let end = world.play_out(&Look::pass());
    assert!(matches!(end, End::Aborted { .. }), "{end:?}");
    assert_eq!(world.stands(), "1");
}

/// A state from before Lambda was seen to keep the entry takes a bare dark stage for its own step,
/// so the end must not leave its mark there.
#[test]
fn no_old_state_restarts_a_rollout_whose_dark_stage_was_put_back_by_hand() {
    for stale in [false, true] {
        for calm in [Look::pass(), Look::alarm(), Look::unreadable()] {
            let mut world = World::new("0%:15s,1%:0s,10%:30s,90%:0s");
            world.tick(&Look::pass());
            world.tick(&Look::pass());
            world.tick(&Look::doubt());
            if stale {
                world.tick(&Look::pass().read(Read::Stale(1)));
            }
            world.edit(&Edit::PutBackByHand);
            world.tick(&calm);
            world.play_out(&Look::pass());
            let left = world.alias.clone();
            for old in 0..world.emitted.len() {
                for look in [Look::pass(), Look::alarm(), Look::abort()] {
                    world.duplicate(old, &look, Fate::Applied);
                }
            }
            assert_eq!(world.alias, left, "{:?}", world.state.end());
            assert_eq!(left.expect("it exists").description, "prod");
        }
    }
}
