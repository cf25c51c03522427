//! What functions print: the newest lines of each, in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// So many lines are kept of each function.
const LINES: usize = 1_000;
/// A longer line is broken.
const LINE_MAX: usize = 64 * 1_024;

/// The newest lines of every function.
#[derive(Debug, Clone, Default)]
pub(in crate::local) struct Logs {
    by_function: Arc<Mutex<BTreeMap<String, VecDeque<String>>>>,
}

impl Logs {
    /// The newest 1,000 lines of a function, oldest first.
    pub(in crate::local) fn of(&self, function: &str) -> Vec<String> {
        let logs = self.lock();
        logs.get(function)
            .map(|lines| lines.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The functions that have printed something.
    pub(in crate::local) fn functions(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn push(&self, function: &str, line: &[u8]) {
        let line = String::from_utf8_lossy(line).trim_end().to_owned();
        let mut logs = self.lock();
        let lines = logs.entry(function.to_owned()).or_default();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, VecDeque<String>>> {
        // Nothing that holds the lock panics.
        self.by_function
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps what comes out of a pipe until it is closed.
pub(super) fn keep(
    logs: &Logs,
    function: &str,
    pipe: Option<impl AsyncRead + Unpin + Send + 'static>,
) {
    let (logs, function) = (logs.clone(), function.to_owned());
    if let Some(pipe) = pipe {
        tokio::spawn(async move { read(&logs, &function, pipe).await });
    }
}

async fn read(logs: &Logs, function: &str, mut pipe: impl AsyncRead + Unpin) {
    let (mut buffer, mut line) = ([0; 8 * 1_024], Vec::new());
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        for byte in &buffer[..read] {
            if *byte == b'\n' || line.len() == LINE_MAX {
                logs.push(function, &line);
                line.clear();
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
    }
    if !line.is_empty() {
        logs.push(function, &line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_kept_by_function_and_bounded() {
        let logs = Logs::default();
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
}
