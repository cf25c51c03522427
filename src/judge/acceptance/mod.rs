//! Acceptance checks: did the new version answer a call of our own as the policy expects?
//!
//! Pure: expectations and what became of the call come in, a verdict comes out. It refuses to know
//! how a version is called, and how often.
//!
//! What it says never contains text of the answer, which may be anybody's data and must not reach
//! a log: only where it looked, what was expected, and what *kind* of value was found.

mod answer;
mod pattern;
mod pointer;

use std::fmt;

use jiff::SignedDuration;
use serde_json::Value;

use super::duration::{readable, readable_up};

pub use answer::FoundKind;
pub use pattern::{NotAPattern, Pattern};
pub use pointer::{NotAPointer, Pointer};

/// Longer expectations are cut when a message quotes them.
const QUOTE_MAX: usize = 60;

/// One call of the new version, and what is expected of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, for people.
    pub name: String,
    /// What the function gets, as JSON text.
    pub payload: String,
    /// What is expected.
    pub expect: Expectations,
    /// How often it may be called again after it failed.
    pub retries: u8,
}

/// What is expected of an answer, besides that the function reports no error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expectations {
    /// The answer's `statusCode`, for functions that answer HTTP.
    pub status: Option<u16>,
    /// Values in the answer.
    pub answer: Vec<Expectation>,
    /// The longest time the call may take.
    pub at_most: Option<SignedDuration>,
}

/// What is expected at one place of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The place.
    pub at: Pointer,
    /// What is expected there.
    pub what: Expected,
}

/// What is expected of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This value. Numbers are compared as numbers: `200` is `200.0`.
    Equals(Value),
    /// A text with this text in it.
    Contains(String),
    /// A text in which this pattern is found.
    Matches(Pattern),
}

/// What became of a call. Not to be printed: it has the answer in it.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// Lambda answered.
    Answered {
        /// The answer's text, if it had one.
        payload: Option<&'a str>,
        /// Lambda's word for a function that failed: `Unhandled`.
        function_error: Option<&'a str>,
        /// From the call to the answer.
        took: SignedDuration,
    },
    /// No answer within this time.
    TimedOut {
        /// How long it was waited.
        after: SignedDuration,
    },
    /// Lambda did not call the function, or could not be asked.
    Refused {
        /// What Lambda said, without anything of the payload.
        error: String,
    },
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Acceptance {
    /// Everything was as expected.
    Pass,
    /// Everything that was not; never empty.
    Fail(Vec<Shortfall>),
}

/// One thing that was not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortfall {
    /// The function reported an error.
    FunctionError {
        /// Lambda's word for it; `None` if it is none of Lambda's words.
        kind: Option<&'static str>,
    },
    /// The call took too long.
    TooSlow {
        /// What it took.
        took: SignedDuration,
        /// What is allowed.
        at_most: SignedDuration,
    },
    /// There was no answer in time.
    TimedOut {
        /// How long it was waited.
        after: SignedDuration,
    },
    /// The function was not called.
    Refused {
        /// What Lambda said.
        error: String,
    },
    /// The answer's `statusCode` is another one.
    Status {
        /// What was expected.
        expected: u16,
        /// What was found; `None` if it is no status of HTTP.
        found: Option<u16>,
    },
    /// A value is not as expected.
    Value {
        /// Where, and what was expected.
        expectation: Expectation,
        /// What kind of value was found.
        found: FoundKind,
    },
}

/// Judges what became of a call.
pub fn accept(expect: &Expectations, outcome: &Outcome<'_>) -> Acceptance {
    let shortfalls = match outcome {
        Outcome::TimedOut { after } => vec![Shortfall::TimedOut { after: *after }],
        Outcome::Refused { error } => vec![Shortfall::Refused {
            error: error.clone(),
        }],
        Outcome::Answered {
            payload,
            function_error,
            took,
        } => {
            let slow = expect.at_most.filter(|at_most| took > at_most);
            let slow = slow.map(|at_most| Shortfall::TooSlow {
                took: *took,
                at_most,
            });
            let wrong = match function_error {
                // What it answers is then the error, not what it was asked for.
                Some(word) => vec![function_failed(word)],
                None => values(expect, *payload),
            };
            wrong.into_iter().chain(slow).collect()
        }
    };
    if shortfalls.is_empty() {
        Acceptance::Pass
    } else {
        Acceptance::Fail(shortfalls)
    }
}

fn function_failed(word: &str) -> Shortfall {
    let mut words = ["Handled", "Unhandled"].into_iter();
    Shortfall::FunctionError {
        kind: words.find(|known| *known == word),
    }
}

fn values(expect: &Expectations, payload: Option<&str>) -> Vec<Shortfall> {
    let answer = answer::read(payload);
    let status = expect.status.and_then(|expected| {
        let found = answer.status();
        (found != Some(expected)).then_some(Shortfall::Status { expected, found })
    });
    let values = expect.answer.iter().filter_map(|expectation| {
        let found = answer.at(&expectation.at);
        (!found.meets(&expectation.what)).then(|| Shortfall::Value {
            expectation: expectation.clone(),
            found: found.kind(),
        })
    });
    status.into_iter().chain(values).collect()
}

impl fmt::Debug for Check {
    /// Without the payload, which may be anybody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("expect", &self.expect)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => f.write_str(&quoted(&value.to_string())),
            Self::Contains(text) => write!(f, "a text with {:?} in it", quoted(text)),
            Self::Matches(pattern) => {
                write!(f, "a text that matches {:?}", quoted(pattern.as_str()))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FunctionError { kind: Some(kind) } => {
                write!(f, "the function reported an error ({kind})")
            }
            Self::FunctionError { kind: None } => f.write_str("the function reported an error"),
            Self::TooSlow { took, at_most } => {
                let took = readable_up(*took);
                write!(f, "the call took {took}, longer than {at_most:#}")
            }
            Self::TimedOut { after } => write!(f, "no answer within {}", readable(*after)),
            Self::Refused { error } => write!(f, "the function could not be called ({error})"),
            Self::Status {
                expected,
                found: Some(found),
            } => write!(f, "status {found}, expected {expected}"),
            Self::Status {
                expected,
                found: None,
            } => write!(f, "no statusCode, expected {expected}"),
            Self::Value { expectation, found } => {
                let Expectation { at, what } = expectation;
                write!(f, "{at}: expected {what}, found {found}")?;
                match what {
                    Expected::Equals(value) if FoundKind::of(value) == *found => {
                        f.write_str(" that is different")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "acceptance_tests.rs"]
mod tests;
