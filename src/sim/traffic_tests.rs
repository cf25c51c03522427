//! Traffic and what CloudWatch shows of it, when.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::sim::fixture::{self, hello, lambda_data, pass, publish, shift, start, total};
use crate::sim::metrics::ListMetricsRequest;

const FUNCTION: &[(&str, &str)] = &[("FunctionName", "hello")];
const ALIAS: &[(&str, &str)] = &[("FunctionName", "hello"), ("Resource", "hello:live")];

fn version(id: &str) -> Vec<(&str, &str)> {
    [ALIAS, &[("ExecutedVersion", id)]].concat()
}

/// `hello` with version 2 failing every tenth call, ten minutes of 20 requests a second at 25 %.
fn busy(seed: u64) -> World {
    let mut world = hello(seed);
    world
        .set_behaviour(
            "hello",
            "2",
            Behaviour {
                error_rate: 0.1,
                ..Behaviour::default()
            },
        )
        .expect("exists");
    shift(&mut world, 0.25);
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    pass(&mut world, 600);
    world
}

/// Everything that is visible, as text.
fn snapshot(world: &mut World) -> String {
    let metrics = ["Invocations", "Errors", "Throttles", "Duration"];
    let (one, two) = (version("1"), version("2"));
    let sets = [FUNCTION, ALIAS, &one, &two];
    let mut text = String::new();
    for set in sets {
        for (metric, stat) in metrics
            .iter()
            .flat_map(|metric| [(metric, "Sum"), (metric, "p90")])
        {
            text += &format!(
                "{set:?} {metric} {stat}: {:?}\n",
                lambda_data(world, metric, set, stat)
            );
        }
    }
    text
}

#[test]
fn the_versions_add_up_to_the_alias_and_the_function() {
    let mut world = busy(3);
    world.set_traffic("hello", "live", 0.0).expect("a rate");
    pass(&mut world, 300);
    for metric in ["Invocations", "Errors", "Throttles"] {
        let mut sum = |set: &[(&str, &str)]| total(&lambda_data(&mut world, metric, set, "Sum"));
        let (function, alias) = (sum(FUNCTION), sum(ALIAS));
        let versions = sum(&version("1")) + sum(&version("2"));
        assert_eq!((function, alias), (versions, versions), "{metric}");
    }
    let mut sum =
        |metric: &str, id: &str| total(&lambda_data(&mut world, metric, &version(id), "Sum"));
    // Four standard deviations around 12,000 requests, a quarter of them, a tenth of those.
    let (stable, canary) = (sum("Invocations", "1"), sum("Invocations", "2"));
    assert!(
        (stable + canary - 12_000.0).abs() < 440.0,
        "{stable} {canary}"
    );
    assert!((canary - 3_000.0).abs() < 220.0, "{canary}");
    assert!((sum("Errors", "2") - 300.0).abs() < 70.0);
    assert_eq!(sum("Errors", "1"), 0.0);
    assert_eq!(sum("Throttles", "1"), 0.0);
}

#[test]
fn series_per_version_exist_only_while_the_alias_carries_weights() {
    let mut world = hello(3);
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    pass(&mut world, 300);
    shift(&mut world, 0.5);
    pass(&mut world, 300);
    fixture::shift(&mut world, 0.0);
    pass(&mut world, 300);
    let alias = lambda_data(&mut world, "Invocations", ALIAS, "Sum");
    assert!(alias.len() >= 12, "{alias:?}");
    let stable: Vec<i64> = lambda_data(&mut world, "Invocations", &version("1"), "Sum")
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(stable.first(), Some(&300));
    // A weight of nothing is still a weight: the stable version keeps its series, the other has none.
    let canary: Vec<i64> = lambda_data(&mut world, "Invocations", &version("2"), "Sum")
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(canary, [300, 360, 420, 480, 540]);
}

#[test]
fn a_weight_that_changes_inside_a_minute_counts_from_its_second() {
    let mut world = hello(3);
    world.set_traffic("hello", "live", 1000.0).expect("a rate");
    pass(&mut world, 30);
    shift(&mut world, 1.0);
    pass(&mut world, 300);
    let canary = lambda_data(&mut world, "Invocations", &version("2"), "Sum")[0];
    assert_eq!(canary.0, 0);
    assert!((canary.1 - 30_000.0).abs() < 700.0, "{canary:?}");
}

#[test]
fn no_traffic_is_no_datapoint_and_errors_come_as_zero() {
    let mut world = hello(3);
    pass(&mut world, 600);
    assert!(lambda_data(&mut world, "Errors", FUNCTION, "Sum").is_empty());
    world.set_traffic("hello", "live", 5.0).expect("a rate");
    pass(&mut world, 600);
    let errors = lambda_data(&mut world, "Errors", FUNCTION, "Sum");
    assert!(errors.len() >= 7 && total(&errors) == 0.0, "{errors:?}");
    let samples = lambda_data(&mut world, "Errors", FUNCTION, "SampleCount");
    let invocations = lambda_data(&mut world, "Invocations", FUNCTION, "Sum");
    assert_eq!(samples[..7], invocations[..7]);
}

#[test]
fn a_minute_is_published_late_and_in_pieces() {
    let mut world = hello(5);
    shift(&mut world, 0.5);
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    let mut delays = Vec::new();
    for set in [
        FUNCTION.to_vec(),
        ALIAS.to_vec(),
        version("1"),
        version("2"),
    ] {
        for metric in ["Invocations", "Errors", "Duration"] {
            let mut seen: Vec<(i64, f64)> = Vec::new();
            let mut world = world.clone();
            for second in (60..240).step_by(1) {
                world.advance_to(start() + SignedDuration::from_secs(second));
                let first = lambda_data(&mut world, metric, &set, "SampleCount")
                    .first()
                    .copied();
                if let Some((0, count)) =
                    first.filter(|(_, count)| seen.last().is_none_or(|last| last.1 < *count))
                {
                    seen.push((second - 60, count));
                }
            }
            assert!(seen.len() >= 2, "{set:?} {metric} {seen:?}");
            // An invocation that ends in the next minute revises this one after that.
            assert!(
                seen[0].0 >= 30 && seen[1].0 <= 120,
                "{set:?} {metric} {seen:?}"
            );
            delays.push(seen[0].0);
        }
    }
    delays.dedup();
    assert!(
        delays.len() > 6,
        "each series has its own delay: {delays:?}"
    );
}

#[test]
fn long_invocations_belong_to_the_minute_in_which_they_started() {
    let mut world = hello(5);
    let slow = Behaviour {
        latency_ms: 150_000.0,
        latency_sigma: 0.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "1", slow).expect("exists");
    world.set_traffic("hello", "live", 10.0).expect("a rate");
    pass(&mut world, 60);
    world.set_traffic("hello", "live", 0.0).expect("a rate");
    pass(&mut world, 110);
    assert!(lambda_data(&mut world, "Invocations", FUNCTION, "Sum").is_empty());
    pass(&mut world, 300);
    let data = lambda_data(&mut world, "Invocations", FUNCTION, "Sum");
    assert_eq!((data.len(), data[0].0), (1, 0));
    assert_eq!(
        lambda_data(&mut world, "Duration", FUNCTION, "Maximum")[0].1,
        150_000.0
    );
}

#[test]
fn durations_follow_the_environment() {
    let mut world = hello(5);
    let id = publish(&mut world, &[("LATENCY_MS", "200")]);
    assert_eq!(id, "3");
    let request = crate::sim::lambda::UpdateAliasRequest {
        function_version: Some(id),
        ..fixture::update()
    };
    world.update_alias(request).expect("valid");
    world.set_traffic("hello", "live", 50.0).expect("a rate");
    pass(&mut world, 300);
    for (stat, low, high) in [
        ("p50", 195.0, 206.0),
        ("Average", 200.0, 213.0),
        ("PR(:200)", 46.0, 54.0),
    ] {
        let (_, value) = lambda_data(&mut world, "Duration", FUNCTION, stat)[0];
        assert!((low..=high).contains(&value), "{stat} {value}");
    }
}

#[test]
fn throttled_requests_are_neither_invocations_nor_errors() {
    let mut world = hello(5);
    let throttled = Behaviour {
        throttle_rate: 1.0,
        error_rate: 1.0,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", "1", throttled)
        .expect("exists");
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    pass(&mut world, 300);
    assert!(total(&lambda_data(&mut world, "Throttles", ALIAS, "Sum")) > 2_000.0);
    for metric in ["Invocations", "Errors", "Duration"] {
        assert!(
            lambda_data(&mut world, metric, ALIAS, "Sum").is_empty(),
            "{metric}"
        );
    }
}

#[test]
fn single_invocations_are_counted_like_traffic() {
    let mut world = hello(5);
    let route = world.route("hello", Some("live")).expect("active");
    let now = world.now();
    for number in 0..10 {
        world.record_invocation(&route, now, 12.5, number == 0);
    }
    pass(&mut world, 180);
    assert_eq!(
        lambda_data(&mut world, "Invocations", ALIAS, "Sum"),
        [(0, 10.0)]
    );
    assert_eq!(lambda_data(&mut world, "Errors", ALIAS, "Sum"), [(0, 1.0)]);
    assert_eq!(
        lambda_data(&mut world, "Duration", ALIAS, "p99"),
        [(0, 12.5)]
    );
}

#[test]
fn one_more_series_changes_no_other() {
    let quiet = snapshot(&mut busy(9));
    let mut world = hello(9);
    world.set_traffic("hello", "other", 50.0).expect("a rate");
    let alias = crate::sim::lambda::CreateAliasRequest {
        function_name: "hello".to_owned(),
        name: "other".to_owned(),
        function_version: "1".to_owned(),
        ..Default::default()
    };
    world.create_alias(alias).expect("new");
    world
        .set_behaviour(
            "hello",
            "2",
            Behaviour {
                error_rate: 0.1,
                ..Behaviour::default()
            },
        )
        .expect("exists");
    shift(&mut world, 0.25);
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    pass(&mut world, 600);
    let of_live = |text: &str| {
        text.lines()
            .filter(|line| line.contains("Resource"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(of_live(&snapshot(&mut world)), of_live(&quiet));
}

#[test]
fn old_datapoints_are_dropped() {
    let mut world = hello(9);
    world.set_traffic("hello", "live", 0.5).expect("a rate");
    pass(&mut world, 13 * 3600);
    let data = lambda_data(&mut world, "Invocations", FUNCTION, "Sum");
    assert!(
        data.len() <= 721 && data[0].0 >= 3000,
        "{} {:?}",
        data.len(),
        data[0]
    );
    let metrics = world
        .list_metrics(ListMetricsRequest::default())
        .expect("valid")
        .metrics;
    assert_eq!(metrics.len(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Same seed and same calls: same world, in whatever steps the time passes.
    #[test]
    fn deterministic_in_any_steps(seed in any::<u64>(), steps in prop::collection::vec(1_u64..40_000, 1..40)) {
        let mut whole = busy(seed);
        let mut stepped = hello(seed);
        stepped.set_behaviour("hello", "2", Behaviour { error_rate: 0.1, ..Behaviour::default() }).expect("exists");
        shift(&mut stepped, 0.25);
        stepped.set_traffic("hello", "live", 20.0).expect("a rate");
        for step in steps {
            let to = stepped.now() + SignedDuration::from_millis(step as i64);
            stepped.advance_to(to.min(start() + SignedDuration::from_secs(600)));
        }
        stepped.advance_to(start() + SignedDuration::from_secs(600));
        prop_assert_eq!(stepped.now(), whole.now());
        prop_assert_eq!(snapshot(&mut stepped), snapshot(&mut whole));
        prop_assert!(snapshot(&mut whole) != snapshot(&mut busy(seed ^ 1)));
    }
}
