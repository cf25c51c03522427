//! The tables and what they mean, as Markdown.

use std::fmt::Write;

use crate::calibration::{ALPHAS, BASES, Cell, RATES, SHORTER, SITUATIONS, Situation, WINDOWS};
use crate::contenders::Variant;
use crate::detection::{self, EXCESSES, REQUIRED, Row};
use crate::layer;
use crate::proportion::Proportion;
use crate::race::{HELD_OUT, Outcome, TUNING, against_the_judge, race};

/// Runs of each cell.
pub const RUNS: u32 = 2000;
/// The bounds that are printed are wrong in at most this share of cases.
const DOUBT: f64 = 0.01;
/// A cell fails if its chance is above alpha but for a doubt of so much.
const FAILS: f64 = 0.001;

/// The document, and everything that should not be so.
#[derive(Debug, Default)]
pub struct Document {
    pub text: String,
    pub wrong: Vec<String>,
}

/// One situation's cells: by base rate, requests a second, window.
type Cells = Vec<(Cell, [Proportion; 2])>;

/// Simulates everything: some ten seconds.
pub fn document() -> Document {
    let mut document = Document::default();
    document.paragraph(include_str!("document/begin.md"));
    let situations = SITUATIONS.map(|situation| (situation, cells(situation)));
    document.calibration(&situations, true);
    document.paragraph(include_str!("document/sandbox.md"));
    let shorter = SHORTER.map(|situation| (situation, cells(situation)));
    document.calibration(&shorter, false);
    document.paragraph(include_str!("document/detection.md"));
    document.detection();
    document.paragraph(include_str!("document/race.md"));
    document.race();
    document.paragraph(include_str!("document/layer.md"));
    document.layer();
    document.paragraph(include_str!("document/cells.md"));
    for (situation, cells) in &situations {
        document.cells(situation, cells);
    }
    document
}

fn cells(situation: Situation) -> Cells {
    let mut cells = Vec::new();
    for base in BASES {
        for rps in RATES {
            for window in WINDOWS {
                let cell = Cell {
                    situation,
                    base,
                    rps,
                    window,
                };
                cells.push((cell, cell.blamed(RUNS)));
            }
        }
    }
    cells
}

impl Document {
    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    fn row(&mut self, columns: &[String]) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "| {} |", columns.join(" | "));
    }

    fn head(&mut self, columns: &[&str]) {
        self.text.push('\n');
        self.row(&columns.iter().map(ToString::to_string).collect::<Vec<_>>());
        let _ = writeln!(self.text, "|{}", "---|".repeat(columns.len()));
    }

    /// `held`: whether a cell above alpha is wrong.
    fn calibration(&mut self, situations: &[(Situation, Cells)], held: bool) {
        self.head(&[
            "condition",
            "worst at 0.01",
            "worst at 0.05",
            "cells above alpha",
        ]);
        for (situation, cells) in situations {
            let mut columns = vec![situation.name.to_owned()];
            let mut above = Vec::new();
            for (level, alpha) in ALPHAS.into_iter().enumerate() {
                let worst = cells.iter().max_by_key(|(_, found)| found[level].found);
                columns.extend(worst.map(|(_, found)| with_bound(found[level])));
                for (cell, found) in cells {
                    let (name, found) = (place(cell), found[level]);
                    if found.share() > alpha {
                        above.push(format!("{name}: {}", percent(found.share())));
                    }
                    if held && found.lower(FAILS) > alpha {
                        let name = format!("{}, {name}", situation.name);
                        self.wrong
                            .push(format!("{name}: {found:?} at alpha {alpha}"));
                    }
                }
            }
            columns.push(if above.is_empty() {
                "none".to_owned()
            } else {
                above.join("; ")
            });
            self.row(&columns);
        }
    }

    fn detection(&mut self) {
        self.head(&[
            "excess",
            "base rate",
            "requests/s",
            "5 min",
            "10 min",
            "30 min",
            "median, min",
        ]);
        for excess in EXCESSES {
            for base in detection::BASES {
                let mut rows = Merged::default();
                for rps in RATES {
                    let found = self.detected(Row { excess, rps, base });
                    rows.add(rps, found);
                }
                for (rates, found) in rows.0 {
                    let mut columns = vec![percent(excess), percent(base), rates];
                    columns.extend(found);
                    self.row(&columns);
                }
            }
        }
    }

    fn detected(&mut self, row: Row) -> Vec<String> {
        let Row { excess, rps, base } = row;
        let times = row.times(RUNS);
        let median = times.median();
        let required = REQUIRED
            .iter()
            .find(|it| (it.0, it.1, 0.0) == (excess, rps, base));
        if let Some((.., by)) = required
            && median.is_none_or(|median| median > *by)
        {
            let wrong = format!("{row:?}: half found by {median:?}, not by {by}");
            self.wrong.push(wrong);
        }
        let mut found: Vec<String> = times.shares().map(percent).into();
        found.push(median.map_or("–".to_owned(), |median| median.to_string()));
        found
    }

    fn race(&mut self) {
        let [tuning, held_out] = [&TUNING[..], &HELD_OUT[..]].map(|cells| {
            let outcomes = cells.iter().map(|traffic| race(*traffic, RUNS));
            outcomes.collect::<Vec<_>>()
        });
        for (name, outcomes) in [("Tuning", &tuning), ("Held out", &held_out)] {
            let _ = write!(self.text, "\n{name}:\n");
            self.raced(outcomes);
        }
        self.how_near(&tuning, &held_out);
        self.paragraph(include_str!("document/variants.md"));
        self.head(&[
            "variant",
            "tuning",
            "held out",
            "held out, from the beginning",
            "held out, late",
        ]);
        let is_late = |outcome: &&Outcome| outcome.traffic.late > 0;
        let (late, early): (Vec<_>, Vec<_>) = held_out.iter().cloned().partition(|it| is_late(&it));
        let columns = [&tuning, &held_out, &early, &late].map(|cells| against_the_judge(cells));
        for (index, variant) in Variant::all().iter().enumerate() {
            let mut row = vec![variant.name.to_owned()];
            row.extend(columns.iter().map(|factors| signed(factors[index] - 1.0)));
            self.row(&row);
        }
    }

    fn how_near(&mut self, tuning: &[Outcome], held_out: &[Outcome]) {
        let all = || tuning.iter().chain(held_out);
        let times = |late: bool| {
            let some = all().filter(move |it| (it.traffic.late > 0) == late);
            let times = some.map(|it| it.judge / it.both_rates);
            let (least, most) = times.fold((f64::MAX, 0.0), |(least, most), times| {
                (f64::min(least, times), f64::max(most, times))
            });
            format!("{least:.1} to {most:.1}")
        };
        let (early, late) = (times(false), times(true));
        let _ = write!(
            self.text,
            "\nThe judge takes {early} times as long as the test that knows both rates, and {late} \
             times if the\nregression comes late.\n"
        );
    }

    fn raced(&mut self, outcomes: &[Outcome]) {
        self.head(&[
            "weight",
            "requests/s",
            "base rate",
            "excess",
            "from minute",
            "judge",
            "ratio alone",
            "both rates",
            "judge to ratio",
            "judge to both",
        ]);
        for outcome in outcomes {
            let it = outcome.traffic;
            self.row(&[
                percent(it.weight),
                it.rps.to_string(),
                percent(it.base),
                percent(it.excess),
                it.late.to_string(),
                format!("{:.1}", outcome.judge),
                format!("{:.1}", outcome.ratio),
                format!("{:.1}", outcome.both_rates),
                format!("{:.2}", outcome.judge / outcome.ratio),
                format!("{:.2}", outcome.judge / outcome.both_rates),
            ]);
        }
    }

    fn layer(&mut self) {
        self.head(&["points published after", "verdict after the minute's end"]);
        for after in [0, 30, 60, 90, 120, 180] {
            let found = layer::seconds_to_the_verdict(after);
            let span = found.map_or("never".to_owned(), |(least, most)| {
                format!("{least} to {most} s")
            });
            self.row(&[format!("{after} s"), span]);
        }
    }

    fn cells(&mut self, situation: &Situation, cells: &Cells) {
        let _ = write!(self.text, "\n{}:\n", situation.name);
        self.head(&["base rate", "requests/s", "5 min", "10 min", "30 min"]);
        for rows in cells.chunks(WINDOWS.len() * RATES.len()) {
            let mut merged = Merged::default();
            for row in rows.chunks(WINDOWS.len()) {
                let found = row.iter().map(|(_, found)| both(*found));
                merged.add(row[0].0.rps, found.collect());
            }
            for (rates, found) in merged.0 {
                let mut columns = vec![percent(rows[0].0.base), rates];
                columns.extend(found);
                self.row(&columns);
            }
        }
    }
}

/// Rows by requests a second; neighbours that say the same are one.
#[derive(Default)]
struct Merged(Vec<(String, Vec<String>)>);

impl Merged {
    fn add(&mut self, rps: f64, columns: Vec<String>) {
        match self.0.last_mut() {
            Some((rates, last)) if *last == columns => {
                rates.push_str(&format!(", {rps}"));
            }
            _ => self.0.push((rps.to_string(), columns)),
        }
    }
}

/// A cell at both levels.
pub fn both(found: [Proportion; 2]) -> String {
    found.map(with_bound).join(" · ")
}

fn with_bound(found: Proportion) -> String {
    format!(
        "{} (≤ {})",
        percent(found.share()),
        percent_up(found.upper(DOUBT))
    )
}

fn place(cell: &Cell) -> String {
    format!(
        "{} at {}/s, {} min",
        percent(cell.base),
        cell.rps,
        cell.window
    )
}

fn percent(share: f64) -> String {
    let rounded = (share * 1e6).round() / 1e4;
    format!("{rounded} %")
}

/// A bound is rounded up.
fn percent_up(share: f64) -> String {
    format!("{} %", (share * 1e4).ceil() / 1e2)
}

fn signed(share: f64) -> String {
    format!("{:+.1} %", share * 100.0)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
