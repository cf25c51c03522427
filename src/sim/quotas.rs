//! What an account may do at a time: calls a second, and invocations at once.
//!
//! Off unless they are set. AWS counts calls by service or by operation, for the whole account and
//! region, in a bucket of tokens: so many a second, and as many at once as the bucket holds. A call too
//! many is refused as [`FaultKind::Throttle`](super::FaultKind::Throttle) says, and takes no token. Like
//! faults, limits meet only callers across a network.
//!
//! Concurrency is one pool for all functions: what some reserve, the others lack. Traffic that is
//! modelled holds as much of it as its requests' durations come to, and a request that finds no place is
//! throttled. So a version that hangs takes the places of every other function, unless they have their own.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::errors::Service;
use super::world::World;

/// So many calls a second of some operations of a service, taken together.
#[derive(Debug, Clone, PartialEq)]
pub struct CallLimit {
    service: Service,
    /// Only these operations; all if absent.
    only: Option<Vec<String>>,
    /// All but these.
    except: Vec<String>,
    /// Calls a second.
    rate: f64,
    /// Calls at once.
    burst: f64,
    tokens: f64,
    filled: Option<Timestamp>,
}

impl CallLimit {
    /// All operations of that service together, `rate` calls a second and as many at once.
    /// A rate of zero refuses every call.
    #[must_use]
    pub fn new(service: Service, rate: f64) -> Self {
        Self {
            service,
            only: None,
            except: Vec::new(),
            rate,
            burst: rate,
            tokens: rate,
            filled: None,
        }
    }

    /// Only these operations.
    #[must_use]
    pub fn only(mut self, operations: &[&str]) -> Self {
        self.only = Some(operations.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Not this operation.
    #[must_use]
    pub fn except(mut self, operation: &str) -> Self {
        self.except.push(operation.to_owned());
        self
    }

    /// So many calls at once.
    #[must_use]
    pub fn burst(mut self, calls: f64) -> Self {
        (self.burst, self.tokens) = (calls, calls);
        self
    }

    fn meets(&self, service: Service, operation: &str) -> bool {
        self.service == service
            && !self.except.iter().any(|name| name == operation)
            && self
                .only
                .as_ref()
                .is_none_or(|only| only.iter().any(|name| name == operation))
    }

    fn fill(&mut self, now: Timestamp) {
        if let Some(filled) = self.filled {
            let seconds = now.duration_since(filled).as_secs_f64().max(0.0);
            self.tokens = (self.tokens + seconds * self.rate).min(self.burst);
        }
        self.filled = Some(now);
    }
}

/// Places that one version's modelled traffic holds.
#[derive(Debug, Clone, Copy)]
struct Busy {
    places: f64,
    /// How long its requests last, in seconds.
    duration: f64,
    /// Whether it was asked for more in this second.
    drawn: bool,
}

impl Busy {
    /// In a second as much of what runs ends as durations of that length say, so that in the long run
    /// as many places are held as arrivals and durations come to.
    fn stays(duration: f64) -> f64 {
        (-1.0 / duration.max(0.001)).exp()
    }
}

/// How much runs at once, and how much may.
#[derive(Debug, Clone, Default)]
pub(super) struct Concurrency {
    /// Invocations at once in the whole account; `None`: no limit.
    account: Option<u32>,
    /// By function: places that nobody else gets, and more than which it does not get.
    reserved: BTreeMap<String, u32>,
    /// Places that modelled traffic holds, by function and version.
    busy: BTreeMap<(String, String), Busy>,
    /// Places that this second's traffic asked for, and that it got.
    asked: f64,
    got: f64,
    /// The share of what the second before asked for that it got, 0 to 1.
    share: Option<f64>,
}

impl World {
    /// Adds a limit. A call has to pass every one that it meets.
    pub fn limit(&mut self, limit: CallLimit) {
        self.limits.push(limit);
    }

    /// The most invocations at once in the whole account.
    pub fn set_concurrency(&mut self, places: u32) {
        self.concurrency.account = Some(places);
    }

    /// Keeps so many places for a function, which gets no others; zero takes them back.
    pub fn reserve_concurrency(&mut self, function: &str, places: u32) {
        match places {
            0 => self.concurrency.reserved.remove(function),
            _ => self
                .concurrency
                .reserved
                .insert(function.to_owned(), places),
        };
    }

    /// Takes a token of every limit that this call meets, or none; false if one is used up.
    pub(super) fn within_limits(&mut self, service: Service, operation: &str) -> bool {
        let now = self.now;
        let mut met: Vec<&mut CallLimit> = self
            .limits
            .iter_mut()
            .filter(|limit| limit.meets(service, operation))
            .collect();
        for limit in &mut met {
            limit.fill(now);
        }
        if met.iter().any(|limit| limit.tokens < 1.0) {
            return false;
        }
        for limit in met {
            limit.tokens -= 1.0;
        }
        true
    }

    /// The chance that an invocation of a hosted function finds a place now, 0 to 1.
    pub(super) fn chance_of_a_place(&self, function: &str) -> f64 {
        let Some(pool) = self.concurrency.pool(function) else {
            return 1.0;
        };
        let own = self.concurrency.reserved.contains_key(function);
        let busy = self.concurrency.busy_beside(function);
        let free = pool - busy - self.hosted_beside(function) >= 1.0;
        match self.concurrency.share.filter(|share| !own && *share < 1.0) {
            // Hosted functions compete with all others for what falls free.
            Some(share) => share,
            None => f64::from(u8::from(free)),
        }
    }

    /// The share of so many requests of one second, each so many seconds long, that find a place. They
    /// hold it from now on.
    pub(super) fn take_places(
        &mut self,
        function: &str,
        version: &str,
        requests: u64,
        duration: f64,
    ) -> f64 {
        let Some(pool) = self.concurrency.pool(function) else {
            return 1.0;
        };
        let hosted = self.hosted_beside(function);
        let key = (function.to_owned(), version.to_owned());
        let busy = self.concurrency.busy.get(&key);
        let ours = busy.map_or(0.0, |busy| busy.places);
        let others = self.concurrency.busy_beside(function) - ours;
        let stays = Busy::stays(duration);
        let kept = ours * stays;
        let asked = requests as f64 * duration * (1.0 - stays);
        let got = asked.min((pool - others - hosted - kept).max(0.0));
        let busy = Busy {
            places: kept + got,
            duration,
            drawn: true,
        };
        self.concurrency.busy.insert(key, busy);
        if !self.concurrency.reserved.contains_key(function) {
            self.concurrency.asked += asked;
            self.concurrency.got += got;
        }
        if asked > 0.0 { got / asked } else { 1.0 }
    }

    /// A second of traffic is drawn.
    pub(super) fn settle_places(&mut self) {
        let concurrency = &mut self.concurrency;
        let (asked, got) = (concurrency.asked, concurrency.got);
        concurrency.share = (asked > 0.0).then(|| got / asked);
        (concurrency.asked, concurrency.got) = (0.0, 0.0);
        concurrency.busy.retain(|_, busy| {
            if !std::mem::take(&mut busy.drawn) {
                busy.places *= Busy::stays(busy.duration);
            }
            busy.places > 0.001
        });
    }

    /// Places that open invocations of hosted functions hold in the pool of that function.
    fn hosted_beside(&self, function: &str) -> f64 {
        let concurrency = &self.concurrency;
        let open = self.invocations.open_functions();
        open.filter(|other| concurrency.share_a_pool(function, other))
            .count() as f64
    }
}

impl Concurrency {
    /// The places that this function can get; `None`: no limit.
    fn pool(&self, function: &str) -> Option<f64> {
        if let Some(places) = self.reserved.get(function) {
            return Some(f64::from(*places));
        }
        let reserved: u32 = self.reserved.values().sum();
        self.account
            .map(|places| f64::from(places.saturating_sub(reserved)))
    }

    fn share_a_pool(&self, one: &str, other: &str) -> bool {
        let own = |function: &str| self.reserved.contains_key(function);
        one == other || (!own(one) && !own(other))
    }

    /// Places that modelled traffic holds in the pool of that function.
    fn busy_beside(&self, function: &str) -> f64 {
        let busy = self.busy.iter();
        busy.filter(|((other, _), _)| self.share_a_pool(function, other))
            .map(|(_, busy)| busy.places)
            .sum()
    }
}

#[cfg(test)]
#[path = "quotas_tests.rs"]
mod tests;
