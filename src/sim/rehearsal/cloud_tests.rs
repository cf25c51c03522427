//! Series: whose, when, and how they are revised.

use super::*;

const BEGAN: i64 = 1_800_000_000;
const THIS: i64 = BEGAN / MINUTE;

/// A cloud over steady traffic, of which half fails.
fn with_cloud(look: impl FnOnce(&mut Cloud<'_>)) {
    let scenario = Scenario::steady(10.0, 0.5, 0.5);
    let (laws, chances) = (Laws::new(&scenario, Some(50)), Chances::new(1, 1));
    let mut cloud = Cloud::new(&scenario, &chances, &laws, BEGAN);
    cloud.route(Routing::Weighted(0.5), BEGAN);
    look(&mut cloud);
}

fn minutes(points: &[(i64, u64)]) -> Vec<i64> {
    points.iter().map(|(minute, _)| minute - THIS).collect()
}

#[test]
fn there_are_series_by_version_only_while_there_are_weights() {
    with_cloud(|cloud| {
        cloud.pass_to(BEGAN + 120);
        cloud.route(Routing::Stable, BEGAN + 120);
        cloud.pass_to(BEGAN + 600);
        let later = BEGAN + 3_600;
        let points = |whose| {
            let points = cloud.points(whose, Metric::Requests, (THIS - 2, THIS + 4), later);
            minutes(&points)
        };
        assert_eq!(points(Whose::Stable), [0, 1]);
        assert_eq!(points(Whose::Canary), [0, 1]);
        assert_eq!(points(Whose::Alias), [-2, -1, 0, 1, 2, 3]);
        let of = |whose| cloud.points(whose, Metric::Failed, (THIS, THIS + 1), later)[0].1;
        assert_eq!(of(Whose::Alias), of(Whose::Stable) + of(Whose::Canary));
    });
}

#[test]
fn series_are_published_one_by_one_and_revised() {
    with_cloud(|cloud| {
        cloud.pass_to(BEGAN + 60);
        let at = |metric, seconds| {
            let points = cloud.points(Whose::Canary, metric, (THIS, THIS + 1), BEGAN + seconds);
            points.first().map(|(_, count)| *count)
        };
        let mut seen = Vec::new();
        for metric in [Metric::Requests, Metric::Failed, Metric::Timed] {
            let first = (60..=220)
                .find(|second| at(metric, *second).is_some())
                .unwrap();
            let delay = first - 60;
            assert!(DELAYS.contains(&delay), "{delay}");
            assert!(
                at(metric, first) < at(metric, first + 30),
                "a tenth is late"
            );
            seen.push(first);
        }
        assert!(seen[0] != seen[1] || seen[1] != seen[2], "{seen:?}");
        // What is slow is of the same series as how many there are.
        let slow = |second| at(Metric::Slow, second).is_some();
        assert!(!slow(seen[2] - 1) && slow(seen[2]));
        assert!(at(Metric::Slow, 220) < at(Metric::Timed, 220));
    });
}

#[test]
fn it_makes_no_difference_when_somebody_looks() {
    let (mut often, mut once) = (Vec::new(), Vec::new());
    let all = |cloud: &Cloud<'_>| {
        let span = (THIS - BEFORE, THIS + 5);
        cloud.points(Whose::Alias, Metric::Requests, span, i64::MAX / 2)
    };
    with_cloud(|cloud| {
        (0..305).for_each(|second| cloud.pass_to(BEGAN + second));
        often = all(cloud);
    });
    with_cloud(|cloud| {
        cloud.pass_to(BEGAN + 305);
        once = all(cloud);
    });
    assert_eq!(often, once);
    assert_eq!(once.len(), 64 + 5);
}
