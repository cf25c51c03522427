//! A payload between the runtime and a handler: not read yet, whatever it is.
//!
//! Lambda takes only JSON, but what invokes a function by other ways, or a proxy between, may not.
//! Nothing of a payload is ever repeated.

use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;

/// A payload's text; `None` if it is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Event(Option<String>);

/// Any bytes, wrapped so that an [`Event`] can be read from them.
#[must_use]
pub fn wrapped(payload: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(payload).ok();
    json!(text).to_string().into_bytes()
}

impl Event {
    /// The payload.
    ///
    /// # Errors
    /// [`Failure::BadEvent`] if it is empty, no text, or no JSON.
    pub fn read(self) -> Result<Value, Failure> {
        let bad = |what: String| Failure::BadEvent(format!("this is no event: {what}"));
        let text = self.0.ok_or_else(|| bad("it is not UTF-8".to_owned()))?;
        if text.trim().is_empty() {
            return Err(bad("it is empty, where JSON belongs".to_owned()));
        }
        // What serde says could quote the payload; where it stopped is enough.
        serde_json::from_str(&text).map_err(|error| {
            bad(format!(
                "it is not JSON from line {}, column {} on",
                error.line(),
                error.column()
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &[u8]) -> Result<Value, Failure> {
        let event: Event = serde_json::from_slice(&wrapped(payload)).expect("always readable");
        event.read()
    }

    #[test]
    fn json_goes_through_as_it_is() {
        for text in [r#"{"a": [1, "\u00e4", null]}"#, "null", "\"ä\"", " 7 "] {
            assert_eq!(
                read(text.as_bytes()).unwrap(),
                serde_json::from_str::<Value>(text).unwrap()
            );
        }
    }

    #[test]
    fn anything_else_is_a_bad_event_and_not_repeated() {
        let deep = "[".repeat(10_000);
        let cases: [(&[u8], &str); 7] = [
            (b"", "it is empty"),
            (b" \n", "it is empty"),
            (b"hunter2", "line 1, column 1"),
            (b"{\"a\":\n hunter2}", "line 2, column 2"),
            (b"{} hunter2", "line 1, column 4"),
            (b"\"hunter2\xff\"", "it is not UTF-8"),
            (deep.as_bytes(), "not JSON from line 1"),
        ];
        for (payload, said) in cases {
            let failure = read(payload).expect_err("no event");
            assert_eq!(failure.name(), "BadEvent");
            let message = failure.to_string();
            assert!(message.contains(said), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
