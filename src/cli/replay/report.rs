//! What a replay came to, for people and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::Replay as Arguments;
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::judge::Doubt;
use crate::judge::evidence::Counts;
use crate::judge::evidence::figures::{grouped, odds, percent};
use crate::judge::measure::Span;
use crate::judge::measure::replay::{Change, Ending, Fate, Minute, Replay, Replayed, Why};

/// All that there is to say.
pub struct Report<'a> {
    /// What was asked.
    pub arguments: &'a Arguments,
    /// The window as it was judged.
    pub replay: &'a Replay<'a>,
    /// What came of it.
    pub replayed: &'a Replayed,
    /// The window that was asked for.
    pub window: Span,
    /// Whether the changes of the weight were named.
    pub named: bool,
    /// What was assumed beside the rules.
    pub notes: &'a [String],
}

impl Report<'_> {
    /// Prints it to stdout.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print(&self, console: &Console) -> Result<(), CliError> {
        if self.arguments.json {
            let json = serde_json::to_string(&self.answer());
            return console.result(&json.map_err(|error| CliError::plain(error.to_string()))?);
        }
        for line in self.lines() {
            if !console.line(&line)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let versions = self.replay.versions;
        let mut lines = vec![format!(
            "{}, {}: canary version {}, stable version {}",
            self.arguments.target,
            span(self.window),
            versions.canary,
            versions.stable
        )];
        lines.extend(self.minutes());
        let finding = &self.replayed.finding;
        let metrics = finding.sentences(self.replay.rules).into_iter();
        lines.extend(metrics.map(|(name, sentence)| format!("{name}: {sentence}")));
        if finding.throttled > 0 {
            let requests = grouped(finding.throttled);
            lines.push(format!("throttled, and in no count: {requests}"));
        }
        lines.push(format!("{}: {}", self.word(), self.reason()));
        lines.extend(self.afterwards().map(|late| format!("note: {late}")));
        lines.extend(self.all_notes().map(|note| format!("note: {note}")));
        lines
    }

    /// A line for each judged minute; one for those left out for the same reason in a row.
    fn minutes(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut dropped: Option<(Timestamp, Timestamp, Why)> = None;
        for minute in &self.replayed.minutes {
            match (&minute.fate, &mut dropped) {
                (Fate::Dropped(why), Some((_, last, known))) if known == why => {
                    *last = minute.start;
                }
                (Fate::Dropped(why), _) => {
                    lines.extend(dropped.take().map(|row| self.left_out(row)));
                    dropped = Some((minute.start, minute.start, *why));
                }
                (Fate::Judged { metrics, log_e }, _) => {
                    lines.extend(dropped.take().map(|row| self.left_out(row)));
                    lines.push(self.judged(minute, metrics, *log_e));
                }
            }
        }
        lines.extend(dropped.map(|row| self.left_out(row)));
        lines
    }

    fn judged(&self, minute: &Minute, metrics: &[Option<Counts>], log_e: f64) -> String {
        let rules = &self.replay.rules.metrics;
        let counts = |counts: &Counts| {
            let side = |tally: crate::judge::evidence::Tally| {
                format!(
                    "{}/{}",
                    grouped(tally.errors()),
                    grouped(tally.invocations())
                )
            };
            format!(
                "canary {}, stable {}",
                side(counts.canary),
                side(counts.stable)
            )
        };
        let judged = rules.iter().zip(metrics);
        let judged = judged.filter_map(|(rule, found)| Some((rule, found.as_ref()?)));
        let each: Vec<String> = match rules.as_slice() {
            [_] => judged.map(|(_, found)| counts(found)).collect(),
            _ => judged
                .map(|(rule, found)| format!("{}: {}", rule.name, counts(found)))
                .collect(),
        };
        format!(
            "{}  {}; evidence {}",
            self.clock(minute.start),
            each.join("; "),
            odds(log_e)
        )
    }

    fn left_out(&self, (first, last, why): (Timestamp, Timestamp, Why)) -> String {
        let when = if first == last {
            self.clock(first)
        } else {
            format!("{} to {}", self.clock(first), self.clock(last))
        };
        let split = match why {
            Why::Changed(_) => self.shares_around(first, last),
            _ => String::new(),
        };
        format!("{when}  left out: {}{split}", said(why))
    }

    /// The canary's share before and after these minutes.
    fn shares_around(&self, first: Timestamp, last: Timestamp) -> String {
        let (first, last) = (
            first.as_second().div_euclid(60),
            last.as_second().div_euclid(60),
        );
        let stretches = self.replay.stretches.stretches();
        let before = stretches.iter().find(|stretch| stretch.last + 1 == first);
        let after = stretches.iter().find(|stretch| stretch.first == last + 1);
        let share = |share: u16| percent(f64::from(share) / 10_000.0);
        match (before, after) {
            (Some(before), Some(after)) => {
                format!(
                    " (canary {} before, {} after)",
                    share(before.share),
                    share(after.share)
                )
            }
            (Some(before), None) => format!(" (canary {} before)", share(before.share)),
            (None, Some(after)) => format!(" (canary {} after)", share(after.share)),
            (None, None) => String::new(),
        }
    }

    fn word(&self) -> &'static str {
        match self.replayed.ending {
            Ending::Regression(_) => "regression",
            Ending::Accepted { .. } => "accepted",
            Ending::Enough => "enough",
            Ending::Inconclusive(_) => "inconclusive",
        }
    }

    fn reason(&self) -> String {
        let at = self.replayed.at.map(|at| self.second(at));
        let at = at.unwrap_or_default();
        match &self.replayed.ending {
            Ending::Regression(regression) => {
                format!("a rollout would have been stopped at {at} at the earliest: {regression}")
            }
            Ending::Accepted { judged, bound } => format!(
                "a rollout would have been completed at {at} at the earliest: {} of the canary's \
                 requests were judged, {bound}",
                grouped(*judged)
            ),
            Ending::Enough => "nothing speaks against the canary".to_owned(),
            Ending::Inconclusive(doubt @ Doubt::Settling { .. }) => {
                format!("{doubt}; ask again in a few minutes, or end the window earlier")
            }
            Ending::Inconclusive(doubt) => doubt.to_string(),
        }
    }

    /// What a rollout that had completed would not have seen any more.
    fn afterwards(&self) -> Option<String> {
        let (at, regression) = self.replayed.too_late.as_ref()?;
        Some(format!(
            "after it was accepted, at {}: {regression}",
            self.second(*at)
        ))
    }

    fn all_notes(&self) -> impl Iterator<Item = String> {
        let mut notes = vec![
            "the numbers are as CloudWatch shows them now, taken to have been there a minute after \
             each minute's end"
                .to_owned(),
        ];
        if !self.named {
            notes.push(
                "when the weight changed is inferred from the requests; --shift MOMENT names it"
                    .to_owned(),
            );
        }
        notes.into_iter().chain(self.notes.iter().cloned())
    }

    /// A minute as it stands in a line: with its day if the window has more than one.
    fn clock(&self, at: Timestamp) -> String {
        let day = |at: Timestamp| at.strftime("%F").to_string();
        let last = self.window.to - jiff::SignedDuration::from_secs(1);
        if day(self.window.from) == day(last) {
            at.strftime("%H:%MZ").to_string()
        } else {
            at.strftime("%m-%d %H:%MZ").to_string()
        }
    }

    fn second(&self, at: Timestamp) -> String {
        at.strftime("%F %H:%M:%SZ").to_string()
    }

    fn answer(&self) -> Answer<'_> {
        let Replay {
            versions,
            rules,
            stretches,
            timeout,
            ..
        } = *self.replay;
        let finding = &self.replayed.finding;
        let metrics = rules.metrics.iter().zip(&finding.metrics);
        let minute = |number: i64| Timestamp::from_second(number * 60).unwrap_or(Timestamp::MAX);
        let minutes = self.replayed.minutes.iter();
        Answer {
            schema: 1,
            function: self.arguments.target.function.as_str(),
            alias: &self.arguments.target.alias,
            stable: &versions.stable,
            canary: &versions.canary,
            from: self.window.from,
            to: self.window.to,
            verdict: self.word(),
            at: self.replayed.at,
            reason: self.reason(),
            metrics: metrics
                .map(|(rule, found)| Metric {
                    name: &rule.name,
                    counts: found.counted.into(),
                    log_e: found.log_e,
                    worse_at_most: f64::from(found.bound.worse_ppm) / 1e6,
                    confidence: f64::from(found.bound.sure_ppm) / 1e6,
                    bursts: found.bursts,
                })
                .collect(),
            minutes: minutes.clone().filter_map(JudgedMinute::of).collect(),
            dropped: minutes
                .filter_map(|minute| match minute.fate {
                    Fate::Dropped(why) => Some(DroppedMinute {
                        minute: minute.start,
                        why: word(why),
                    }),
                    Fate::Judged { .. } => None,
                })
                .collect(),
            stretches: stretches
                .stretches()
                .iter()
                .map(|stretch| ShareOf {
                    from: minute(stretch.first),
                    to: minute(stretch.last + 1),
                    canary_share: f64::from(stretch.share) / 10_000.0,
                })
                .collect(),
            throttled: finding.throttled,
            timeout,
            too_late: self.replayed.too_late.as_ref().map(|(at, _)| *at),
            notes: self
                .afterwards()
                .into_iter()
                .chain(self.all_notes())
                .collect(),
        }
    }
}

/// What `canary replay --json` prints; the shape of version 1.
#[derive(Serialize)]
struct Answer<'a> {
    schema: u32,
    function: &'a str,
    alias: &'a str,
    stable: &'a str,
    canary: &'a str,
    from: Timestamp,
    to: Timestamp,
    verdict: &'static str,
    at: Option<Timestamp>,
    reason: String,
    metrics: Vec<Metric<'a>>,
    minutes: Vec<JudgedMinute>,
    dropped: Vec<DroppedMinute>,
    stretches: Vec<ShareOf>,
    throttled: u64,
    timeout: u32,
    too_late: Option<Timestamp>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    #[serde(flatten)]
    counts: Four,
    log_e: f64,
    worse_at_most: f64,
    confidence: f64,
    bursts: Option<f64>,
}

#[derive(Serialize)]
struct Four {
    canary: u64,
    canary_bad: u64,
    stable: u64,
    stable_bad: u64,
}

#[derive(Serialize)]
struct JudgedMinute {
    minute: Timestamp,
    /// In the order of the answer's metrics.
    metrics: Vec<Option<Four>>,
    log_e: f64,
}

#[derive(Serialize)]
struct DroppedMinute {
    minute: Timestamp,
    why: &'static str,
}

#[derive(Serialize)]
struct ShareOf {
    from: Timestamp,
    to: Timestamp,
    canary_share: f64,
}

impl From<[u64; 4]> for Four {
    fn from([canary, canary_bad, stable, stable_bad]: [u64; 4]) -> Self {
        Self {
            canary,
            canary_bad,
            stable,
            stable_bad,
        }
    }
}

impl From<&Counts> for Four {
    fn from(Counts { canary, stable }: &Counts) -> Self {
        Self {
            canary: canary.invocations(),
            canary_bad: canary.errors(),
            stable: stable.invocations(),
            stable_bad: stable.errors(),
        }
    }
}

impl JudgedMinute {
    fn of(minute: &Minute) -> Option<Self> {
        let Fate::Judged { metrics, log_e } = &minute.fate else {
            return None;
        };
        Some(Self {
            minute: minute.start,
            metrics: metrics
                .iter()
                .map(|found| found.as_ref().map(Four::from))
                .collect(),
            log_e: *log_e,
        })
    }
}

/// The window as it is said: its day, and where it begins and ends.
pub fn span(window: Span) -> String {
    let (from, to) = (window.from, window.to);
    let same = from.strftime("%F").to_string() == to.strftime("%F").to_string();
    let to = to.strftime(if same { "%H:%MZ" } else { "%F %H:%MZ" });
    format!("{} to {to}", from.strftime("%F %H:%MZ"))
}

fn said(why: Why) -> &'static str {
    match why {
        Why::Changed(Change::Began) => "the first minute with requests to both versions",
        Why::Changed(Change::Ended) => "the last minute with requests to both versions",
        Why::Changed(Change::Named) => "the weight changed, as named",
        Why::Changed(Change::Found) => "the weight changed in one of them, by their requests",
        Why::Unshared => "one of the versions had no traffic around then",
        Why::Incomplete => "numbers are missing, or do not belong together",
        Why::Idle => "no requests to the canary",
        Why::Warming => "the canary's first minute, which is slow",
        Why::Young => "its numbers are not published yet",
    }
}

fn word(why: Why) -> &'static str {
    match why {
        Why::Changed(Change::Began) => "began",
        Why::Changed(Change::Ended) => "ended",
        Why::Changed(Change::Named) => "named",
        Why::Changed(Change::Found) => "changed",
        Why::Unshared => "unshared",
        Why::Incomplete => "incomplete",
        Why::Idle => "idle",
        Why::Warming => "warming",
        Why::Young => "young",
    }
}
