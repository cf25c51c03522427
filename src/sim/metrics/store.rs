//! The series and their datapoints, as far as they are published.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::aggregate::Aggregate;
use super::statistic::Statistic;
use super::wire::Dimension;

/// Datapoints older than so many seconds before a series' newest one are dropped: 12 hours.
pub(super) const RETENTION: i64 = 12 * 3600;

/// What identifies a series. The dimensions are sorted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim) struct SeriesKey {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<Dimension>,
}

impl SeriesKey {
    /// A key whose dimensions may come in any order.
    pub fn new(namespace: &str, name: &str, mut dimensions: Vec<Dimension>) -> Self {
        dimensions.sort();
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions,
        }
    }
}

/// A series' place in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) struct SeriesId(usize);

#[derive(Debug, Clone, Default)]
struct Series {
    unit: Option<String>,
    /// By the second in which the bucket starts: a minute, or one second of high resolution.
    buckets: BTreeMap<i64, Aggregate>,
}

/// Every series.
#[derive(Debug, Clone, Default)]
pub(in crate::sim) struct Store {
    index: BTreeMap<SeriesKey, SeriesId>,
    series: Vec<Series>,
}

impl Store {
    /// The series of that key, made if there is none. Its unit is the first one given.
    pub fn intern(&mut self, key: SeriesKey, unit: Option<&str>) -> SeriesId {
        let next = SeriesId(self.series.len());
        let id = *self.index.entry(key).or_insert(next);
        if id == next {
            self.series.push(Series {
                unit: unit.map(str::to_owned),
                buckets: BTreeMap::new(),
            });
        }
        id
    }

    /// Publishes measurements into the bucket that starts at `second`.
    pub fn add(&mut self, id: SeriesId, second: i64, aggregate: Aggregate) {
        let buckets = &mut self.series[id.0].buckets;
        match buckets.get_mut(&second) {
            Some(bucket) => bucket.merge(&aggregate),
            None => {
                buckets.insert(second, aggregate);
            }
        }
        let newest = buckets
            .last_key_value()
            .map_or(second, |(second, _)| *second);
        while buckets
            .first_key_value()
            .is_some_and(|(oldest, _)| *oldest < newest - RETENTION)
        {
            buckets.pop_first();
        }
    }

    /// Everything published about `[from, to)`, if there is anything.
    pub fn window(&self, key: &SeriesKey, from: i64, to: i64) -> Option<Cow<'_, Aggregate>> {
        let mut buckets = self
            .buckets(key)?
            .range(from..to)
            .map(|(_, aggregate)| aggregate);
        let mut window = Cow::Borrowed(buckets.next()?);
        for aggregate in buckets {
            window.to_mut().merge(aggregate);
        }
        Some(window)
    }

    /// The statistic of every period in `[from, to)` that has data, oldest first.
    pub fn datapoints(
        &self,
        key: &SeriesKey,
        (from, to): (i64, i64),
        period: i64,
        statistic: Statistic,
    ) -> Vec<(i64, f64)> {
        let Some(buckets) = self.buckets(key) else {
            return Vec::new();
        };
        let mut periods: Vec<i64> = buckets
            .range(from..to)
            .map(|(second, _)| from + (second - from).div_euclid(period) * period)
            .collect();
        periods.dedup();
        let value = |start: i64| {
            let window = self.window(key, start, to.min(start + period))?;
            statistic.of(&window).map(|value| (start, value))
        };
        periods.into_iter().filter_map(value).collect()
    }

    /// True if the series has no unit or that one.
    pub fn has_unit(&self, key: &SeriesKey, unit: &str) -> bool {
        self.index.contains_key(key) && self.unit(key) == unit
    }

    /// The unit of a series, `None` by name if it was published without one.
    pub fn unit(&self, key: &SeriesKey) -> &str {
        let series = self.index.get(key).map(|id| &self.series[id.0]);
        series
            .and_then(|series| series.unit.as_deref())
            .unwrap_or("None")
    }

    /// The keys of every series that has data from `since` or later.
    pub fn keys(&self, since: i64) -> impl Iterator<Item = &SeriesKey> {
        let newest = |id: &SeriesId| self.series[id.0].buckets.last_key_value();
        self.index
            .iter()
            .filter(move |(_, id)| newest(id).is_some_and(|(second, _)| *second >= since))
            .map(|(key, _)| key)
    }

    fn buckets(&self, key: &SeriesKey) -> Option<&BTreeMap<i64, Aggregate>> {
        self.index.get(key).map(|id| &self.series[id.0].buckets)
    }
}
