//! Chances against what is known of them, and against durations drawn one by one.

use rand::RngExt;

use super::*;
use crate::sim::traffic::Behaviour;

fn usual(median: f64) -> Durations {
    let sigma = Behaviour::default().latency_sigma;
    Durations { median, sigma }
}

#[test]
fn the_normal_distribution() {
    for (x, expected) in [
        (0.0, 0.5),
        (1.0, 0.841_344_746_068_543),
        (-1.959_963_984_540_054, 0.025),
        (3.0, 0.998_650_101_968_370),
        (-6.0, 9.865_876_450_377e-10),
        (9.0, 1.0),
        (-9.0, 0.0),
    ] {
        let found = normal(x);
        assert!((found - expected).abs() < 1e-14, "{x}: {found}");
    }
}

/// The model whose durations the whole simulated AWS draws one by one.
#[test]
fn durations_are_as_the_model_of_traffic_draws_them() {
    for (median, limit) in [(50.0, 60.0), (90.0, 100.0), (40_000.0, 30_000.0)] {
        let behaviour = Behaviour {
            latency_ms: median,
            ..Behaviour::default()
        };
        let mut stream = stream(3, "durations");
        let draws = 20_000;
        let drawn: Vec<f64> = (0..draws)
            .map(|_| behaviour.duration(&mut stream))
            .collect();
        let share = |of: &dyn Fn(f64) -> bool| {
            drawn.iter().filter(|drawn| of(**drawn)).count() as f64 / f64::from(draws)
        };
        let above = usual(median).above(limit);
        assert!(
            (share(&|drawn| drawn > limit) - above).abs() < 0.015,
            "{median}"
        );

        // Requests that begin evenly within a minute, and how many minutes later they end.
        let ends: Vec<f64> = drawn
            .iter()
            .map(|drawn| ((stream.random::<f64>() * 60_000.0 + drawn) / 60_000.0).floor())
            .collect();
        let mut chance = 1.0;
        for (minutes, later) in usual(median).later_minutes().iter().enumerate() {
            chance *= later;
            let minutes = minutes as f64 + 1.0;
            let count = ends.iter().filter(|ends| **ends >= minutes).count();
            let share = count as f64 / f64::from(draws);
            assert!(
                (share - chance).abs() < 0.015,
                "{median} {minutes}: {share} {chance}"
            );
        }
    }
}

#[test]
fn the_shortest_and_the_longest_durations() {
    let brief = usual(0.01).later_minutes();
    assert!(brief.len() == 1 && brief[0] < 1e-6, "{brief:?}");
    // Cut off at a quarter of an hour: it ends in the fifteenth minute after at the latest.
    let long = usual(LONGEST_MS).later_minutes();
    assert_eq!(long.len(), 15);
    assert!(usual(LONGEST_MS).above(LONGEST_MS) == 0.0);
    assert!((usual(LONGEST_MS).above(LONGEST_MS - 1.0) - 0.5).abs() < 1e-3);
}

#[test]
fn streams_are_told_apart_by_what_they_are_about() {
    let chances = Chances::new(1, 2);
    let draw = |chances: &Chances, about| chances.about(about).random::<u64>();
    let abouts = [
        About::Second,
        About::Run,
        About::Minute(5),
        About::Stable(5),
        About::Canary(5),
        About::Stable(6),
    ];
    let mut drawn: Vec<u64> = abouts.map(|about| draw(&chances, about)).to_vec();
    assert_eq!(drawn, abouts.map(|about| draw(&chances, about)));
    drawn.push(draw(&Chances::new(1, 3), About::Run));
    drawn.push(draw(&Chances::new(2, 2), About::Run));
    let all = drawn.len();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), all);
}

#[test]
fn nothing_happens_without_a_chance() {
    let mut stream = stream(1, "none");
    assert_eq!(poisson(0.0, &mut stream), 0);
    assert_eq!(binomial(0, 0.5, &mut stream), 0);
    assert_eq!(binomial(7, 0.0, &mut stream), 0);
    assert_eq!(binomial(7, 1.0, &mut stream), 7);
    let mean = (0..2000).map(|_| poisson(3.0, &mut stream)).sum::<u64>() as f64 / 2000.0;
    assert!((mean - 3.0).abs() < 0.2, "{mean}");
}
