//! What minutes add up to, and what is left out.

use super::super::bench::{Cloud, TIMEOUT, minute, rules, versions};
use super::super::{CountsQuestion, MetricRule, Source, Span};
use super::*;

const OLD: i64 = 10_000;

/// Every minute of the cloud, all of them old, at 10 %.
fn taken(rules: &EvidenceRules, cloud: &Cloud) -> Books {
    taken_as(rules, cloud, |_| (Kind::Split(1_000), OLD))
}

fn taken_as(rules: &EvidenceRules, cloud: &Cloud, how: impl Fn(i64) -> (Kind, i64)) -> Books {
    let numbers = cloud.minutes.keys();
    let (first, last) = (*numbers.clone().min().unwrap(), *numbers.max().unwrap());
    let start = |minute| super::super::series::start_of(minute);
    let question = CountsQuestion {
        window: Some(Span {
            from: start(first),
            to: start(last + 1),
        }),
        history: None,
        after: None,
        metrics: rules.sources(),
        versions: versions(),
    };
    let answer = cloud.answer(&question);
    let settings = vec![Settings::default(); rules.metrics.len()];
    let ledger = Ledger {
        rules,
        settings: &settings,
        ages: Ages::new(rules, TIMEOUT),
        answer: &answer,
    };
    let mut books = Books::default();
    for number in first..=last {
        let (kind, age) = how(number - first);
        books.take(&ledger, number, kind, age);
    }
    books
}

#[test]
fn judged_minutes_add_up() {
    let books = taken(&rules(), &Cloud::steady(4, [10, 1, 90, 2]));
    assert_eq!(books.entries[0].counted, [40, 4, 360, 8]);
    assert_eq!((books.judged(0), books.errors), (40, 4));
    assert_eq!(books.until, Some(minute(4)));
    assert_eq!(books.dropped, Dropped::default());
}

#[test]
fn what_was_left_out_is_said_with_its_reason() {
    let said = |change, incomplete, idle| {
        let dropped = Dropped {
            change,
            incomplete,
            idle,
        };
        dropped.said()
    };
    assert_eq!(said(0, 0, 0), None);
    assert_eq!(
        said(1, 0, 0).as_deref(),
        Some("left out: 1 minute in which the weight changed")
    );
    assert_eq!(
        said(0, 3, 2).as_deref(),
        Some(
            "left out: 3 minutes in which the numbers were never whole, 2 minutes in which the \
             canary had no requests"
        )
    );
}

#[test]
fn a_minute_of_change_is_dropped_but_its_errors_are_errors() {
    let cloud = Cloud::steady(4, [10, 1, 90, 2]);
    let books = taken_as(&rules(), &cloud, |number| match number {
        1 => (Kind::Change, OLD),
        2 => (Kind::Whole, OLD),
        _ => (Kind::Split(1_000), OLD),
    });
    assert_eq!(books.entries[0].counted, [20, 2, 180, 4]);
    assert_eq!((books.errors, books.dropped.change), (3, 1));
}

#[test]
fn a_minute_too_young_to_judge_shows_its_errors_all_the_same() {
    let cloud = Cloud::steady(2, [10, 1, 90, 2]);
    for (age, judged) in [(-20, 0), (59, 0), (60, 20)] {
        let books = taken_as(&rules(), &cloud, |_| (Kind::Split(1_000), age));
        assert_eq!((books.judged(0), books.errors), (judged, 2), "{age}");
    }
}

#[test]
fn the_first_minute_of_a_cold_version_is_not_held_against_its_speed() {
    let mut rules = rules();
    rules.metrics.push(MetricRule {
        name: "slow".into(),
        source: Source::SlowerThan { milliseconds: 300 },
        ratio: 1.2,
        increase: 0.01,
    });
    let books = taken(&rules, &Cloud::steady(4, [10, 1, 90, 2]));
    assert_eq!((books.judged(0), books.judged(1)), (40, 30));
    assert_eq!(books.warmed, Some(minute(0)));
}

#[test]
fn minutes_that_were_not_judged_are_counted_by_reason() {
    let mut cloud = Cloud::steady(3, [10, 1, 90, 2]);
    cloud.minutes.insert(minute(1), [1, 5, 90, 2]);
    let books = taken(&rules(), &cloud);
    assert_eq!((books.judged(0), books.dropped.incomplete), (20, 1));
    // A minute without any points: nobody called.
    cloud.minutes.remove(&minute(1));
    let books = taken(&rules(), &cloud);
    assert_eq!((books.judged(0), books.dropped.idle), (20, 1));
}

#[test]
fn a_canary_that_gets_a_tenth_of_its_share_is_starved() {
    let starved = |counts: &[[u64; 4]]| {
        let minutes = counts.iter().enumerate();
        let minutes = minutes.map(|(number, counts)| (minute(number as i64), *counts));
        let cloud = Cloud {
            minutes: minutes.collect(),
        };
        taken(&rules(), &cloud).starved()
    };
    let (little, share) = ([1, 0, 99, 0], [10, 0, 90, 0]);
    let expected = Starved {
        expected: 30,
        got: 3,
    };
    assert_eq!(starved(&[share, little, little, little]), Some(expected));
    assert_eq!(starved(&[little, little]), None, "two minutes say nothing");
    assert_eq!(starved(&[little, little, share]), None, "it recovered");
    let (fifth, less) = ([2, 0, 98, 0], [1, 0, 97, 0]);
    assert_eq!(starved(&[fifth; 3]), None);
    assert_eq!(
        starved(&[less; 3]),
        None,
        "29 expected requests say nothing"
    );
}

/// A share of half-published numbers is none.
#[test]
fn only_settled_minutes_starve() {
    let cloud = Cloud::steady(3, [1, 0, 99, 0]);
    for (age, starved) in [(60, false), (119, false), (120, true)] {
        let books = taken_as(&rules(), &cloud, |_| (Kind::Split(1_000), age));
        assert_eq!(books.starved().is_some(), starved, "{age}");
        assert_eq!(books.judged(0), 3);
    }
}
