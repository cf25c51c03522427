//! Points by the minute, and what names a series of them.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Seconds in a minute.
pub(super) const MINUTE: i64 = 60;

/// The minute, counted from 1970, that a moment falls into.
pub(super) fn minute_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(MINUTE)
}

/// When a minute begins.
pub(super) fn start_of(minute: i64) -> Timestamp {
    let end_of_time = if minute < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    let second = minute.saturating_mul(MINUTE);
    Timestamp::from_second(second).unwrap_or(end_of_time)
}

/// One number a minute, where there is one. A minute without a point says nothing by itself: no
/// traffic, or not published yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series(BTreeMap<i64, f64>);

impl Series {
    /// The number of that minute, counted from 1970.
    #[must_use]
    pub fn at(&self, minute: i64) -> Option<f64> {
        self.0.get(&minute).copied()
    }

    /// All points, oldest first: minute, number.
    pub fn points(&self) -> impl Iterator<Item = (i64, f64)> {
        self.0.iter().map(|(minute, value)| (*minute, *value))
    }

    /// What came before that minute.
    pub(super) fn before(&self, minute: i64) -> Self {
        self.between(i64::MIN, minute)
    }

    /// Its points of the minutes from `from` to before `to`.
    pub(super) fn between(&self, from: i64, to: i64) -> Self {
        let points = self.0.range(from..to.max(from));
        Self(points.map(|(minute, value)| (*minute, *value)).collect())
    }

    /// This less the other, which is a part of it: no point of the other is none of this.
    pub(super) fn less(&self, other: &Self) -> Self {
        let rest = |(minute, value)| (minute, value - other.at(minute).unwrap_or(0.0));
        Self(self.points().map(rest).collect())
    }
}

impl FromIterator<(Timestamp, f64)> for Series {
    /// Points by the moment at which their minute begins; the last one counts.
    fn from_iter<I: IntoIterator<Item = (Timestamp, f64)>>(points: I) -> Self {
        let by_minute = |(at, value)| (minute_of(at), value);
        Self(points.into_iter().map(by_minute).collect())
    }
}

/// What names one series of points, one a minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesName {
    /// Its namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// Its dimensions: name, value.
    pub dimensions: Vec<(String, String)>,
    /// What is made of a minute's values: `Sum`, `SampleCount`, `TC(:300)`.
    pub statistic: String,
}
