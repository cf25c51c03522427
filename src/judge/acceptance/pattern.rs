//! A regular expression that takes neither long nor much memory, whatever it is shown.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The largest program a pattern may become, in bytes: `(a{999}){999}` is short and huge.
const SIZE_MAX: usize = 32 * 1024;

/// A regular expression; two are equal if they are written alike.
#[derive(Clone)]
pub struct Pattern(Regex);

/// A text that is no pattern, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a pattern: {0}")]
pub struct NotAPattern(String);

impl Pattern {
    /// The pattern that a text describes.
    ///
    /// # Errors
    /// If it is none, or too large.
    pub fn new(text: &str) -> Result<Self, NotAPattern> {
        let built = RegexBuilder::new(text).size_limit(SIZE_MAX).build();
        built
            .map(Self)
            .map_err(|error| NotAPattern(error.to_string()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is found in a text.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}
