//! From series to an answer.

use jiff::Timestamp;

use super::super::bench::{at, versions};
use super::*;

fn series(points: &[(i64, f64)]) -> Series {
    let points = points.iter().map(|(second, value)| (at(*second), *value));
    points.collect()
}

fn question(source: Source) -> CountsQuestion {
    let window = Span {
        from: at(0),
        to: at(120),
    };
    CountsQuestion {
        window: Some(window),
        history: None,
        after: None,
        metrics: vec![source],
        versions: versions(),
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_second() / 60
}

#[test]
fn each_number_finds_its_place() {
    let question = question(Source::Errors);
    let found: Vec<_> = (1..=5).map(|n| Ok(series(&[(0, f64::from(n))]))).collect();
    let answer = CountsAnswer::of(&question, "f", "live", &found);
    let first = |series: &Option<Series>| series.as_ref().and_then(|s| s.at(minute(at(0))));
    let counts = &answer.metrics[0];
    let pairs = [&counts.canary, &counts.stable];
    let numbers = pairs.map(|pair| (first(&pair.total), first(&pair.bad)));
    assert_eq!(numbers, [(Some(1.0), Some(2.0)), (Some(3.0), Some(4.0))]);
    assert_eq!(first(&answer.throttles), Some(5.0));
    assert_eq!((first(&counts.history.total), answer.failure), (None, None));
}

#[test]
fn slow_ones_are_all_but_those_that_were_fast_enough() {
    let question = question(Source::SlowerThan { milliseconds: 300 });
    let found = [
        Ok(series(&[(0, 10.0), (60, 20.0)])),
        Ok(series(&[(0, 7.0)])),
        Ok(series(&[])),
        Ok(series(&[])),
        Ok(series(&[])),
    ];
    let answer = CountsAnswer::of(&question, "f", "live", &found);
    let slow = answer.metrics[0].canary.bad.as_ref().unwrap();
    // Both are statistics of one series: where the second is not there, none was fast enough.
    let expected = [(minute(at(0)), 3.0), (minute(at(60)), 20.0)];
    assert_eq!(slow.points().collect::<Vec<_>>(), expected);
}

#[test]
fn what_was_not_answered_is_not_there_and_says_why() {
    let question = question(Source::Errors);
    let mut found: Vec<Result<Series, String>> = vec![Ok(series(&[(0, 1.0)])); 5];
    found[3] = Err("PartialData".into());
    let answer = CountsAnswer::of(&question, "f", "live", &found);
    assert_eq!(answer.metrics[0].stable.bad, None);
    assert!(answer.metrics[0].canary.is_complete());
    assert_eq!(answer.failure.as_deref(), Some("PartialData"));
    let short = CountsAnswer::of(&question, "f", "live", &found[..2]);
    assert_eq!(short.metrics[0].stable.total, None);
    assert!(short.failure.unwrap().contains("left out"));
}

#[test]
fn a_series_that_goes_on_on_the_next_page_is_complete_with_the_last_one() {
    let names = || question(Source::Errors).series("f", "live");
    let mut pages = Pages::of(names());
    pages.add(0, Some("PartialData"), [(at(0), 1.0)]);
    pages.add(0, Some("Complete"), [(at(60), 2.0)]);
    pages.add(1, Some("PartialData"), [(at(0), 1.0)]);
    pages.add(2, Some("Forbidden"), []);
    pages.add(3, None, []);
    pages.add(99, Some("Complete"), []);
    let series = pages.series();
    assert_eq!(series.len(), 5);
    assert_eq!(series[0].as_ref().unwrap().points().count(), 2);
    let why: Vec<&String> = series[1..]
        .iter()
        .map(|series| series.as_ref().unwrap_err())
        .collect();
    assert_eq!(why[0], "CloudWatch answered for Errors: PartialData");
    assert_eq!(why[1], "CloudWatch answered for Invocations: Forbidden");
    assert!(why[2].contains("without a status"), "{}", why[2]);
    assert_eq!(why[3], "CloudWatch did not answer for Throttles");
}
