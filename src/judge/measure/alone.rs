//! One version by itself, after all traffic has shifted to it: how many of its requests failed.
//!
//! There is no stable version any more in the same minutes, so nothing is compared and nobody is
//! worse. What is left is a number of failed requests, which may be too many, and a bound on the
//! version's own share of them.
//!
//! An alias without weights has no series by version. Its own series are the version's in each
//! minute in which it was at that version from beginning to end; the minute of the shift holds
//! both versions' requests and is left out. All minutes are fetched again each time, so that what
//! fails late is counted late: a watch after the shift is short.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer::{CountsAnswer, Pair};
use super::finding::{Measured, Sufficiency, uncounted, verdict};
use super::memory::{HOUR, history, hourly, same_minute};
use super::minutes::{Lone, PUBLISHED, alone, bad_by_minute, errors_so_far};
use super::question::{CountsQuestion, Span, Versions};
use super::rules::{EvidenceRules, Inconclusive, MetricRule};
use super::series::{MINUTE, minute_of, start_of};
use super::timeline::{ALL, Kind, MIXED, Timeline};
use crate::judge::evidence::dispersion::dispersion;
use crate::judge::evidence::figures::grouped;
use crate::judge::evidence::{Counts, Evidence, Settings, Tally};
use crate::judge::{Bound, Doubt, Regression, Verdict};

/// Minutes older than this many are not counted: a watch after the shift lasts an hour at most.
const LONGEST: i64 = 1_440;

/// Fewer requests than this may be none by chance.
const FEW: u64 = 30;

/// What is carried from look to look at one version by itself: under 1 KB as JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alone {
    /// The first look, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<i64>,
    /// The last fetch that was answered in full, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    timeline: Timeline,
    /// By metric: the size of the bursts in which bad ones came before the shift, where measured.
    /// `None`: not tried yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    bursts: Option<Vec<Option<f64>>>,
    /// Requests in the hour before the shift.
    #[serde(skip_serializing_if = "Option::is_none")]
    hourly: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<AloneFinding>,
}

/// What the last fetch came to. Holds until the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AloneFinding {
    /// What speaks against the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// What was not answered in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// What is missing to call it enough; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<Doubt>,
    /// So many whole minutes are settled.
    #[serde(default)]
    pub minutes: usize,
    /// By metric, in the order of the rules.
    pub metrics: Vec<AloneMetric>,
}

/// What one metric's settled minutes come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AloneMetric {
    /// The version's requests.
    pub requests: u64,
    /// How many of them were bad.
    pub bad: u64,
    /// The share of bad ones is at most this.
    pub most: Bound,
}

impl Alone {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes down a look at the alias: whether all its traffic goes to the version.
    pub fn saw(&mut self, all: bool, now: Timestamp) {
        self.began.get_or_insert(now.as_second());
        self.timeline.saw(if all { ALL } else { 0 }, now);
    }

    /// What the last fetch came to; `None` before the first one.
    #[must_use]
    pub fn finding(&self) -> Option<&AloneFinding> {
        self.last.as_ref()
    }

    /// The minutes up to the last look that are the version's alone, the one under way among them.
    fn minutes(&self, now: Timestamp) -> impl Iterator<Item = i64> {
        let today = minute_of(now);
        let from = self.first().max(today.saturating_sub(LONGEST));
        let to = self.timeline.last_look().map_or(from, minute_of);
        (from..=to.min(today)).filter(|minute| self.timeline.share(*minute) == Some(ALL))
    }

    /// Whether so few requests came before the shift that none since is no wonder. A version that
    /// hangs has none that is counted, either.
    fn is_quiet(&self, now: Timestamp) -> bool {
        let minutes = self.minutes(now).count() as u64;
        let expected = |hourly: u64| hourly.saturating_mul(minutes) / HOUR.unsigned_abs();
        self.hourly.is_some_and(|hourly| expected(hourly) < FEW)
    }

    /// The first minute that can be the version's alone. The shift came before the first look, and
    /// requests follow it a little later.
    fn first(&self) -> i64 {
        let follows = |began: i64| began.saturating_add(MIXED + MINUTE - 1);
        self.began
            .map_or(i64::MAX, |began| follows(began).div_euclid(MINUTE))
    }
}

impl EvidenceRules {
    /// What to fetch now of one version by itself, if anything: once in a minute of the clock, and
    /// at once if the last fetch was not answered in full.
    #[must_use]
    pub fn question_alone(
        &self,
        memory: &Alone,
        versions: &Versions,
        now: Timestamp,
    ) -> Option<CountsQuestion> {
        if memory.asked.is_some_and(|asked| same_minute(asked, now)) {
            return None;
        }
        let history = memory.bursts.is_none().then(|| history(memory.began, now));
        let first = memory.minutes(now).next();
        let after = first.map(|first| Span {
            from: start_of(first),
            to: start_of(minute_of(now).saturating_add(1)),
        });
        if history.is_none() && after.is_none() {
            return None;
        }
        Some(CountsQuestion {
            window: None,
            history,
            after,
            metrics: self.sources(),
            versions: versions.clone(),
        })
    }

    /// What an answer comes to. `now` is from before the question went out.
    #[must_use]
    pub fn weigh_alone(&self, memory: &Alone, now: Timestamp, answer: &CountsAnswer) -> Alone {
        let mut next = memory.clone();
        let complete = answer.failure.is_none() && answer.metrics.len() == self.metrics.len();
        if complete && next.bursts.is_none() {
            next.bursts = Some(self.bursts_before(memory.first(), answer));
            next.hourly = hourly(answer, memory.began);
        }
        let finding = Tallying {
            rules: self,
            memory: &next,
            answer,
            now,
        };
        let mut finding = finding.finding();
        if complete {
            next.asked = Some(now.as_second());
        } else {
            let error = answer.failure.clone();
            let error = error.unwrap_or_else(|| "not every series was answered".to_owned());
            finding.doubt = Some(Doubt::Uncounted { error });
            next.asked = None;
        }
        next.last = Some(finding);
        next
    }

    /// What a watch after the shift is told: without `max_errors` counts are only said.
    pub fn measured_alone(&self, memory: &Alone, now: Timestamp) -> Measured {
        if self.max_errors.is_none() {
            return Measured::default();
        }
        let settles = self.settles();
        let open = |minute: &i64| {
            let settled = minute.saturating_add(1).saturating_mul(MINUTE) + settles;
            memory.asked.is_none_or(|asked| asked < settled)
        };
        let short = match &memory.last {
            Some(finding) => finding.short.clone(),
            None => Some(Doubt::Uncalled),
        };
        let content = self.inconclusive == Some(Inconclusive::Complete) && memory.is_quiet(now);
        let short = short.filter(|doubt| !content || *doubt != Doubt::Uncalled);
        let sufficiency = match short {
            Some(doubt) => Sufficiency::Short { doubt },
            None => Sufficiency::Enough,
        };
        Measured {
            sufficiency,
            unjudged_from: memory.minutes(now).find(open).map(start_of),
        }
    }

    /// In seconds after its end.
    fn settles(&self) -> i64 {
        i64::from(self.settle).max(PUBLISHED)
    }

    fn bursts_before(&self, first: i64, answer: &CountsAnswer) -> Vec<Option<f64>> {
        let metrics = self.metrics.iter().zip(&answer.metrics);
        let bursts = metrics.map(|(rule, found)| {
            let earlier = |series: &Option<super::Series>| Some(series.as_ref()?.before(first));
            let before = Pair {
                total: earlier(&found.history.total),
                bad: earlier(&found.history.bad),
            };
            Some(dispersion(&bad_by_minute(rule, &before)?).phi)
        });
        bursts.collect()
    }
}

/// Everything that one fetch is weighed by.
struct Tallying<'a> {
    rules: &'a EvidenceRules,
    memory: &'a Alone,
    answer: &'a CountsAnswer,
    now: Timestamp,
}

impl Tallying<'_> {
    fn finding(&self) -> AloneFinding {
        let metrics: Vec<AloneMetric> = (0..self.rules.metrics.len())
            .map(|metric| self.metric(metric))
            .collect();
        AloneFinding {
            regression: self.too_many_errors(),
            doubt: None,
            short: self.short(),
            minutes: self.settled(0).count(),
            metrics,
        }
    }

    fn is_settled(&self, minute: i64) -> bool {
        let ended = minute.saturating_add(1).saturating_mul(MINUTE);
        self.now.as_second().saturating_sub(ended) >= self.rules.settles()
    }

    /// The rule of a metric, and what was found of it.
    fn found(&self, metric: usize) -> Option<(&MetricRule, &Pair)> {
        let found = self.answer.metrics.get(metric)?;
        Some((self.rules.metrics.get(metric)?, &found.after))
    }

    /// What the settled minutes say by this metric.
    fn settled(&self, metric: usize) -> impl Iterator<Item = (i64, Lone)> {
        let minutes = self.memory.minutes(self.now);
        let known = |minute: &i64| self.memory.timeline.known_kind(*minute) == Kind::Whole;
        let settled = minutes.filter(move |minute| self.is_settled(*minute) && known(minute));
        let first = self.memory.first();
        settled.filter_map(move |minute| {
            let (rule, pair) = self.found(metric)?;
            let cold = rule.warms_up() && minute == first;
            (!cold).then(|| (minute, alone(rule, pair, minute)))
        })
    }

    fn metric(&self, metric: usize) -> AloneMetric {
        let (mut requests, mut bad) = (0_u64, 0_u64);
        for (_, lone) in self.settled(metric) {
            if let Lone::Counts(tally) = lone {
                requests = requests.saturating_add(tally.invocations());
                bad = bad.saturating_add(tally.errors());
            }
        }
        AloneMetric {
            requests,
            bad,
            most: self.most(metric, requests, bad),
        }
    }

    fn most(&self, metric: usize, requests: u64, bad: u64) -> Bound {
        let bursts = self.memory.bursts.as_ref();
        let bursts = bursts.and_then(|bursts| *bursts.get(metric)?);
        let settings = Settings {
            alpha_accept: self.rules.alpha_accept(),
            phi: bursts.unwrap_or(1.0),
            ..Settings::default()
        };
        let counts = Counts {
            canary: Tally::new(requests, bad).unwrap_or_default(),
            stable: Tally::default(),
        };
        let mut evidence = Evidence::default();
        evidence.take(&settings, &counts);
        let most = evidence.upper_absolute(&settings);
        Bound::new(most, 1.0 - settings.alpha_accept)
    }

    fn too_many_errors(&self) -> Option<Regression> {
        let most = self.rules.max_errors?;
        let (_, pair) = self.found(0)?;
        let errors = self.memory.minutes(self.now).fold(0_u64, |sum, minute| {
            sum.saturating_add(errors_so_far(pair, minute, self.is_settled(minute)))
        });
        (errors > most).then_some(Regression::TooManyErrors { errors, most })
    }

    /// Requests of which it is not known what became of them; or none at all.
    fn short(&self) -> Option<Doubt> {
        let mut called = false;
        for (minute, lone) in self.settled(0) {
            match lone {
                Lone::Counts(tally) => called |= tally.invocations() > 0,
                Lone::Idle => {}
                Lone::Unknown => {
                    let since = start_of(minute);
                    return Some(Doubt::Settling { since });
                }
            }
        }
        (!called).then_some(Doubt::Uncalled)
    }
}

impl AloneFinding {
    /// The verdict: a regression, a doubt, or that nothing speaks against the version.
    pub fn verdict(&self) -> Verdict {
        verdict(self.regression.as_ref(), self.doubt.as_ref())
    }

    /// Why the last fetch was not answered in full, if it was not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        uncounted(self.doubt.as_ref())
    }

    /// What the settled minutes come to, for a person: "version 2 failed 0 of 1,234 requests: at
    /// most 0.3 % (95 %)", then the other metrics.
    #[must_use]
    pub fn sentence(&self, rules: &EvidenceRules, version: &str) -> String {
        let mut said = Vec::new();
        for (rule, found) in rules.metrics.iter().zip(&self.metrics) {
            let (bad, requests) = (grouped(found.bad), grouped(found.requests));
            let most = found.most.of_all();
            let most = most.map_or(String::new(), |most| format!(": {most}"));
            said.push(match (said.is_empty(), found.requests) {
                (true, 0) if self.minutes == 0 => {
                    format!("no whole minute of version {version} is old enough to be counted")
                }
                (true, 0) => format!("version {version} had no request that was counted"),
                (true, _) => {
                    format!("version {version} failed {bad} of {requests} requests{most}")
                }
                (false, _) => format!("{} {bad} of {requests}{most}", rule.name),
            });
        }
        said.join("; ")
    }
}

#[cfg(test)]
#[path = "alone_tests.rs"]
mod tests;
