//! What a minute is good for, half published in every way there is.

use jiff::Timestamp;

use super::*;
use crate::judge::measure::{OwnMetric, Series, Source};

fn point(value: Option<f64>) -> Option<Series> {
    let point = value.map(|value| (Timestamp::from_second(0).unwrap(), value));
    Some(point.into_iter().collect())
}

fn pair(total: Option<f64>, bad: Option<f64>) -> Pair {
    Pair {
        total: point(total),
        bad: point(bad),
    }
}

fn found(canary: Pair, stable: Pair) -> MetricCounts {
    MetricCounts {
        canary,
        stable,
        ..MetricCounts::default()
    }
}

fn own() -> MetricRule {
    MetricRule {
        source: Source::Own {
            bad: OwnMetric {
                namespace: "app".into(),
                metric: "Bad".into(),
                dimensions: Vec::new(),
            },
            total: None,
        },
        ..MetricRule::errors()
    }
}

fn counts(canary: (u64, u64), stable: (u64, u64)) -> Reading {
    Reading::Counts(Counts {
        canary: Tally::new(canary.0, canary.1).unwrap(),
        stable: Tally::new(stable.0, stable.1).unwrap(),
    })
}

fn whole_pair() -> Pair {
    pair(Some(90.0), Some(1.0))
}

#[test]
fn a_minute_with_all_its_points_counts() {
    let found = found(pair(Some(10.0), Some(2.0)), whole_pair());
    for settled in [false, true] {
        let reading = reading(&MetricRule::errors(), &found, 0, settled);
        assert_eq!(reading, counts((10, 2), (90, 1)));
    }
}

/// The case that fires without this: three errors of the canary are visible, those of the stable
/// version are not there yet.
#[test]
fn a_half_published_minute_is_unsettled_whichever_half_it_is() {
    let (rule, half) = (
        MetricRule::errors(),
        [(Some(10.0), None), (None, Some(2.0))],
    );
    for (total, bad) in half {
        for settled in [false, true] {
            let canary = found(pair(total, bad), whole_pair());
            let stable = found(whole_pair(), pair(total, bad));
            for found in [canary, stable] {
                assert_eq!(reading(&rule, &found, 0, settled), Reading::Unsettled);
            }
        }
    }
}

#[test]
fn more_errors_than_requests_are_not_compared_and_are_errors_once_settled() {
    let canary = pair(Some(2.0), Some(3.0));
    for (errors, canary, settled) in [
        (0, &canary, false),
        (3, &canary, true),
        (0, &pair(None, Some(3.0)), false),
        (3, &pair(None, Some(3.0)), true),
        (0, &pair(Some(3.0), None), true),
        (3, &pair(Some(3.0), Some(3.0)), false),
    ] {
        assert_eq!(errors_so_far(canary, 0, settled), errors, "{canary:?}");
    }
    let reading = reading(&MetricRule::errors(), &found(canary, whole_pair()), 0, true);
    assert_eq!(reading, Reading::Unsettled);
}

#[test]
fn silence_of_ones_own_bad_metric_is_zero_once_settled() {
    let found = found(pair(Some(10.0), None), pair(Some(90.0), None));
    assert_eq!(reading(&own(), &found, 0, false), Reading::Unsettled);
    assert_eq!(reading(&own(), &found, 0, true), counts((10, 0), (90, 0)));
}

#[test]
fn silence_of_everything_is_idleness_once_settled() {
    let rule = MetricRule::errors();
    let canary = found(pair(None, None), whole_pair());
    assert_eq!(reading(&rule, &canary, 0, false), Reading::Unsettled);
    assert_eq!(reading(&rule, &canary, 0, true), Reading::Idle);
    let stable = found(whole_pair(), pair(None, None));
    assert_eq!(reading(&rule, &stable, 0, false), Reading::Unsettled);
    assert_eq!(reading(&rule, &stable, 0, true), counts((90, 1), (0, 0)));
}

#[test]
fn an_unanswered_series_is_never_silence() {
    let unanswered = Pair {
        total: point(None),
        bad: None,
    };
    for rule in [own(), MetricRule::errors()] {
        let found = found(unanswered.clone(), whole_pair());
        assert_eq!(reading(&rule, &found, 0, true), Reading::Unsettled);
    }
    assert_eq!(bad_by_minute(&own(), &unanswered), None);
}

/// Some statistics are computed from shares, and come out a little beside the count.
#[test]
fn a_count_is_the_nearest_whole_number() {
    let canary = pair(Some(9.999_999), Some(2.6));
    let found = found(canary, pair(Some(90.4), Some(0.49)));
    let reading = reading(&MetricRule::errors(), &found, 0, true);
    assert_eq!(reading, counts((10, 3), (90, 0)));
}

#[test]
fn what_no_count_can_be_is_unsettled() {
    for wrong in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
        let found = found(pair(Some(wrong), Some(0.0)), whole_pair());
        let reading = reading(&MetricRule::errors(), &found, 0, true);
        assert_eq!(reading, Reading::Unsettled, "{wrong}");
    }
}

#[test]
fn only_minutes_with_traffic_say_how_bursty_errors_are() {
    let minutes = |values: &[(i64, f64)]| {
        let points = values.iter();
        let points = points.map(|(m, value)| (Timestamp::from_second(m * 60).unwrap(), *value));
        Some(points.collect())
    };
    let history = Pair {
        total: minutes(&[(0, 5.0), (1, 0.0), (2, 5.0), (3, 5.0)]),
        bad: minutes(&[(0, 0.0), (1, 0.0), (2, 4.0)]),
    };
    let bad = bad_by_minute(&MetricRule::errors(), &history);
    assert_eq!(bad, Some(vec![0, 4]));
    assert_eq!(bad_by_minute(&own(), &history), Some(vec![0, 4, 0]));
}

#[test]
fn ages_leave_time_for_the_longest_invocation() {
    let ages = |settle, timeout| {
        let rules = EvidenceRules {
            settle,
            ..EvidenceRules::standard()
        };
        let Ages {
            settled,
            accepts,
            closes,
        } = Ages::new(&rules, timeout);
        (settled, accepts, closes)
    };
    assert_eq!(ages(120, 3), (120, 123, 303));
    assert_eq!(ages(120, 900), (120, 1_020, 1_200));
    // Nothing is closed before it is settled.
    assert_eq!(ages(900, 3), (900, 900, 900));
}
