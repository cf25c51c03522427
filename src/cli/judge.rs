//! `canary judge`: the evidence judge on counts from a file, without AWS.
//!
//! For looking back at a release, for trying out settings, and for comparing this judge with
//! another. Lines are read one by one, however many there are.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::Serialize;

use super::args::{Judge, SettingsArguments};
use super::console::{Console, written};
use super::error::CliError;
use super::exit::Exit;
use crate::judge::evidence::figures::{odds, percent_up};
use crate::judge::evidence::{Counts, Evidence, Settings, Summary, Tally};

/// The columns, and the header that is skipped.
const COLUMNS: [&str; 4] = ["n_c", "x_c", "n_b", "x_b"];
/// Far above the longest line of four numbers; a file without lines must not fill the memory.
const LINE_MAX: usize = 4096;

/// Judges the polls of a file, or of stdin if the file is `-`.
pub fn judge(console: &Console, arguments: &Judge) -> Result<Exit, CliError> {
    let settings = in_range(&arguments.settings)?;
    let (place, lines) = open(&arguments.file)?;
    let mut polls = Polls::new(place, lines);
    let mut course = Course::new(settings);
    let mut per_poll = Vec::new();
    while let Some(counts) = polls.next()? {
        course.take(&counts);
        if arguments.json {
            per_poll.push(course.poll());
        } else if !console.line(&course.line(&counts))? {
            return Ok(Exit::Success);
        }
    }
    if arguments.json {
        print(&course.answer(per_poll))?;
    } else {
        console.result(&course.end())?;
    }
    Ok(Exit::Success)
}

/// The settings of a command line, if they are in range.
pub fn in_range(arguments: &SettingsArguments) -> Result<Settings, CliError> {
    let settings = arguments.settings();
    settings
        .check()
        .map_err(|error| CliError::usage(error.to_string()))?;
    Ok(settings)
}

/// Prints it without having all of it in memory as text.
fn print(answer: &Answer) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let json = serde_json::to_writer(&mut out, answer).map_err(io::Error::from);
    written(json.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
}

/// The evidence so far, and when it first said something.
struct Course {
    settings: Settings,
    evidence: Evidence,
    total: Counts,
    polls: u64,
    blamed: Option<u64>,
    accepted: Option<u64>,
}

/// What `canary judge --json` prints; the shape of version 1.
#[derive(Serialize)]
struct Answer<'a> {
    schema: u32,
    per_poll: Vec<Poll>,
    first_rollback_poll: Option<u64>,
    first_accept_poll: Option<u64>,
    upper_excess: f64,
    upper_absolute: f64,
    state: &'a Evidence,
}

#[derive(Serialize)]
struct Poll {
    log_e_rollback: f64,
    log_e_accept: f64,
}

impl Course {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            evidence: Evidence::default(),
            total: Counts::default(),
            polls: 0,
            blamed: None,
            accepted: None,
        }
    }

    fn take(&mut self, counts: &Counts) {
        self.evidence.take(&self.settings, counts);
        self.total = self.total.plus(*counts);
        self.polls += 1;
        if self.evidence.regressed(&self.settings) {
            self.blamed = self.blamed.or(Some(self.polls));
        }
        if self.evidence.accepted(&self.settings) {
            self.accepted = self.accepted.or(Some(self.polls));
        }
    }

    fn poll(&self) -> Poll {
        Poll {
            log_e_rollback: self.evidence.log_e_rollback(),
            log_e_accept: self.evidence.log_e_accept(&self.settings),
        }
    }

    /// The poll just taken, for people.
    fn line(&self, counts: &Counts) -> String {
        let version = |side: Tally| format!("{}/{}", side.errors(), side.invocations());
        let poll = self.poll();
        let bound = match self.evidence.upper_excess(&self.settings) {
            upper if upper < 1.0 => format!("at most {} worse", percent_up(upper)),
            _ => "no bound yet".to_owned(),
        };
        format!(
            "poll {}: canary {}, stable {}; evidence against {}, for {}; {bound}; {}",
            self.polls,
            version(counts.canary),
            version(counts.stable),
            odds(poll.log_e_rollback),
            odds(poll.log_e_accept),
            self.verdict(),
        )
    }

    /// What was found first stands: a rollout would have acted on it.
    fn verdict(&self) -> String {
        match (self.blamed, self.accepted) {
            (Some(blamed), Some(accepted)) if accepted < blamed => {
                format!("regression since poll {blamed}, accepted at poll {accepted} before")
            }
            (Some(poll), _) => format!("regression since poll {poll}"),
            (None, Some(poll)) => format!("accepted since poll {poll}"),
            (None, None) => "inconclusive".to_owned(),
        }
    }

    fn end(&self) -> String {
        if self.polls == 0 {
            return "inconclusive: there were no polls, so nothing was judged".to_owned();
        }
        let summary = Summary::of(&self.evidence, &self.settings, self.total);
        format!("{}: {summary}", self.verdict())
    }

    fn answer(&self, per_poll: Vec<Poll>) -> Answer<'_> {
        Answer {
            schema: 1,
            per_poll,
            first_rollback_poll: self.blamed,
            first_accept_poll: self.accepted,
            upper_excess: self.evidence.upper_excess(&self.settings),
            upper_absolute: self.evidence.upper_absolute(&self.settings),
            state: &self.evidence,
        }
    }
}

fn open(file: &Path) -> Result<(String, Box<dyn BufRead>), CliError> {
    if file == Path::new("-") {
        return Ok(("stdin".to_owned(), Box::new(io::stdin().lock())));
    }
    let place = file.display().to_string();
    match File::open(file) {
        Ok(opened) => Ok((place, Box::new(BufReader::new(opened)))),
        Err(error) => Err(CliError::plain(format!("cannot be read: {error}")).at(&place)),
    }
}

/// The polls of a text, line by line.
struct Polls {
    place: String,
    lines: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    /// Nothing but comments so far, so that a header may follow.
    at_the_top: bool,
}

impl Polls {
    fn new(place: String, lines: Box<dyn BufRead>) -> Self {
        Self {
            place,
            lines,
            line: Vec::new(),
            number: 0,
            at_the_top: true,
        }
    }

    /// The next poll; `None` at the end.
    fn next(&mut self) -> Result<Option<Counts>, CliError> {
        while self.read()? {
            let text = std::str::from_utf8(&self.line)
                .map_err(|_| self.mistake("it is not UTF-8 text".to_owned()))?;
            // Spreadsheets begin their files with a mark that is no part of the first line.
            let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let fields: Vec<&str> = text.split(',').map(str::trim).collect();
            if std::mem::take(&mut self.at_the_top) && fields == COLUMNS {
                continue;
            }
            return counts(&fields).map(Some).map_err(|what| self.mistake(what));
        }
        Ok(None)
    }

    /// Whether there is one more line.
    fn read(&mut self) -> Result<bool, CliError> {
        self.line.clear();
        let mut limited = self.lines.by_ref().take(LINE_MAX as u64);
        let read = limited.read_until(b'\n', &mut self.line);
        let read = read
            .map_err(|error| CliError::plain(format!("cannot be read: {error}")).at(&self.place))?;
        self.number += 1;
        if read == LINE_MAX && !self.line.ends_with(b"\n") {
            return Err(self.mistake(format!("it is longer than {LINE_MAX} bytes")));
        }
        Ok(read > 0)
    }

    fn mistake(&self, what: String) -> CliError {
        let error = CliError::plain(format!("line {}: {what}", self.number)).at(&self.place);
        error.hint(
            "a line is n_c,x_c,n_b,x_b: invocations and errors of the canary, then of the stable \
             version, such as 540,1,4860,3",
        )
    }
}

fn counts(fields: &[&str]) -> Result<Counts, String> {
    let [n_c, x_c, n_b, x_b] = fields else {
        let found = fields.len();
        let ending = if found == 1 { "" } else { "s" };
        return Err(format!("it has {found} field{ending}, not 4"));
    };
    let side = |names: [&str; 2], [n, x]: [&str; 2]| {
        let (n, x) = (whole(names[0], n)?, whole(names[1], x)?);
        Tally::new(n, x).map_err(|error| format!("{} is more than {}: {error}", names[1], names[0]))
    };
    Ok(Counts {
        canary: side(["n_c", "x_c"], [n_c, x_c])?,
        stable: side(["n_b", "x_b"], [n_b, x_b])?,
    })
}

fn whole(name: &str, text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ if digits => Err(format!("{name} is too large: {text}")),
        _ => Err(format!(
            "{name} is \"{}\", not a whole number",
            text.escape_debug()
        )),
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
