//! One tick by example: every phase with everything that may stand at the alias, and the order of
//! precedence.

use super::*;
use crate::rollout::Failing;
use crate::rollout::script::{BUDGET, LONGEST, Look, POLL, aborted, at, gist, rules, secs};
use crate::rollout::world::World;

const PLAN: &str = "10%:5m,50%:5m";
/// The time of the ticks here: 100 s into the rollout.
const NOW: i64 = 100;

fn view(version: &str, share: Option<f64>, generation: u32, revision: &str) -> AliasView {
    let mark = format!("prod [lambda-canary:r1:{generation}]");
    AliasView {
        version: version.into(),
        weights: share.map(|share| ("2".into(), share)).into_iter().collect(),
        description: if generation == 0 { "prod".into() } else { mark },
        revision: revision.into(),
    }
}

fn starting(announced: bool) -> Phase {
    let revision = "found".into();
    Phase::Starting {
        revision,
        announced,
        lost: false,
    }
}

fn baking(step: usize, since: i64) -> Phase {
    let since = at(since);
    Phase::Baking { step, since }
}

fn rolling(untouched: Option<&str>) -> Phase {
    Phase::RollingBack {
        cause: aborted(),
        since: at(NOW - 5),
        attempts: 2,
        untouched: untouched.map(Into::into),
    }
}

fn ended(confirmed: bool) -> Phase {
    let end = End::Promoted { confirmed };
    Phase::Ended { end }
}

fn state(phase: Phase) -> State {
    State {
        phase,
        ..World::new(PLAN).state
    }
}

fn on(state: &State, reading: AliasReading, look: &Look) -> Decision {
    tick(&rules(PLAN), state, at(NOW), &look.seen(reading))
}

/// What the first look says, and, where it wants a second look, what that says.
fn both(phase: &Phase, reading: &AliasReading) -> String {
    let first = on(&state(phase.clone()), reading.clone(), &Look::pass());
    if gist(&first) != "look again" {
        return gist(&first);
    }
    assert_eq!(first.wait, LOOK_AGAIN);
    let second = on(&first.state, reading.clone(), &Look::pass());
    format!("look again, {}", gist(&second))
}

#[test]
fn every_phase_with_everything_that_may_stand_there() {
    use AliasReading::{Gone, Seen, Unreadable};
    let found = Seen(view("1", None, 0, "found"));
    let stable = Seen(view("1", None, 0, "other"));
    let first = Seen(view("1", Some(0.1), 1, "a"));
    let second = Seen(view("1", Some(0.5), 2, "b"));
    let canary = Seen(view("2", None, 0, "c"));
    let foreign = Seen(view("1", Some(0.3), 1, "d"));
    let unreadable = Unreadable("timeout".into());
    let readings = [
        found, stable, first, second, canary, foreign, Gone, unreadable,
    ];
    #[rustfmt::skip]
    let table = [
        (starting(false), ["announce", "look again, end: changed", "bake", "bake",
            "look again, end: found promoted", "look again, end: drift", "look again, end: deleted", "blind"]),
        (starting(true), ["step 0", "look again, end: changed", "bake", "bake",
            "look again, end: found promoted", "look again, end: drift", "look again, end: deleted", "blind"]),
        (baking(0, NOW - 10), ["look again, end: aborted", "look again, end: aborted", "bake", "bake",
            "look again, end: found promoted", "look again, end: drift", "look again, end: deleted", "blind"]),
        (baking(0, NOW - 300), ["look again, end: aborted", "look again, end: aborted", "step 1", "bake",
            "look again, end: found promoted", "look again, end: drift", "look again, end: deleted", "blind"]),
        (baking(1, NOW - 300), ["look again, end: aborted", "look again, end: aborted", "bake", "promote",
            "look again, end: found promoted", "look again, end: drift", "look again, end: deleted", "blind"]),
        (rolling(None), ["look again, end: aborted", "look again, end: aborted", "put back", "put back",
            "look again, end: drift", "look again, end: drift", "look again, end: deleted", "put back, blind"]),
        (rolling(Some("found")), ["put back", "look again, end: aborted", "put back", "put back",
            "look again, end: drift", "look again, end: drift", "look again, end: deleted", "put back, blind"]),
        (ended(true), ["end: promoted"; 8]),
        (ended(false), ["end: found promoted"; 8]),
    ];
    for (phase, expected) in table {
        for (reading, expected) in readings.iter().zip(expected) {
            assert_eq!(both(&phase, reading), expected, "{phase:?}, {reading:?}");
        }
    }
}

/// Rows 2 to 5 of the order of precedence, pairwise: of two reasons the upper one is given.
#[test]
fn the_upper_reason_wins() {
    let failing = Some(Failing {
        since: at(NOW) - BUDGET - secs(1),
        error: "timeout".into(),
        write: true,
    });
    let begun = at(NOW) - LONGEST - secs(1);
    let bake_over = State {
        failing: failing.clone(),
        started_at: begun,
        ..state(baking(0, NOW - 300))
    };
    let here = || AliasReading::Seen(view("1", Some(0.1), 1, "a"));
    let everything = Look {
        abort: true,
        ..Look::alarm()
    };
    let cause = |state: &State, look: &Look| match on(state, here(), look).reason {
        Reason::Rollback { cause } => cause,
        other => panic!("{other:?}"),
    };
    let going_back = State {
        phase: rolling(None),
        ..bake_over.clone()
    };
    assert_eq!(
        cause(&going_back, &Look::alarm()),
        aborted(),
        "the first cause stays"
    );
    assert_eq!(cause(&bake_over, &everything), aborted());
    assert!(matches!(
        cause(&bake_over, &Look::alarm()),
        Cause::Regression { .. }
    ));
    assert!(matches!(
        cause(&bake_over, &Look::pass()),
        Cause::Blind { .. }
    ));
    let not_failing = State {
        failing: None,
        ..bake_over.clone()
    };
    assert!(matches!(
        cause(&not_failing, &Look::doubt()),
        Cause::TooLong { waiting_for: Some(what), .. } if what == "alarm errors has no data"
    ));
    assert!(matches!(
        cause(&not_failing, &Look::pass()),
        Cause::TooLong {
            waiting_for: None,
            ..
        }
    ));
    let in_time = State {
        started_at: at(0),
        ..not_failing
    };
    assert_eq!(gist(&on(&in_time, here(), &Look::doubt())), "hold");
    assert_eq!(gist(&on(&in_time, here(), &Look::pass())), "step 1");
}

/// Row 1: whatever else speaks, an alias that is not ours is left alone.
#[test]
fn what_is_not_ours_is_left_alone_whatever_speaks() {
    for reading in [
        AliasReading::Seen(view("1", Some(0.3), 1, "d")),
        AliasReading::Seen(view("1", Some(0.1), 0, "d")),
        AliasReading::Seen(view("3", None, 0, "d")),
        AliasReading::Seen(view("2", None, 0, "d")),
        AliasReading::Gone,
    ] {
        for look in [Look::pass(), Look::alarm(), Look::doubt(), Look::abort()] {
            for phase in [
                starting(true),
                baking(0, 0),
                rolling(None),
                rolling(Some("found")),
            ] {
                let first = on(&state(phase), reading.clone(), &look);
                assert_eq!(gist(&first), "look again");
                let second = on(&first.state, reading.clone(), &look);
                assert_eq!(second.command, None);
                assert!(second.state.end().is_some());
            }
        }
    }
}

#[test]
fn a_limit_is_kept_to_the_second() {
    let here = || AliasReading::Seen(view("1", Some(0.1), 1, "a"));
    let gist_of = |state: State| gist(&on(&state, here(), &Look::pass()));
    let failing = |since| {
        let error = "timeout".into();
        let write = true;
        Some(Failing {
            since,
            error,
            write,
        })
    };
    let due = state(baking(0, NOW - 300));
    for (over, expected) in [(0, "step 1"), (1, "put back")] {
        let started_at = at(NOW) - LONGEST - secs(over);
        assert_eq!(
            gist_of(State {
                started_at,
                ..due.clone()
            }),
            expected
        );
        let failing = failing(at(NOW) - BUDGET - secs(over));
        assert_eq!(
            gist_of(State {
                failing,
                ..due.clone()
            }),
            expected
        );
    }
    assert_eq!(gist_of(state(baking(0, NOW - 299))), "bake");
}

#[test]
fn the_wait_is_what_is_left_but_at_most_a_poll() {
    let here = || AliasReading::Seen(view("1", Some(0.1), 1, "a"));
    for (baked, wait) in [(0, POLL), (284, POLL), (290, secs(10)), (299, secs(1))] {
        let decision = on(&state(baking(0, NOW - baked)), here(), &Look::pass());
        assert_eq!((gist(&decision).as_str(), decision.wait), ("bake", wait));
    }
}

#[test]
fn the_wait_after_a_shift_is_its_bake_but_at_most_a_poll() {
    let mut world = World::new("10%:5s,50%:5m");
    for (step, wait) in [(0, secs(5)), (1, POLL)] {
        world.reach(step);
        let last = world.trace.last().unwrap();
        assert_eq!(
            (gist(&last.decision), last.wait),
            (format!("step {step}"), wait)
        );
    }
}

#[test]
fn a_clock_that_goes_back_starts_the_bake_anew_and_stops_nothing() {
    let here = AliasReading::Seen(view("1", Some(0.1), 1, "a"));
    let early = State {
        started_at: at(NOW + 5000),
        ..state(baking(0, NOW + 3000))
    };
    let decision = on(&early, here.clone(), &Look::pass());
    let (weight, left) = (Weight::percent(10), secs(300));
    assert_eq!(decision.reason, Reason::Bake { weight, left });
    assert_eq!(decision.wait, POLL);
    let back = State {
        phase: Phase::RollingBack {
            cause: aborted(),
            since: at(NOW + 3000),
            attempts: 0,
            untouched: None,
        },
        ..early
    };
    assert_eq!(gist(&on(&back, here, &Look::pass())), "put back");
}

#[test]
fn an_early_tick_changes_nothing_but_the_count() {
    let before = state(baking(0, NOW - 10));
    let here = AliasReading::Seen(view("1", Some(0.1), 1, "a"));
    let decision = on(&before, here, &Look::pass());
    let max_weight = Weight::percent(10);
    let ticks = 1;
    assert_eq!(
        decision.state,
        State {
            ticks,
            max_weight,
            ..before
        }
    );
}

#[test]
fn a_tick_after_the_end_changes_nothing_at_all() {
    for look in [Look::pass(), Look::alarm(), Look::abort(), Look::doubt()] {
        for mode in [Mode::Enforce, Mode::Advise] {
            let over = state(ended(true));
            let rules = Rules {
                mode,
                ..rules(PLAN)
            };
            let here = AliasReading::Seen(view("1", Some(0.1), 1, "a"));
            let decision = tick(&rules, &over, at(NOW), &look.seen(here));
            assert_eq!((decision.state, decision.command), (over, None));
            assert_eq!(decision.would, None);
        }
    }
}
