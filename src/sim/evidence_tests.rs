//! Rollouts that are judged by what both versions counted, in virtual time: published late and
//! series by series, as CloudWatch does.

use super::*;
use crate::driver::Counting;
use crate::judge::measure::{Accept, EvidenceRules, MetricRule, Source, Sufficiency};
use crate::sim::{FaultKind, FaultRule};

/// An alarm that only a disaster sets off.
pub(super) fn deaf(mut world: World) -> World {
    let alarm = json!({
        "AlarmName": ALARM, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": "hello"}, {"Name": "Resource", "Value": "hello:live"}],
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 100_000.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
    });
    call(&mut world, Service::CloudWatch, "PutMetricAlarm", alarm);
    world
}

pub(super) fn fails(world: &mut World, version: &str, error_rate: f64) {
    let behaviour = Behaviour {
        error_rate,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", version, behaviour).unwrap();
}

fn judged(rules: EvidenceRules) -> Story {
    judged_in(deaf(world()), rules)
}

pub(super) fn judged_in(world: World, rules: EvidenceRules) -> Story {
    let mut story = Story::new(world);
    story.assignment.evidence = Some(Counting { rules, timeout: 3 });
    story
}

pub(super) fn standard() -> EvidenceRules {
    EvidenceRules::standard()
}

pub(super) fn took(story: &Story) -> i64 {
    story.ports.now().duration_since(start()).as_mins()
}

#[test]
fn a_healthy_canary_is_promoted_once_its_last_minute_is_counted() {
    let mut story = judged(standard());
    let state = story.play(|_, _| ());
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    story.is_clean_at("2");
    // Two bakes of five minutes, each with two minutes and a little for its last minute.
    assert!((13..=16).contains(&took(&story)), "{}", took(&story));
    let settling = |reason: &Reason| matches!(reason, Reason::Hold { doubts } if matches!(doubts[0], Doubt::Settling { .. }));
    assert!(story.reasons.iter().any(settling));
}

/// One in a hundred of all calls fails anyway: no alarm tells one in twenty of a tenth from that.
#[test]
fn subtle_what_no_alarm_shows_is_found_by_comparing() {
    let mut world = deaf(world());
    fails(&mut world, "1", 0.01);
    fails(&mut world, "2", 0.06);
    let mut story = judged_in(world, standard());
    let state = story.play(|_, _| ());
    let cause = rolled_back(&state);
    let Cause::Regression {
        regression: Regression::Worse {
            metric, canary_bad, ..
        },
    } = cause
    else {
        panic!("{cause:?}");
    };
    assert!(metric == "errors" && *canary_bad >= 3);
    assert_eq!(state.max_weight, Weight::from_basis_points(1000).unwrap());
    story.is_clean_at("1");
    let confirmed = story.reasons.iter().rev().nth(2);
    assert!(confirmed.is_some());
}

#[test]
fn outage_of_both_versions_is_not_the_canarys_fault() {
    let mut story = judged(standard());
    let state = story.play(|world, since| {
        let outage = after(2)(since) && !after(6)(since);
        for version in ["1", "2"] {
            fails(world, version, if outage { 0.5 } else { 0.0 });
        }
    });
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    story.is_clean_at("2");
}

#[test]
fn a_canary_that_breaks_in_the_middle_of_an_outage_is_found_all_the_same() {
    let mut story = judged(standard());
    story.assignment.rules.plan = "10%:15m".parse().unwrap();
    let state = story.play(|world, since| {
        let outage = after(1)(since) && !after(4)(since);
        fails(world, "1", if outage { 0.5 } else { 0.0 });
        fails(
            world,
            "2",
            if outage {
                0.5
            } else if after(4)(since) {
                0.1
            } else {
                0.0
            },
        );
    });
    assert!(matches!(
        rolled_back(&state),
        Cause::Regression {
            regression: Regression::Worse { .. }
        }
    ));
}

#[test]
fn quiet_functions_are_not_called_healthy() {
    let quiet = || {
        let mut world = deaf(world());
        world.set_traffic("hello", "live", 0.01).unwrap();
        judged_in(world, standard())
    };
    let mut held = quiet();
    let state = held.play(|_, _| ());
    let Cause::TooLong {
        waiting_for: Some(what),
        ..
    } = rolled_back(&state)
    else {
        panic!("{:?}", state.end());
    };
    assert!(
        what.contains("30 are needed") && what.contains("worse"),
        "{what}"
    );
    held.is_clean_at("1");

    let mut inside_a_hook = quiet();
    inside_a_hook.assignment.rules.inconclusive = Inconclusive::Rollback;
    let state = inside_a_hook.play(|_, _| ());
    assert!(matches!(rolled_back(&state), Cause::Inconclusive { .. }));
    assert!(took(&inside_a_hook) < 20);

    let mut content = quiet();
    content.assignment.rules.inconclusive = Inconclusive::Complete;
    let state = content.play(|_, _| ());
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    let said = content
        .reasons
        .iter()
        .any(|reason| matches!(reason, Reason::Unproven { .. }));
    assert!(said);
}

#[test]
fn what_is_shown_to_be_good_enough_is_promoted_early() {
    let mut story = judged(EvidenceRules {
        accept: Some(Accept {
            excess: 0.01,
            alpha: 0.05,
        }),
        ..standard()
    });
    story.assignment.rules.plan = "10%:30m".parse().unwrap();
    let state = story.play(|_, _| ());
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    // 362 clean requests at two a second, and two minutes for late errors.
    assert!((5..=9).contains(&took(&story)), "{}", took(&story));
    let accepted = story
        .reasons
        .iter()
        .any(|reason| matches!(reason, Reason::Accepted { .. }));
    assert!(accepted);
}

#[test]
fn the_first_error_is_one_too_many_where_the_policy_says_so() {
    let mut world = deaf(world());
    fails(&mut world, "1", 0.05);
    fails(&mut world, "2", 0.05);
    let mut story = judged_in(
        world,
        EvidenceRules {
            max_errors: Some(0),
            ..standard()
        },
    );
    let state = story.play(|_, _| ());
    assert!(matches!(
        rolled_back(&state),
        Cause::Regression {
            regression: Regression::TooManyErrors { most: 0, .. }
        }
    ));
    assert!(took(&story) < 4);
}

#[test]
fn a_slower_canary_is_found_by_its_share_of_slow_calls() {
    let mut world = deaf(world());
    let slow = Behaviour {
        latency_ms: 90.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "2", slow).unwrap();
    let mut rules = standard();
    rules.metrics.push(MetricRule {
        name: "latency".to_owned(),
        source: Source::SlowerThan { milliseconds: 100 },
        ratio: 1.2,
        increase: 0.01,
    });
    let mut story = judged_in(world, rules);
    let state = story.play(|_, _| ());
    let Cause::Regression {
        regression: Regression::Worse { metric, .. },
    } = rolled_back(&state)
    else {
        panic!("{:?}", state.end());
    };
    assert_eq!(metric, "latency");
}

#[test]
fn numbers_that_come_late_hold_the_rollout_and_do_it_no_harm() {
    let mut story = judged(standard());
    let state = story.play(|world, since| {
        let late = after(4)(since) && since < SignedDuration::from_secs(4 * 60 + 90);
        world.force_metric_status(late.then_some("PartialData"));
    });
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    let uncounted = |reason: &Reason| matches!(reason, Reason::Hold { doubts } if matches!(doubts[0], Doubt::Uncounted { .. }));
    assert!(story.reasons.iter().any(uncounted));
}

#[test]
fn counts_that_cannot_be_read_stop_the_start_and_end_a_rollout() {
    let refused = |from: i64| {
        let mut world = deaf(world());
        let rule = FaultRule::new(FaultKind::AccessDenied, world.now() + from.minutes());
        world.add_fault(rule.operation("GetMetricData"));
        judged_in(world, standard()).play(|_, _| ())
    };
    let end = refused(0);
    assert!(matches!(
        ended(&end),
        End::Failed {
            failure: Failure::NotStarted { .. }
        }
    ));
    assert_eq!(end.max_weight, Weight::ZERO);
    assert!(matches!(rolled_back(&refused(3)), Cause::Blind { .. }));
}

#[test]
fn counts_are_asked_for_once_in_a_minute() {
    let story = judged(standard());
    let began = story.ports.now();
    let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
    story.ports.with_world(World::clear_trace);
    let mut fetches: BTreeMap<i64, u32> = BTreeMap::new();
    let mut most = 0;
    let each = |ports: &SimPorts, pass: &Pass| {
        let (calls, metrics) = ports.with_world(|world| {
            let calls = world.trace().count();
            let metrics = world
                .trace()
                .filter(|call| call.operation == "GetMetricData")
                .count();
            world.clear_trace();
            (calls, metrics)
        });
        let minute = ports.now().as_second() / 60;
        *fetches.entry(minute).or_default() += metrics as u32;
        if pass.act.is_none() {
            most = most.max(calls);
        }
    };
    play(
        &story.ports,
        &story.assignment,
        snapshot,
        began + 1.hour(),
        |_| None,
        each,
    );
    assert_eq!(most, 3, "alias, alarms, counts");
    assert!(fetches.values().all(|count| *count <= 1), "{fetches:?}");
    assert!(fetches.values().sum::<u32>() >= 10);
}

#[test]
fn somebody_who_puts_it_back_by_hand_is_believed_with_evidence_as_without() {
    let mut story = judged(standard());
    let mut once = false;
    let state = story.play(|world, since| {
        if after(3)(since) && !std::mem::replace(&mut once, true) {
            let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {}}, "Description": "prod"});
            call(world, Service::Lambda, "UpdateAlias", input);
        }
    });
    assert!(matches!(ended(&state), End::Aborted { .. }));
}

#[test]
fn snapshots_and_assignments_of_an_earlier_release_are_read() {
    let json = r#"{"state":{"rollout":"story","stable":"1","canary":"2",
        "started_at":"2027-01-15T08:00:00Z","phase":{"is":"baking","step":0,"since":"2027-01-15T08:00:00Z"},
        "ticks":3,"max_weight":"10%"},"alarms":{}}"#;
    let old: Snapshot = serde_json::from_str(json).unwrap();
    assert!(old.evidence.is_empty());
    assert_eq!(serde_json::to_value(&old).unwrap().get("evidence"), None);
    let assignment = assignment("10%:5m");
    let text = serde_json::to_string(&assignment).unwrap();
    assert!(!text.contains("evidence"), "{text}");
    assert_eq!(
        serde_json::from_str::<Assignment>(&text).unwrap(),
        assignment
    );
    let mut judged = assignment;
    judged.evidence = Some(Counting {
        rules: standard(),
        timeout: 3,
    });
    let text = serde_json::to_string(&judged).unwrap();
    assert_eq!(serde_json::from_str::<Assignment>(&text).unwrap(), judged);
}

#[test]
fn a_snapshot_stays_small_from_first_to_last() {
    let mut story = judged(standard());
    story.assignment.rules.plan = "1%:3m,5%:3m,10%:5m,25%:5m,50%:5m".parse().unwrap();
    let began = story.ports.now();
    let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
    let mut largest = 0;
    let mut proven = false;
    let each = |_: &SimPorts, pass: &Pass| {
        let json = serde_json::to_string(&pass.snapshot).unwrap();
        largest = largest.max(json.len());
        assert_eq!(
            serde_json::from_str::<Snapshot>(&json).unwrap(),
            pass.snapshot
        );
        let finding = pass.snapshot.evidence.finding();
        proven |= finding.is_some_and(|found| found.sufficiency == Sufficiency::Enough);
    };
    play(
        &story.ports,
        &story.assignment,
        snapshot,
        began + 2.hours(),
        |_| None,
        each,
    );
    assert!(proven);
    assert!(largest < 3_000, "{largest} bytes");
}

/// The share is known from the write on, not only from the next look, which may be a minute away.
#[test]
fn an_acknowledged_write_costs_one_minute_and_not_all_until_the_next_look() {
    let mut story = judged(standard());
    story.ports.sleep(SignedDuration::from_secs(30));
    story.assignment.rules.plan = "10%:10m".parse().unwrap();
    story.assignment.rules.limits.poll = SignedDuration::from_secs(55);
    let began = story.ports.now();
    let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
    let mut dropped = 0;
    let each = |_: &SimPorts, pass: &Pass| {
        let finding = pass.snapshot.evidence.finding();
        dropped = finding.map_or(dropped, |found| found.dropped.change);
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
    assert_eq!(dropped, 1);
}
