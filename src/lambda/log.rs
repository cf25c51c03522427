//! One line of JSON a decision on stdout, where CloudWatch Logs keeps it.
//!
//! A line carries names, versions, states and reasons. It never carries a payload, a header or an
//! environment variable.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use crate::judge::Verdict;
use crate::judge::alarms::AlarmReading;

/// How much a line matters, in the words of Lambda's own log levels.
#[derive(Debug, Clone, Copy)]
pub enum Level {
    /// What happened as it should.
    Info,
    /// What a person may want to look into.
    Warn,
    /// What a person must look into.
    Error,
}

/// Writes one line. `fields` must be an object; its members stand beside `level` and `message`.
pub fn line(level: Level, message: &str, fields: Value) {
    let mut line = Map::new();
    let level = match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    };
    line.insert("level".to_owned(), level.into());
    line.insert("message".to_owned(), message.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    write(&Value::Object(line));
}

/// Where lines go instead of stdout.
static ELSEWHERE: OnceLock<fn(&str)> = OnceLock::new();

/// From now on every line of this process goes there, and not to stdout. For those who run handlers
/// by the thousand; the first call counts.
pub fn divert(to: fn(&str)) {
    // A second call changes nothing.
    let _ = ELSEWHERE.set(to);
}

fn write(line: &Value) {
    use std::io::Write as _;
    let mut text = line.to_string();
    if let Some(to) = ELSEWHERE.get() {
        return to(&text);
    }
    text.push('\n');
    // A closed stdout must not stop a rollback: nothing can be done about a line that is lost.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// A verdict in one word.
#[must_use]
pub fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail(_) => "fail",
        Verdict::Inconclusive(_) => "inconclusive",
    }
}

/// The alarms' states by name, for a log line.
#[must_use]
pub fn alarm_states(alarms: &[AlarmReading]) -> Value {
    alarms
        .iter()
        .map(|alarm| (alarm.name.clone(), json!(alarm.state)))
        .collect()
}
