//! The guard with evidence: it waits for the last minutes' numbers, and only for them.

use jiff::Timestamp;

use super::examples::{BUDGET, alias, doubt, guard, look, rules};
use super::*;
use crate::judge::measure::{Measured, Sufficiency};
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
}

#[test]
fn whether_there_is_enough_evidence_is_codedeploys_to_ignore() {
    let bound = Bound::new(0.01, 0.95);
    let doubt = Doubt::TooFewRequests {
        judged: 1,
        needed: 30,
        bound,
    };
    for sufficiency in [
        Sufficiency::Short { doubt },
        Sufficiency::Accepted { judged: 400, bound },
        Sufficiency::Enough,
    ] {
        let measured = Measured {
            sufficiency,
            unjudged_from: None,
        };
        let here = |seen: GuardObservation| GuardObservation {
            measured: measured.clone(),
            ..seen
        };
        let mut state = guard();
        assert_eq!(looks(&mut state, 0, 60, &here(look())).act, GuardAct::Wait);
        let end = looks(&mut state, 60, 15, &here(arrived(None)));
        assert_eq!(end.state.end(), Some(&GuardEnd::Passed));
    }
}
