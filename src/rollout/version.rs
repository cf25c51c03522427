//! A published version of a function.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A published version: `1`, `2`, … Never `$LATEST`, which a weighted alias cannot carry
/// (Lambda developer guide, "Create an alias for a Lambda function": routing configuration).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(u64);

/// What stands where a published version was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAVersion {
    /// `$LATEST` is not a published version.
    #[error("$LATEST is not a published version, and an alias with weights cannot carry it")]
    Latest,
    /// Neither a number nor `$LATEST`.
    #[error("\"{0}\" is not a version: a published version is a whole number such as 7")]
    NotANumber(String),
}

impl Version {
    /// The version with this number; versions count from 1.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        if text == "$LATEST" {
            return Err(NotAVersion::Latest);
        }
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && number > 0 => Ok(Self(number)),
            _ => Err(NotAVersion::NotANumber(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = NotAVersion;

    fn try_from(text: String) -> Result<Self, NotAVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_published_versions_parse() {
        assert_eq!("7".parse(), Ok(Version::new(7)));
        assert_eq!("$LATEST".parse::<Version>(), Err(NotAVersion::Latest));
        for bad in [
            "",
            "0",
            "+1",
            "1.0",
            "-1",
            "v1",
            " 1",
            "99999999999999999999",
        ] {
            assert_eq!(
                bad.parse::<Version>(),
                Err(NotAVersion::NotANumber(bad.into()))
            );
        }
    }
}
