//! Requests at their rates, known when they should be.

use super::*;

const BEGAN: i64 = 6_000;

/// Totals over so many runs of the seconds from 6,000 to 6,000 + `seconds`.
fn drawn(scenario: &Scenario, routing: Routing, seconds: i64, runs: u64) -> Vec<Cell> {
    let laws = Laws::new(scenario, Some(60));
    let mut cells = Vec::new();
    for run in 0..runs {
        let chances = Chances::new(1, run);
        let mut traffic = Traffic::new(scenario, &chances, &laws, BEGAN, BEGAN);
        traffic.draw_to(BEGAN + seconds, routing);
        cells.extend_from_slice(traffic.since(0));
    }
    cells
}

fn sum(cells: &[Cell], of: impl Fn(&Cell) -> u64) -> f64 {
    cells.iter().map(of).sum::<u64>() as f64
}

fn of_side(cells: &[Cell], side: Side) -> Vec<Cell> {
    let of = cells.iter().filter(|cell| cell.side == side);
    of.copied().collect()
}

/// Within five standard deviations of a Poisson number.
#[track_caller]
fn near(found: f64, mean: f64) {
    assert!(
        (found - mean).abs() < 5.0 * mean.sqrt(),
        "{found} for {mean}"
    );
}

#[test]
fn requests_come_at_their_rate_and_fail_at_theirs() {
    let scenario = Scenario::steady(20.0, 0.01, 0.2);
    let cells = drawn(&scenario, Routing::Weighted(0.1), 600, 50);
    let [stable, canary] = [Side::Stable, Side::Canary].map(|side| of_side(&cells, side));
    near(sum(&stable, |cell| cell.requests), 540_000.0);
    near(sum(&canary, |cell| cell.requests), 60_000.0);
    near(sum(&stable, |cell| cell.failed), 5_400.0);
    near(sum(&canary, |cell| cell.failed), 12_000.0);
    assert!(cells.iter().all(|cell| cell.weighted));
    // 0.2330 of durations around 50 ms take longer than 60.
    near(sum(&stable, |cell| cell.slow), 540_000.0 * 0.232_9);
    for (routing, side) in [
        (Routing::Stable, Side::Stable),
        (Routing::Canary, Side::Canary),
    ] {
        let cells = drawn(&scenario, routing, 60, 3);
        assert!(cells.iter().all(|cell| cell.side == side && !cell.weighted));
        near(sum(&cells, |cell| cell.requests), 3_600.0);
    }
}

#[test]
fn a_tenth_is_known_half_a_minute_later_and_what_ends_later_a_minute() {
    let mut scenario = Scenario::steady(20.0, 0.1, 0.1);
    scenario.latency.stable_ms = 6_000.0;
    let cells = drawn(&scenario, Routing::Stable, 600, 50);
    let after = |seconds| {
        let known = |cell: &&Cell| cell.known == (cell.minute + 1) * MINUTE + seconds;
        let cells: Vec<Cell> = cells.iter().filter(known).copied().collect();
        cells
    };
    // A tenth of a minute, and a little more: the mean of the durations is above their median.
    let later = 0.1 * (0.25_f64 * 0.25 / 2.0).exp();
    let mut all = 0.0;
    for (seconds, share) in [
        (0, (1.0 - later) * 0.9),
        (LATE, (1.0 - later) * 0.1),
        (MINUTE, later * 0.9),
        (MINUTE + LATE, later * 0.1),
    ] {
        let cells = after(seconds);
        let requests = sum(&cells, |cell| cell.requests);
        // Which seconds are late is drawn for all requests of the minute together.
        let expected = 600_000.0 * share;
        assert!(
            (requests / expected - 1.0).abs() < 0.1,
            "{seconds}: {requests} for {expected}"
        );
        let failed = sum(&cells, |cell| cell.failed);
        assert!(
            (failed / requests - 0.1).abs() < 0.01,
            "{seconds}: {failed}"
        );
        all += requests;
    }
    assert!((all - sum(&cells, |cell| cell.requests)).abs() < 0.5);
}

#[test]
fn changes_happen_at_their_second() {
    let scenario = Scenario {
        canary_from: 1.5,
        outages: vec![super::super::Outage {
            start: 3.0,
            minutes: 0.5,
            errors: 1.0,
        }],
        ..Scenario::steady(20.0, 0.0, 1.0)
    };
    let cells = drawn(&scenario, Routing::Weighted(0.5), 300, 20);
    let failed = |side, minute: i64| {
        let cells: Vec<Cell> = of_side(&cells, side);
        let of = |cell: &&Cell| cell.minute == BEGAN / 60 + minute;
        sum(
            &cells.iter().filter(of).copied().collect::<Vec<_>>(),
            |cell| cell.failed,
        )
    };
    for (minute, canary, stable) in [
        (0, 0.0, 0.0),
        (1, 6_000.0, 0.0),
        (2, 12_000.0, 0.0),
        (3, 12_000.0, 6_000.0),
        (4, 12_000.0, 0.0),
    ] {
        near(failed(Side::Canary, minute), canary + 1e-9);
        near(failed(Side::Stable, minute), stable + 1e-9);
    }
}

#[test]
fn bursts_meet_a_version_whole_and_by_its_share() {
    let scenario = Scenario {
        bursts: Some(super::super::Bursts {
            size: 7,
            per_hour: 60.0,
        }),
        ..Scenario::steady(0.001, 0.0, 0.0)
    };
    let cells = drawn(&scenario, Routing::Weighted(0.2), 3_600, 50);
    let bursts: Vec<Cell> = cells
        .iter()
        .filter(|cell| cell.failed > 0)
        .copied()
        .collect();
    assert!(
        bursts
            .iter()
            .all(|cell| cell.failed % 7 == 0 && cell.requests == cell.failed)
    );
    let [stable, canary] = [Side::Stable, Side::Canary].map(|side| of_side(&bursts, side));
    near(sum(&stable, |cell| cell.failed / 7), 2_400.0);
    near(sum(&canary, |cell| cell.failed / 7), 600.0);
}

#[test]
fn the_canarys_requests_are_counted_as_they_are_drawn() {
    let scenario = Scenario::steady(20.0, 0.0, 0.5);
    let (laws, chances) = (Laws::new(&scenario, None), Chances::new(1, 1));
    let mut traffic = Traffic::new(&scenario, &chances, &laws, BEGAN, BEGAN);
    traffic.draw_to(BEGAN + 90, Routing::Weighted(0.5));
    let canary = of_side(traffic.since(0), Side::Canary);
    let requests = Requests {
        all: canary.iter().map(|cell| cell.requests).sum(),
        failed: canary.iter().map(|cell| cell.failed).sum(),
    };
    assert_eq!(traffic.canary(), requests);
    assert!(requests.failed > 300 && requests.all > 700);
    let minute = BEGAN / 60 + 1;
    assert!(
        traffic
            .since(minute)
            .iter()
            .all(|cell| cell.minute == minute)
    );
}
