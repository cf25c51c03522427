//! Plans that end with handing the alias back, as inside a CodeDeploy hook.

use super::*;
use crate::rollout::Finish;
use crate::rollout::script::{Edit, Fate, Look, gist, rules, secs};
use crate::rollout::world::World;

fn world() -> World {
    World::with(Rules {
        finish: Finish::HandOver,
        ..rules("10%:1m")
    })
}

/// Up to the tick that announces the hand-over.
fn announced() -> World {
    let mut world = world();
    world.reach(0);
    while !matches!(world.state.phase, Phase::RollingBack { .. }) {
        world.tick(&Look::pass());
    }
    world
}

#[test]
fn a_good_release_leaves_the_alias_as_it_was_found() {
    let mut world = world();
    assert_eq!(world.play_out(&Look::pass()), End::HandedOver);
    assert_eq!(world.stands(), "1");
    let told: Vec<String> = world
        .trace
        .iter()
        .map(|pass| gist(&pass.decision))
        .collect();
    assert_eq!(told[..2], ["announce", "step 0"]);
    assert_eq!(told[told.len() - 2..], ["announce hand-over", "put back"]);
}

#[test]
fn a_lost_answer_of_the_last_write_is_still_a_pass() {
    for (fate, delivered) in [
        (Fate::LostAfter, true),
        (Fate::LostAfter, false),
        (Fate::Applied, false),
    ] {
        let mut world = announced();
        world.now = world.now.max(world.due);
        world.drive(&Look::pass(), fate, delivered);
        assert_eq!(
            world.play_out(&Look::pass()),
            End::HandedOver,
            "{fate:?} {delivered}"
        );
        assert_eq!(world.stands(), "1");
    }
}

/// As with any other write: while none is answered, nobody has the rollout in hand.
#[test]
fn a_last_write_that_fails_for_longer_than_the_budget_is_no_pass() {
    for (late, passes) in [(0, true), (60, false)] {
        let mut world = announced();
        for _ in 0..4 {
            world.due += secs(late);
            world.tick_with(&Look::pass(), Fate::LostBefore);
        }
        let end = world.play_out(&Look::pass());
        let blind = matches!(
            &end,
            End::RolledBack {
                cause: Cause::Blind { .. }
            }
        );
        assert_eq!(
            (end == End::HandedOver, blind),
            (passes, !passes),
            "{end:?}"
        );
        assert_eq!(world.stands(), "1");
    }
}

#[test]
fn an_alarm_while_the_alias_is_put_back_still_counts() {
    let mut world = announced();
    world.tick_with(&Look::pass(), Fate::LostBefore);
    let end = world.play_out(&Look::alarm());
    assert!(
        matches!(
            end,
            End::RolledBack {
                cause: Cause::Regression { .. }
            }
        ),
        "{end:?}"
    );
    assert_eq!(world.stands(), "1");
}

#[test]
fn a_regression_is_never_replaced_by_a_pass() {
    let mut world = world();
    world.reach(0);
    world.tick_with(&Look::alarm(), Fate::LostBefore);
    let end = world.play_out(&Look::pass());
    assert!(matches!(end, End::RolledBack { .. }), "{end:?}");
}

/// The hand-over takes the mark away with the weights: a mark without weights is a person's doing.
#[test]
fn weights_that_a_person_takes_away_before_the_last_write_are_no_pass() {
    let mut world = announced();
    world.edit(&Edit::PutBackByHand);
    let end = world.play_out(&Look::pass());
    assert!(matches!(end, End::Aborted { .. }), "{end:?}");
    assert_eq!(world.stands(), "1");
}

/// Whichever tick is killed after its write and repeated: what told of the person may be gone by then.
#[test]
fn a_tick_that_is_repeated_does_not_forget_that_a_person_has_stopped_the_canary() {
    for killed in 0..4 {
        let mut world = announced();
        world.edit(&Edit::PutBackByHand);
        for _ in 0..killed {
            world.tick(&Look::pass());
        }
        world.now = world.now.max(world.due);
        world.drive(&Look::pass(), Fate::Applied, false);
        let end = world.play_out(&Look::pass());
        assert!(matches!(end, End::Aborted { .. }), "{killed}: {end:?}");
        assert_eq!(world.alias.unwrap().description, "prod");
    }
}

#[test]
fn a_promotion_by_hand_is_left_alone() {
    let mut world = announced();
    world.edit(&Edit::PromoteByHand);
    let end = world.play_out(&Look::pass());
    assert!(
        matches!(
            end,
            End::Failed {
                failure: Failure::Drift { .. }
            }
        ),
        "{end:?}"
    );
    assert_eq!(world.stands(), "2");
}
