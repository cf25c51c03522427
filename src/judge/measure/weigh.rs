//! From rules, memory and an answer to evidence: the closed minutes' and, on top of it, that of
//! the minutes that may still change.

use jiff::Timestamp;

use super::answer::CountsAnswer;
use super::books::{Books, Entry, Ledger};
use super::finding::{Finding, MetricFinding, Sufficiency};
use super::memory::{Memory, hourly};
use super::minutes::{Ages, bad_by_minute};
use super::rules::{Accept, EvidenceRules, MetricRule};
use super::series::{MINUTE, minute_of};
use crate::judge::evidence::{self, Settings, dispersion::dispersion, planner};
use crate::judge::verdict::ODDS_MAX;
use crate::judge::{Bound, Doubt, Regression};

/// The chance of a bound that does not hold, where the rules name none.
const ALPHA_ACCEPT: f64 = 0.05;

impl EvidenceRules {
    /// What an answer comes to. `now` is from before the question went out; `timeout` is the
    /// longest that an invocation of either version may take, in seconds.
    ///
    /// Evidence against the canary counts only if the fetch before this one showed it as well, at
    /// least ten seconds ago, so that numbers that were half published do not. More errors than `max_errors` count at once:
    /// errors only ever grow.
    #[must_use]
    pub fn weigh(
        &self,
        memory: &Memory,
        timeout: u32,
        now: Timestamp,
        answer: &CountsAnswer,
    ) -> Memory {
        let mut next = memory.clone();
        next.bursts = self.bursts(memory, answer);
        next.hourly = memory.hourly.or_else(|| hourly(answer, memory.began));
        let settings = self.settings(&next.bursts);
        let complete = next.books.until.is_none() || self.is_complete(answer);
        let ledger = Ledger {
            rules: self,
            settings: &settings,
            ages: Ages::new(self, timeout),
            answer,
        };
        let books = walk(&ledger, &next, now, complete);
        let weighing = Weighing {
            rules: self,
            settings: &settings,
            bursts: &next.bursts,
            books: &books,
        };
        let (crossed, mut finding) = weighing.finding(memory.confirms(now));
        if !complete {
            let error = answer.failure.clone();
            let error = error.unwrap_or_else(|| "not every series was answered".to_owned());
            finding.doubt = Some(Doubt::Uncounted { error });
            // So that it is asked again at once.
            next.asked = None;
        } else {
            next.asked = Some(now.as_second());
        }
        let since = || memory.crossed.unwrap_or(now.as_second());
        next.crossed = crossed.then(since);
        next.last = Some(finding);
        if let Some(until) = books.closed.until {
            next.timeline.forget_before(until);
        }
        next.books = books.closed;
        next
    }

    /// The chance, at most, that a bound does not hold.
    pub(super) fn alpha_accept(&self) -> f64 {
        self.accept.map_or(ALPHA_ACCEPT, |accept| accept.alpha)
    }

    /// How many requests of the canary, none of them failed, early acceptance takes by every metric,
    /// with bad ones as bursty as they were found to be. `None`: it is not asked for, or takes more than can be counted.
    #[must_use]
    pub fn clean_requests(&self, memory: &Memory) -> Option<u64> {
        self.accept?;
        let unknown = vec![None; self.metrics.len()];
        let known = memory.bursts.len() == self.metrics.len();
        let bursts = if known { &memory.bursts } else { &unknown };
        let needed = self.settings(bursts);
        let needed = needed.iter().map(planner::min_clean_requests);
        needed.collect::<Option<Vec<u64>>>()?.into_iter().max()
    }

    pub(super) fn is_complete(&self, answer: &CountsAnswer) -> bool {
        let all = answer.metrics.len() == self.metrics.len();
        let metrics = answer.metrics.iter();
        all && metrics
            .flat_map(|found| [&found.canary, &found.stable])
            .all(super::answer::Pair::is_complete)
    }

    /// How bursty each metric is, measured once. What cannot be measured any more stays unknown.
    fn bursts(&self, memory: &Memory, answer: &CountsAnswer) -> Vec<Option<f64>> {
        let late = !memory.books.entries.is_empty();
        let measured = |(metric, rule): (usize, &MetricRule)| {
            let known = memory.bursts.get(metric).copied().flatten();
            if known.is_some() || late {
                return known;
            }
            let history = &answer.metrics.get(metric)?.history;
            Some(dispersion(&bad_by_minute(rule, history)?).phi)
        };
        self.metrics.iter().enumerate().map(measured).collect()
    }

    pub(super) fn settings(&self, bursts: &[Option<f64>]) -> Vec<Settings> {
        let excess = self.accept.map_or(0.0, |accept| accept.excess);
        let metrics = self.metrics.iter().zip(bursts);
        let settings = metrics.map(|(rule, bursts)| Settings {
            alpha: self.alpha,
            alpha_accept: self.alpha_accept(),
            rho: rule.ratio,
            delta: rule.increase,
            phi: bursts.unwrap_or(1.0),
            // More than what is tolerated anyway cannot be asked for.
            eps: excess.max(rule.increase),
        });
        settings.collect()
    }
}

/// The same minutes, up to three moments.
struct Walked {
    /// Minutes that are not fetched again.
    closed: Books,
    /// Minutes that speak for the canary.
    accepting: Books,
    /// Every minute.
    all: Books,
}

fn walk(ledger: &Ledger<'_>, memory: &Memory, now: Timestamp, complete: bool) -> Walked {
    let mut all = memory.books.clone();
    let (mut closed, mut accepting) = (None, None);
    let today = minute_of(now);
    let from = memory.open_from(now).unwrap_or(today.saturating_add(1));
    for minute in from..=today {
        let age = now.as_second() - minute.saturating_add(1).saturating_mul(MINUTE);
        // Ages fall from minute to minute, so each of the two is a beginning of the whole.
        if closed.is_none() && !(complete && age >= ledger.ages.closes) {
            closed = Some(all.clone());
        }
        if accepting.is_none() && age < ledger.ages.accepts {
            accepting = Some(all.clone());
        }
        all.take(ledger, minute, memory.timeline.known_kind(minute), age);
    }
    Walked {
        closed: closed.unwrap_or_else(|| all.clone()),
        accepting: accepting.unwrap_or_else(|| all.clone()),
        all,
    }
}

struct Weighing<'a> {
    rules: &'a EvidenceRules,
    settings: &'a [Settings],
    bursts: &'a [Option<f64>],
    books: &'a Walked,
}

impl Weighing<'_> {
    /// Whether there is enough evidence against the canary, confirmed or not, and the finding.
    /// `confirms`: it was there on the fetch before, long enough ago.
    fn finding(&self, confirms: bool) -> (bool, Finding) {
        let metrics = self.metrics();
        let logs: Vec<f64> = metrics.iter().map(|metric| metric.log_e).collect();
        let log_e = evidence::combined(&logs);
        let crossed = log_e >= -self.rules.alpha.ln();
        let worst = (0..metrics.len()).max_by(|a, b| logs[*a].total_cmp(&logs[*b]));
        let worse = worst.filter(|_| crossed).map(|worst| {
            let [canary, canary_bad, stable, stable_bad] = metrics[worst].counted;
            Regression::Worse {
                metric: self.rules.metrics[worst].name.clone(),
                canary,
                canary_bad,
                stable,
                stable_bad,
                // Casts stay within the numbers.
                odds: (log_e.exp() as u64).min(ODDS_MAX),
                needed: self.rules.alpha.recip().round() as u64,
            }
        });
        let doubt = worse.clone().filter(|_| !confirms);
        let finding = Finding {
            regression: self.too_many_errors().or(worse.filter(|_| confirms)),
            doubt: doubt.map(|regression| Doubt::Unconfirmed {
                regression: Box::new(regression),
            }),
            sufficiency: self.sufficiency(&metrics),
            metrics,
            throttled: self.books.all.throttled,
            dropped: self.books.closed.dropped,
        };
        (crossed, finding)
    }

    fn metrics(&self) -> Vec<MetricFinding> {
        let nothing = Entry::default();
        let metric = |(metric, settings): (usize, &Settings)| {
            let entry = self.books.all.entries.get(metric).unwrap_or(&nothing);
            let accepting = self.books.accepting.entries.get(metric);
            let accepting = accepting.unwrap_or(&nothing);
            MetricFinding {
                counted: entry.counted,
                log_e: entry.evidence.log_e_rollback(),
                bound: Bound::new(
                    accepting.evidence.upper_excess(settings),
                    1.0 - settings.alpha_accept,
                ),
                bursts: self.bursts.get(metric).copied().flatten(),
            }
        };
        self.settings.iter().enumerate().map(metric).collect()
    }

    fn too_many_errors(&self) -> Option<Regression> {
        let (errors, most) = (self.books.all.errors, self.rules.max_errors?);
        (errors > most).then_some(Regression::TooManyErrors { errors, most })
    }

    fn sufficiency(&self, metrics: &[MetricFinding]) -> Sufficiency {
        let short = |doubt| Sufficiency::Short { doubt };
        if let Some(starved) = self.books.all.starved() {
            return short(Doubt::Starved {
                expected: starved.expected,
                got: starved.got,
            });
        }
        let (judged, needed) = match self.rules.accept {
            Some(_) => (self.books.accepting.judged(0), self.rules.min_requests),
            // What was held against nothing could not have spoken against the canary.
            None => (self.books.all.compared(0), self.rules.min_requests),
        };
        let unknown = Bound::new(1.0, 1.0 - self.rules.alpha_accept());
        if judged < needed {
            let bound = metrics.first().map_or(unknown, |metric| metric.bound);
            return short(Doubt::TooFewRequests {
                judged,
                needed,
                bound,
            });
        }
        let Some(accept) = self.rules.accept else {
            return match self.uncompared() {
                Some(metric) => short(Doubt::Uncompared { metric }),
                None => Sufficiency::Enough,
            };
        };
        match self.unshown(metrics, accept) {
            Some(doubt) => short(doubt),
            None => {
                let bounds = metrics.iter().map(|metric| metric.bound);
                let bound = bounds.max_by_key(|bound| bound.worse_ppm);
                let bound = bound.unwrap_or(unknown);
                Sufficiency::Accepted { judged, bound }
            }
        }
    }

    /// The first metric that had no say, because its numbers never came for both versions.
    fn uncompared(&self) -> Option<String> {
        let silent = |(metric, _): &(usize, &MetricRule)| self.books.all.compared(*metric) == 0;
        let mut metrics = self.rules.metrics.iter().enumerate();
        metrics.find(silent).map(|(_, rule)| rule.name.clone())
    }

    /// The first metric by which the canary is not shown to be good enough.
    fn unshown(&self, metrics: &[MetricFinding], accept: Accept) -> Option<Doubt> {
        let nothing = Entry::default();
        let unshown = |metric: &usize| {
            let entry = self.books.accepting.entries.get(*metric);
            let evidence = &entry.unwrap_or(&nothing).evidence;
            !evidence.accepted(&self.settings[*metric])
        };
        let metric = (0..metrics.len()).find(unshown)?;
        let wanted = self.settings[metric].eps;
        Some(Doubt::NotShown {
            metric: self.rules.metrics[metric].name.clone(),
            bound: metrics[metric].bound,
            wanted: Bound::new(wanted, 1.0 - accept.alpha),
        })
    }
}

#[cfg(test)]
#[path = "weigh_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "weigh_acceptance_tests.rs"]
mod acceptance;

#[cfg(test)]
#[path = "weigh_property_tests.rs"]
mod properties;
