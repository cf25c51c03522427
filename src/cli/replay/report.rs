//! What a replay came to, for people and as JSON.

use jiff::Timestamp;

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

    pub(super) fn word(&self) -> &'static str {
        match self.replayed.ending {
            Ending::Regression(_) => "regression",
            Ending::Accepted { .. } => "accepted",
            Ending::Enough => "enough",
            Ending::Inconclusive(_) => "inconclusive",
        }
    }

    pub(super) fn reason(&self) -> String {
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
    pub(super) fn afterwards(&self) -> Option<String> {
        let (at, regression) = self.replayed.too_late.as_ref()?;
        Some(format!(
            "after it was accepted, at {}: {regression}",
            self.second(*at)
        ))
    }

    pub(super) fn all_notes(&self) -> impl Iterator<Item = String> {
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
