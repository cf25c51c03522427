//! Numbers out of range, and who fails when.

use super::*;

fn wrong(change: impl FnOnce(&mut Scenario)) -> String {
    let mut scenario = Scenario::steady(5.0, 0.01, 0.02);
    scenario.outages = vec![Outage {
        start: 1.0,
        minutes: 2.0,
        errors: 0.5,
    }];
    scenario.bursts = Some(Bursts {
        size: 3,
        per_hour: 1.0,
    });
    assert_eq!(scenario.check(), Ok(()));
    change(&mut scenario);
    scenario.check().unwrap_err().to_string()
}

#[test]
fn numbers_out_of_range_are_named() {
    for (said, expected) in [
        (wrong(|s| s.rate = 0.0), "requests per second is 0"),
        (wrong(|s| s.rate = f64::NAN), "requests per second is NaN"),
        (wrong(|s| s.rate = 2e6), "requests per second is 2000000"),
        (
            wrong(|s| s.stable_errors = 1.1),
            "the stable version's error rate is 1.1",
        ),
        (
            wrong(|s| s.canary_errors = -0.1),
            "the canary's error rate is -0.1",
        ),
        (
            wrong(|s| s.canary_from = -1.0),
            "the start of the canary's fault is -1",
        ),
        (
            wrong(|s| s.canary_from = f64::INFINITY),
            "the start of the canary's fault is inf",
        ),
        (
            wrong(|s| s.latency.canary_ms = 0.0),
            "a median duration is 0",
        ),
        (
            wrong(|s| s.latency.stable_ms = 1e6),
            "a median duration is 1000000",
        ),
        (
            wrong(|s| s.outages[0].start = -1.0),
            "an outage's start is -1",
        ),
        (
            wrong(|s| s.outages[0].minutes = 1e5),
            "an outage's length is 100000",
        ),
        (
            wrong(|s| s.outages[0].errors = 2.0),
            "an outage's error rate is 2",
        ),
        (
            wrong(|s| s.bursts.as_mut().unwrap().size = 0),
            "the size of a burst is 0",
        ),
        (
            wrong(|s| s.bursts.as_mut().unwrap().per_hour = 4e3),
            "bursts per hour is 4000",
        ),
    ] {
        assert!(said.starts_with(expected), "{said}");
        assert!(said.contains("has to be"), "{said}");
    }
}

#[test]
fn who_fails_when() {
    let scenario = Scenario {
        canary_from: 2.0,
        outages: vec![
            Outage {
                start: 1.0,
                minutes: 3.0,
                errors: 0.1,
            },
            Outage {
                start: 3.5,
                minutes: 1.0,
                errors: 0.5,
            },
        ],
        ..Scenario::steady(5.0, 0.01, 0.2)
    };
    for (second, expected) in [
        // Outages and faults lie after the start.
        (-3600.0, [0.01, 0.01]),
        (0.0, [0.01, 0.01]),
        (60.0, [0.1, 0.1]),
        // A canary that is worse than the outage stays so.
        (120.0, [0.1, 0.2]),
        (210.0, [0.5, 0.5]),
        (269.0, [0.5, 0.5]),
        (270.0, [0.01, 0.2]),
    ] {
        assert_eq!(scenario.errors_at(second), expected, "{second}");
    }
    assert_eq!(scenario.changes(), [60, 120, 210, 240, 270]);
}

#[test]
fn the_time_out_leaves_room_for_the_slowest() {
    let timeout = |canary_ms| {
        let latency = Latency {
            canary_ms,
            ..Latency::default()
        };
        let steady = Scenario::steady(1.0, 0.0, 0.0);
        Scenario { latency, ..steady }.timeout()
    };
    assert_eq!(timeout(50.0), TIMEOUT);
    assert_eq!(timeout(10_000.0), 28);
    assert_eq!(timeout(900_000.0), 900);
}
