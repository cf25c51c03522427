//! What evidence does to the end of a bake.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::judge::Bound;
use crate::judge::measure::Measured;
use crate::rollout::End;
use crate::rollout::script::{Look, at, gist, rules, secs};
use crate::rollout::world::World;

fn bound() -> Bound {
    Bound::new(0.009, 0.95)
}

fn short() -> Doubt {
    Doubt::TooFewRequests {
        judged: 3,
        needed: 30,
        bound: bound(),
    }
}

fn measured(sufficiency: Sufficiency, unjudged_from: Option<Timestamp>) -> Look {
    Look {
        measured: Measured {
            sufficiency,
            unjudged_from,
        },
        ..Look::pass()
    }
}

fn accepted() -> Look {
    let (judged, bound) = (420, bound());
    measured(Sufficiency::Accepted { judged, bound }, None)
}

fn unproven() -> Look {
    measured(Sufficiency::Short { doubt: short() }, None)
}

fn world(inconclusive: Inconclusive) -> World {
    World::with(crate::rollout::Rules {
        inconclusive,
        ..rules("10%:5m,50%:5m")
    })
}

fn last(world: &World) -> (&Decision, String) {
    let pass = world.trace.last().unwrap();
    (&pass.decision, gist(&pass.decision))
}

/// Ticks on time until that second or the end.
fn until(world: &mut World, second: i64, look: &Look) {
    while world.now < at(second) && world.state.end().is_none() {
        world.tick(look);
    }
}

#[test]
fn what_is_shown_to_be_good_enough_skips_the_rest() {
    let mut world = world(Inconclusive::Hold);
    world.reach(0);
    until(&mut world, 60, &unproven());
    world.tick(&accepted());
    let (decision, gist) = last(&world);
    assert_eq!(gist, "promote");
    let text = decision.reason.to_string();
    assert!(
        text.contains("420 of the canary's requests were judged, at most 0.9 % worse"),
        "{text}"
    );
    assert_eq!(world.stands(), "2");
    assert!(world.now < at(300));
}

#[test]
fn nothing_is_skipped_on_a_doubt_an_alarm_or_in_the_mode_advise() {
    for other in [Look::doubt(), Look::alarm()] {
        let mut world = world(Inconclusive::Complete);
        world.reach(0);
        let look = Look {
            measured: accepted().measured,
            ..other
        };
        world.tick(&look);
        assert_ne!(last(&world).1, "promote");
    }
    let mut world = world(Inconclusive::Hold);
    world.rules.mode = Mode::Advise;
    world.reach(0);
    world.tick(&accepted());
    assert_eq!(last(&world).1, "bake");
}

#[test]
fn inside_codedeploy_what_is_good_enough_is_handed_over_at_once() {
    let mut world = world(Inconclusive::Rollback);
    world.rules.finish = Finish::HandOver;
    world.reach(0);
    world.tick(&accepted());
    assert!(matches!(last(&world).0.reason, Reason::Accepted { .. }));
    assert_eq!(world.play_out(&Look::pass()), End::HandedOver);
    assert_eq!(world.stands(), "1");
}

#[test]
fn a_bake_ends_when_its_last_whole_minute_is_judged() {
    let mut world = world(Inconclusive::Hold);
    world.reach(0);
    let began = world.now;
    // The bake ends within the sixth minute: the five before it have to be judged.
    let over = began + secs(300);
    let minute = Timestamp::from_second(over.as_second() / 60 * 60).unwrap();
    let before = minute - SignedDuration::from_secs(60);
    for _ in 0..40 {
        world.tick(&measured(Sufficiency::Enough, Some(before)));
    }
    assert!(world.now > over);
    let (decision, gist) = last(&world);
    assert_eq!(gist, "hold");
    assert!(
        decision.reason.to_string().contains("are not complete yet"),
        "{}",
        decision.reason
    );
    world.tick(&measured(Sufficiency::Enough, Some(minute)));
    assert_eq!(last(&world).1, "step 1");
}

#[test]
fn too_little_evidence_at_the_end_of_a_step_is_no_reason_to_wait_but_at_the_end_of_the_last_is() {
    let mut world = world(Inconclusive::Hold);
    world.reach(0);
    until(&mut world, 601, &unproven());
    let (decision, gist) = last(&world);
    assert_eq!(
        (gist.as_str(), world.stands().as_str()),
        ("hold", "1 2:0.5")
    );
    assert!(
        decision
            .reason
            .to_string()
            .contains("only 3 of the canary's requests")
    );
    // More evidence comes while it holds.
    assert_eq!(
        world.play_out(&measured(Sufficiency::Enough, None)),
        End::Promoted { confirmed: true }
    );
}

#[test]
fn a_hold_that_never_ends_says_what_it_waited_for() {
    let mut world = world(Inconclusive::Hold);
    let End::RolledBack { cause } = world.play_out(&unproven()) else {
        panic!("it is put back");
    };
    assert!(
        matches!(&cause, Cause::TooLong { waiting_for: Some(what), .. } if what.contains("only 3"))
    );
    assert_eq!(world.stands(), "1");
}

#[test]
fn what_a_bake_lacks_is_waited_for_from_the_second_in_which_it_is_over() {
    for (late, waits) in [(0, true), (1, false)] {
        let mut world = world(Inconclusive::Hold);
        world.reach(0);
        // The limit is passed in the last second of the bake, or in the one before it.
        let over = world.now.duration_since(world.state.started_at) + secs(300 - late);
        world.rules.limits.longest = over - secs(1);
        world.due = world.state.started_at + over;
        world.tick(&unproven());
        let Phase::RollingBack { cause, .. } = &world.trace.last().unwrap().decision.state.phase
        else {
            panic!("{:?}", world.state);
        };
        let Cause::TooLong { waiting_for, .. } = cause else {
            panic!("{cause:?}");
        };
        assert_eq!(waiting_for.is_some(), waits, "{cause:?}");
    }
}

#[test]
fn the_rules_say_whether_too_little_evidence_goes_on_or_back() {
    let mut back = world(Inconclusive::Rollback);
    let doubt = short();
    let cause = Cause::Inconclusive { doubt };
    assert_eq!(back.play_out(&unproven()), End::RolledBack { cause });
    assert_eq!((back.stands().as_str(), back.now >= at(600)), ("1", true));

    let mut on = world(Inconclusive::Complete);
    assert_eq!(on.play_out(&unproven()), End::Promoted { confirmed: true });
    let promoted = on
        .trace
        .iter()
        .find(|pass| gist(&pass.decision) == "promote");
    let reason = promoted.unwrap().decision.reason.to_string();
    assert!(
        reason.contains("the policy says to go on: only 3"),
        "{reason}"
    );
}

/// The canary's requests do not come back: more weight would send more of them there.
#[test]
fn a_starved_canary_gets_no_more_weight_whatever_the_policy_makes_of_too_little_evidence() {
    let doubt = Doubt::Starved {
        expected: 600,
        got: 1,
    };
    let look = measured(
        Sufficiency::Short {
            doubt: doubt.clone(),
        },
        None,
    );
    for (inconclusive, holds) in [
        (Inconclusive::Rollback, false),
        (Inconclusive::Hold, true),
        (Inconclusive::Complete, true),
    ] {
        let mut world = world(inconclusive);
        world.reach(0);
        until(&mut world, 330, &look);
        let held = last(&world).1 == "hold" && world.stands() == "1 2:0.1";
        assert_eq!(held, holds, "{inconclusive:?}: {:?}", world.state);
        let End::RolledBack { cause } = world.play_out(&look) else {
            panic!("{inconclusive:?}: {:?}", world.state);
        };
        let at_once = Cause::Inconclusive {
            doubt: doubt.clone(),
        };
        assert_eq!(cause == at_once, !holds, "{cause:?}");
        assert_eq!(world.stands(), "1");
    }
    // Where nothing is enforced, steps move by time.
    let mut world = world(Inconclusive::Rollback);
    world.rules.mode = Mode::Advise;
    world.reach(0);
    until(&mut world, 330, &look);
    assert_eq!(world.stands(), "1 2:0.5");
}

#[test]
fn where_the_policy_says_nothing_the_way_decides() {
    let (here, hook) = (Finish::Promote, Finish::HandOver);
    assert_eq!(here.inconclusive(None), Inconclusive::Hold);
    assert_eq!(hook.inconclusive(None), Inconclusive::Rollback);
    for asked in [
        Inconclusive::Complete,
        Inconclusive::Hold,
        Inconclusive::Rollback,
    ] {
        assert_eq!(
            (
                here.inconclusive(Some(asked)),
                hook.inconclusive(Some(asked))
            ),
            (asked, asked)
        );
    }
}

#[test]
fn the_mode_advise_goes_by_time_and_says_what_it_would_have_done() {
    let mut world = world(Inconclusive::Rollback);
    world.rules.mode = Mode::Advise;
    let look = Look {
        measured: Measured {
            unjudged_from: Some(at(0)),
            ..unproven().measured
        },
        ..unproven()
    };
    assert_eq!(world.play_out(&look), End::Promoted { confirmed: true });
    let would: Vec<&Cause> = world
        .trace
        .iter()
        .filter_map(|pass| pass.decision.would.as_ref())
        .collect();
    assert_eq!(would, [&Cause::Inconclusive { doubt: short() }]);
}

#[test]
fn rules_of_an_earlier_release_hold() {
    let rules = rules("10%:5m");
    let json = serde_json::to_string(&rules).unwrap();
    assert!(!json.contains("inconclusive"), "{json}");
    let read: crate::rollout::Rules = serde_json::from_str(&json).unwrap();
    assert_eq!(read.inconclusive, Inconclusive::Hold);
}
