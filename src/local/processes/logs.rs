//! What functions print: the newest lines of each, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::task::JoinHandle;

use crate::clock::Clock;

/// So many lines are kept of each function.
const LINES: usize = 1_000;
/// A longer line is broken.
const LINE_MAX: usize = 64 * 1_024;

/// A line in the log of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Counts all lines of all functions, from 0: the order in which they were written.
    pub number: u64,
    /// When it was written, in virtual time.
    pub at: Timestamp,
    /// The function's name.
    pub function: String,
    /// Without the line break.
    pub text: String,
}

/// The newest lines of every function.
#[derive(Debug, Clone)]
pub(in crate::local) struct Logs {
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// How many lines there were in all.
    written: u64,
    by_function: BTreeMap<String, VecDeque<LogLine>>,
}

impl Logs {
    /// No lines yet; those to come get their time from this clock.
    pub(in crate::local) fn new(clock: Clock) -> Self {
        let kept = Arc::default();
        Self { clock, kept }
    }

    /// The newest 1,000 lines of a function, oldest first.
    pub(in crate::local) fn of(&self, function: &str) -> Vec<String> {
        let kept = self.lock();
        let lines = kept.by_function.get(function).into_iter().flatten();
        lines.map(|line| line.text.clone()).collect()
    }

    /// The lines of all functions from that number on, as far as they are kept, in the order in
    /// which they were written.
    pub(in crate::local) fn from(&self, number: u64) -> Vec<LogLine> {
        let kept = self.lock();
        let all = kept.by_function.values().flatten();
        let mut lines: Vec<LogLine> = all.filter(|line| line.number >= number).cloned().collect();
        lines.sort_by_key(|line| line.number);
        lines
    }

    /// The functions that have printed something.
    pub(in crate::local) fn functions(&self) -> Vec<String> {
        self.lock().by_function.keys().cloned().collect()
    }

    /// Writes a line, as Lambda itself does about an invocation.
    pub(super) fn push(&self, function: &str, text: &str) {
        let mut kept = self.lock();
        let line = LogLine {
            number: kept.written,
            // Under the lock, so that numbers and times rise together.
            at: self.clock.now(),
            function: function.to_owned(),
            text: text.trim_end().to_owned(),
        };
        kept.written += 1;
        let lines = kept.by_function.entry(function.to_owned()).or_default();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// Writes that a function ran into its time-out, as Lambda words it.
    pub(super) fn push_timed_out(&self, function: &str, request_id: &str, seconds: u32) {
        let at = self.clock.now();
        let line = format!("{at:.3} {request_id} Task timed out after {seconds}.00 seconds");
        self.push(function, &line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // Nothing that holds the lock panics.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what comes out of a pipe until it is closed; the task ends then.
pub(super) fn keep(
    logs: &Logs,
    function: &str,
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
) -> Option<JoinHandle<()>> {
    let (logs, function) = (logs.clone(), function.to_owned());
    pipe.map(|pipe| tokio::spawn(async move { read(&logs, &function, pipe).await }))
}

async fn read(logs: &Logs, function: &str, mut pipe: impl AsyncRead + Unpin) {
    let (mut buffer, mut line) = ([0; 8 * 1_024], Vec::new());
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        for byte in &buffer[..read] {
            if *byte == b'\n' || line.len() == LINE_MAX {
                logs.push(function, &String::from_utf8_lossy(&line));
                line.clear();
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
    }
    if !line.is_empty() {
        logs.push(function, &String::from_utf8_lossy(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_kept_by_function_and_bounded() {
        let logs = Logs::new(Clock::scaled(Timestamp::UNIX_EPOCH, 60.0));
        let mut text = "x".repeat(LINE_MAX + 1);
        text.push_str("\nlast\nwithout an end");
        read(&logs, "f", text.as_bytes()).await;
        let lines = logs.of("f");
        assert_eq!(lines.len(), 4);
        assert_eq!(&lines[1..], ["x", "last", "without an end"]);
        read(&logs, "f", "y\n".repeat(LINES + 5).as_bytes()).await;
        assert_eq!(logs.of("f").len(), LINES);
        assert_eq!(logs.of("f")[0], "y");
        assert!(logs.of("g").is_empty());
        assert_eq!(logs.functions(), ["f"]);
    }

    #[tokio::test]
    async fn lines_of_all_functions_come_in_the_order_in_which_they_were_written() {
        let logs = Logs::new(Clock::scaled(Timestamp::UNIX_EPOCH, 60.0));
        for (function, text) in [("b", "1"), ("a", "2"), ("b", "3"), ("c", "4"), ("a", "5")] {
            read(&logs, function, text.as_bytes()).await;
        }
        let lines = logs.from(1);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["2", "3", "4", "5"]);
        assert!(lines.is_sorted_by_key(|line| line.at));
        assert_eq!(logs.from(5), []);
    }
}
