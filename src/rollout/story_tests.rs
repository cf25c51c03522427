//! Whole releases by example: good ones, bad ones, and ones that somebody stops.

use super::*;
use crate::rollout::script::{
    BUDGET, Look, POLL, Read, aborted, at, gist, regression, rules, secs,
};
use crate::rollout::world::World;

/// What every tick decided, without repetitions.
fn journey(world: &World) -> Vec<String> {
    let mut gists: Vec<_> = world
        .trace
        .iter()
        .map(|pass| gist(&pass.decision))
        .collect();
    gists.dedup();
    gists
}

const PROMOTED: End = End::Promoted { confirmed: true };

#[test]
fn a_good_release_of_one_step() {
    let mut world = World::new("10%:5m");
    assert_eq!(world.play_out(&Look::pass()), PROMOTED);
    assert_eq!(journey(&world), ["announce", "step 0", "bake", "promote"]);
    assert_eq!(world.stands(), "2");
    assert_eq!(world.alias.as_ref().unwrap().description, "prod");
    assert_eq!(world.now, at(300), "no longer than its bake");
    assert_eq!(world.state.ticks, 22);
    assert_eq!(world.state.max_weight.to_string(), "10%");
}

#[test]
fn a_good_release_of_three_steps() {
    let mut world = World::new("1%:1m,10%:2m,50%:3m");
    assert_eq!(world.play_out(&Look::pass()), PROMOTED);
    let expected = [
        "announce", "step 0", "bake", "step 1", "bake", "step 2", "bake", "promote",
    ];
    assert_eq!(journey(&world), expected);
    assert_eq!(world.now, at(360));
    assert_eq!(world.state.max_weight.to_string(), "50%");
}

#[test]
fn all_at_once() {
    let mut world = World::new("AllAtOnce");
    assert_eq!(world.play_out(&Look::pass()), PROMOTED);
    assert_eq!(journey(&world), ["announce", "promote"]);
    assert_eq!((world.stands().as_str(), world.now), ("2", at(0)));
    assert_eq!(world.state.max_weight, crate::rollout::Weight::ZERO);
}

#[test]
fn a_dark_first_step_also_where_lambda_drops_the_zero() {
    for (keeps_zero, stands) in [(true, "1 2:0"), (false, "1")] {
        let mut world = World::new("0%:1m,10%:1m");
        world.keeps_zero = keeps_zero;
        world.reach(0);
        assert_eq!(world.stands(), stands);
        assert_eq!(gist(&world.tick(&Look::pass()).decision), "bake");
        assert_eq!(world.play_out(&Look::pass()), PROMOTED);
        assert_eq!((world.stands().as_str(), world.now), ("2", at(120)));

        let mut world = World::new("0%:1m,10%:1m");
        world.keeps_zero = keeps_zero;
        world.reach(0);
        let end = world.play_out(&Look::alarm());
        assert!(matches!(end, End::RolledBack { .. }));
        assert_eq!(world.stands(), "1");
        assert_eq!(
            world.alias.as_ref().unwrap().description,
            "prod",
            "the mark is gone too"
        );
    }
}

#[test]
fn an_alarm_at_any_step_puts_the_alias_back_on_that_tick() {
    for step in 0..3 {
        let mut world = World::new("1%:1m,10%:1m,50%:1m");
        world.reach(step);
        let last = world.trace.len();
        let regression = regression();
        let cause = Cause::Regression { regression };
        assert_eq!(world.play_out(&Look::alarm()), End::RolledBack { cause });
        assert_eq!(world.trace.len(), last + 1);
        assert_eq!(world.stands(), "1");
        assert_eq!(world.alias.as_ref().unwrap().description, "prod");
    }
}

#[test]
fn an_alarm_before_the_start_writes_nothing() {
    let mut world = World::new("10%:5m");
    let end = world.play_out(&Look::alarm());
    let failure = Failure::NotStarted {
        cause: Cause::Regression {
            regression: regression(),
        },
    };
    assert_eq!(end, End::Failed { failure });
    assert_eq!(world.trace.len(), 1);
    assert_eq!(world.alias.unwrap().revision, "rev-1");
}

#[test]
fn a_doubt_holds_the_start_each_step_and_the_promotion() {
    let mut world = World::new("10%:1m,50%:1m");
    let held = |world: &mut World| {
        for _ in 0..10 {
            let pass = world.tick(&Look::doubt());
            assert!(["hold", "bake"].contains(&gist(&pass.decision).as_str()));
        }
        let last = &world.trace[world.trace.len() - 1];
        assert_eq!((gist(&last.decision).as_str(), last.wait), ("hold", POLL));
        world.stands()
    };
    assert_eq!(held(&mut world), "1");
    world.reach(0);
    assert_eq!(held(&mut world), "1 2:0.1");
    world.reach(1);
    assert_eq!(held(&mut world), "1 2:0.5");
    assert_eq!(world.play_out(&Look::pass()), PROMOTED);
}

#[test]
fn a_doubt_that_never_clears_ends_at_the_longest() {
    for (before, expected) in [(None, "not started"), (Some(0), "rolled back")] {
        let mut world = World::new("10%:1m");
        if let Some(step) = before {
            world.reach(step);
        }
        world.play_out(&Look::doubt());
        let last = &world.trace[world.trace.len() - 1];
        let (Cause::TooLong { waiting_for, .. }, "1") = (
            match world.state.end().unwrap() {
                End::RolledBack { cause } if expected == "rolled back" => cause,
                End::Failed {
                    failure: Failure::NotStarted { cause },
                } if expected == "not started" => cause,
                other => panic!("{other:?}"),
            },
            world.stands().as_str(),
        ) else {
            panic!("{last:?}")
        };
        assert_eq!(waiting_for.as_deref(), Some("alarm errors has no data"));
        assert_eq!(last.at, at(3615));
    }
}

#[test]
fn advise_moves_by_time_and_says_what_it_would_have_done() {
    let advise = || Rules {
        mode: Mode::Advise,
        ..rules("10%:1m,50%:1m")
    };
    let mut world = World::with(advise());
    assert_eq!(world.play_out(&Look::alarm()), PROMOTED);
    let regression = regression();
    let would = Some(Cause::Regression { regression });
    assert!(world.trace.iter().all(|pass| pass.decision.would == would));
    assert_eq!(world.now, at(120));

    let mut world = World::with(advise());
    assert_eq!(world.play_out(&Look::doubt()), PROMOTED);
    assert!(world.trace.iter().all(|pass| pass.decision.would.is_none()));

    let mut world = World::new("10%:1m,50%:1m");
    world.play_out(&Look::alarm());
    assert!(world.trace.iter().all(|pass| pass.decision.would.is_none()));
}

#[test]
fn advise_still_obeys_aborts_and_budgets() {
    let advise = || {
        let mode = Mode::Advise;
        let mut world = World::with(Rules {
            mode,
            ..rules("10%:2h")
        });
        world.reach(0);
        world
    };
    let abort = Look {
        abort: true,
        ..Look::alarm()
    };
    assert_eq!(advise().play_out(&abort), End::Aborted { by: "ann".into() });
    assert!(matches!(
        advise().play_out(&Look::alarm()),
        End::RolledBack {
            cause: Cause::TooLong { .. }
        }
    ));
    let blind = Look {
        failure: true,
        ..Look::alarm()
    };
    assert!(matches!(
        advise().play_out(&blind),
        End::RolledBack {
            cause: Cause::Blind { .. }
        }
    ));
}

#[test]
fn an_abort_in_each_phase() {
    let by = || End::Aborted { by: "ann".into() };
    let mut world = World::new("10%:5m");
    assert_eq!(world.play_out(&Look::abort()), by());
    assert_eq!(
        world.alias.unwrap().revision,
        "rev-1",
        "before the start nothing is written"
    );

    let mut world = World::new("10%:5m");
    world.tick(&Look::pass());
    assert_eq!(world.play_out(&Look::abort()), by());
    let alias = world.alias.unwrap();
    assert_eq!(alias.description, "prod");
    assert_eq!(
        alias.revision, "rev-2",
        "announced: a first write under way is made void"
    );

    for step in 0..2 {
        let mut world = World::new("10%:5m,50%:5m");
        world.reach(step);
        assert_eq!(world.play_out(&Look::abort()), by());
        assert_eq!(world.stands(), "1");
    }

    let mut world = World::new("10%:5m");
    world.reach(0);
    world.tick(&Look::alarm().read(Read::Unreadable));
    let end = world.play_out(&Look::abort());
    assert!(
        matches!(end, End::RolledBack { .. }),
        "the first cause stays: {end:?}"
    );

    let mut world = World::new("10%:5m");
    world.play_out(&Look::pass());
    assert_eq!(world.play_out(&Look::abort()), PROMOTED);
}

#[test]
fn looks_that_fail_longer_than_the_budget_roll_back_and_a_good_one_starts_it_anew() {
    let partly = Look {
        failure: true,
        ..Look::pass()
    };
    for blind in [Look::unreadable(), partly] {
        let mut world = World::new("10%:50m");
        world.reach(0);
        for _ in 0..3 {
            for _ in 0..12 {
                world.tick(&blind);
            }
            assert!(world.state.failing.is_some());
            world.tick(&Look::pass());
            assert_eq!(world.state.failing, None);
        }
        let from = world.now;
        while matches!(world.state.phase, Phase::Baking { .. }) {
            world.tick(&blind);
        }
        assert_eq!(world.now.duration_since(from), POLL + BUDGET + POLL);
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
        assert_eq!(world.stands(), "1");
    }
}

#[test]
fn a_rollback_that_was_decided_blind_remembers_why() {
    for (look, cause) in [
        (
            Look::alarm(),
            Cause::Regression {
                regression: regression(),
            },
        ),
        (Look::abort(), aborted()),
    ] {
        let mut world = World::new("10%:5m");
        world.reach(0);
        let pass = world.tick(&look.read(Read::Unreadable));
        assert_eq!(pass.decision.reason, Reason::Rollback { cause });
        assert_eq!(pass.wait, secs(1));
        world.play_out(&Look::pass());
        assert_eq!(world.stands(), "1");
        assert_ne!(world.state.end(), Some(&PROMOTED));
    }
}
