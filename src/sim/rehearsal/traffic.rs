//! Requests by the minute, and when CloudWatch gets to know of them.
//!
//! Of a Poisson stream that is split by chance, both parts are Poisson streams of their own. So the
//! good and the bad requests of each version are drawn by themselves, for as long a time as nothing
//! changes and at most for a minute.

use super::chances::{About, Chances, Durations, MINUTE, binomial, poisson};
use super::scenario::Scenario;
use crate::sim::metrics::emission::{LATE, LATE_SHARE};
use crate::sim::streams::Stream;
use crate::sim::traffic::Behaviour;

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Stable,
    Canary,
}

/// Who gets the requests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Routing {
    /// The stable version, all of them.
    Stable,
    /// The canary gets this share of them, by weights.
    Weighted(f64),
    /// The canary, all of them.
    Canary,
}

/// Requests that become known together: of one minute and one version, and ended in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// The minute in which they began, counted from 1970.
    pub minute: i64,
    /// The second at which their series begin to take them in.
    pub known: i64,
    pub side: Side,
    /// Whether the alias had weights: only then are there series by version.
    pub weighted: bool,
    pub requests: u64,
    pub failed: u64,
    /// Slower than the limit, where one is counted.
    pub slow: u64,
}

/// Requests and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requests {
    /// All of them.
    pub all: u64,
    /// Those that failed.
    pub failed: u64,
}

/// The traffic of one alias, drawn up to some second.
#[derive(Debug, Clone)]
pub(super) struct Traffic<'a> {
    scenario: &'a Scenario,
    chances: &'a Chances,
    laws: &'a Laws,
    /// The second at which the rollout starts.
    began: i64,
    /// The first second that is not drawn yet.
    next: i64,
    /// In the order of their minutes.
    cells: Vec<Cell>,
    canary: Requests,
}

/// What is reckoned once for all runs.
#[derive(Debug, Clone)]
pub(super) struct Laws {
    /// Seconds after the start at which something changes.
    changes: Vec<i64>,
    /// Of the stable version's durations, and of the canary's.
    durations: [Law; 2],
}

#[derive(Debug, Clone)]
struct Law {
    later_minutes: Vec<f64>,
    /// The chance of being slower than the limit; 0 if none is counted.
    slow: f64,
}

impl Laws {
    /// `slower_than`: the limit in milliseconds, where slow requests are counted.
    pub fn new(scenario: &Scenario, slower_than: Option<u32>) -> Self {
        let sigma = Behaviour::default().latency_sigma;
        let law = |median| {
            let durations = Durations { median, sigma };
            let slow = slower_than.map_or(0.0, |limit| durations.above(f64::from(limit)));
            Law {
                later_minutes: durations.later_minutes(),
                slow,
            }
        };
        Self {
            changes: scenario.changes(),
            durations: [
                law(scenario.latency.stable_ms),
                law(scenario.latency.canary_ms),
            ],
        }
    }
}

/// A time in which nothing changes, inside one minute.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
}

/// One version's part in such a time.
#[derive(Debug, Clone, Copy)]
struct Part {
    side: Side,
    /// Of the requests to the alias, 0 to 1.
    share: f64,
    /// Of its own requests that fail, 0 to 1.
    errors: f64,
}

impl<'a> Traffic<'a> {
    /// Traffic from that second on, for a rollout that starts at `began`.
    pub fn new(
        scenario: &'a Scenario,
        chances: &'a Chances,
        laws: &'a Laws,
        from: i64,
        began: i64,
    ) -> Self {
        Self {
            scenario,
            chances,
            laws,
            began,
            next: from,
            cells: Vec::new(),
            canary: Requests::default(),
        }
    }

    /// Draws everything before that second.
    pub fn draw_to(&mut self, second: i64, routing: Routing) {
        while self.next < second {
            let minute_ends = (self.next.div_euclid(MINUTE) + 1) * MINUTE;
            let since = self.next - self.began;
            let changes = &self.laws.changes;
            let change = changes.get(changes.partition_point(|at| *at <= since));
            let change = change.map_or(i64::MAX, |at| self.began + at);
            let span = Span {
                from: self.next,
                to: minute_ends.min(second).min(change),
            };
            self.draw(span, routing);
            self.next = span.to;
        }
    }

    /// What has been drawn from that minute on, oldest first.
    pub fn since(&self, minute: i64) -> &[Cell] {
        let from = self.cells.partition_point(|cell| cell.minute < minute);
        &self.cells[from..]
    }

    /// The canary's requests so far, published or not.
    pub fn canary(&self) -> Requests {
        self.canary
    }

    fn draw(&mut self, span: Span, routing: Routing) {
        let errors = self.scenario.errors_at((span.from - self.began) as f64);
        let shares = match routing {
            Routing::Stable => [1.0, 0.0],
            Routing::Weighted(share) => [1.0 - share, share],
            Routing::Canary => [0.0, 1.0],
        };
        let weighted = matches!(routing, Routing::Weighted(_));
        let minute = span.from.div_euclid(MINUTE);
        let seconds = binomial(
            MINUTE.unsigned_abs(),
            LATE_SHARE,
            &mut self.chances.about(About::Minute(minute)),
        );
        let late = seconds as f64 / MINUTE as f64;
        for side in [Side::Stable, Side::Canary] {
            let (share, errors) = (shares[side as usize], errors[side as usize]);
            let part = Part {
                side,
                share,
                errors,
            };
            if share > 0.0 {
                self.draw_part(span, part, weighted, late);
            }
        }
    }

    fn draw_part(&mut self, span: Span, part: Part, weighted: bool, late: f64) {
        let about = match part.side {
            Side::Stable => About::Stable(span.from),
            Side::Canary => About::Canary(span.from),
        };
        let mut stream = self.chances.about(about);
        let seconds = (span.to - span.from) as f64;
        let mean = self.scenario.rate * part.share * seconds;
        let failed = poisson(mean * part.errors, &mut stream);
        let all = poisson(mean * (1.0 - part.errors), &mut stream) + failed;
        let law = self.law(part.side, span.from);
        let minute = span.from.div_euclid(MINUTE);
        let cell = Cell {
            minute,
            known: (minute + 1) * MINUTE,
            side: part.side,
            weighted,
            requests: all,
            failed,
            slow: 0,
        };
        let from = self.cells.len();
        self.spread(cell, law, late, &mut stream);
        self.burst(cell, part.share * seconds, late, &mut stream);
        for cell in &mut self.cells[from..] {
            cell.slow = binomial(cell.requests, law.slow, &mut stream);
            if part.side == Side::Canary {
                self.canary.all += cell.requests;
                self.canary.failed += cell.failed;
            }
        }
    }

    /// Requests that end in later minutes, or whose second is one of the late ones, become known
    /// later.
    fn spread(&mut self, mut here: Cell, law: &Law, late: f64, stream: &mut Stream) {
        let mut later_minutes = law.later_minutes.iter();
        while here.requests > 0 {
            let later = later_minutes.next().copied().unwrap_or(0.0);
            let beyond = here.part(later, stream);
            let here_late = here.without(beyond).part(late, stream);
            self.put(here.without(beyond).without(here_late));
            self.put(here_late.after(LATE));
            here = beyond.after(MINUTE);
        }
    }

    /// `seconds`: how long all requests to the alias would take to be as many as this version's.
    fn burst(&mut self, cell: Cell, seconds: f64, late: f64, stream: &mut Stream) {
        let Some(bursts) = self.scenario.bursts else {
            return;
        };
        let count = poisson(bursts.per_hour / 3600.0 * seconds, stream);
        let late = binomial(count, late, stream);
        let size = u64::from(bursts.size);
        let failing = |bursts: u64| Cell {
            requests: bursts * size,
            failed: bursts * size,
            ..cell
        };
        self.put(failing(count - late));
        self.put(failing(late).after(LATE));
    }

    fn put(&mut self, cell: Cell) {
        if cell.requests > 0 {
            self.cells.push(cell);
        }
    }

    fn law(&self, side: Side, second: i64) -> &'a Law {
        let [stable, canary] = self.scenario.latency_at((second - self.began) as f64);
        // Until its fault begins the canary's requests take as long as the stable version's.
        #[expect(clippy::float_cmp, reason = "the very same number, or another one")]
        let same = stable == canary;
        let index = if same { Side::Stable } else { side };
        &self.laws.durations[index as usize]
    }
}

impl Cell {
    /// Those of its requests that have what has that chance.
    fn part(self, chance: f64, stream: &mut Stream) -> Self {
        let failed = binomial(self.failed, chance, stream);
        let good = binomial(self.requests - self.failed, chance, stream);
        Self {
            requests: good + failed,
            failed,
            ..self
        }
    }

    /// It without a part of it.
    fn without(self, part: Self) -> Self {
        Self {
            requests: self.requests - part.requests,
            failed: self.failed - part.failed,
            ..self
        }
    }

    fn after(self, seconds: i64) -> Self {
        Self {
            known: self.known + seconds,
            ..self
        }
    }
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
