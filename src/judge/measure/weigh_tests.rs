//! Rollouts judged by counts, by example.

use super::super::bench::*;
use super::super::{Measured, MetricRule, OwnMetric, Series, Source};
use super::*;
use crate::judge::Verdict;

fn finding(memory: &Memory) -> &Finding {
    memory.finding().expect("there was a fetch")
}

fn bad_from(number: i64, bad: [u64; 4]) -> Cloud {
    let mut cloud = Cloud::steady(60, [60, 0, 540, 0]);
    for (at, counts) in &mut cloud.minutes {
        if *at >= minute(number) {
            *counts = bad;
        }
    }
    cloud
}

/// Looks every 15 seconds until something speaks against the canary: the second.
fn fires(rules: &EvidenceRules, cloud: &Cloud, until: i64) -> Option<(i64, Regression)> {
    let mut memory = shifted();
    for second in (0..until).step_by(15) {
        look(rules, &mut memory, 1_000, second, |question| {
            cloud.answer(question)
        });
        if let Some(regression) = memory.finding().and_then(|found| found.regression.clone()) {
            return Some((second, regression));
        }
    }
    None
}

#[test]
fn a_canary_that_fails_is_found_as_soon_as_its_minute_is_published_and_looked_at_twice() {
    let (second, regression) = fires(&rules(), &bad_from(3, [60, 6, 540, 0]), 600).unwrap();
    // Minute 3 ends at 240 and counts from 300 on.
    assert_eq!(second, 315);
    let text = regression.to_string();
    assert!(
        text.starts_with("the canary is worse by errors: 6 of 240 (2.5 %), stable 0 of 2,160"),
        "{text}"
    );
    assert!(text.ends_with("needed 100:1"), "{text}");
}

#[test]
fn evidence_that_the_second_look_does_not_show_is_no_regression() {
    let (healthy, broken) = (bad_from(99, [0; 4]), bad_from(3, [60, 6, 540, 0]));
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..300, &healthy);
    look(&rules(), &mut memory, 1_000, 300, |question| {
        broken.answer(question)
    });
    assert!(matches!(
        finding(&memory).doubt,
        Some(Doubt::Unconfirmed { .. })
    ));
    assert!(matches!(
        finding(&memory).verdict(),
        Verdict::Inconclusive(_)
    ));
    // A tick that comes twice shows the same numbers, and so confirms nothing.
    assert!(!look(&rules(), &mut memory, 1_000, 302, |_| unreachable!()));
    // But soon, and not only in the next minute.
    assert!(look(&rules(), &mut memory, 1_000, 310, |question| healthy
        .answer(question)));
    assert_eq!(finding(&memory).verdict(), Verdict::Pass);
    assert_eq!(memory.crossed, None);
}

/// Points that were there and are not any more: what they showed is not held against anybody.
#[test]
fn a_series_that_vanishes_takes_its_minutes_out() {
    let broken = bad_from(3, [60, 6, 540, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..300, &bad_from(99, [0; 4]));
    look(&rules(), &mut memory, 1_000, 300, |question| {
        broken.answer(question)
    });
    assert!(finding(&memory).doubt.is_some());
    for second in (310..1_200).step_by(15) {
        look(&rules(), &mut memory, 1_000, second, |question| {
            let mut answer = broken.answer(question);
            let stable = &mut answer.metrics[0].stable;
            (stable.total, stable.bad) = (Some(Series::default()), Some(Series::default()));
            answer
        });
    }
    assert_eq!(finding(&memory).verdict(), Verdict::Pass);
    assert_eq!(memory.crossed, None);
    // Only what was closed before was ever compared.
    assert!(memory.books.compared(0) <= 60, "{:?}", memory.books);
    assert!(finding(&memory).metrics[0].log_e < 1.0);
}

/// In the mode `advise` a rollout goes on after it, and need not ask more often for that.
#[test]
fn evidence_that_is_confirmed_is_fetched_no_more_often_than_any_other() {
    let broken = bad_from(3, [60, 6, 540, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..330, &broken);
    assert!(finding(&memory).regression.is_some());
    let fetches = (330..930).step_by(15).filter(|second| {
        look(&rules(), &mut memory, 1_000, *second, |question| {
            broken.answer(question)
        })
    });
    assert_eq!(fetches.count(), 10);
    assert!(finding(&memory).regression.is_some());
}

#[test]
fn an_outage_of_both_is_not_the_canarys() {
    let outage = bad_from(3, [60, 30, 540, 270]);
    assert_eq!(fires(&rules(), &outage, 3_000), None);
}

#[test]
fn bursts_of_the_history_make_it_slower() {
    let cloud = bad_from(3, [60, 4, 540, 0]);
    let fires_with = |bursts: Option<f64>| {
        let mut memory = shifted();
        memory.bursts = vec![bursts];
        (0..1_200).step_by(15).find(|second| {
            look(&rules(), &mut memory, 1_000, *second, |question| {
                cloud.answer(question)
            });
            memory
                .finding()
                .is_some_and(|found| found.regression.is_some())
        })
    };
    let (single, bursty) = (fires_with(None), fires_with(Some(4.0)));
    assert!(
        single.unwrap() + 60 < bursty.unwrap(),
        "{single:?} {bursty:?}"
    );
}

#[test]
fn too_many_errors_count_at_once_whatever_the_stable_version_does() {
    let rules = EvidenceRules {
        max_errors: Some(0),
        ..rules()
    };
    let outage = bad_from(3, [60, 1, 540, 400]);
    let expected = Regression::TooManyErrors { errors: 1, most: 0 };
    assert_eq!(fires(&rules, &outage, 600), Some((180, expected)));
    // More errors than requests are numbers that do not belong together yet; settled, they are errors.
    let unsettled = bad_from(3, [60, 61, 540, 540]);
    let (second, regression) = fires(&rules, &unsettled, 600).unwrap();
    assert_eq!(second, 240 + i64::from(rules.settle));
    assert_eq!(
        regression,
        Regression::TooManyErrors {
            errors: 61,
            most: 0
        }
    );
}

#[test]
fn too_many_errors_stay_too_many_once_their_minutes_are_closed() {
    let rules = EvidenceRules {
        max_errors: Some(2),
        ..rules()
    };
    let mut cloud = bad_from(99, [0; 4]);
    for number in [1, 10, 20] {
        cloud.minutes.insert(minute(number), [60, 1, 540, 9]);
    }
    let (second, regression) = fires(&rules, &cloud, 3_000).unwrap();
    assert_eq!(second, 20 * 60);
    assert_eq!(regression, Regression::TooManyErrors { errors: 3, most: 2 });
}

#[test]
fn requests_that_were_held_against_nothing_are_not_enough() {
    // In turns only one of the two versions has a request, as at a poll a minute.
    let mut cloud = Cloud::steady(60, [1, 1, 0, 0]);
    for number in (0..60).step_by(2) {
        cloud.minutes.insert(minute(number), [0, 0, 1, 0]);
    }
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..3_600, &cloud);
    let expected = Doubt::TooFewRequests {
        judged: 0,
        needed: 30,
        bound: finding(&memory).metrics[0].bound,
    };
    assert_eq!(
        finding(&memory).sufficiency,
        Sufficiency::Short { doubt: expected }
    );
}

#[test]
fn a_metric_that_never_had_a_say_is_a_doubt() {
    let mut rules = rules();
    rules.metrics.push(MetricRule {
        name: "payments".into(),
        source: Source::Own {
            bad: own("Refused"),
            total: Some(own("Payments")),
        },
        ..MetricRule::errors()
    });
    let cloud = Cloud::steady(60, [10, 0, 90, 0]);
    let mut memory = shifted();
    for second in (0..1_200).step_by(15) {
        look(&rules, &mut memory, 1_000, second, |question| {
            let mut answer = cloud.answer(question);
            // A name that is misspelt has no points at all.
            answer.metrics[1].canary.total = Some(Series::default());
            answer.metrics[1].canary.bad = Some(Series::default());
            answer
        });
    }
    let doubt = Doubt::Uncompared {
        metric: "payments".into(),
    };
    let expected = Sufficiency::Short { doubt };
    assert_eq!(finding(&memory).sufficiency, expected);
    // Nor had one by which only the canary ever had requests.
    let mut memory = shifted();
    for second in (0..1_200).step_by(15) {
        look(&rules, &mut memory, 1_000, second, |question| {
            let mut answer = cloud.answer(question);
            answer.metrics[1].stable.total = Some(Series::default());
            answer.metrics[1].stable.bad = Some(Series::default());
            answer
        });
    }
    assert!(memory.books.judged(1) > 30);
    assert_eq!(finding(&memory).sufficiency, expected);
}

fn own(metric: &str) -> OwnMetric {
    OwnMetric {
        namespace: "Shop".into(),
        metric: metric.into(),
        dimensions: vec![("Version".into(), "{version}".into())],
    }
}

#[test]
fn enough_requests_are_enough_and_fewer_are_not() {
    let cloud = Cloud::steady(60, [10, 0, 90, 0]);
    let mut memory = shifted();
    let sufficiency = |memory: &Memory| finding(memory).sufficiency.clone();
    // Minutes count from 60 seconds after their end on.
    looks(&rules(), &mut memory, 0..239, &cloud);
    let Sufficiency::Short { doubt } = sufficiency(&memory) else {
        panic!("twenty are too few");
    };
    assert!(matches!(
        doubt,
        Doubt::TooFewRequests {
            judged: 20,
            needed: 30,
            ..
        }
    ));
    assert!(
        doubt
            .to_string()
            .contains("only 20 of the canary's requests"),
        "{doubt}"
    );
    looks(&rules(), &mut memory, 240..241, &cloud);
    assert_eq!(sufficiency(&memory), Sufficiency::Enough);
}

/// Nobody needs more, and not every reader of JSON can read more.
#[test]
fn odds_have_a_largest_number() {
    let worst = bad_from(1, [6_000, 6_000, 54_000, 0]);
    let (_, regression) = fires(&rules(), &worst, 600).unwrap();
    assert!(matches!(regression, Regression::Worse { odds, .. } if odds == ODDS_MAX));
}

/// Whoever reads that the canary is accepted reads the weakest of the bounds.
/// The ten seconds count from the first fetch that showed it, however many follow.
#[test]
fn evidence_is_confirmed_ten_seconds_after_it_was_first_seen() {
    let broken = bad_from(3, [60, 6, 540, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..300, &bad_from(99, [0; 4]));
    let question = rules().question(&memory, &versions(), at(300)).unwrap();
    let answer = broken.answer(&question);
    for (second, confirmed) in [(300, false), (305, false), (309, false), (310, true)] {
        memory = rules().weigh(&memory, TIMEOUT, at(second), &answer);
        assert_eq!(finding(&memory).regression.is_some(), confirmed, "{second}");
        assert_eq!(memory.crossed, Some(at(300).as_second()));
    }
}

#[test]
fn between_two_fetches_nothing_changes() {
    let cloud = Cloud::steady(60, [60, 0, 540, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..601, &cloud);
    let Measured { sufficiency, .. } = rules().measured(&memory, at(601));
    assert_eq!(sufficiency, Sufficiency::Enough);
    let before = memory.clone();
    assert!(!look(&rules(), &mut memory, 1_000, 615, |_| unreachable!()));
    assert_eq!(memory.finding(), before.finding());
}

#[test]
fn the_same_answer_to_the_same_memory_is_the_same() {
    let cloud = bad_from(3, [60, 6, 540, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..300, &cloud);
    memory.saw(1_000, at(300));
    let question = rules().question(&memory, &versions(), at(300)).unwrap();
    let weigh = || rules().weigh(&memory, TIMEOUT, at(300), &cloud.answer(&question));
    assert_eq!(weigh(), weigh());
}

#[test]
fn a_finding_is_said_in_a_sentence() {
    let cloud = Cloud::steady(60, [60, 0, 540, 1]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..601, &cloud);
    let sentences = finding(&memory).sentences(&rules());
    assert_eq!(sentences[0].0, "errors");
    assert!(
        sentences[0].1.starts_with("canary failed 0 of 540"),
        "{}",
        sentences[0].1
    );
    assert!(
        sentences[0].1.contains("stable 9 of 4,860"),
        "{}",
        sentences[0].1
    );
    assert!(sentences[0].1.ends_with("how bursty they are is not known"));
    for (bursts, end) in [(1.0, "worse (95 %)"), (4.04, "come in bursts of 4.0")] {
        let mut found = finding(&memory).clone();
        found.metrics[0].bursts = Some(bursts);
        let sentence = found.sentences(&rules()).remove(0).1;
        assert!(sentence.ends_with(end), "{sentence}");
    }
}
