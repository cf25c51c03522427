//! What it takes to show that the canary is good enough.

use super::super::bench::*;
use super::super::{MetricRule, Source};
use super::*;

fn finding(memory: &Memory) -> &Finding {
    memory.finding().expect("there was a fetch")
}

#[test]
fn acceptance_waits_for_late_errors_and_then_says_how_good_it_is() {
    let rules = accepting(0.01);
    // 362 clean requests show that at most 1 % fails: seven minutes with 60.
    let cloud = Cloud::steady(60, [60, 0, 540, 0]);
    let mut memory = shifted();
    looks(&rules, &mut memory, 0..545, &cloud);
    let Sufficiency::Short { doubt } = &finding(&memory).sufficiency else {
        panic!("six minutes are too few");
    };
    assert!(matches!(doubt, Doubt::NotShown { .. }), "{doubt}");
    assert!(
        doubt.to_string().contains("at most 1.1 % worse (95 %)"),
        "{doubt}"
    );
    // Minute 6 ends at 420 and speaks for the canary 130 seconds later.
    looks(&rules, &mut memory, 600..601, &cloud);
    let Sufficiency::Accepted { judged, bound } = finding(&memory).sufficiency else {
        panic!("seven minutes are enough");
    };
    assert_eq!(judged, 420);
    assert!(bound.worse_ppm <= 10_000, "{bound}");
}

#[test]
fn a_minute_speaks_for_the_canary_from_the_second_in_which_no_late_error_can_come() {
    let rules = accepting(0.01);
    let cloud = Cloud::steady(60, [60, 0, 540, 0]);
    for (second, judged) in [(549, 360), (550, 420)] {
        let mut memory = shifted();
        for second in [0, 300, second] {
            look(&rules, &mut memory, 1_000, second, |question| {
                cloud.answer(question)
            });
        }
        let by_then = match &finding(&memory).sufficiency {
            Sufficiency::Accepted { judged, .. } => *judged,
            Sufficiency::Short {
                doubt: Doubt::NotShown { .. },
            } => 360,
            other => panic!("{other:?}"),
        };
        assert_eq!(by_then, judged, "{second}");
    }
}

#[test]
fn a_canary_as_good_as_a_stable_version_with_errors_is_accepted_in_time_and_a_worse_one_never() {
    let rules = accepting(0.05);
    let accepted = |cloud: &Cloud| {
        let mut memory = shifted();
        looks(&rules, &mut memory, 0..3_500, cloud);
        matches!(finding(&memory).sufficiency, Sufficiency::Accepted { .. })
    };
    assert!(accepted(&Cloud::steady(60, [60, 1, 540, 9])));
    assert!(!accepted(&Cloud::steady(60, [60, 5, 540, 9])));
}

#[test]
fn a_starved_canary_is_not_accepted() {
    let rules = accepting(0.1);
    let mut cloud = Cloud::steady(30, [100, 0, 900, 0]);
    for number in 20..30 {
        cloud.minutes.insert(minute(number), [1, 0, 999, 0]);
    }
    let mut memory = shifted();
    looks(&rules, &mut memory, 0..1_200, &cloud);
    assert!(matches!(
        finding(&memory).sufficiency,
        Sufficiency::Accepted { .. }
    ));
    looks(&rules, &mut memory, 1_200..1_801, &cloud);
    let Sufficiency::Short { doubt } = &finding(&memory).sufficiency else {
        panic!("it is starved");
    };
    assert_eq!(
        doubt,
        &Doubt::Starved {
            expected: 300,
            got: 3
        }
    );
}

#[test]
fn every_metric_has_to_be_shown_and_one_that_is_worse_is_enough() {
    let mut rules = accepting(0.01);
    rules.metrics.push(MetricRule {
        name: "latency".into(),
        source: Source::SlowerThan { milliseconds: 300 },
        ratio: 1.2,
        increase: 0.0,
    });
    let errors = Cloud::steady(60, [60, 0, 540, 0]);
    let slow = |bad: u64| Cloud::steady(60, [60, bad, 540, 9]);
    let play = |slow: &Cloud, until: i64| {
        let mut memory = shifted();
        for second in (0..until).step_by(15) {
            look(&rules, &mut memory, 1_000, second, |question| {
                let mut answer = errors.answer(question);
                answer.metrics[1] = slow.answer(question).metrics.remove(1);
                answer
            });
        }
        memory
    };
    let doubtful = play(&slow(2), 900);
    let Sufficiency::Short { doubt } = &finding(&doubtful).sufficiency else {
        panic!("latency is not shown");
    };
    assert!(
        matches!(doubt, Doubt::NotShown { metric, .. } if metric == "latency"),
        "{doubt}"
    );
    let worse = play(&slow(12), 900);
    let Some(Regression::Worse { metric, .. }) = &finding(&worse).regression else {
        panic!("it is much slower");
    };
    assert_eq!(metric, "latency");
}

#[test]
fn an_acceptance_tells_the_worst_of_all_bounds() {
    let mut rules = accepting(0.05);
    rules.metrics.push(MetricRule {
        name: "latency".into(),
        source: Source::SlowerThan { milliseconds: 300 },
        ratio: 1.0,
        increase: 0.0,
    });
    for worse in [0, 1] {
        let mut memory = shifted();
        for second in (0..900).step_by(15) {
            look(&rules, &mut memory, 1_000, second, |question| {
                let mut answer = Cloud::steady(60, [60, 0, 540, 0]).answer(question);
                let bad = Cloud::steady(60, [60, 1, 540, 9]).answer(question);
                answer.metrics[worse] = bad.metrics[worse].clone();
                answer
            });
        }
        let found = finding(&memory);
        let Sufficiency::Accepted { bound, .. } = found.sufficiency else {
            panic!("it is accepted: {found:?}");
        };
        assert_eq!(bound, found.metrics[worse].bound);
        assert!(bound.worse_ppm > found.metrics[1 - worse].bound.worse_ppm);
    }
}

#[test]
fn no_less_is_asked_for_than_is_tolerated_anyway() {
    for (excess, increase, eps) in [(0.01, 0.02, 0.02), (0.02, 0.01, 0.02)] {
        let mut rules = accepting(excess);
        rules.metrics[0].increase = increase;
        assert_eq!(rules.settings(&[None])[0].eps, eps);
    }
}
