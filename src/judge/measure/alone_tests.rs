//! One version after the shift, by example. The first look is at second 0 of a full minute.

use std::collections::BTreeMap;

use super::super::bench::{at, minute, rules, versions};
use super::super::{MetricCounts, MetricRule, OwnMetric, Series, Source};
use super::*;

/// Requests and failed ones of the alias by the minute; `None`: not published.
type Points = BTreeMap<i64, [Option<f64>; 2]>;

fn steady(minutes: std::ops::Range<i64>, requests: f64, bad: f64) -> Points {
    minutes
        .map(|number| (number, [Some(requests), Some(bad)]))
        .collect()
}

fn series(points: &Points, index: usize, span: Option<Span>) -> Option<Series> {
    let span = span?;
    let points = points.iter().filter_map(|(number, pair)| {
        let begins = start_of(minute(*number));
        let asked = (span.from..span.to).contains(&begins);
        Some((begins, pair[index].filter(|_| asked)?))
    });
    Some(points.collect())
}

fn answer(points: &Points, question: &CountsQuestion) -> CountsAnswer {
    let pair = |span| Pair {
        total: series(points, 0, span),
        bad: series(points, 1, span),
    };
    let found = MetricCounts {
        history: pair(question.history),
        after: pair(question.after),
        ..MetricCounts::default()
    };
    CountsAnswer {
        metrics: vec![found; question.metrics.len()],
        ..CountsAnswer::default()
    }
}

/// One look; whether a fetch was due.
fn look(rules: &EvidenceRules, memory: &mut Alone, second: i64, points: &Points) -> bool {
    memory.saw(true, at(second));
    let Some(question) = rules.question_alone(memory, &versions(), at(second)) else {
        return false;
    };
    *memory = rules.weigh_alone(memory, at(second), &answer(points, &question));
    true
}

fn looks(rules: &EvidenceRules, until: i64, points: &Points) -> Alone {
    let mut memory = Alone::default();
    for second in (0..=until).step_by(15) {
        look(rules, &mut memory, second, points);
    }
    memory
}

fn finding(memory: &Alone) -> &AloneFinding {
    memory.finding().expect("there was a fetch")
}

fn at_most(errors: u64) -> EvidenceRules {
    EvidenceRules {
        max_errors: Some(errors),
        ..rules()
    }
}

#[test]
fn settled_minutes_after_that_of_the_shift_are_counted_and_bounded() {
    // Minute 0 holds the stable version's requests too, and all of them failed.
    let mut points = steady(1..60, 100.0, 0.0);
    points.insert(0, [Some(100.0), Some(100.0)]);
    let memory = looks(&at_most(0), 719, &points);
    // The last fetch was at 660: minute 8 ended at 540, minute 9 at 600.
    let metric = finding(&memory).metrics[0];
    assert_eq!((metric.requests, metric.bad), (800, 0));
    assert_eq!(finding(&memory).verdict(), Verdict::Pass);
    let said = finding(&memory).sentence(&rules(), "2");
    // 3,611 clean requests show 0.1 %: 800 of them 0.452 %.
    assert_eq!(
        said,
        "version 2 failed 0 of 800 requests: at most 0.46 % (95 %)"
    );
}

#[test]
fn the_bound_is_the_judges_own() {
    let memory = looks(&rules(), 720, &steady(1..60, 100.0, 1.0));
    let metric = finding(&memory).metrics[0];
    assert_eq!((metric.requests, metric.bad), (900, 9));
    let settings = Settings::default();
    let mut evidence = Evidence::default();
    let counts = Counts {
        canary: Tally::new(900, 9).unwrap(),
        stable: Tally::default(),
    };
    evidence.take(&settings, &counts);
    let most = evidence.upper_absolute(&settings);
    assert!((0.01..0.05).contains(&most), "{most}");
    assert_eq!(metric.most, Bound::new(most, 0.95));
}

#[test]
fn bursts_before_the_shift_widen_the_bound() {
    let mut bursty = steady(1..60, 100.0, 1.0);
    let most = |points: &Points| finding(&looks(&rules(), 720, points)).metrics[0].most;
    let single = most(&bursty);
    for number in -62..-2 {
        let bad = if number % 4 == 0 { 8.0 } else { 0.0 };
        bursty.insert(number, [Some(100.0), Some(bad)]);
    }
    assert!(most(&bursty).worse_ppm > single.worse_ppm);
    // What comes after the shift says nothing of the bursts before it.
    let mut later = steady(1..60, 100.0, 0.0);
    later.extend(steady(1..3, 100.0, 100.0));
    later.insert(1, [Some(100.0), Some(9.0)]);
    later.insert(2, [Some(100.0), Some(0.0)]);
    assert_eq!(most(&later), single);
}

#[test]
fn what_came_before_the_shift_is_asked_for_until_it_is_answered() {
    let points = steady(-62..60, 100.0, 1.0);
    let mut memory = Alone::default();
    memory.saw(true, at(0));
    let question = rules().question_alone(&memory, &versions(), at(0)).unwrap();
    let nothing = CountsAnswer {
        failure: Some("throttled".into()),
        ..answer(&Points::new(), &question)
    };
    memory = rules().weigh_alone(&memory, at(0), &nothing);
    assert_eq!((&memory.bursts, memory.hourly), (&None, None));
    assert!(look(&rules(), &mut memory, 15, &points));
    assert!(memory.bursts.is_some());
    assert_eq!(memory.hourly, Some(6_000));
}

#[test]
fn one_failed_request_too_many_counts_at_once() {
    let mut points = steady(1..60, 100.0, 0.0);
    points.insert(3, [Some(10.0), Some(3.0)]);
    let regression =
        |rules: &EvidenceRules, until| finding(&looks(rules, until, &points)).regression.clone();
    // Minute 3 is under way at 180.
    assert_eq!(regression(&at_most(2), 179), None);
    let many = Regression::TooManyErrors { errors: 3, most: 2 };
    assert_eq!(regression(&at_most(2), 180), Some(many));
    assert_eq!(regression(&at_most(3), 3_000), None);
    assert_eq!(regression(&rules(), 3_000), None, "no limit is asked for");
}

#[test]
fn errors_without_requests_count_once_they_have_settled() {
    let mut points = steady(1..60, 100.0, 0.0);
    points.insert(3, [None, Some(1.0)]);
    let memory = looks(&at_most(0), 359, &points);
    assert_eq!(finding(&memory).regression, None);
    let memory = looks(&at_most(0), 360, &points);
    assert!(finding(&memory).regression.is_some());
}

#[test]
fn minutes_in_which_somebody_else_had_traffic_are_not_the_versions() {
    let mut memory = Alone::default();
    let points = steady(1..60, 100.0, 1.0);
    let rules = at_most(1_000);
    for second in (0..1_200).step_by(15) {
        // Put back for three minutes: minutes 4 to 7 are of both, or of the other.
        memory.saw(!(250..430).contains(&second), at(second));
        if let Some(question) = rules.question_alone(&memory, &versions(), at(second)) {
            memory = rules.weigh_alone(&memory, at(second), &answer(&points, &question));
        }
    }
    // Fetched at 1,140: minutes 1 to 16 have settled, less four.
    assert_eq!(finding(&memory).metrics[0].requests, 1_200);
}

#[test]
fn a_first_look_late_in_its_minute_leaves_the_next_one_out_too() {
    let (mut early, mut late) = (Alone::default(), Alone::default());
    early.saw(true, at(54));
    late.saw(true, at(55));
    assert_eq!(early.first(), minute(1));
    assert_eq!(late.first(), minute(2));
}

#[test]
fn it_is_fetched_once_in_a_minute_and_at_once_after_half_an_answer() {
    let points = steady(1..60, 100.0, 0.0);
    let mut memory = Alone::default();
    let fetches = (0..600)
        .step_by(15)
        .filter(|second| look(&rules(), &mut memory, *second, &points));
    assert_eq!(fetches.count(), 10);
    memory.saw(true, at(600));
    let question = rules()
        .question_alone(&memory, &versions(), at(600))
        .unwrap();
    assert_eq!(question.history, None, "it was measured");
    let half = CountsAnswer {
        failure: Some("PartialData".into()),
        ..answer(&points, &question)
    };
    memory = rules().weigh_alone(&memory, at(600), &half);
    assert_eq!(finding(&memory).failure().as_deref(), Some("PartialData"));
    assert!(matches!(
        finding(&memory).verdict(),
        Verdict::Inconclusive(_)
    ));
    assert!(look(&rules(), &mut memory, 601, &points));
    assert_eq!(finding(&memory).verdict(), Verdict::Pass);
}

#[test]
fn a_limit_that_nothing_was_held_against_is_not_kept() {
    let short = |rules: &EvidenceRules, points: &Points| {
        let memory = looks(rules, 600, points);
        rules.measured_alone(&memory, at(600)).sufficiency
    };
    let none = Points::new();
    let uncalled = || Sufficiency::Short {
        doubt: Doubt::Uncalled,
    };
    assert_eq!(short(&at_most(5), &none), uncalled());
    let never = Alone::default();
    let measured = at_most(5).measured_alone(&never, at(0));
    assert_eq!(measured.sufficiency, uncalled());
    assert_eq!(short(&rules(), &none), Sufficiency::NotAsked);
    let content = EvidenceRules {
        inconclusive: Some(Inconclusive::Complete),
        ..at_most(5)
    };
    assert_eq!(short(&content, &none), Sufficiency::Enough);
    // But not where there is traffic: a version that hangs has none that is counted, either.
    assert_eq!(short(&content, &steady(-62..-2, 3.0, 0.0)), uncalled());
    assert_eq!(
        short(&content, &steady(-62..-2, 2.9, 0.0)),
        Sufficiency::Enough,
        "twenty-nine would have come"
    );
    // Points that say zero are no requests either.
    assert_eq!(short(&at_most(5), &steady(1..60, 0.0, 0.0)), uncalled());
    assert_eq!(
        short(&at_most(5), &steady(1..60, 1.0, 0.0)),
        Sufficiency::Enough
    );
    // Requests whose end never came.
    let mut partial = steady(1..60, 1.0, 0.0);
    partial.insert(4, [Some(7.0), None]);
    let since = start_of(minute(4));
    assert_eq!(
        short(&at_most(5), &partial),
        Sufficiency::Short {
            doubt: Doubt::Settling { since }
        }
    );
}

#[test]
fn minutes_settle_when_they_are_fetched_late_enough() {
    let rules = at_most(0);
    let points = steady(1..60, 1.0, 0.0);
    let open = |until: i64| {
        let memory = looks(&rules, until, &points);
        let open = rules.measured_alone(&memory, at(until)).unjudged_from;
        open.map(|open| minute_of(open) - minute(0))
    };
    assert_eq!(open(239), Some(1));
    // Minute 1 ends at 120 and has settled at 240.
    assert_eq!(open(240), Some(2));
    assert_eq!(open(600), Some(8));
}

#[test]
fn every_metric_is_said_and_a_silent_own_one_has_no_bad_ones() {
    let mut rules = rules();
    let own = OwnMetric {
        namespace: "Shop".into(),
        metric: "Refused".into(),
        dimensions: vec![("Version".into(), "{version}".into())],
    };
    rules.metrics.push(MetricRule {
        name: "refused".into(),
        source: Source::Own {
            bad: own,
            total: None,
        },
        ..MetricRule::errors()
    });
    rules.metrics.push(MetricRule {
        name: "latency".into(),
        source: Source::SlowerThan { milliseconds: 300 },
        ..MetricRule::errors()
    });
    let points = steady(1..60, 1_000.0, 5.0);
    let mut memory = Alone::default();
    for second in (0..=300).step_by(15) {
        memory.saw(true, at(second));
        if let Some(question) = rules.question_alone(&memory, &versions(), at(second)) {
            let mut answer = answer(&points, &question);
            if question.after.is_some() {
                answer.metrics[1].after.bad = Some(Series::default());
            }
            memory = rules.weigh_alone(&memory, at(second), &answer);
        }
    }
    let said = finding(&memory).sentence(&rules, "2");
    // The first minute's cold starts are not held against its latency.
    assert!(
        said.starts_with("version 2 failed 10 of 2,000 requests: at most 1."),
        "{said}"
    );
    assert!(said.contains("; refused 0 of 2,000: at most 0.1"), "{said}");
    assert!(said.contains("; latency 5 of 1,000: at most 1."), "{said}");
    let young = finding(&looks(&rules, 60, &Points::new())).sentence(&rules, "2");
    assert!(
        young.starts_with("no whole minute of version 2 is old enough to be counted"),
        "{young}"
    );
    let silent = finding(&looks(&rules, 600, &Points::new())).sentence(&rules, "2");
    assert!(
        silent.starts_with("version 2 had no request that was counted"),
        "{silent}"
    );
}

#[test]
fn an_hours_memory_is_small_and_comes_back_from_json() {
    let memory = looks(&at_most(0), 3_600, &steady(-60..70, 100.0, 1.0));
    let text = serde_json::to_string(&memory).unwrap();
    assert!(text.len() < 500, "{} bytes: {text}", text.len());
    assert_eq!(serde_json::from_str::<Alone>(&text).unwrap(), memory);
    assert!(!memory.is_empty() && Alone::default().is_empty());
}
