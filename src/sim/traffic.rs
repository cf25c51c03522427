//! Seeded traffic through aliases, second by second.
//!
//! Arrivals are Poisson, the split is binomial by the alias' weights at the end of the second, and
//! errors and durations follow the version's [`Behaviour`]. Each second is drawn once and whole,
//! so that the steps in which the caller advances the world make no difference.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_distr::{Binomial, Distribution, Poisson, StandardNormal};

use super::errors::AwsError;
use super::invocations;
use super::lambda::{Route, VersionState};
use super::metrics::emission::{
    Cell, CellKey, Emission, LATE_SHARE, LONGEST_MS, RouteId, end_minute,
};
use super::metrics::store::Store;
use super::streams::{Stream, stream};
use super::world::World;

/// So many durations are drawn for a version in a second; above that each stands for several.
const DURATIONS: u64 = 200;

/// How a version behaves when it is invoked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// The share of invocations that end in a function error, 0 to 1.
    pub error_rate: f64,
    /// The median duration.
    pub latency_ms: f64,
    /// The spread: the standard deviation of the duration's logarithm.
    pub latency_sigma: f64,
    /// The share of requests that are throttled before they become invocations, 0 to 1.
    pub throttle_rate: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            error_rate: 0.0,
            latency_ms: 50.0,
            latency_sigma: 0.25,
            throttle_rate: 0.0,
        }
    }
}

impl Behaviour {
    /// What `ERROR_RATE`, `LATENCY_MS`, `LATENCY_SIGMA` and `THROTTLE_RATE` say; a variable that
    /// is absent or no number leaves the default.
    pub(super) fn from_environment(variables: Option<&BTreeMap<String, String>>) -> Self {
        let number = |name: &str, default: f64| {
            let text = variables.and_then(|variables| variables.get(name));
            text.and_then(|text| text.trim().parse().ok())
                .filter(|n: &f64| n.is_finite() && *n >= 0.0)
                .unwrap_or(default)
        };
        let default = Self::default();
        Self {
            error_rate: number("ERROR_RATE", default.error_rate).min(1.0),
            latency_ms: number("LATENCY_MS", default.latency_ms),
            latency_sigma: number("LATENCY_SIGMA", default.latency_sigma),
            throttle_rate: number("THROTTLE_RATE", default.throttle_rate).min(1.0),
        }
    }

    /// One duration in milliseconds, to a hundredth as AWS gives it, and at most the quarter of
    /// an hour that Lambda allows. The function's own time-out does not cut it short.
    pub(super) fn duration(&self, stream: &mut Stream) -> f64 {
        let normal: f64 = StandardNormal.sample(stream);
        let duration = self.latency_ms * (self.latency_sigma * normal).exp();
        (duration.clamp(0.01, LONGEST_MS) * 100.0).round() / 100.0
    }
}

/// The requests that one alias gets.
#[derive(Debug, Clone)]
struct Source {
    function: String,
    alias: String,
    /// Requests a second.
    rate: f64,
    arrivals: Option<Poisson<f64>>,
    stream: Stream,
    targets: BTreeMap<(String, bool), Target>,
}

/// A version behind the alias: where it is counted and its own randomness.
#[derive(Debug, Clone)]
struct Target {
    route: RouteId,
    stream: Stream,
}

/// All sources.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic {
    sources: BTreeMap<(String, String), Source>,
    /// The first second that is not drawn yet.
    next: i64,
}

impl Traffic {
    /// Traffic that starts with that second.
    pub fn new(second: i64) -> Self {
        Self {
            sources: BTreeMap::new(),
            next: second,
        }
    }

    /// When the next second of traffic is over.
    pub fn due(&self) -> Option<i64> {
        self.is_flowing().then_some(self.next + 1)
    }

    /// Without traffic there is nothing to draw: time passes all the same.
    pub fn skip_to(&mut self, second: i64) {
        if !self.is_flowing() {
            self.next = self.next.max(second);
        }
    }

    fn is_flowing(&self) -> bool {
        self.sources
            .values()
            .any(|source| source.arrivals.is_some())
    }
}

impl World {
    /// Sends that many requests a second through an alias, from this second on. Zero ends it.
    /// The alias need not exist yet.
    ///
    /// # Errors
    ///
    /// `InvalidParameterValueException` if the rate is not a number from 0 to a million.
    pub fn set_traffic(
        &mut self,
        function: &str,
        alias: &str,
        requests_per_second: f64,
    ) -> Result<(), AwsError> {
        let refused = || {
            AwsError::invalid_parameter(format!("{requests_per_second} is not a rate of requests"))
        };
        if !(0.0..=1_000_000.0).contains(&requests_per_second) {
            return Err(refused());
        }
        let arrivals = if requests_per_second > 0.0 {
            Some(Poisson::new(requests_per_second).map_err(|_| refused())?)
        } else {
            None
        };
        self.traffic.skip_to(self.now.as_second());
        let seed = self.seed;
        let key = (function.to_owned(), alias.to_owned());
        let source = self.traffic.sources.entry(key).or_insert_with(|| Source {
            function: function.to_owned(),
            alias: alias.to_owned(),
            rate: 0.0,
            arrivals: None,
            stream: stream(seed, &format!("arrivals:{function}:{alias}")),
            targets: BTreeMap::new(),
        });
        (source.rate, source.arrivals) = (requests_per_second, arrivals);
        Ok(())
    }

    /// Changes how a version (or `$LATEST`) behaves from now on.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` if there is no such version.
    pub fn set_behaviour(
        &mut self,
        function: &str,
        version: &str,
        behaviour: Behaviour,
    ) -> Result<(), AwsError> {
        let missing = self.function_not_found(function, Some(version));
        self.function_mut(function)?
            .version_mut(version)
            .ok_or(missing)?
            .behaviour = behaviour;
        Ok(())
    }

    /// Draws the next second of traffic.
    pub(super) fn draw_traffic(&mut self) {
        let second = self.traffic.next;
        self.traffic.next += 1;
        let mut sources = std::mem::take(&mut self.traffic.sources);
        for source in sources.values_mut() {
            source.draw(second, self);
        }
        self.traffic.sources = sources;
        self.settle_places();
    }
}

impl Source {
    fn draw(&mut self, second: i64, world: &mut World) {
        let Some(arrivals) = self.arrivals else {
            return;
        };
        let requests = arrivals.sample(&mut self.stream) as u64;
        let late = self.stream.random::<f64>() < LATE_SHARE;
        for (version, share, weighted) in split(
            world,
            &self.function,
            &self.alias,
            requests,
            &mut self.stream,
        ) {
            let Some(behaviour) = active_behaviour(world, &self.function, &version) else {
                continue;
            };
            let route = self.route(&version, weighted);
            if world.takes_requests(&route, self.rate) {
                invocations::send_requests(world, &route, second, share);
                continue;
            }
            let seconds = behaviour.latency_ms / 1_000.0;
            let placed = world.take_places(&self.function, &version, share, seconds);
            let behaviour = Behaviour {
                throttle_rate: 1.0 - (1.0 - behaviour.throttle_rate) * placed,
                ..behaviour
            };
            let (seed, emission, store) = (world.seed, &mut world.emission, &mut world.metrics);
            let target = self.target(&route, seed, emission, store);
            count(target, second, late, share, behaviour, emission);
        }
    }

    fn route(&self, version: &str, weighted: bool) -> Route {
        Route {
            function: self.function.clone(),
            qualifier: Some(self.alias.clone()),
            executed_version: version.to_owned(),
            weighted,
        }
    }

    fn target(
        &mut self,
        route: &Route,
        seed: u64,
        emission: &mut Emission,
        store: &mut Store,
    ) -> &mut Target {
        let key = (route.executed_version.clone(), route.weighted);
        let (function, alias) = (&self.function, &self.alias);
        self.targets
            .entry(key)
            .or_insert_with_key(|(version, weighted)| Target {
                route: emission.intern(route, store, seed),
                stream: stream(
                    seed,
                    &format!("outcomes:{function}:{alias}:{version}:{weighted}"),
                ),
            })
    }
}

/// The versions that the alias sends these requests to: version, how many, whether by weights.
fn split(
    world: &World,
    function: &str,
    alias: &str,
    requests: u64,
    stream: &mut Stream,
) -> Vec<(String, u64, bool)> {
    let Some(alias) = world
        .functions
        .get(function)
        .and_then(|function| function.aliases.get(alias))
    else {
        return Vec::new();
    };
    match alias.weights.first_key_value() {
        None => vec![(alias.version.clone(), requests, false)],
        Some((additional, &weight)) => {
            let canary = binomial(requests, weight, stream);
            vec![
                (alias.version.clone(), requests - canary, true),
                (additional.clone(), canary, true),
            ]
        }
    }
}

/// A version that is not active answers nothing, and AWS counts nothing.
fn active_behaviour(world: &World, function: &str, version: &str) -> Option<Behaviour> {
    let version = world.functions.get(function)?.version(version)?;
    (version.state == VersionState::Active).then_some(version.behaviour)
}

/// Runs that many requests in that second.
fn count(
    target: &mut Target,
    second: i64,
    late: bool,
    requests: u64,
    behaviour: Behaviour,
    emission: &mut Emission,
) {
    if requests == 0 {
        return;
    }
    let (route, stream) = (target.route, &mut target.stream);
    let started = second.div_euclid(60);
    let key = |ended| CellKey {
        ended,
        started,
        late,
        route,
    };
    let throttles = binomial(requests, behaviour.throttle_rate, stream);
    let invocations = requests - throttles;
    if throttles > 0 {
        emission.cell(key(started)).throttles += throttles as f64;
    }
    let mut errors = binomial(invocations, behaviour.error_rate, stream);
    let draws = invocations.min(DURATIONS);
    let (mut ended, mut cell) = (started, Cell::default());
    for draw in 0..draws {
        // The draws share the invocations among them as evenly as whole numbers can.
        let share = invocations / draws + u64::from(draw < invocations % draws);
        let failed = errors.min(share);
        errors -= failed;
        let duration = behaviour.duration(stream);
        let end = end_minute(second as f64 + 0.5, duration);
        if end != ended {
            // Most end in the same minute: only a change costs a look-up.
            emission.add(key(ended), std::mem::take(&mut cell));
            ended = end;
        }
        cell.invocations += share as f64;
        cell.errors += failed as f64;
        cell.durations.push((duration, share as f64));
    }
    emission.add(key(ended), cell);
}

fn binomial(trials: u64, share: f64, stream: &mut Stream) -> u64 {
    if trials == 0 || share <= 0.0 {
        return 0;
    }
    Binomial::new(trials, share.min(1.0)).map_or(0, |binomial| binomial.sample(stream))
}

#[cfg(test)]
#[path = "traffic_tests.rs"]
mod tests;
