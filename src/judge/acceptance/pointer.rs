//! JSON Pointer (RFC 6901): where in an answer to look.

use std::{fmt, str::FromStr};

/// The way to a value: `/body/items/0`. Empty for the whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

/// A text that is no JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPointer {
    /// It begins with something else than `/`.
    #[error("a JSON Pointer is empty or begins with /")]
    NoSlash,
    /// A `~` that escapes nothing.
    #[error("in a JSON Pointer ~ is written ~0, and / in a key is written ~1")]
    Tilde,
}

impl Pointer {
    /// The keys and indices on the way.
    pub(super) fn steps(&self) -> &[String] {
        &self.steps
    }
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(NotAPointer::NoSlash);
        }
        Ok(Self {
            text: text.to_owned(),
            steps: parts.map(unescaped).collect::<Result<_, _>>()?,
        })
    }
}

fn unescaped(step: &str) -> Result<String, NotAPointer> {
    let mut parts = step.split('~');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.try_fold(first, |mut done, part| {
        let rest = match part.as_bytes().first() {
            Some(b'0') => '~',
            Some(b'1') => '/',
            _ => return Err(NotAPointer::Tilde),
        };
        done.push(rest);
        done.push_str(&part[1..]);
        Ok(done)
    })
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => f.write_str("the whole answer"),
            text => f.write_str(&super::quoted(text)),
        }
    }
}
