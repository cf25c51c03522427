//! Steps are found, and what is steady is left alone.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::*;

/// A full minute.
const ZERO: i64 = 30_000_000;

fn at(minute: i64, second: i64) -> Timestamp {
    Timestamp::from_second((ZERO + minute) * MINUTE + second).unwrap()
}

/// Both versions' requests, each minute with its number of requests and the canary's share.
fn drawn(minutes: &[(u64, f64)], seed: u64) -> (Series, Series) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut canary, mut stable) = (Vec::new(), Vec::new());
    for (number, (all, share)) in minutes.iter().enumerate() {
        let hits = Binomial::new(*all, *share).unwrap().sample(&mut random);
        let start = at(number as i64, 0);
        // Lambda shows no point for a minute without requests.
        canary.extend((hits > 0).then_some((start, hits as f64)));
        stable.extend((hits < *all).then_some((start, (all - hits) as f64)));
    }
    (canary.into_iter().collect(), stable.into_iter().collect())
}

fn stretches(minutes: &[(u64, f64)], seed: u64, named: &[Timestamp]) -> Stretches {
    let (canary, stable) = drawn(minutes, seed);
    Stretches::of(&canary, &stable, named).expect("both have requests")
}

/// First and last minute of each stretch, counted from the test's zero, and its share.
fn found(of: &Stretches) -> Vec<(i64, i64, u16)> {
    let stretches = of.stretches().iter();
    stretches
        .map(|it| (it.first - ZERO, it.last - ZERO, it.share))
        .collect()
}

#[test]
fn steps_are_found_wherever_in_a_minute_they_come() {
    // The minute of the change itself has a tenth, a half or nine tenths of the old share.
    for mixed in [0.14, 0.3, 0.46] {
        let mut minutes = vec![(600, 0.1); 8];
        minutes.push((600, mixed));
        minutes.extend([(600, 0.5); 8]);
        for seed in 0..50 {
            let split = stretches(&minutes, seed, &[]);
            let [low, high] = found(&split)[..] else {
                panic!("{mixed} {seed}: {:?}", found(&split))
            };
            assert_eq!((low.0, high.1), (1, 15), "first and last are left out");
            assert!((700..1_300).contains(&low.2) && (4_600..5_400).contains(&high.2));
            assert!((6..=7).contains(&low.1) && (9..=10).contains(&high.0));
            assert_eq!(split.change(ZERO + 8), Some(Change::Found));
        }
    }
}

#[test]
fn a_rollout_that_pauses_is_two_with_nothing_between() {
    let mut minutes = vec![(600, 0.2); 6];
    minutes.extend([(600, 0.0); 6]);
    minutes.extend([(600, 0.2); 6]);
    let split = stretches(&minutes, 7, &[]);
    let shares: Vec<bool> = split.stretches().iter().map(|it| it.share > 0).collect();
    assert_eq!(shares, [true, false, true], "{split:?}");
}

/// What the module promises: a steady share is taken to have changed at most once in a thousand
/// windows. In 3,000 windows of each kind that would be three; 12 has a chance below 1e-4.
#[test]
fn a_steady_share_is_hardly_ever_taken_to_have_changed() {
    for (requests, share, minutes) in [
        (600, 0.1, 60),
        (20, 0.1, 60),
        (5_000, 0.01, 30),
        (60, 0.5, 120),
    ] {
        let window = vec![(requests, share); minutes];
        let wrong = (0..3_000).filter(|seed| {
            let split = stretches(&window, *seed, &[]);
            split.stretches().len() > 1
        });
        let wrong = wrong.count();
        assert!(wrong < 12, "{requests} {share}: {wrong}");
    }
}

/// Traffic that comes and goes is no change of the share.
#[test]
fn traffic_may_change_without_the_share() {
    let minutes: Vec<(u64, f64)> = (0..60)
        .map(|minute| (20 + 400 * (minute % 3), 0.1))
        .collect();
    for seed in 0..100 {
        assert_eq!(
            stretches(&minutes, seed, &[]).stretches().len(),
            1,
            "{seed}"
        );
    }
}

#[test]
fn named_changes_are_taken_instead_with_what_follows_them() {
    let mut minutes = vec![(600, 0.1); 8];
    minutes.extend([(600, 0.5); 8]);
    let split = stretches(&minutes, 3, &[at(4, 30), at(9, 57)]);
    let spans: Vec<(i64, i64)> = found(&split).iter().map(|it| (it.0, it.1)).collect();
    // Five seconds after 9:57 are in the next minute. The step at 8 was not named.
    assert_eq!(spans, [(1, 3), (5, 8), (11, 14)]);
    assert_eq!(split.change(ZERO + 4), Some(Change::Named));
    assert_eq!(split.change(ZERO + 8), None);
    // Outside of the minutes of both, none matters.
    assert_eq!(stretches(&minutes, 3, &[at(-5, 0)]).stretches().len(), 1);
}

#[test]
fn only_minutes_of_both_versions_count() {
    let points = |minutes: &[i64]| -> Series { minutes.iter().map(|m| (at(*m, 0), 9.0)).collect() };
    let split = Stretches::of(
        &points(&[3, 4, 5, 6, 9]),
        &points(&[0, 1, 2, 3, 4, 5, 6, 7]),
        &[],
    );
    let split = split.expect("four are");
    assert_eq!((split.first, split.last), (ZERO + 3, ZERO + 6));
    assert_eq!(split.change(ZERO + 3), Some(Change::Began));
    assert_eq!(split.change(ZERO + 6), Some(Change::Ended));
    assert_eq!(found(&split), [(4, 5, 5_000)]);
    assert_eq!(Stretches::of(&points(&[1]), &points(&[2]), &[]), None);
    let one = Stretches::of(&points(&[2]), &points(&[2]), &[]).expect("one is");
    assert_eq!(found(&one), []);
}

#[test]
fn the_timeline_says_the_same() {
    use super::super::super::timeline::Kind;
    let mut minutes = vec![(600, 0.1); 8];
    minutes.extend([(600, 0.5); 8]);
    let split = stretches(&minutes, 3, &[]);
    let timeline = split.timeline();
    for minute in ZERO - 2..ZERO + 20 {
        let stretch = split
            .stretches()
            .iter()
            .find(|it| (it.first..=it.last).contains(&minute));
        let expected = match (split.change(minute), stretch) {
            (Some(_), _) => Kind::Change,
            (None, Some(stretch)) => Kind::Split(stretch.share),
            (None, None) => Kind::Whole,
        };
        assert_eq!(timeline.kind(minute), expected, "{}", minute - ZERO);
    }
}
