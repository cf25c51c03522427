//! Numbers that are not what they seem: a canary that hangs and so counts nothing, clocks that are
//! apart.

use super::evidence::{deaf, fails, judged_in, standard, took};
use super::*;
use crate::judge::measure::EvidenceRules;

/// Version 2 takes so long that none of its requests ends within the plan: nothing is counted of it,
/// neither requests nor errors.
fn hangs(inconclusive: Inconclusive) -> Story {
    let mut world = deaf(world());
    let behaviour = Behaviour {
        latency_ms: 890_000.0,
        latency_sigma: 0.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "2", behaviour).unwrap();
    let mut story = judged_in(world, standard());
    story.assignment.rules.inconclusive = inconclusive;
    story.assignment.evidence.as_mut().unwrap().timeout = 900;
    story
}

#[test]
fn a_canary_that_hangs_and_counts_nothing_gets_no_further() {
    for inconclusive in [
        Inconclusive::Hold,
        Inconclusive::Rollback,
        // Not even where too little evidence is enough: this is not too little traffic.
        Inconclusive::Complete,
    ] {
        let mut story = hangs(inconclusive);
        // It ends before the first of its requests does.
        story.assignment.rules.plan = "10%:6m".parse().unwrap();
        story.assignment.rules.limits.longest = SignedDuration::from_mins(12);
        let state = story.play(|_, _| ());
        let cause = rolled_back(&state).clone();
        let doubt = match &cause {
            Cause::Inconclusive { doubt } => doubt.to_string(),
            Cause::TooLong {
                waiting_for: Some(what),
                ..
            } => what.clone(),
            other => panic!("{inconclusive:?}: {other:?}"),
        };
        assert!(
            doubt.contains("where its weight makes"),
            "{inconclusive:?}: {doubt}"
        );
        assert_eq!(state.max_weight, Weight::from_basis_points(1000).unwrap());
        story.is_clean_at("1");
    }
}

#[test]
fn a_canary_that_hangs_gets_no_more_weight() {
    let mut story = hangs(Inconclusive::Hold);
    story.assignment.rules.plan = "10%:6m, 50%:6m".parse().unwrap();
    story.assignment.rules.limits.longest = SignedDuration::from_mins(14);
    let state = story.play(|_, _| ());
    assert!(matches!(rolled_back(&state), Cause::TooLong { .. }));
    assert_eq!(state.max_weight, Weight::from_basis_points(1000).unwrap());
}

/// The rollout's clock is so many minutes ahead of the metrics'.
fn with_clocks_apart(minutes: i64, rates: (f64, f64)) -> (State, i64) {
    let mut world = deaf(world());
    fails(&mut world, "1", rates.0);
    fails(&mut world, "2", rates.1);
    let story = judged_in(world, EvidenceRules::standard());
    let now = || story.ports.now() + minutes.minutes();
    let mut snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, now()));
    while snapshot.state.end().is_none() {
        let assignment = &story.assignment;
        let pass = driver::pass(&story.ports, assignment, &snapshot, Ok(None), now);
        let pass = now_or_panic(pass);
        story.ports.sleep(pass.wait);
        snapshot = pass.snapshot;
    }
    (snapshot.state, took(&story))
}

#[test]
fn clocks_that_are_minutes_apart_blame_nobody_and_hide_nothing() {
    for minutes in [-4, -2, 2, 4] {
        let (healthy, _) = with_clocks_apart(minutes, (0.03, 0.03));
        assert!(
            !matches!(
                ended(&healthy),
                End::RolledBack {
                    cause: Cause::Regression { .. }
                }
            ),
            "{minutes}: {:?}",
            healthy.end()
        );
        let (broken, took) = with_clocks_apart(minutes, (0.0, 0.5));
        assert!(
            matches!(
                rolled_back(&broken),
                Cause::Regression {
                    regression: Regression::Worse { .. }
                }
            ),
            "{minutes}: {:?}",
            broken.end()
        );
        assert!(took <= 10, "{minutes}: after {took} minutes");
    }
}
