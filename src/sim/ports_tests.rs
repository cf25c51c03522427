//! Rollouts through the real driver over the simulated AWS: every kind of bad surroundings, in
//! virtual time. Whatever happens, no weight is left once Lambda answers again.

use jiff::ToSpan as _;
use serde_json::json;

use super::*;
use crate::judge::alarms::{AlarmRule, AlarmRules, InsufficientData};
use crate::judge::measure::Inconclusive;
use crate::judge::{Doubt, Regression};
use crate::rollout::{
    Cause, Contenders, End, Failure, Finish, Limits, Mode, Reason, Rules, State, Version, Weight,
};
use crate::sim::Behaviour;

const ALARM: &str = "hello-live-errors";

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn call(world: &mut World, service: Service, operation: &str, input: Value) -> Value {
    world.call(service, operation, input).unwrap()
}

/// Function `hello` with versions 1 and 2, alias `live` at 1, 20 requests a second, and an alarm
/// on the alias' errors that has been OK for a while.
fn world() -> World {
    let mut world = World::new(7, start() - 20.minutes());
    let create = json!({
        "FunctionName": "hello", "Role": "arn:aws:iam::000000000000:role/hello",
        "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": ""}, "Publish": true,
    });
    call(&mut world, Service::Lambda, "CreateFunction", create);
    let change = json!({"FunctionName": "hello", "Description": "second"});
    call(
        &mut world,
        Service::Lambda,
        "UpdateFunctionConfiguration",
        change,
    );
    call(
        &mut world,
        Service::Lambda,
        "PublishVersion",
        json!({"FunctionName": "hello"}),
    );
    let alias = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "1", "Description": "prod"});
    call(&mut world, Service::Lambda, "CreateAlias", alias);
    put_alarm(&mut world, "notBreaching");
    world.set_traffic("hello", "live", 20.0).unwrap();
    world.advance_to(start());
    world
}

fn put_alarm(world: &mut World, missing_data: &str) {
    let alarm = json!({
        "AlarmName": ALARM, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": "hello"}, {"Name": "Resource", "Value": "hello:live"}],
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 3.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": missing_data,
    });
    call(world, Service::CloudWatch, "PutMetricAlarm", alarm);
}

fn set_alarm(world: &mut World, state: &str) {
    let input = json!({"AlarmName": ALARM, "StateValue": state, "StateReason": "test"});
    call(world, Service::CloudWatch, "SetAlarmState", input);
}

fn assignment(plan: &str) -> Assignment {
    let name = ALARM.to_owned();
    Assignment {
        rules: Rules {
            plan: plan.parse().unwrap(),
            limits: Limits {
                poll: SignedDuration::from_secs(15),
                longest: SignedDuration::from_mins(60),
                error_budget: SignedDuration::from_mins(2),
            },
            mode: Mode::Enforce,
            finish: Finish::Promote,
            inconclusive: Inconclusive::Hold,
        },
        alarms: AlarmRules {
            alarms: vec![AlarmRule {
                name,
                ignore_if_already_in_alarm: false,
            }],
            insufficient_data: InsufficientData::Hold,
        },
        evidence: None,
    }
}

/// A rollout of version 2, with everything that happens to it on the way.
struct Story {
    ports: SimPorts,
    assignment: Assignment,
    reasons: Vec<Reason>,
}

impl Story {
    fn new(world: World) -> Self {
        Self {
            ports: SimPorts::new(world, "hello", "live"),
            assignment: assignment("10%:5m, 50%:5m"),
            reasons: Vec::new(),
        }
    }

    /// Plays it to its end; `meddle` changes the world after each pass.
    fn play(&mut self, mut meddle: impl FnMut(&mut World, SignedDuration)) -> State {
        let began = self.ports.now();
        let snapshot = Snapshot::new(State::new(contenders(), self.alias().revision, began));
        let until = began + 3.hours();
        let reasons = &mut self.reasons;
        let each = |ports: &SimPorts, pass: &Pass| {
            reasons.push(pass.reason.clone());
            ports.with_world(|world| {
                let since = world.now().duration_since(began);
                meddle(world, since);
            });
        };
        play(
            &self.ports,
            &self.assignment,
            snapshot,
            until,
            |_| None,
            each,
        )
        .state
    }

    fn alias(&self) -> AliasView {
        let input = json!({"FunctionName": "hello", "Name": "live"});
        let answer = self
            .ports
            .with_world(|world| call(world, Service::Lambda, "GetAlias", input));
        serde_json::from_value::<AliasAnswer>(answer)
            .unwrap()
            .into()
    }

    /// At this version, without weights, with the description as it was found.
    fn is_clean_at(&self, version: &str) {
        let alias = self.alias();
        assert_eq!(
            (alias.version.as_str(), alias.weights.len()),
            (version, 0),
            "{alias:?}"
        );
        assert_eq!(alias.description, "prod");
    }
}

fn contenders() -> Contenders {
    Contenders {
        rollout: "story".parse().unwrap(),
        stable: Version::new(1),
        canary: Version::new(2),
    }
}

fn ended(state: &State) -> &End {
    state.end().expect("the rollout ends")
}

fn rolled_back(state: &State) -> &Cause {
    match ended(state) {
        End::RolledBack { cause } => cause,
        other => panic!("expected a rollback, got {other:?}"),
    }
}

fn after(minutes: i64) -> impl Fn(SignedDuration) -> bool {
    move |since| since >= SignedDuration::from_mins(minutes)
}

#[test]
fn a_healthy_canary_is_promoted_by_the_plan() {
    let mut story = Story::new(world());
    let state = story.play(|_, _| ());
    assert_eq!(ended(&state), &End::Promoted { confirmed: true });
    assert_eq!(state.max_weight, Weight::from_basis_points(5000).unwrap());
    story.is_clean_at("2");
    let took = story.ports.now().duration_since(start());
    assert!((10..=11).contains(&took.as_mins()), "{took:?}");
}

#[test]
fn a_canary_that_fails_its_calls_is_rolled_back_by_the_alarm() {
    let mut world = world();
    let failing = Behaviour {
        error_rate: 0.2,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "2", failing).unwrap();
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    assert!(matches!(rolled_back(&state), Cause::Regression { .. }));
    assert_eq!(state.max_weight, Weight::from_basis_points(1000).unwrap());
    story.is_clean_at("1");
}

#[test]
fn an_alarm_between_two_looks_rolls_back() {
    let mut story = Story::new(world());
    let mut once = false;
    let state = story.play(|world, since| {
        if after(1)(since) && !std::mem::replace(&mut once, true) {
            world.advance_to(world.now() + 1.second());
            set_alarm(world, "ALARM");
            world.advance_to(world.now() + 1.second());
            set_alarm(world, "OK");
        }
    });
    let cause = rolled_back(&state);
    assert!(
        matches!(
            cause,
            Cause::Regression {
                regression: Regression::WasInAlarm { .. }
            }
        ),
        "{cause:?}"
    );
    story.is_clean_at("1");
}

#[test]
fn an_alarm_before_the_start_stops_the_rollout_before_it_begins() {
    let mut world = world();
    set_alarm(&mut world, "ALARM");
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    assert!(matches!(
        ended(&state),
        End::Failed {
            failure: Failure::NotStarted { .. }
        }
    ));
    assert_eq!(state.max_weight, Weight::ZERO);
    story.is_clean_at("1");
}

#[test]
fn a_missing_alarm_stops_the_start_and_a_deleted_one_rolls_back() {
    let delete = |world: &mut World| {
        call(
            world,
            Service::CloudWatch,
            "DeleteAlarms",
            json!({"AlarmNames": [ALARM]}),
        );
    };
    let mut none = world();
    delete(&mut none);
    let state = Story::new(none).play(|_, _| ());
    assert!(matches!(
        ended(&state),
        End::Failed {
            failure: Failure::NotStarted { .. }
        }
    ));

    let mut story = Story::new(world());
    let mut once = false;
    let state = story.play(|world, since| {
        if after(1)(since) && !std::mem::replace(&mut once, true) {
            delete(world);
        }
    });
    let cause = rolled_back(&state);
    assert!(matches!(
        cause,
        Cause::Regression {
            regression: Regression::Missing { .. }
        }
    ));
    assert!(
        story
            .reasons
            .iter()
            .all(|reason| !matches!(reason, Reason::Advance { .. }))
    );
    story.is_clean_at("1");
}

#[test]
fn no_data_holds_and_never_advances() {
    let mut silent = world();
    put_alarm(&mut silent, "missing");
    let mut story = Story::new(silent);
    let state = story.play(|world, since| {
        if after(1)(since) {
            world.set_traffic("hello", "live", 0.0).unwrap();
        }
    });
    let held = story.reasons.iter().find_map(|reason| match reason {
        Reason::Hold { doubts } => Some(&doubts[0]),
        _ => None,
    });
    assert!(matches!(held, Some(Doubt::NoData { .. })));
    assert!(matches!(rolled_back(&state), Cause::TooLong { .. }));
    assert_eq!(state.max_weight, Weight::from_basis_points(1000).unwrap());
    story.is_clean_at("1");
}

#[test]
fn somebody_elses_edit_ends_the_rollout_and_stays() {
    let edit = |world: &mut World, version: &str, weights: Value| {
        let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": weights}});
        call(world, Service::Lambda, "UpdateAlias", input);
    };
    for (version, weights) in [("1", json!({"2": 0.3})), ("2", json!({"1": 0.1}))] {
        let mut story = Story::new(world());
        let mut once = false;
        let state = story.play(|world, since| {
            if after(1)(since) && !std::mem::replace(&mut once, true) {
                edit(world, version, weights.clone());
            }
        });
        assert!(matches!(
            ended(&state),
            End::Failed {
                failure: Failure::Drift { .. }
            }
        ));
        let alias = story.alias();
        assert_eq!(json!(alias.weights), weights);
        assert_eq!(alias.version, version);
    }
}

#[test]
fn moved_by_hand_is_believed() {
    for (version, expected) in [
        (
            "1",
            End::Aborted {
                by: "an edit of the alias".to_owned(),
            },
        ),
        ("2", End::Promoted { confirmed: false }),
    ] {
        let mut story = Story::new(world());
        let mut once = false;
        let state = story.play(|world, since| {
            if after(1)(since) && !std::mem::replace(&mut once, true) {
                let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": version,
                    "RoutingConfig": {"AdditionalVersionWeights": {}}, "Description": "prod"});
                call(world, Service::Lambda, "UpdateAlias", input);
            }
        });
        assert_eq!(ended(&state), &expected);
        story.is_clean_at(version);
    }
}

#[test]
fn an_abort_puts_the_alias_back() {
    let story = Story::new(world());
    let began = story.ports.now();
    let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
    let wish = |now: Timestamp| {
        after(1)(now.duration_since(began)).then(|| Wish::Abort {
            by: "SIGINT".to_owned(),
        })
    };
    let end = play(
        &story.ports,
        &story.assignment,
        snapshot,
        began + 3.hours(),
        wish,
        |_, _| (),
    );
    assert_eq!(
        ended(&end.state),
        &End::Aborted {
            by: "SIGINT".to_owned()
        }
    );
    story.is_clean_at("1");
}

#[test]
fn a_steady_tick_makes_two_calls() {
    let story = Story::new(world());
    let began = story.ports.now();
    let snapshot = Snapshot::new(State::new(contenders(), story.alias().revision, began));
    let mut most = 0;
    story.ports.with_world(World::clear_trace);
    let each = |ports: &SimPorts, pass: &Pass| {
        let calls = ports.with_world(|world| {
            let calls = world.trace().count();
            world.clear_trace();
            calls
        });
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
    assert_eq!(most, 2);
}

#[path = "trouble_tests.rs"]
mod trouble;

#[path = "evidence_tests.rs"]
mod evidence;

#[path = "reach_tests.rs"]
mod reach;

#[path = "odd_numbers_tests.rs"]
mod odd_numbers;
