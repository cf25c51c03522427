//! `AWS/Lambda` metrics: from invocations to published datapoints.
//!
//! Invocations are counted in cells by the minute in which they started. When the minute in which
//! they ended is over, the cells go out to every series that shows them, each with its own delay
//! of 30 to 90 s; a tenth of the seconds goes out half a minute later still, and an invocation
//! that ends in a later minute than it started revises the older minute. So a minute may grow
//! after it was first visible, and `Errors` may be visible before `Invocations`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use rand::RngExt;

use super::aggregate::Aggregate;
use super::store::{SeriesId, SeriesKey, Store};
use super::wire::Dimension;
use crate::sim::lambda::Route;
use crate::sim::streams::stream;
use crate::sim::world::World;

/// No invocation takes longer than a quarter of an hour.
pub(in crate::sim) const LONGEST_MS: f64 = 900_000.0;
/// How many seconds after a minute each series shows it.
pub(in crate::sim) const DELAYS: RangeInclusive<i64> = 30..=90;
/// The share of the seconds that is published later still.
pub(in crate::sim) const LATE_SHARE: f64 = 0.1;
/// By so many seconds.
pub(in crate::sim) const LATE: i64 = 30;

/// Where a route's invocations are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) struct RouteId(usize);

/// Invocations that are counted together: same route, same minutes of start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) struct CellKey {
    /// The minute after which the cell is published.
    pub ended: i64,
    /// The minute that it is about.
    pub started: i64,
    /// Whether it belongs to the late tenth.
    pub late: bool,
    /// Where.
    pub route: RouteId,
}

/// What happened there.
#[derive(Debug, Clone, Default)]
pub(in crate::sim) struct Cell {
    pub invocations: f64,
    pub errors: f64,
    pub throttles: f64,
    /// Durations in milliseconds, each with how many invocations took so long.
    pub durations: Vec<(f64, f64)>,
}

/// A route's series: one set of four for each set of dimensions.
#[derive(Debug, Clone)]
struct RouteSeries {
    sets: Vec<SeriesSet>,
}

#[derive(Debug, Clone)]
struct SeriesSet {
    invocations: Timed,
    errors: Timed,
    throttles: Timed,
    duration: Timed,
}

/// A series and how many seconds after a minute it shows it.
#[derive(Debug, Clone, Copy)]
struct Timed {
    series: SeriesId,
    delay: i64,
}

/// Measurements on their way to the store.
#[derive(Debug, Clone, Default)]
pub(in crate::sim) struct Emission {
    index: BTreeMap<Route, RouteId>,
    routes: Vec<RouteSeries>,
    cells: BTreeMap<CellKey, Cell>,
    /// By the second of publication and a running number.
    pending: BTreeMap<(i64, u64), (SeriesId, i64, Aggregate)>,
    sequence: u64,
    /// Everything so far, of each route.
    totals: BTreeMap<RouteId, Tally>,
}

/// How many invocations there were, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    /// All of them.
    pub invocations: f64,
    /// Those that ended in a function error.
    pub errors: f64,
}

impl Emission {
    /// The place where a route's invocations are counted, made if there is none.
    pub fn intern(&mut self, route: &Route, store: &mut Store, seed: u64) -> RouteId {
        if let Some(id) = self.index.get(route) {
            return *id;
        }
        let id = RouteId(self.routes.len());
        let sets = dimension_sets(route)
            .into_iter()
            .map(|set| series_set(&set, store, seed))
            .collect();
        self.routes.push(RouteSeries { sets });
        self.index.insert(route.clone(), id);
        id
    }

    /// The cell of that key.
    pub fn cell(&mut self, key: CellKey) -> &mut Cell {
        self.cells.entry(key).or_default()
    }

    /// Adds to the cell of that key.
    pub fn add(&mut self, key: CellKey, more: Cell) {
        if more.durations.is_empty() && more.throttles == 0.0 {
            return;
        }
        self.tally(key.route, more.invocations, more.errors);
        let cell = self.cell(key);
        cell.invocations += more.invocations;
        cell.errors += more.errors;
        cell.throttles += more.throttles;
        cell.durations.extend(more.durations);
    }

    fn tally(&mut self, route: RouteId, invocations: f64, errors: f64) {
        let total = self.totals.entry(route).or_default();
        total.invocations += invocations;
        total.errors += errors;
    }

    /// The second at which the next minute with invocations is over.
    pub fn next_minute(&self) -> Option<i64> {
        self.cells
            .first_key_value()
            .map(|(key, _)| (key.ended + 1) * 60)
    }

    /// The second of the next publication.
    pub fn next_publication(&self) -> Option<i64> {
        self.pending
            .first_key_value()
            .map(|((second, _), _)| *second)
    }

    /// Sends off the cells of every minute that is over at `second`.
    pub fn close_minutes(&mut self, second: i64) {
        while self.next_minute().is_some_and(|over| over <= second) {
            let Some((key, cell)) = self.cells.pop_first() else {
                return;
            };
            let at = (key.ended + 1) * 60 + if key.late { LATE } else { 0 };
            self.send(key, at, cell);
        }
    }

    /// Publishes what is due at `second`.
    pub fn publish(&mut self, second: i64, store: &mut Store) {
        while self.next_publication().is_some_and(|due| due <= second) {
            let Some((_, (series, minute, aggregate))) = self.pending.pop_first() else {
                return;
            };
            store.add(series, minute, aggregate);
        }
    }

    fn send(&mut self, key: CellKey, at: i64, cell: Cell) {
        let yes_no = |yes: f64, no: f64| Aggregate::of_values(vec![(0.0, no), (1.0, yes)]);
        let invocations = yes_no(cell.invocations, 0.0);
        let errors = yes_no(cell.errors, cell.invocations - cell.errors);
        let throttles = yes_no(cell.throttles, cell.invocations);
        let duration = Aggregate::of_values(cell.durations);
        for set in &self.routes[key.route.0].sets {
            let metrics = [
                (set.invocations, &invocations),
                (set.errors, &errors),
                (set.throttles, &throttles),
                (set.duration, &duration),
            ];
            for (timed, aggregate) in metrics {
                if let Some(aggregate) = aggregate {
                    let due = (at + timed.delay, self.sequence);
                    self.sequence += 1;
                    self.pending
                        .insert(due, (timed.series, key.started * 60, aggregate.clone()));
                }
            }
        }
    }
}

impl World {
    /// Counts an invocation that a caller of [`World::route`] ran itself.
    pub fn record_invocation(
        &mut self,
        route: &Route,
        started: Timestamp,
        duration_ms: f64,
        failed: bool,
    ) {
        let errors = f64::from(u8::from(failed));
        let cell = self.cell_of(route, started, duration_ms);
        cell.invocations += 1.0;
        cell.errors += errors;
        cell.durations.push((duration_ms, 1.0));
        let id = self.emission.intern(route, &mut self.metrics, self.seed);
        self.emission.tally(id, 1.0, errors);
    }

    /// What a version has been through so far, by every alias: at once, where CloudWatch shows it
    /// a minute or two later.
    #[must_use]
    pub fn tally(&self, function: &str, version: &str) -> Tally {
        let routes = self.emission.index.iter();
        routes
            .filter(|(route, _)| route.function == function && route.executed_version == version)
            .filter_map(|(_, id)| self.emission.totals.get(id))
            .fold(Tally::default(), |sum, route| Tally {
                invocations: sum.invocations + route.invocations,
                errors: sum.errors + route.errors,
            })
    }

    /// Counts a request that was throttled before it became an invocation.
    pub fn record_throttle(&mut self, route: &Route, at: Timestamp) {
        self.cell_of(route, at, 0.0).throttles += 1.0;
    }

    fn cell_of(&mut self, route: &Route, started: Timestamp, duration_ms: f64) -> &mut Cell {
        let late = self.stream(&late_stream(route)).random::<f64>() < LATE_SHARE;
        let id = self.emission.intern(route, &mut self.metrics, self.seed);
        let ended = end_minute(started.as_millisecond() as f64 / 1000.0, duration_ms);
        let started = started.as_second().div_euclid(60);
        self.emission.cell(CellKey {
            ended,
            started,
            late,
            route: id,
        })
    }
}

/// The minute in which an invocation ends that starts at that second.
pub(in crate::sim) fn end_minute(start: f64, duration_ms: f64) -> i64 {
    ((start + duration_ms.clamp(0.0, LONGEST_MS) / 1000.0) / 60.0).floor() as i64
}

fn late_stream(route: &Route) -> String {
    let qualifier = route.qualifier.as_deref().unwrap_or_default();
    format!(
        "late:{}:{qualifier}:{}",
        route.function, route.executed_version
    )
}

/// The sets of dimensions under which AWS shows an invocation.
fn dimension_sets(route: &Route) -> Vec<Vec<Dimension>> {
    let dimension = |name: &str, value: String| Dimension {
        name: name.to_owned(),
        value,
    };
    let function = dimension("FunctionName", route.function.clone());
    let resource = match &route.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", route.function),
        None => route.function.clone(),
    };
    let resource = dimension("Resource", resource);
    let mut sets = vec![
        vec![function.clone()],
        vec![function.clone(), resource.clone()],
    ];
    if route.weighted {
        let version = dimension("ExecutedVersion", route.executed_version.clone());
        sets.push(vec![function, resource, version]);
    }
    sets
}

fn series_set(dimensions: &[Dimension], store: &mut Store, seed: u64) -> SeriesSet {
    let mut timed = |name: &str, unit: &str| {
        let values: Vec<&str> = dimensions
            .iter()
            .map(|dimension| dimension.value.as_str())
            .collect();
        let delay =
            stream(seed, &format!("delay:{name}:{}", values.join("/"))).random_range(DELAYS);
        let key = SeriesKey::new("AWS/Lambda", name, dimensions.to_vec());
        Timed {
            series: store.intern(key, Some(unit)),
            delay,
        }
    };
    SeriesSet {
        invocations: timed("Invocations", "Count"),
        errors: timed("Errors", "Count"),
        throttles: timed("Throttles", "Count"),
        duration: timed("Duration", "Milliseconds"),
    }
}
