//! One rollout as it went, a line for everything that was new.

use std::fmt::Write as _;
use std::mem;

use jiff::SignedDuration;

use crate::driver::Pass;
use crate::judge::Verdict;
use crate::judge::evidence::combined;
use crate::judge::evidence::figures::{grouped, odds, percent_up};
use crate::judge::measure::{EvidenceRules, Finding, MetricFinding};
use crate::rollout::{Command, Reason, Weight};

/// What a step of a simulated rollout looked like.
#[derive(Debug)]
pub struct Timeline {
    metrics: Vec<String>,
    needed: f64,
    weight: Weight,
    rows: Vec<[String; COLUMNS]>,
    last: Option<(mem::Discriminant<Reason>, Option<Finding>)>,
}

const COLUMNS: usize = 7;
/// Left out where there is nothing to say.
const NOTHING: &str = "-";

impl Timeline {
    /// A rollout by these rules, not begun.
    pub fn new(evidence: &EvidenceRules) -> Self {
        Self {
            metrics: evidence
                .metrics
                .iter()
                .map(|rule| rule.name.clone())
                .collect(),
            needed: -evidence.alpha.ln(),
            weight: Weight::ZERO,
            rows: Vec::new(),
            last: None,
        }
    }

    /// Takes down a pass, if it brought anything new.
    pub fn see(&mut self, since: SignedDuration, pass: &Pass) {
        if pass.reason == Reason::Ready {
            return;
        }
        if let Some((command, Ok(()))) = &pass.act {
            self.weight = match command {
                Command::Shift { weight, .. } => *weight,
                Command::Promote { .. } => Weight::FULL,
                Command::Restore { .. } => Weight::ZERO,
            };
        }
        let finding = pass.snapshot.evidence.finding();
        let news = (mem::discriminant(&pass.reason), finding.cloned());
        if pass.act.is_none() && self.last.as_ref() == Some(&news) {
            return;
        }
        self.last = Some(news);
        let mut what = pass.reason.to_string();
        if let (Verdict::Inconclusive(doubts), false) = (&pass.verdict, says_doubts(&pass.reason)) {
            let doubts = doubts.iter().map(|doubt| format!("; {doubt}"));
            what.extend(doubts);
        }
        if let Some(cause) = &pass.would {
            // Writing to a String cannot fail.
            let _ = write!(what, "; would: roll back: {cause}");
        }
        let minute = format!("{:.1}", since.as_secs_f64() / 60.0);
        self.row([minute, self.weight.to_string()], finding, what);
    }

    /// All of it, as a table.
    pub fn text(&self) -> String {
        let title = [
            "minute", "weight", "canary", "stable", "evidence", "worse", "",
        ];
        let title = title.map(str::to_owned);
        let rows = || std::iter::once(&title).chain(&self.rows);
        let width = |column: usize| rows().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..COLUMNS - 1).map(|c| width(c).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in rows() {
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(text, "{cell:>width$}  ");
            }
            text.truncate(text.trim_end_matches(' ').len());
            if !row[COLUMNS - 1].is_empty() {
                let _ = write!(text, "  {}", row[COLUMNS - 1]);
            }
            text.push('\n');
        }
        let needed = odds(self.needed);
        let _ = write!(
            text,
            "canary, stable: failed/judged requests; evidence that the canary is worse, {needed} \
             is needed; worse: by how much of its requests at most"
        );
        text
    }

    fn row(&mut self, [minute, weight]: [String; 2], finding: Option<&Finding>, what: String) {
        let metrics = finding.map_or(&[][..], |finding| &finding.metrics);
        let logs: Vec<f64> = metrics.iter().map(|metric| metric.log_e).collect();
        let evidence = match logs.as_slice() {
            [] => NOTHING.to_owned(),
            logs => odds(combined(logs)),
        };
        let [canary, stable, worse] = metrics
            .first()
            .map_or([NOTHING; 3].map(str::to_owned), cells);
        let row = [minute, weight, canary, stable, evidence, worse, what];
        self.rows.push(row);
        // A further metric has counts of its own, and a part in the evidence.
        for (metric, name) in metrics.iter().zip(&self.metrics).skip(1) {
            let [canary, stable, worse] = cells(metric);
            let (blank, name) = (String::new, format!("  of these by {name}"));
            self.rows.push([
                blank(),
                blank(),
                canary,
                stable,
                odds(metric.log_e),
                worse,
                name,
            ]);
        }
    }
}

/// Whether the reason is what is in doubt.
fn says_doubts(reason: &Reason) -> bool {
    matches!(reason, Reason::Hold { .. })
}

/// The canary's counts, the stable version's, and the bound.
fn cells(metric: &MetricFinding) -> [String; 3] {
    let [canary, canary_bad, stable, stable_bad] = metric.counted;
    let counts = |bad, all| format!("{}/{}", grouped(bad), grouped(all));
    let worse = match metric.bound.worse_ppm {
        1_000_000.. => NOTHING.to_owned(),
        parts => percent_up(f64::from(parts) / 1e6),
    };
    [
        counts(canary_bad, canary),
        counts(stable_bad, stable),
        worse,
    ]
}
