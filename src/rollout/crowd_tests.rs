//! How often one of many looks, and when it starts.

use super::*;

const POLICY: Limits = Limits {
    poll: SignedDuration::from_secs(15),
    longest: SignedDuration::from_hours(1),
    error_budget: SignedDuration::from_mins(2),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

#[test]
fn the_poll_is_a_sixth_of_a_second_for_each_rollout() {
    for (running, poll) in [
        (0, 15),
        (1, 15),
        (90, 15),
        (120, 20),
        (600, 100),
        (900, 150),
        (5_000, 300),
    ] {
        let limits = POLICY.among(running, 0.5);
        assert_eq!(limits.poll.as_secs(), poll, "{running}");
        assert_eq!(limits.longest, POLICY.longest);
    }
}

#[test]
fn jitter_is_a_tenth_either_way_and_never_looks_more_often_than_the_policy() {
    let poll = |running, jitter| POLICY.among(running, jitter).poll.as_secs_f64();
    assert!((poll(900, 0.0) - 135.0).abs() < 1e-6);
    assert!((poll(900, 1.0) - 165.0).abs() < 1e-6);
    assert!((poll(96, 0.0) - 15.0).abs() < 1e-6);
    assert_eq!(POLICY.among(90, 0.0), POLICY);
    assert_eq!(POLICY.among(90, 1.0), POLICY);
    assert_eq!(POLICY.among(900, 7.0), POLICY.among(900, 1.0));
    let slow = Limits {
        poll: SignedDuration::from_mins(3),
        ..POLICY
    };
    assert_eq!(slow.among(1_000, 1.0), slow);
}

/// Three looks that fail are not enough, whatever their jitter; an outage of three intervals is.
#[test]
fn the_budget_of_many_lasts_for_four_looks() {
    for running in [900, 1_800, 9_000] {
        let limits = |jitter| POLICY.among(running, jitter);
        let (again, least) = (limits(1.0).look_again(&POLICY), limits(0.0).poll);
        let budget = limits(0.3).error_budget;
        assert!(
            again * 3 <= budget && least * 3 > budget,
            "{running}: {budget:?}"
        );
    }
    assert_eq!(POLICY.among(200, 0.5).error_budget, POLICY.error_budget);
    assert_eq!(POLICY.among(150, 0.5).look_again(&POLICY), POLICY.poll);
}

#[test]
fn starts_follow_each_other_and_a_lonely_one_waits_for_nobody() {
    assert_eq!(start_after(Vec::new(), at(5)), at(5));
    assert_eq!(start_after(vec![at(5); 20], at(5)), at(5));
    assert_eq!(start_after(vec![at(5); 21], at(5)), at(6));
    // A hundred in the same second: one a second, in whatever order they are listed.
    let mut before: Vec<Timestamp> = (0..100).map(|_| at(0)).collect();
    assert_eq!(start_after(before.clone(), at(0)), at(80));
    before.push(at(-3_000));
    assert_eq!(start_after(before.clone(), at(0)), at(80));
    before.reverse();
    assert_eq!(start_after(before, at(0)), at(80));
    // A thousand that run since long ago have all started.
    let running = (0..1_000).map(|number| at(number - 5_000)).collect();
    assert_eq!(start_after(running, at(0)), at(0));
    let endless = vec![at(0); 10_000];
    assert_eq!(start_after(endless, at(0)), at(2_400));
}

#[test]
fn a_count_lasts_longer_the_more_there_are() {
    let crowd = |running| Crowd {
        running,
        counted_at: at(0),
    };
    assert!(!crowd(1).is_old(at(59)) && crowd(1).is_old(at(60)));
    assert!(!crowd(1_000).is_old(at(666)) && crowd(1_000).is_old(at(667)));
}

#[test]
fn jitter_is_spread_evenly_over_rollouts_and_looks() {
    let mut tenths = [0_u32; 10];
    for rollout in 0..100 {
        for look in 0..100 {
            let number = jitter(&format!("d-{rollout:09}"), look);
            tenths[(number * 10.0) as usize] += 1;
        }
    }
    assert!(
        tenths.iter().all(|count| (850..1_150).contains(count)),
        "{tenths:?}"
    );
    assert!((jitter("d-1", 3) - jitter("d-1", 3)).abs() < f64::EPSILON);
}
