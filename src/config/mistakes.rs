//! What is wrong with a policy, said to people, and all of it at once.

use std::fmt;

/// Longer texts are cut when a message quotes them.
const QUOTE_MAX: usize = 60;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Where, such as `plan[1].weight`; empty for the whole policy.
    pub path: String,
    /// What is wrong, and why.
    pub message: String,
    /// What to write instead, where that can be said.
    pub hint: Option<String>,
    /// Of which kind, for programs.
    pub kind: MistakeKind,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MistakeKind {
    /// More bytes than [`TEXT_MAX`](super::TEXT_MAX).
    TooLarge,
    /// Nothing but white space.
    Empty,
    /// A byte order mark before the text.
    ByteOrderMark,
    /// No JSON.
    NotJson {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// More text after the end of the JSON value.
    TrailingText {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// A string where an array belongs, and the like.
    WrongType,
    /// A key that means nothing here.
    UnknownKey,
    /// A key that is there twice.
    DuplicateKey,
    /// A key that has to be there and is not.
    MissingKey,
    /// The right type, but no value that means anything.
    BadValue,
    /// A value too small or too great.
    OutOfRange,
    /// More entries than are allowed.
    TooMany,
    /// An entry that is there twice.
    Repeated,
    /// Two values that cannot both be meant.
    Contradiction,
}

/// Everything that is wrong with a policy, in the order of its text; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl std::error::Error for PolicyError {}

impl std::error::Error for PolicyErrors {}

impl PolicyError {
    pub(super) fn new(path: &str, kind: MistakeKind, message: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            message: printable(&message.to_string()),
            hint: None,
            kind,
        }
    }

    pub(super) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(printable(&hint.to_string()));
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the policy has a mistake:")?,
            n => write!(f, "the policy has {n} mistakes:")?,
        }
        for error in &self.0 {
            write!(f, "\n{error}")?;
        }
        Ok(())
    }
}

/// Mistakes found so far, each with its place in the text.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<(usize, PolicyError)>);

impl Mistakes {
    /// Takes one down; `at` orders it among the others.
    pub(super) fn add(&mut self, at: usize, error: PolicyError) {
        self.0.push((at, error));
    }

    /// The value, if nothing was wrong.
    pub(super) fn unless_any<T>(mut self, value: Option<T>) -> Result<T, PolicyErrors> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                self.0.sort_by_key(|(at, _)| *at);
                let errors = self.0.into_iter().map(|(_, error)| error).collect();
                Err(PolicyErrors(errors))
            }
        }
    }
}

/// The text without white space around it, cut if it is too long to be quoted.
///
/// Nothing that is cut can be a valid value, so the cut text may be parsed in place of the whole.
pub(super) fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A policy comes from a file or from SSM and ends on a terminal: nothing that moves the cursor or
/// turns the direction of the text.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
