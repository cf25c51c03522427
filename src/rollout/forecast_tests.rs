//! Forecasts by example.

use super::*;
use crate::judge::measure::{Accept, CountsAnswer, MetricCounts, Pair};
use crate::rollout::script::{at, rules};

/// After a first look that found so many requests in each of the sixty minutes before, so many of
/// them failed.
fn looked(evidence: &EvidenceRules, requests: f64, failed: impl Fn(i64) -> f64) -> Memory {
    let mut memory = Memory::default();
    memory.saw(0, at(0));
    let series = |value: &dyn Fn(i64) -> f64| {
        let points = (-62..-2).map(|minute| (at(minute * 60), value(minute)));
        Some(points.collect())
    };
    let found = MetricCounts {
        history: Pair {
            total: series(&|_| requests),
            bad: series(&failed),
        },
        ..MetricCounts::default()
    };
    let answer = CountsAnswer {
        metrics: vec![found],
        ..CountsAnswer::default()
    };
    evidence.weigh(&memory, 3, at(0), &answer)
}

fn evidence(excess: Option<f64>, min_requests: u64) -> EvidenceRules {
    EvidenceRules {
        accept: excess.map(|excess| Accept {
            excess,
            alpha: 0.05,
        }),
        min_requests,
        ..EvidenceRules::standard()
    }
}

fn forecast(plan: &str, evidence: &EvidenceRules, a_minute: f64) -> Option<Forecast> {
    let mut rules = rules(plan);
    rules.inconclusive = Inconclusive::Rollback;
    Forecast::of(&rules, evidence, &looked(evidence, a_minute, |_| 0.0))
}

#[test]
fn too_few_requests_are_foreseen_by_the_last_hours() {
    let asked = evidence(None, 30);
    // Half an hour at 10 %: 9 a minute come to 27 requests, and 10 to 30.
    assert_eq!(forecast("10%:30m", &asked, 10.0), None);
    let Some(found) = forecast("10%:30m", &asked, 9.0) else {
        panic!("27 are fewer than 30");
    };
    assert_eq!((found.hourly, found.expected, found.needed), (540, 27, 30));
    assert_eq!(
        found.to_string(),
        "the last hour brought 540 requests; if that goes on, the plan gives the canary about 27, where \
         the policy goes by 30: it would be put back as inconclusive"
    );
    assert_eq!(forecast("0%:1h,10%:10m,20%:10m", &asked, 10.0), None);
    assert!(forecast("10%:30m", &asked, 0.0).is_some());
}

#[test]
fn acceptance_takes_its_clean_requests() {
    let asked = evidence(Some(0.001), 30);
    let said = forecast("10%:5m", &asked, 1_000.0)
        .expect("3,611 are needed")
        .to_string();
    assert_eq!(
        said,
        "the last hour brought 60,000 requests; if that goes on, the plan gives the canary about 500, \
         where the policy goes by 3,611 without an error: it would be put back as inconclusive"
    );
    assert_eq!(forecast("10%:37m", &asked, 1_000.0), None);
    // Bursts before take more of them.
    let bursty = looked(
        &asked,
        1_000.0,
        |minute| if minute % 4 == 0 { 8.0 } else { 0.0 },
    );
    let rules = rules("10%:5m");
    let found = Forecast::of(&rules, &asked, &bursty);
    assert!(found.is_some_and(|found| found.needed > 3_611));
    let many = evidence(Some(0.001), 5_000);
    let found = forecast("10%:37m", &many, 1_000.0).expect("5,000 are more");
    assert_eq!((found.needed, found.clean), (5_000, false));
}

#[test]
fn a_plan_that_is_held_has_until_its_longest_duration() {
    let asked = evidence(None, 100);
    let with = |longest: i64, inconclusive| {
        let mut rules = rules("10%:30m");
        rules.inconclusive = inconclusive;
        rules.limits.longest = SignedDuration::from_mins(longest);
        Forecast::of(&rules, &asked, &looked(&asked, 10.0, |_| 0.0))
    };
    use Inconclusive::{Complete, Hold, Rollback};
    assert_eq!(with(100, Hold), None);
    let said = with(90, Hold).expect("90 are fewer than 100").to_string();
    assert!(
        said.contains("about 30, and 90 if it is held for all of 1h 30m, where"),
        "{said}"
    );
    assert!(with(100, Rollback).is_some());
    let said = with(100, Complete)
        .expect("30 are fewer than 100")
        .to_string();
    assert!(
        said.ends_with("it would end without having shown what is asked for"),
        "{said}"
    );
}

#[test]
fn nothing_is_foreseen_of_what_is_not_known_or_makes_no_difference() {
    let asked = evidence(None, 30);
    assert_eq!(
        Forecast::of(&rules("10%:5m"), &asked, &Memory::default()),
        None
    );
    let quiet = looked(&asked, 0.0, |_| 0.0);
    let mut advised = rules("10%:5m");
    assert!(Forecast::of(&advised, &asked, &quiet).is_some());
    advised.mode = Mode::Advise;
    assert_eq!(Forecast::of(&advised, &asked, &quiet), None);
}
