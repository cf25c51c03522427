//! What holds for every schedule of looks, and in what share of many rollouts.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::super::bench::*;
use super::super::timeline::Kind;
use super::*;

const MINUTES: i64 = 40;

fn clouds() -> impl Strategy<Value = Cloud> {
    let side = || (0u64..200).prop_flat_map(|all| (Just(all), 0..=all));
    let counts = (side(), side());
    prop::collection::vec(counts, MINUTES as usize).prop_map(|minutes| {
        let minutes = minutes.into_iter().enumerate();
        let minutes = minutes.map(|(number, ((canary, canary_bad), (stable, stable_bad)))| {
            (
                minute(number as i64),
                [canary, canary_bad, stable, stable_bad],
            )
        });
        Cloud {
            minutes: minutes.collect(),
        }
    })
}

/// Looks: seconds since the one before; share in hundredths of a percent; whether the answer is
/// lost.
fn schedules() -> impl Strategy<Value = Vec<(i64, u16, bool)>> {
    let share = prop::sample::select(vec![1_000, 1_000, 1_000, 1_000, 5_000]);
    prop::collection::vec((1i64..150, share, prop::bool::weighted(0.1)), 1..60)
}

/// All minutes at once, by what the looks saw.
fn at_once(cloud: &Cloud, memory: &Memory, timeline: &dyn Fn(i64) -> Kind, until: i64) -> Entry {
    let settings = rules().settings(&memory.bursts)[0];
    let mut entry = Entry::default();
    for (minute, counts) in cloud.minutes.range(..until) {
        let [canary, canary_bad, stable, stable_bad] = *counts;
        if let Kind::Split(_) = timeline(*minute) {
            let tally = |all, bad| evidence::Tally::new(all, bad).unwrap();
            let counts = evidence::Counts {
                canary: tally(canary, canary_bad),
                stable: tally(stable, stable_bad),
            };
            entry.evidence.take(&settings, &counts);
        }
    }
    entry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Closed minutes and young ones on top are all minutes at once, bit by bit, however often
    /// and when they were fetched, and however many fetches were lost.
    #[test]
    fn closed_and_young_minutes_are_all_minutes(cloud in clouds(), schedule in schedules()) {
        let rules = rules();
        let mut memory = shifted();
        let mut whole = memory.timeline.clone();
        let mut now = 0;
        for (wait, share, lost) in schedule {
            now += wait;
            whole.saw(share, at(now));
            memory.saw(share, at(now));
            let Some(question) = rules.question(&memory, &versions(), at(now)) else { continue };
            if lost {
                continue;
            }
            memory = rules.weigh(&memory, TIMEOUT, at(now), &cloud.answer(&question));
            let published = minute(0) + (now - 60).div_euclid(60);
            let kind = |minute| whole.kind(minute);
            let expected = at_once(&cloud, &memory, &kind, published);
            let found = &memory.finding().unwrap().metrics[0];
            prop_assert_eq!(found.log_e, expected.evidence.log_e_rollback());
            if let Some(entry) = memory.books.entries.first() {
                let closed = at_once(&cloud, &memory, &kind, memory.books.until.unwrap());
                prop_assert_eq!(&entry.evidence, &closed.evidence);
            }
        }
    }

    /// A tick that comes twice, with its answer or with an older one, leaves the same behind once
    /// the next fetch has come.
    #[test]
    fn doubled_looks_make_no_difference(cloud in clouds(), schedule in schedules()) {
        let rules = rules();
        let (mut once, mut twice) = (shifted(), shifted());
        let mut now = 0;
        for (wait, share, again) in schedule {
            now += wait;
            look(&rules, &mut once, share, now, |question| cloud.answer(question));
            look(&rules, &mut twice, share, now, |question| cloud.answer(question));
            if again {
                look(&rules, &mut twice, share, now, |question| cloud.answer(question));
            }
            prop_assert_eq!(&once.books, &twice.books);
            prop_assert_eq!(&once.timeline, &twice.timeline);
        }
    }

    /// Whatever part of a minute's points is there: a canary that fails like the stable version,
    /// number by number, is never worse.
    #[test]
    fn half_published_minutes_of_an_outage_blame_nobody(
        rate in 0u64..=60,
        delays in prop::array::uniform4(60i64..240),
        looks in prop::collection::vec(1i64..40, 1..60),
    ) {
        let cloud = Cloud::steady(MINUTES, [60, rate, 540, rate * 9]);
        let rules = rules();
        let mut memory = shifted();
        let mut now = 0;
        for wait in looks {
            now += wait;
            look(&rules, &mut memory, 1_000, now, |question| {
                // Each series is published by itself, so many seconds after the minute began.
                cloud.published(question, |whose, minute| {
                    at(now).as_second() - minute * 60 >= delays[whose as usize] + 60
                })
            });
            if let Some(finding) = memory.finding() {
                prop_assert_eq!(&finding.regression, &None);
                prop_assert_eq!(&finding.doubt, &None);
            }
        }
    }
}

/// One rollout of half an hour with a look every 15 seconds; whether the canary was blamed.
fn blamed(random: &mut ChaCha8Rng, canary: impl Fn(f64) -> f64) -> bool {
    let mut cloud = Cloud::default();
    let outage = random.random_range(3..25);
    for number in 0..30 {
        let shared = if (outage..outage + 4).contains(&number) {
            0.5
        } else {
            0.01
        };
        let mut draw = |n: u64, p: f64| Binomial::new(n, p).unwrap().sample(random);
        let requests = draw(600, 0.1);
        let bad = [draw(requests, canary(shared)), draw(600 - requests, shared)];
        let counts = [requests, bad[0], 600 - requests, bad[1]];
        cloud.minutes.insert(minute(number), counts);
    }
    let mut memory = shifted();
    (0..1_800).step_by(30).any(|second| {
        look(&rules(), &mut memory, 1_000, second, |question| {
            cloud.answer(question)
        });
        memory
            .finding()
            .is_some_and(|found| found.regression.is_some())
    })
}

#[test]
fn outages_of_both_blame_a_healthy_canary_no_more_often_than_alpha_and_a_bad_one_is_found() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let healthy = (0..300)
        .filter(|_| blamed(&mut random, |shared| shared))
        .count();
    // Alpha makes 3 of 300; this many happen by chance once in a thousand.
    assert!(healthy <= 9, "{healthy} of 300");
    let worse = (0..50)
        .filter(|_| blamed(&mut random, |shared| shared + 0.05))
        .count();
    assert!(worse >= 45, "{worse} of 50");
}
