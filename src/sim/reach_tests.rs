//! What a plan can show, held against the engine: a plan that is refused is never accepted, at
//! whatever second it begins and however often it is looked at, and one second more can be.

use super::*;
use crate::driver::Counting;
use crate::judge::measure::{Accept, EvidenceRules};
use crate::rollout::reach::Reach;

/// Any clean minute that speaks for the canary is enough.
fn evidence(settle: u32) -> EvidenceRules {
    EvidenceRules {
        accept: Some(Accept {
            excess: 0.5,
            alpha: 0.5,
        }),
        min_requests: 1,
        settle,
        ..EvidenceRules::standard()
    }
}

fn rules(plan: &str, poll: i64) -> Rules {
    let mut rules = assignment(plan).rules;
    rules.inconclusive = Inconclusive::Rollback;
    rules.limits.poll = SignedDuration::from_secs(poll);
    rules
}

/// Whether a rollout that begins at this second of a minute is promoted.
fn passes(plan: &str, evidence: &EvidenceRules, timeout: u32, second: i64, poll: i64) -> bool {
    let mut world = World::new(7, start());
    for (operation, input) in [
        (
            "CreateFunction",
            json!({"FunctionName": "hello", "Role": "arn:aws:iam::000000000000:role/hello",
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": ""}, "Publish": true}),
        ),
        (
            "UpdateFunctionConfiguration",
            json!({"FunctionName": "hello", "Description": "second"}),
        ),
        ("PublishVersion", json!({"FunctionName": "hello"})),
        (
            "CreateAlias",
            json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "1"}),
        ),
    ] {
        call(&mut world, Service::Lambda, operation, input);
    }
    world.set_traffic("hello", "live", 2.0).unwrap();
    world.advance_to(start() + SignedDuration::from_secs(second));
    let mut story = Story::new(world);
    let rules = rules(plan, poll);
    story.assignment = Assignment {
        rules,
        alarms: AlarmRules::default(),
        evidence: Some(Counting {
            rules: evidence.clone(),
            timeout,
        }),
    };
    let state = story.play(|_, _| ());
    matches!(state.end(), Some(End::Promoted { .. }))
}

fn refused(plan: &str, evidence: &EvidenceRules, timeout: u32) -> bool {
    let mut asked = evidence.clone();
    asked.inconclusive = Some(Inconclusive::Rollback);
    let reach = Reach::of(&rules(plan, 15), Some(&asked), Finish::Promote).unwrap();
    reach.refusal(timeout).is_some()
}

/// The shortest single step that is not refused, in seconds.
fn shortest(evidence: &EvidenceRules, timeout: u32) -> i64 {
    let mut steps = 1_i64..3_600;
    let fits = |seconds: &i64| !refused(&format!("50%:{seconds}s"), evidence, timeout);
    steps.find(fits).expect("an hour is enough")
}

#[test]
fn what_is_refused_never_passes_and_a_second_more_does() {
    for (settle, timeout) in [(120, 3), (120, 300), (90, 240)] {
        let evidence = evidence(settle);
        let shortest = shortest(&evidence, timeout);
        let passes = |seconds: i64| {
            let plan = format!("50%:{seconds}s");
            let mut all = (0..60).flat_map(|second| [(second, 15), (second, 59)]);
            all.any(|(second, poll)| passes(&plan, &evidence, timeout, second, poll))
        };
        let told = format!("settle {settle}, time-out {timeout}: {shortest} s");
        assert!(!passes(shortest - 1), "{told}");
        assert!(passes(shortest), "{told}");
    }
}

#[test]
fn the_step_that_the_hint_names_is_long_enough_at_every_second() {
    for (settle, timeout) in [(120, 3), (120, 300), (90, 240)] {
        let evidence = EvidenceRules {
            inconclusive: Some(Inconclusive::Rollback),
            ..evidence(settle)
        };
        let reach = Reach::of(&rules("50%:1m", 15), Some(&evidence), Finish::Promote).unwrap();
        let refusal = reach.refusal(timeout).expect("a minute is too short");
        let reach = Reach::of(&rules("50%:70s", 15), Some(&evidence), Finish::Promote).unwrap();
        let least = match reach.refusal(timeout).unwrap_or(refusal) {
            crate::rollout::preflight::Refusal::NeverAccepted { least, .. }
            | crate::rollout::preflight::Refusal::NeverCompared { least } => least.as_mins(),
            other => panic!("{other}"),
        };
        let plan = format!("50%:{least}m");
        for second in 0..60 {
            for poll in [15, 60] {
                assert!(
                    passes(&plan, &evidence, timeout, second, poll),
                    "{plan} at {second}, settle {settle}, time-out {timeout}"
                );
            }
        }
    }
}

/// Steps one after the other, some without a minute of their own.
#[test]
fn plans_of_several_steps_that_are_refused_never_pass() {
    let evidence = evidence(120);
    for (plan, timeout) in [
        ("10%:1m,20%:1m,50%:1m", 3),
        ("0%:10m,50%:2m", 300),
        ("10%:1m,20%:2m", 400),
        ("10%:2m,20%:2m,50%:1m", 600),
    ] {
        assert!(refused(plan, &evidence, timeout), "{plan}");
        for second in 0..60 {
            let passes = passes(plan, &evidence, timeout, second, 60);
            assert!(!passes, "{plan} at {second}");
        }
    }
}

/// As soon as the hour before is known, and once.
#[test]
fn too_little_traffic_is_foreseen_once() {
    let forecasts = |requests: f64| {
        let mut world = world();
        world.set_traffic("hello", "live", requests).unwrap();
        world.advance_to(start() + SignedDuration::from_mins(70));
        let mut story = Story::new(world);
        story.assignment.evidence = Some(Counting {
            rules: EvidenceRules::standard(),
            timeout: 3,
        });
        story.assignment.rules.plan = "10%:5m".parse().unwrap();
        story.assignment.rules.inconclusive = Inconclusive::Rollback;
        let began = story.ports.now();
        let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
        let mut said = Vec::new();
        let each = |_: &SimPorts, pass: &Pass| {
            let weight = pass.snapshot.state.max_weight;
            said.extend(pass.forecast.clone().map(|forecast| (forecast, weight)));
        };
        let until = began + 1.hour();
        play(
            &story.ports,
            &story.assignment,
            snapshot,
            until,
            |_| None,
            each,
        );
        said
    };
    let said = forecasts(0.5);
    let [(forecast, weight)] = &said[..] else {
        panic!("{said:?}");
    };
    assert!((1_600..2_000).contains(&forecast.hourly), "{forecast}");
    assert_eq!((forecast.needed, *weight), (30, Weight::ZERO));
    assert_eq!(forecasts(20.0), []);
}
