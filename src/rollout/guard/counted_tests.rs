//! The guard with evidence: it waits for the last minutes' numbers, and only for them; and what too
//! little of it leads to.

use jiff::Timestamp;

use super::examples::{BUDGET, LONGEST, alias, doubt, guard, look, rules};
use super::*;
use crate::judge::measure::{Inconclusive, Measured, Sufficiency};
use crate::judge::{Bound, Doubt, Regression, Verdict};
use crate::rollout::{Cause, DeploymentStatus, Mode};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn arrived(from: Option<i64>) -> GuardObservation {
    GuardObservation {
        alias: alias("2", None),
        measured: Measured {
            unjudged_from: from.map(at),
            ..Measured::default()
        },
        ..look()
    }
}

fn worse() -> Regression {
    Regression::TooManyErrors { errors: 3, most: 0 }
}

/// Looks every 15 seconds for so long; the last decision.
fn looks(state: &mut Guard, from: i64, seconds: i64, seen: &GuardObservation) -> GuardDecision {
    let mut last = None;
    for second in (from..from + seconds).step_by(15) {
        let decision = watch(&rules(Mode::Enforce), state, at(second), seen);
        *state = decision.state.clone();
        last = Some(decision);
    }
    last.unwrap()
}

#[test]
fn the_last_minutes_are_waited_for_longer_than_any_doubt() {
    let mut state = guard();
    let long = 2 * BUDGET.as_secs();
    let decision = looks(&mut state, 0, long, &arrived(Some(0)));
    assert_eq!(decision.act, GuardAct::Wait);
    let text = decision.reason.to_string();
    assert!(text.contains("are not complete yet"), "{text}");
    let decision = looks(&mut state, long, 15, &arrived(None));
    assert_eq!(decision.state.end(), Some(&GuardEnd::Passed));
}

#[test]
fn what_the_last_minutes_show_still_stops_the_deployment_or_is_too_late() {
    let bad = GuardObservation {
        verdict: Verdict::Fail(worse()),
        ..arrived(Some(0))
    };
    let decision = looks(&mut guard(), 0, 15, &bad);
    let regression = worse();
    let cause = Cause::Regression { regression };
    assert_eq!(
        decision.act,
        GuardAct::Stop {
            cause: cause.clone()
        }
    );
    let mut state = guard();
    let succeeded = DeploymentReading::Seen(DeploymentStatus::Succeeded);
    let waiting = GuardObservation {
        deployment: succeeded.clone(),
        ..arrived(Some(0))
    };
    assert_eq!(looks(&mut state, 0, 300, &waiting).act, GuardAct::Wait);
    let bad = GuardObservation {
        deployment: succeeded,
        ..bad
    };
    let decision = looks(&mut state, 300, 15, &bad);
    assert_eq!(decision.state.end(), Some(&GuardEnd::TooLate { cause }));
}

#[test]
fn what_has_to_be_confirmed_is_waited_for_and_other_doubts_have_their_time() {
    let unconfirmed = |other: Vec<Doubt>| {
        let regression = Box::new(worse());
        let mut doubts = vec![Doubt::Unconfirmed { regression }];
        doubts.extend(other);
        GuardObservation {
            deployment: DeploymentReading::Seen(DeploymentStatus::Succeeded),
            verdict: Verdict::Inconclusive(doubts),
            ..arrived(None)
        }
    };
    let long = 2 * BUDGET.as_secs();
    let alone = looks(&mut guard(), 0, long, &unconfirmed(Vec::new()));
    assert_eq!(alone.act, GuardAct::Wait);
    let Verdict::Inconclusive(other) = doubt() else {
        unreachable!()
    };
    let both = looks(&mut guard(), 0, long, &unconfirmed(other));
    assert!(matches!(both.state.end(), Some(GuardEnd::Failed { .. })));
    // Nor is a doubt that nobody names one that time ends.
    let unnamed = GuardObservation {
        verdict: Verdict::Inconclusive(Vec::new()),
        ..unconfirmed(Vec::new())
    };
    let unnamed = looks(&mut guard(), 0, long, &unnamed);
    assert!(matches!(unnamed.state.end(), Some(GuardEnd::Failed { .. })));
}

#[test]
fn numbers_that_never_come_are_waited_for_to_the_last_second_of_twenty_minutes() {
    let waiting = GuardObservation {
        deployment: DeploymentReading::Seen(DeploymentStatus::Succeeded),
        ..arrived(Some(0))
    };
    let mut state = guard();
    let last = looks(&mut state, 0, 1_215, &waiting);
    assert_eq!(last.act, GuardAct::Wait);
    let over = watch(&rules(Mode::Enforce), &state, at(1_201), &waiting);
    assert!(matches!(
        over.state.end(),
        Some(GuardEnd::Failed {
            failure: GuardFailure::Unproven { .. }
        })
    ));
}

fn short() -> Doubt {
    Doubt::TooFewRequests {
        judged: 1,
        needed: 30,
        bound: Bound::new(1.0, 0.95),
    }
}

fn having(sufficiency: Sufficiency, seen: GuardObservation) -> GuardObservation {
    let measured = Measured {
        sufficiency,
        unjudged_from: None,
    };
    GuardObservation { measured, ..seen }
}

fn asking(mode: Mode, inconclusive: Option<Inconclusive>) -> GuardRules {
    GuardRules {
        inconclusive,
        ..rules(mode)
    }
}

/// What the first look with all traffic at the canary and too little evidence leads to.
fn ends(rules: GuardRules, seen: GuardObservation) -> GuardDecision {
    let state = guard();
    let doubt = short();
    let seen = having(Sufficiency::Short { doubt }, seen);
    watch(&rules, &state, at(300), &seen)
}

#[test]
fn as_long_as_codedeploy_shifts_it_makes_no_difference_how_much_there_is() {
    for says in [
        Inconclusive::Complete,
        Inconclusive::Hold,
        Inconclusive::Rollback,
    ] {
        let rules = asking(Mode::Enforce, Some(says));
        assert_eq!(ends(rules, look()).act, GuardAct::Wait);
    }
}

#[test]
fn enough_passes_and_so_does_what_nobody_asked_for() {
    let bound = Bound::new(0.01, 0.95);
    let enough = [
        Sufficiency::NotAsked,
        Sufficiency::Enough,
        Sufficiency::Accepted { judged: 400, bound },
    ];
    for sufficiency in enough {
        let rules = asking(Mode::Enforce, Some(Inconclusive::Rollback));
        let seen = having(sufficiency, arrived(None));
        let end = watch(&rules, &guard(), at(300), &seen);
        assert_eq!(end.state.end(), Some(&GuardEnd::Passed));
    }
    // A shift in which nothing can be compared, or a rollout of an earlier release.
    let end = ends(asking(Mode::Enforce, None), arrived(None));
    assert_eq!(end.state.end(), Some(&GuardEnd::Passed));
}

#[test]
fn too_little_stops_what_can_be_stopped_and_else_it_is_too_late() {
    for says in [Inconclusive::Hold, Inconclusive::Rollback] {
        for mode in [Mode::Enforce, Mode::Advise] {
            let rules = asking(mode, Some(says));
            let cause = Cause::Inconclusive { doubt: short() };
            let open = ends(rules, arrived(None));
            let succeeded = GuardObservation {
                deployment: DeploymentReading::Seen(DeploymentStatus::Succeeded),
                ..arrived(None)
            };
            let late = ends(rules, succeeded);
            if mode == Mode::Advise {
                let would = Some(cause);
                let end = GuardEnd::Advised { would, doubt: None };
                assert_eq!(open.state.end(), Some(&end));
                assert_eq!(late.state.end(), Some(&end));
                continue;
            }
            let stop = cause.clone();
            assert_eq!(open.act, GuardAct::Stop { cause: stop });
            assert_eq!(late.state.end(), Some(&GuardEnd::TooLate { cause }));
        }
    }
}

#[test]
fn where_the_policy_says_to_go_on_the_pass_says_that_nothing_is_proven() {
    for mode in [Mode::Enforce, Mode::Advise] {
        let rules = asking(mode, Some(Inconclusive::Complete));
        let decision = ends(rules, arrived(None));
        let end = decision.state.end().expect("an end");
        assert_eq!(end, &GuardEnd::PassedUnproven { doubt: short() });
        assert!(end.is_success());
        assert_eq!(
            end.to_string(),
            "the canary has all traffic, and nothing spoke against it; there was too little \
             evidence to prove it, and the policy says to go on: only 1 of the canary's requests \
             were judged, 30 are needed; how much worse it may be is not known"
        );
    }
}

#[test]
fn a_canary_that_is_not_heard_of_is_not_passed_as_unproven() {
    let doubt = Doubt::Starved {
        expected: 300,
        got: 4,
    };
    let seen = having(
        Sufficiency::Short {
            doubt: doubt.clone(),
        },
        arrived(None),
    );
    let rules = asking(Mode::Enforce, Some(Inconclusive::Complete));
    let decision = watch(&rules, &guard(), at(300), &seen);
    let cause = Cause::Inconclusive { doubt };
    assert_eq!(decision.act, GuardAct::Stop { cause });
}

#[test]
fn minutes_that_may_still_speak_for_the_canary_are_waited_for() {
    let rules = asking(Mode::Enforce, Some(Inconclusive::Rollback));
    let seen = GuardObservation {
        unheard_from: Some(at(240)),
        ..arrived(None)
    };
    let decision = ends(rules, seen.clone());
    assert_eq!(decision.act, GuardAct::Wait);
    let text = decision.reason.to_string();
    assert!(text.contains("30 are needed"), "{text}");
    // They came to enough.
    let enough = having(Sufficiency::Enough, seen);
    let decision = watch(&rules, &decision.state, at(315), &enough);
    assert_eq!(decision.state.end(), Some(&GuardEnd::Passed));
}

#[test]
fn minutes_that_never_speak_end_with_the_longest_watch() {
    let rules = asking(Mode::Enforce, Some(Inconclusive::Rollback));
    let mut state = guard();
    let doubt = short();
    let seen = GuardObservation {
        unheard_from: Some(at(0)),
        ..having(Sufficiency::Short { doubt }, arrived(None))
    };
    for second in (0..=2 * LONGEST.as_secs()).step_by(15) {
        let decision = watch(&rules, &state, at(second), &seen);
        state = decision.state;
        if let GuardAct::Stop { cause } = decision.act {
            let text = cause.to_string();
            assert!(text.contains("30 are needed"), "{text}");
            assert_eq!(second, LONGEST.as_secs() + 15);
            return;
        }
    }
    panic!("it waits for ever: {state:?}");
}
