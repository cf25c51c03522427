//! Past windows, and what a rollout would have said of them.

use jiff::SignedDuration;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::super::bench::{Cloud, TIMEOUT, accepting, at, look, minute, rules, shifted, versions};
use super::super::series::Series;
use super::*;
use crate::judge::measure::{MetricCounts, MetricRule, OwnMetric, Pair, Source};

/// Long after every window of these tests.
const LONG_AFTER: i64 = 86_400;

fn whole(cloud: &Cloud, question: &CountsQuestion) -> CountsAnswer {
    let mut answer = cloud.answer(question);
    for found in &mut answer.metrics {
        // The hour before had no errors at all.
        found.history = Pair {
            total: Some(Series::default()),
            bad: Some(Series::default()),
        };
    }
    answer
}

fn stretches(cloud: &Cloud) -> Stretches {
    let series = |index: usize| -> Series {
        let points = cloud.minutes.iter();
        points
            .map(|(minute, counts)| (start_of(*minute), counts[index] as f64))
            .collect()
    };
    Stretches::of(&series(0), &series(2), &[]).expect("both have requests")
}

fn replayed_at(cloud: &Cloud, rules: &EvidenceRules, now: Timestamp) -> Replayed {
    let (versions, stretches) = (versions(), stretches(cloud));
    let replay = Replay {
        rules,
        versions: &versions,
        timeout: TIMEOUT,
        stretches: &stretches,
        now,
    };
    let answer = whole(cloud, &replay.question());
    replay.judge(&answer).expect("the answer is whole")
}

fn replayed(cloud: &Cloud, rules: &EvidenceRules) -> Replayed {
    replayed_at(cloud, rules, at(LONG_AFTER))
}

#[test]
fn a_regression_is_found_as_soon_as_a_rollout_could_have() {
    let mut cloud = Cloud::steady(30, [60, 0, 540, 0]);
    cloud.minutes.insert(minute(7), [60, 9, 540, 0]);
    let replayed = replayed(&cloud, &rules());
    let Ending::Regression(regression) = &replayed.ending else {
        panic!("{:?}", replayed.ending)
    };
    let said = regression.to_string();
    // Six minutes were judged: the first one is left out. The rest had not happened yet.
    assert!(
        said.contains("9 of 420 (2.1 %), stable 0 of 3,780"),
        "{said}"
    );
    // It ended at 8:00, was there at 9:00, and was looked at again ten seconds later.
    assert_eq!(replayed.at, Some(at(9 * 60 + 10)));
    assert_eq!(replayed.too_late, None);
    // The minutes went on all the same.
    assert_eq!(replayed.minutes.len(), 30);
    let judged = replayed.minutes.iter();
    let judged = judged.filter(|minute| matches!(minute.fate, Fate::Judged { .. }));
    assert_eq!(judged.count(), 28);
}

/// A rollout looks every 15 seconds, and its alias tells it when the weight changed. Afterwards
/// neither is known, and it comes to the same end, at most a poll earlier.
#[test]
fn it_is_what_the_rollout_said() {
    let mut found = 0;
    for seed in 0..60 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |all: u64, rate: f64| Binomial::new(all, rate).unwrap().sample(&mut random);
        let mut cloud = Cloud::default();
        let fault = if seed % 3 == 0 { 0.01 } else { 0.1 };
        for number in -1..40 {
            let canary = draw(600, 0.1);
            let worse = if number < 5 { 0.01 } else { fault };
            let counts = [
                canary,
                draw(canary, worse),
                600 - canary,
                draw(600 - canary, 0.01),
            ];
            cloud.minutes.insert(minute(number), counts);
        }
        let (rules, mut memory) = (rules(), shifted());
        let published = |second: i64| move |_, number| (number + 2) * 60 <= at(second).as_second();
        let stopped = (0..39 * 60).step_by(15).find(|second| {
            look(&rules, &mut memory, 1_000, *second, |question| {
                cloud.published(question, published(*second))
            });
            memory
                .finding()
                .is_some_and(|finding| finding.regression.is_some())
        });
        let replayed = replayed(&cloud, &rules);
        let known = memory.finding().expect("it was fetched");
        match stopped {
            Some(second) => {
                assert_eq!(
                    replayed.ending,
                    Ending::Regression(known.regression.clone().expect("it is one")),
                    "{seed}"
                );
                assert_eq!(replayed.at, Some(at(second - 5)), "{seed}");
                found += 1;
            }
            None => assert_eq!(replayed.ending, Ending::Enough, "{seed}"),
        }
    }
    assert!((30..60).contains(&found), "{found} of 40 bad ones");
}

#[test]
fn the_minutes_say_what_the_looks_said() {
    let mut cloud = Cloud::steady(30, [60, 0, 540, 1]);
    cloud.minutes.insert(minute(12), [60, 1, 540, 0]);
    let replayed = replayed(&cloud, &rules());
    assert_eq!(replayed.ending, Ending::Enough);
    let last = replayed
        .minutes
        .iter()
        .rev()
        .find_map(|minute| match &minute.fate {
            Fate::Judged { log_e, .. } => Some(*log_e),
            Fate::Dropped(_) => None,
        });
    assert_eq!(last, Some(replayed.finding.metrics[0].log_e));
    let sum = replayed.minutes.iter().fold([0; 4], |sum, minute| {
        let Fate::Judged { metrics, .. } = &minute.fate else {
            return sum;
        };
        let Counts { canary, stable } = metrics[0].expect("errors are counted");
        let counts = [
            canary.invocations(),
            canary.errors(),
            stable.invocations(),
            stable.errors(),
        ];
        std::array::from_fn(|at| sum[at] + counts[at])
    });
    assert_eq!(sum, replayed.finding.metrics[0].counted);
    assert_eq!(
        replayed.minutes[0].fate,
        Fate::Dropped(Why::Changed(Change::Began))
    );
    assert_eq!(
        replayed.minutes[29].fate,
        Fate::Dropped(Why::Changed(Change::Ended))
    );
}

#[test]
fn an_outage_of_both_blames_nobody() {
    let mut cloud = Cloud::steady(30, [60, 0, 540, 0]);
    for number in 10..14 {
        cloud.minutes.insert(minute(number), [60, 31, 540, 268]);
    }
    assert_eq!(replayed(&cloud, &rules()).ending, Ending::Enough);
}

/// The half of an outage after a step falls on another share than the half before. The minute of
/// the step alone would blame the canary.
#[test]
fn a_step_during_an_outage_blames_nobody() {
    let mut cloud = Cloud::steady(10, [120, 0, 1_080, 0]);
    for number in 10..30 {
        cloud.minutes.insert(minute(number), [600, 0, 600, 0]);
    }
    // Half a minute at 10 %, without errors; half a minute at 50 %, in which everything failed.
    cloud
        .minutes
        .insert(minute(10), [60 + 300, 300, 540 + 300, 300]);
    let replayed = replayed(&cloud, &rules());
    assert_eq!(replayed.ending, Ending::Enough, "{:?}", replayed.finding);
    let fate = &replayed.minutes[10].fate;
    assert_eq!(*fate, Fate::Dropped(Why::Changed(Change::Found)));
    // Taken as a minute of one share, it would have.
    let settings = rules().settings(&[Some(1.0)]);
    let mut evidence = evidence::Evidence::default();
    let tally = |all, bad| Tally::new(all, bad).unwrap();
    evidence.take(
        &settings[0],
        &Counts {
            canary: tally(360, 300),
            stable: tally(840, 300),
        },
    );
    assert!(evidence.regressed(&settings[0]));
}

#[test]
fn a_canary_is_accepted_when_its_minutes_are_final_and_what_came_later_is_said() {
    let mut cloud = Cloud::steady(40, [60, 0, 540, 0]);
    cloud.minutes.insert(minute(30), [60, 30, 540, 0]);
    let replayed = replayed(&cloud, &accepting(0.01));
    let Ending::Accepted { judged, .. } = replayed.ending else {
        panic!("{:?}", replayed.ending)
    };
    // 362 requests without an error show one percent: minutes 1 to 7. The last of them ended at
    // 8:00 and is final after the functions' time-out and two minutes.
    assert_eq!(judged, 420);
    assert_eq!(replayed.at, Some(at(8 * 60 + 130 + 50)));
    let (late, regression) = replayed.too_late.expect("half of a minute's calls failed");
    assert_eq!(late, at(32 * 60 + 10));
    assert!(matches!(
        regression,
        Regression::Worse { canary_bad: 30, .. }
    ));
}

#[test]
fn too_little_is_inconclusive_with_what_it_shows() {
    let cloud = Cloud::steady(12, [2, 0, 18, 0]);
    let short = replayed(&cloud, &rules());
    let Ending::Inconclusive(Doubt::TooFewRequests {
        judged,
        needed,
        bound,
    }) = short.ending
    else {
        panic!("{:?}", short.ending)
    };
    assert_eq!((judged, needed), (20, 30));
    assert!(bound.worse_ppm < 1_000_000);
    assert_eq!(short.at, None);
    let unshown = replayed(&Cloud::steady(12, [20, 0, 180, 0]), &accepting(0.001));
    assert!(
        matches!(unshown.ending, Ending::Inconclusive(Doubt::NotShown { .. })),
        "{:?}",
        unshown.ending
    );
}

#[test]
fn more_errors_than_allowed_end_it_without_any_comparison() {
    let mut cloud = Cloud::steady(20, [60, 0, 540, 0]);
    cloud.minutes.insert(minute(3), [60, 1, 540, 9]);
    let rules = EvidenceRules {
        max_errors: Some(0),
        ..rules()
    };
    let replayed = replayed(&cloud, &rules);
    assert_eq!(
        replayed.ending,
        Ending::Regression(Regression::TooManyErrors { errors: 1, most: 0 })
    );
    assert_eq!(replayed.at, Some(at(5 * 60)));
}

/// A window that has only just ended is judged as far as it is settled.
#[test]
fn what_has_not_happened_yet_is_not_judged() {
    let mut cloud = Cloud::steady(20, [60, 0, 540, 0]);
    cloud.minutes.insert(minute(17), [60, 40, 540, 0]);
    // At 19:00 the minute is there for the first time; nothing has confirmed it.
    let replayed = replayed_at(&cloud, &rules(), at(19 * 60 + 5));
    assert!(
        matches!(
            &replayed.ending,
            Ending::Inconclusive(Doubt::Unconfirmed { .. })
        ),
        "{:?}",
        replayed.ending
    );
    let early = replayed_at(&cloud, &rules(), at(15 * 60));
    assert!(
        matches!(&early.ending, Ending::Inconclusive(Doubt::Settling { .. })),
        "{:?}",
        early.ending
    );
    assert_eq!(early.minutes[14].fate, Fate::Dropped(Why::Young));
}

#[test]
fn minutes_without_numbers_are_said() {
    let mut cloud = Cloud::steady(30, [60, 0, 540, 0]);
    cloud.minutes.insert(minute(9), [0, 0, 540, 0]);
    let (versions, stretches) = (versions(), stretches(&cloud));
    let rules = rules();
    let replay = Replay {
        rules: &rules,
        versions: &versions,
        timeout: TIMEOUT,
        stretches: &stretches,
        now: at(LONG_AFTER),
    };
    let question = replay.question();
    let mut answer = whole(&cloud, &question);
    // Errors of minute 12 never came.
    let bad = answer.metrics[0].canary.bad.take().expect("all are there");
    let rest = bad.points().filter(|(number, _)| *number != minute(12));
    answer.metrics[0].canary.bad = Some(rest.map(|(at, value)| (start_of(at), value)).collect());
    let replayed = replay.judge(&answer).expect("it is whole");
    assert_eq!(replayed.minutes[12].fate, Fate::Dropped(Why::Incomplete));
    answer.failure = Some("CloudWatch answered for Errors: Forbidden".to_owned());
    answer.metrics[0].stable.bad = None;
    let error = replay.judge(&answer).unwrap_err();
    assert_eq!(error, "CloudWatch answered for Errors: Forbidden");
}

#[test]
fn bursts_are_measured_in_the_hours_before() {
    let cloud = Cloud::steady(30, [60, 0, 540, 0]);
    let (versions, stretches, rules) = (versions(), stretches(&cloud), rules());
    let replay = Replay {
        rules: &rules,
        versions: &versions,
        timeout: TIMEOUT,
        stretches: &stretches,
        now: at(LONG_AFTER),
    };
    let question = replay.question();
    let history = question.history.expect("it is asked for");
    assert_eq!(history.to, at(0) - SignedDuration::from_mins(2));
    assert_eq!(history.from, at(0) - SignedDuration::from_mins(182));
    let mut answer = whole(&cloud, &question);
    // Errors come in sixes; the window itself, on the same series, is full of them and not asked.
    let series = |bad: bool| -> Series {
        (-182..30)
            .map(|number| {
                let burst = if number % 6 == 0 { 6.0 } else { 0.0 };
                let errors = if number < -2 { burst } else { 500.0 };
                (start_of(minute(number)), if bad { errors } else { 600.0 })
            })
            .collect()
    };
    answer.metrics[0].history = Pair {
        total: Some(series(false)),
        bad: Some(series(true)),
    };
    let replayed = replay.judge(&answer).expect("it is whole");
    let bursts = replayed.finding.metrics[0]
        .bursts
        .expect("they are measured");
    assert!((4.0..6.5).contains(&bursts), "{bursts}");
}

/// A metric that is written only where something is bad is silent otherwise.
#[test]
fn metrics_of_ones_own_count_by_the_minute_too() {
    let own = MetricRule {
        name: "refused".to_owned(),
        source: Source::Own {
            bad: OwnMetric {
                namespace: "Shop".to_owned(),
                metric: "Refused".to_owned(),
                dimensions: Vec::new(),
            },
            total: None,
        },
        ..MetricRule::errors()
    };
    let mut rules = rules();
    rules.metrics.push(own);
    let cloud = Cloud::steady(20, [60, 0, 540, 0]);
    let (versions, stretches) = (versions(), stretches(&cloud));
    let replay = Replay {
        rules: &rules,
        versions: &versions,
        timeout: TIMEOUT,
        stretches: &stretches,
        now: at(LONG_AFTER),
    };
    let mut answer = whole(&cloud, &replay.question());
    let bad = |points: Vec<(Timestamp, f64)>| Some(points.into_iter().collect::<Series>());
    let MetricCounts { canary, stable, .. } = &mut answer.metrics[1];
    canary.bad = bad(vec![(at(5 * 60), 20.0)]);
    stable.bad = bad(Vec::new());
    let replayed = replay.judge(&answer).expect("it is whole");
    let Ending::Regression(Regression::Worse { metric, .. }) = &replayed.ending else {
        panic!("{:?}", replayed.ending)
    };
    assert_eq!(metric, "refused");
    // A missing point of the stable version's is a zero only once the minute has settled.
    assert_eq!(replayed.at, Some(at(8 * 60 + 10)));
    let Fate::Judged { metrics, .. } = &replayed.minutes[5].fate else {
        panic!("{:?}", replayed.minutes[5])
    };
    assert!(metrics.iter().all(Option::is_some));
}
