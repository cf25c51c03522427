//! One rollout as it went, a line for everything that was new.

use std::fmt::Write as _;
use std::mem;

use jiff::SignedDuration;

use crate::driver::Pass;
use crate::judge::evidence::combined;
use crate::judge::evidence::figures::{grouped, odds, percent_up};
use crate::judge::measure::{EvidenceRules, MetricFinding};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{Command, Reason, Weight};

/// What a step of a simulated rollout looked like.
#[derive(Debug)]
pub struct Timeline {
    metrics: Vec<String>,
    needed: f64,
    weight: Weight,
    rows: Vec<[String; COLUMNS]>,
    last: Option<News>,
}

/// What makes a line.
#[derive(Debug, PartialEq)]
struct News {
    kind: mem::Discriminant<Reason>,
    what: Option<String>,
    cells: Vec<[String; 3]>,
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
        let metrics = finding.map_or(&[][..], |finding| &finding.metrics);
        let what = what(pass);
        let news = News {
            kind: mem::discriminant(&pass.reason),
            // What is left of a bake is no news.
            what: match pass.reason {
                Reason::Bake { .. } => None,
                _ => Some(what.clone()),
            },
            cells: metrics.iter().map(cells).collect(),
        };
        if pass.act.is_none() && self.last.as_ref() == Some(&news) {
            return;
        }
        self.last = Some(news);
        let minute = format!("{:.1}", minutes(since));
        self.row([minute, self.weight.to_string()], metrics, what);
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

    fn row(&mut self, [minute, weight]: [String; 2], metrics: &[MetricFinding], what: String) {
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

/// What a pass decided, and what it was in doubt of.
fn what(pass: &Pass) -> String {
    let began = pass.snapshot.state.started_at;
    let said = |doubt: &Doubt| match doubt {
        // The day on which all this happens means nothing.
        Doubt::Settling { since } => {
            let minute = minutes(since.duration_since(began));
            format!("the numbers since minute {minute:.1} are not complete yet")
        }
        doubt => doubt.to_string(),
    };
    let (mut what, doubts) = match (&pass.reason, &pass.verdict) {
        (Reason::Hold { doubts }, _) => ("hold:".to_owned(), doubts.as_slice()),
        (reason, Verdict::Inconclusive(doubts)) => (reason.to_string(), doubts.as_slice()),
        (reason, _) => (reason.to_string(), &[][..]),
    };
    for doubt in doubts {
        what += if what.ends_with(':') { " " } else { "; " };
        what += &said(doubt);
    }
    if let Some(cause) = &pass.would {
        // Writing to a String cannot fail.
        let _ = write!(what, "; would: roll back: {cause}");
    }
    what
}

fn minutes(time: SignedDuration) -> f64 {
    time.as_secs_f64() / 60.0
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
