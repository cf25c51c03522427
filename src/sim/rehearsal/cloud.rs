//! One alias' traffic and its metrics: what has been published by when.

use rand::RngExt;

use super::chances::{About, Chances, MINUTE};
use super::scenario::Scenario;
use super::traffic::{Cell, Laws, Requests, Routing, Side, Traffic};
use crate::sim::metrics::emission::DELAYS;

/// So many minutes before the rollout's start does the traffic begin: the judge looks back for an
/// hour and two minutes, counted in whole ones.
pub(super) const BEFORE: i64 = 64;

/// An alias under traffic.
#[derive(Debug, Clone)]
pub(super) struct Cloud<'a> {
    traffic: Traffic<'a>,
    routing: Routing,
    delays: Delays,
    /// In which second of the minute alarms are evaluated.
    pub alarm_phase: i64,
}

/// The seconds after which each series takes in what has become known.
#[derive(Debug, Clone, Copy)]
struct Delays {
    alias: Delay,
    stable: Delay,
    canary: Delay,
}

#[derive(Debug, Clone, Copy)]
struct Delay {
    requests: i64,
    failed: i64,
    durations: i64,
}

/// Whose series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Alias,
    Stable,
    Canary,
}

/// Which one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    /// `Invocations`.
    Requests,
    /// `Errors`; a minute with requests has a point, be it zero.
    Failed,
    /// `Duration`, how many.
    Timed,
    /// `Duration`, how many above the limit.
    Slow,
}

impl<'a> Cloud<'a> {
    /// An alias at the stable version, an hour before the rollout's start.
    pub fn new(scenario: &'a Scenario, chances: &'a Chances, laws: &'a Laws, began: i64) -> Self {
        let mut stream = chances.about(About::Run);
        let mut delay = || Delay {
            requests: stream.random_range(DELAYS),
            failed: stream.random_range(DELAYS),
            durations: stream.random_range(DELAYS),
        };
        let delays = Delays {
            alias: delay(),
            stable: delay(),
            canary: delay(),
        };
        let from = (began.div_euclid(MINUTE) - BEFORE) * MINUTE;
        Self {
            traffic: Traffic::new(scenario, chances, laws, from, began),
            routing: Routing::Stable,
            delays,
            alarm_phase: stream.random_range(0..MINUTE),
        }
    }

    /// Lets time pass until that second. Only whole minutes are drawn, so that it makes no
    /// difference when somebody looks.
    pub fn pass_to(&mut self, second: i64) {
        let minute = second.div_euclid(MINUTE) * MINUTE;
        self.traffic.draw_to(minute, self.routing);
    }

    /// Sends the requests elsewhere from that second on.
    pub fn route(&mut self, routing: Routing, second: i64) {
        self.traffic.draw_to(second, self.routing);
        self.routing = routing;
    }

    /// The canary's requests until the last change of the routing, and in whole minutes since.
    pub fn canary(&self) -> Requests {
        self.traffic.canary()
    }

    /// The points of a series that are published by that second, of the minutes from `from` to
    /// before `to`, oldest first.
    pub fn points(
        &self,
        whose: Whose,
        metric: Metric,
        (from, to): (i64, i64),
        second: i64,
    ) -> Vec<(i64, u64)> {
        let shown = second - self.delay(whose, metric);
        let mut points: Vec<(i64, u64)> = Vec::new();
        for cell in self.traffic.since(from) {
            if cell.minute >= to {
                break;
            }
            if cell.known > shown || !whose.counts(cell) {
                continue;
            }
            let value = match metric {
                Metric::Requests | Metric::Timed => cell.requests,
                Metric::Failed => cell.failed,
                Metric::Slow => cell.slow,
            };
            match points.last_mut() {
                Some((minute, sum)) if *minute == cell.minute => *sum += value,
                _ => points.push((cell.minute, value)),
            }
        }
        points
    }

    fn delay(&self, whose: Whose, metric: Metric) -> i64 {
        let delay = match whose {
            Whose::Alias => self.delays.alias,
            Whose::Stable => self.delays.stable,
            Whose::Canary => self.delays.canary,
        };
        match metric {
            Metric::Requests => delay.requests,
            Metric::Failed => delay.failed,
            Metric::Timed | Metric::Slow => delay.durations,
        }
    }
}

impl Whose {
    fn counts(self, cell: &Cell) -> bool {
        match self {
            Self::Alias => true,
            Self::Stable => cell.weighted && cell.side == Side::Stable,
            Self::Canary => cell.weighted && cell.side == Side::Canary,
        }
    }
}

#[cfg(test)]
#[path = "cloud_tests.rs"]
mod tests;
