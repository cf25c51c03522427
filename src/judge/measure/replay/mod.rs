//! What a rollout would have said of a past window, had it watched with these rules.
//!
//! The same rules judge: a virtual "now" walks through the window, minute by minute, and the real
//! [`Memory`] and [`EvidenceRules::weigh`] see at each moment what was there by then. Only two
//! things are not known any more. When the weight changed is inferred from how the requests were
//! split ([`Stretches`]); and when CloudWatch published which number is taken to be a minute after
//! the minute's end, with the numbers as they stand today.
//!
//! Pure, like the rest of the judge. Start at [`contenders()`], then [`Stretches::of`], then
//! [`Replay`].

mod contenders;
mod split;
mod stretches;

use jiff::Timestamp;

use super::answer::CountsAnswer;
use super::books::{Books, Ledger};
use super::finding::{Finding, Sufficiency};
use super::memory::{Memory, history_before};
use super::minutes::{Ages, PUBLISHED};
use super::question::{CountsQuestion, Span, Versions};
use super::rules::EvidenceRules;
use super::series::{MINUTE, start_of};
use crate::judge::evidence::{self, Counts, Settings, Tally};
use crate::judge::{Bound, Doubt, Regression, Verdict};

pub use contenders::{NotTwo, Traffic, contenders};
pub use stretches::{Change, STEADY, Stretch, Stretches};

/// Within each minute a rollout that is in luck looks at its first second, and once more as soon
/// as that can confirm what the first look showed.
const LOOKS: [i64; 2] = [0, 10];

/// The minute after has ended by then, and CloudWatch has published of it what it publishes slowly,
/// in seconds beyond the time to settle.
const LATEST: i64 = 180;

/// A past window to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Replay<'a> {
    /// By which rules.
    pub rules: &'a EvidenceRules,
    /// Which versions.
    pub versions: &'a Versions,
    /// The longest that an invocation of either version may take, in seconds: 1 to 900.
    pub timeout: u32,
    /// How their traffic was split.
    pub stretches: &'a Stretches,
    /// The present: what is later has not happened yet.
    pub now: Timestamp,
}

/// What the judge would have said.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// The end that a rollout would have come to.
    pub ending: Ending,
    /// When it would have stopped or completed, at the earliest. `None`: it would have gone on as
    /// long as its plan says.
    pub at: Option<Timestamp>,
    /// What was known by then, or by the end of the window's last minute and all that it takes to
    /// settle.
    pub finding: Finding,
    /// When the evidence against a canary that was accepted had come to be enough, at the
    /// earliest: no rollout would have been there to see it.
    pub too_late: Option<(Timestamp, Regression)>,
    /// Every minute from the first to the last one of both versions.
    pub minutes: Vec<Minute>,
}

/// How a rollout with these rules would have ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// It would have stopped.
    Regression(Regression),
    /// It would have completed early.
    Accepted {
        /// The canary's requests that this rests on.
        judged: u64,
        /// How much worse the canary is at most, in the worst of the metrics.
        bound: Bound,
    },
    /// Nothing spoke against the canary, and as many requests were judged as the rules ask for.
    Enough,
    /// There was too little to go by.
    Inconclusive(Doubt),
}

/// One minute of both versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Minute {
    /// Where it begins.
    pub start: Timestamp,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a minute.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It was judged.
    Judged {
        /// By metric, in the order of the rules; `None`: not by this one.
        metrics: Vec<Option<Counts>>,
        /// The logarithm of the evidence against the canary up to here, of all metrics together.
        log_e: f64,
    },
    /// It was left out.
    Dropped(Why),
}

/// Why a minute was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It mixes two shares, or may.
    Changed(Change),
    /// One of the versions had no traffic for longer than this minute.
    Unshared,
    /// A part of its numbers is not there, or they do not belong together.
    Incomplete,
    /// The canary had no requests.
    Idle,
    /// The first requests of a version are slow, and nothing else was counted.
    Warming,
    /// It has only just ended, if at all.
    Young,
}

impl Replay<'_> {
    /// Everything that has to be fetched, at once.
    #[must_use]
    pub fn question(&self) -> CountsQuestion {
        let Stretches { first, last, .. } = *self.stretches;
        CountsQuestion {
            window: Some(Span {
                from: start_of(first),
                to: start_of(last.saturating_add(1)),
            }),
            history: Some(history_before(first)),
            after: None,
            metrics: self.rules.sources(),
            versions: self.versions.clone(),
        }
    }

    /// What the judge would have said, from the answer to [`question`](Self::question).
    ///
    /// # Errors
    /// If the answer is not whole: why.
    pub fn judge(&self, answer: &CountsAnswer) -> Result<Replayed, String> {
        if !self.rules.is_complete(answer) {
            let why = answer.failure.clone();
            return Err(why.unwrap_or_else(|| "not every series was answered".to_owned()));
        }
        let mut walk = Walk {
            replay: self,
            answer,
            memory: self.begun(),
            last_look: start_of(self.stretches.first),
        };
        let ended = walk.until_it_ends();
        let (ending, at, finding) = ended.unwrap_or_else(|| walk.without_an_end());
        let accepted = matches!(ending, Ending::Accepted { .. });
        Ok(Replayed {
            too_late: accepted.then(|| walk.until_regression()).flatten(),
            minutes: self.minutes(answer, &walk.memory),
            ending,
            at,
            finding,
        })
    }

    /// The memory of a rollout that begins with the first minute of both versions, and that
    /// knows what it will see of the alias.
    fn begun(&self) -> Memory {
        let first = self.stretches.first;
        Memory {
            began: Some(first.saturating_mul(MINUTE)),
            timeline: self.stretches.timeline(),
            books: Books {
                until: Some(first),
                ..Books::default()
            },
            ..Memory::default()
        }
    }

    /// Where the minutes begin that may yet show requests to both versions, if the last ones that
    /// do are so young: then the release may not be over.
    fn under_way(&self) -> Option<Timestamp> {
        let next = self.stretches.last.saturating_add(1);
        let age = self.now.as_second() - next.saturating_mul(MINUTE);
        (age < self.ages().settled + LATEST).then(|| start_of(next))
    }

    fn ages(&self) -> Ages {
        Ages::new(self.rules, self.timeout)
    }

    /// Each minute with what it added to the books. They are the same as those of the looks: what
    /// is known of the counts does not depend on when they were fetched.
    fn minutes(&self, answer: &CountsAnswer, memory: &Memory) -> Vec<Minute> {
        let settings = self.rules.settings(&memory.bursts);
        let ledger = Ledger {
            rules: self.rules,
            settings: &settings,
            ages: self.ages(),
            answer,
        };
        let timeline = self.stretches.timeline();
        let mut books = Books::default();
        let minutes = self.stretches.first..=self.stretches.last;
        let minute = |minute: i64| {
            let before = books.clone();
            let ends = minute.saturating_add(1).saturating_mul(MINUTE);
            let age = self.now.as_second() - ends;
            books.take(&ledger, minute, timeline.kind(minute), age);
            Minute {
                start: start_of(minute),
                fate: self.fate(minute, age, [&before, &books], &settings),
            }
        };
        minutes.map(minute).collect()
    }

    fn fate(
        &self,
        minute: i64,
        age: i64,
        [before, after]: [&Books; 2],
        settings: &[Settings],
    ) -> Fate {
        let counted = |books: &Books, metric: usize| {
            let entry = books.entries.get(metric);
            entry.map_or([0; 4], |entry| entry.counted)
        };
        let added = |metric| {
            let (old, new) = (counted(before, metric), counted(after, metric));
            let [canary, canary_bad, stable, stable_bad] =
                std::array::from_fn(|at| new[at].saturating_sub(old[at]));
            let tally = |all: u64, bad: u64| Tally::new(all, bad.min(all)).unwrap_or_default();
            (canary > 0).then(|| Counts {
                canary: tally(canary, canary_bad),
                stable: tally(stable, stable_bad),
            })
        };
        let metrics: Vec<Option<Counts>> = (0..settings.len()).map(added).collect();
        if metrics.iter().any(Option::is_some) {
            let logs = after.entries.iter();
            let logs: Vec<f64> = logs.map(|entry| entry.evidence.log_e_rollback()).collect();
            let log_e = evidence::combined(&logs);
            return Fate::Judged { metrics, log_e };
        }
        let dropped = [before.dropped, after.dropped];
        Fate::Dropped(match self.stretches.change(minute) {
            Some(change) => Why::Changed(change),
            None if dropped[1].incomplete > dropped[0].incomplete => Why::Incomplete,
            None if dropped[1].idle > dropped[0].idle => Why::Idle,
            None if age < PUBLISHED => Why::Young,
            None if after.warmed == Some(minute) => Why::Warming,
            None => Why::Unshared,
        })
    }
}

/// The virtual rollout on its way.
struct Walk<'a> {
    replay: &'a Replay<'a>,
    answer: &'a CountsAnswer,
    memory: Memory,
    last_look: Timestamp,
}

impl Walk<'_> {
    /// Looks until one of them ends the rollout.
    fn until_it_ends(&mut self) -> Option<(Ending, Option<Timestamp>, Finding)> {
        while let Some(finding) = self.next_look() {
            let ending = match (&finding.regression, &finding.sufficiency, finding.verdict()) {
                (Some(regression), ..) => Ending::Regression(regression.clone()),
                (None, &Sufficiency::Accepted { judged, bound }, Verdict::Pass) => {
                    Ending::Accepted { judged, bound }
                }
                _ => continue,
            };
            return Some((ending, Some(self.last_look), finding));
        }
        None
    }

    /// Looks on until the evidence against the canary is enough.
    fn until_regression(&mut self) -> Option<(Timestamp, Regression)> {
        while let Some(finding) = self.next_look() {
            if let Some(regression) = finding.regression {
                return Some((self.last_look, regression));
            }
        }
        None
    }

    /// What is left when there is nothing more to look at.
    fn without_an_end(&self) -> (Ending, Option<Timestamp>, Finding) {
        let Replay { rules, now, .. } = *self.replay;
        let finding = self.memory.finding().cloned();
        let finding = finding.unwrap_or_else(|| Finding::unknown(rules));
        let open = rules.measured(&self.memory, now).unjudged_from;
        let open = open.or_else(|| self.replay.under_way());
        let ending = match (&finding.doubt, open, &finding.sufficiency) {
            (Some(doubt), ..) => Ending::Inconclusive(doubt.clone()),
            (None, Some(since), _) => Ending::Inconclusive(Doubt::Settling { since }),
            (None, None, Sufficiency::Short { doubt }) => Ending::Inconclusive(doubt.clone()),
            (None, None, _) => Ending::Enough,
        };
        (ending, None, finding)
    }

    /// What the next look shows that has something to fetch. `None`: there is no such look.
    fn next_look(&mut self) -> Option<Finding> {
        let Replay {
            rules,
            versions,
            timeout,
            now,
            ..
        } = *self.replay;
        let last = self.replay.stretches.last.saturating_add(1);
        let ends = last.saturating_mul(MINUTE) + self.replay.ages().closes + MINUTE;
        let ends = ends.min(now.as_second());
        let mut second = self.last_look.as_second();
        if self.memory.asked.is_none() {
            second -= 1;
        }
        loop {
            second = look_after(second);
            let at = Timestamp::from_second(second)
                .ok()
                .filter(|_| second <= ends)?;
            self.last_look = at;
            let Some(question) = rules.question(&self.memory, versions, at) else {
                continue;
            };
            let answer = self.answer.as_of(&question, at, PUBLISHED);
            self.memory = rules.weigh(&self.memory, timeout, at, &answer);
            return self.memory.finding().cloned();
        }
    }
}

/// The next second at which a look is taken.
fn look_after(second: i64) -> i64 {
    let minute = second.div_euclid(MINUTE) * MINUTE;
    let next = LOOKS.iter().map(|look| minute + look);
    next.into_iter()
        .find(|look| *look > second)
        .unwrap_or(minute + MINUTE)
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
