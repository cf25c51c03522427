//! Which two versions shared a past window's traffic, and which of them was the canary.

use std::collections::BTreeMap;
use std::fmt;

use super::super::question::Versions;
use super::super::series::{Series, start_of};
use super::split::by_halves;
use crate::judge::evidence::figures::grouped;

/// A version with so many requests alone, before the other one had any, was there first.
const ALONE: u64 = 30;
/// The first requests that both share tell which one has the smaller part.
const TOLD_BY: u64 = 100;
/// If halves come out as unevenly as this with at most this chance, it is no matter of chance.
const UNEVEN: f64 = 0.01;

/// Why it cannot be told which versions to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTwo {
    /// No version had requests.
    None,
    /// Only this one had some.
    One(Traffic),
    /// More than two had some.
    Many(Vec<Traffic>),
    /// Two had some, and nothing tells which of them was the canary.
    Alike([Traffic; 2]),
    /// The one that was named as one side had requests, and more than one other, or none.
    Beside {
        /// The version that was named.
        named: String,
        /// What else had requests.
        others: Vec<Traffic>,
    },
}

/// A version's requests within a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Its number.
    pub version: String,
    /// All of them.
    pub requests: u64,
    /// The first minute with one, counted from 1970.
    pub first: i64,
    /// The last one.
    pub last: i64,
}

/// Tells the two versions by their requests in the window; what is named is taken as named.
///
/// The stable one is who had traffic alone before the other came; where neither had, it is the one
/// with the larger part of the first requests that both share.
///
/// # Errors
/// If there are not two, or nothing tells them apart: with all that was found.
pub fn contenders(
    found: &BTreeMap<String, Series>,
    stable: Option<&str>,
    canary: Option<&str>,
) -> Result<Versions, NotTwo> {
    let versions = |stable: &str, canary: &str| Versions {
        stable: stable.to_owned(),
        canary: canary.to_owned(),
    };
    let traffic = found.iter().filter_map(Traffic::of);
    let traffic: Vec<Traffic> = traffic.collect();
    if let (Some(stable), Some(canary)) = (stable, canary) {
        return Ok(versions(stable, canary));
    }
    if let Some(named) = stable.or(canary) {
        let others = traffic.into_iter().filter(|other| other.version != named);
        let others: Vec<Traffic> = others.collect();
        let [other] = others.as_slice() else {
            let named = named.to_owned();
            return Err(NotTwo::Beside { named, others });
        };
        return Ok(match stable {
            Some(stable) => versions(stable, &other.version),
            None => versions(&other.version, named),
        });
    }
    match <[Traffic; 2]>::try_from(traffic) {
        Ok([one, other]) => match first_come(found, &one.version, &other.version) {
            Some(true) => Ok(versions(&one.version, &other.version)),
            Some(false) => Ok(versions(&other.version, &one.version)),
            None => Err(NotTwo::Alike([one, other])),
        },
        Err(traffic) => Err(match traffic.len() {
            0 => NotTwo::None,
            1 => traffic.into_iter().next().map_or(NotTwo::None, NotTwo::One),
            _ => NotTwo::Many(traffic),
        }),
    }
}

/// Whether `one` is the stable version of the two; `None` if nothing tells.
fn first_come(found: &BTreeMap<String, Series>, one: &str, other: &str) -> Option<bool> {
    let (one, other) = (found.get(one)?, found.get(other)?);
    let mut minutes: Vec<i64> = [one, other]
        .iter()
        .flat_map(|series| series.points().map(|(minute, _)| minute))
        .collect();
    minutes.sort_unstable();
    minutes.dedup();
    let (mut alone, mut shared) = ((0_u64, 0_u64), (0_u64, 0_u64));
    for minute in minutes {
        let now = (count(one.at(minute)), count(other.at(minute)));
        let sum = |sum: (u64, u64)| (sum.0.saturating_add(now.0), sum.1.saturating_add(now.1));
        if shared == (0, 0) && (now.0 == 0 || now.1 == 0) {
            alone = sum(alone);
        } else {
            shared = sum(shared);
        }
        if shared.0.saturating_add(shared.1) >= TOLD_BY {
            break;
        }
    }
    match alone {
        (ALONE.., 0) => Some(true),
        (0, ALONE..) => Some(false),
        _ => (by_halves(shared.0, shared.1) <= UNEVEN).then_some(shared.0 > shared.1),
    }
}

fn count(point: Option<f64>) -> u64 {
    // A cast of what is no count stays within the numbers.
    point.map_or(0, |requests| requests.round() as u64)
}

impl Traffic {
    fn of((version, series): (&String, &Series)) -> Option<Self> {
        let points = series
            .points()
            .map(|(minute, value)| (minute, count(Some(value))));
        let busy: Vec<(i64, u64)> = points.filter(|(_, requests)| *requests > 0).collect();
        let ((first, _), (last, _)) = (busy.first()?, busy.last()?);
        let requests = busy
            .iter()
            .fold(0_u64, |sum, (_, more)| sum.saturating_add(*more));
        Some(Self {
            version: version.clone(),
            requests,
            first: *first,
            last: *last,
        })
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.requests == 1 { "" } else { "s" };
        let requests = grouped(self.requests);
        let minute = |minute| start_of(minute).strftime("%H:%MZ").to_string();
        write!(f, "{} ({requests} request{plural}, ", self.version)?;
        if self.first == self.last {
            return write!(f, "in {})", minute(self.first));
        }
        write!(f, "{} to {})", minute(self.first), minute(self.last))
    }
}

impl fmt::Display for NotTwo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |traffic: &[Traffic]| {
            let each: Vec<String> = traffic.iter().map(Traffic::to_string).collect();
            each.join(", ")
        };
        match self {
            Self::None => f.write_str("no version had requests of its own there"),
            Self::One(only) => write!(f, "only version {only} had requests there"),
            Self::Many(all) => write!(
                f,
                "more than two versions had requests there: {}",
                list(all)
            ),
            Self::Alike(both) => write!(
                f,
                "two versions had requests there, and nothing tells which of them was the canary: {}",
                list(both)
            ),
            Self::Beside { named, others } if others.is_empty() => {
                write!(f, "no version but {named} had requests there")
            }
            Self::Beside { named, others } => write!(
                f,
                "more than one version had requests there beside {named}: {}",
                list(others)
            ),
        }
    }
}

impl std::error::Error for NotTwo {}

#[cfg(test)]
#[path = "contenders_tests.rs"]
mod tests;
