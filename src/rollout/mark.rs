//! The mark that tells a rollout's own writes from everybody else's.
//!
//! Every write of a rollout puts `[lambda-canary:<rollout>:<generation>]` at the end of the
//! alias' description; the last write removes it. A tick that finds its own mark adopts what
//! stands there, so a lost reply is not mistaken for somebody else's edit. What others wrote in
//! the description stays in front of the mark, also when they change it during the rollout.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Lambda keeps at most this many characters of an alias' description (API reference,
/// `UpdateAlias`: `Description`).
pub const DESCRIPTION_MAX: usize = 256;

const OPEN: &str = "[lambda-canary:";

/// The name of one rollout: 1 to 40 of `0-9a-z-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RolloutId(String);

/// A text that cannot name a rollout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" cannot name a rollout: use 1 to 40 of 0-9, a-z and -")]
pub struct NotARolloutId(String);

impl FromStr for RolloutId {
    type Err = NotARolloutId;

    fn from_str(text: &str) -> Result<Self, NotARolloutId> {
        let fits = (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARolloutId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RolloutId {
    type Error = NotARolloutId;

    fn try_from(text: String) -> Result<Self, NotARolloutId> {
        text.parse()
    }
}

impl From<RolloutId> for String {
    fn from(id: RolloutId) -> Self {
        id.0
    }
}

impl fmt::Display for RolloutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A rollout's name and the number of its write. The first write is generation 1, and each
/// further step is one more, so a generation names the step that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose write this is.
    pub rollout: RolloutId,
    /// Which of its writes.
    pub generation: u32,
}

impl Mark {
    /// Splits a description into what others wrote and the mark at its end, if there is one.
    pub fn split(description: &str) -> (&str, Option<Mark>) {
        let parsed = description.rfind(OPEN).and_then(|at| {
            let inner = description[at + OPEN.len()..].strip_suffix(']')?;
            let (rollout, generation) = inner.split_once(':')?;
            let mark = Mark {
                rollout: rollout.parse().ok()?,
                generation: generation.parse().ok()?,
            };
            // Only the exact text that we write is a mark: `+1` and `01` are not.
            (mark.to_string() == description[at..]).then_some((at, mark))
        });
        match parsed {
            None => (description, None),
            Some((at, mark)) => {
                let others = &description[..at];
                (others.strip_suffix(' ').unwrap_or(others), Some(mark))
            }
        }
    }

    /// The description that carries this mark after what others wrote.
    pub fn join(&self, others: &str) -> String {
        if others.is_empty() {
            self.to_string()
        } else {
            format!("{others} {self}")
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{OPEN}{}:{}]", self.rollout, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark {
            rollout: "a1-b2".parse().unwrap(),
            generation: 3,
        }
    }

    #[test]
    fn a_mark_stands_at_the_end() {
        assert_eq!(mark().join(""), "[lambda-canary:a1-b2:3]");
        assert_eq!(mark().join("prod"), "prod [lambda-canary:a1-b2:3]");
        assert_eq!(Mark::split("prod [lambda-canary:a1-b2:3]").0, "prod");
    }

    /// Whatever stands before it is somebody's text: spaces, and what looks like a mark, too.
    #[test]
    fn others_text_comes_back_as_it_was() {
        for others in ["prod ", "prod\n", "[lambda-canary:x:1]", "[lambda-canary:x"] {
            let joined = mark().join(others);
            assert_eq!(Mark::split(&joined), (others, Some(mark())));
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_is_somebodys_text() {
        for text in [
            "",
            "prod",
            "[lambda-canary:a1:3] moved",
            "[lambda-canary:a1:x]",
            "[lambda-canary:A1:1]",
            "[lambda-canary::1]",
            "[lambda-canary:a1:+1]",
            "[lambda-canary:a1:01]",
            "[lambda-canary:a1:1",
        ] {
            assert_eq!(Mark::split(text), (text, None));
        }
    }

    proptest::proptest! {
        #[test]
        fn joining_and_splitting_gives_back_both(others: String, generation: u32) {
            let mark = Mark { generation, ..mark() };
            let joined = mark.join(&others);
            proptest::prop_assert_eq!(Mark::split(&joined), (others.as_str(), Some(mark)));
        }
    }
}
