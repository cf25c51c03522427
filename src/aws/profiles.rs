//! Whether a profile that a person names is in AWS's shared configuration, and where that is.
//!
//! Only asked so that a mistyped name is answered with the name and the places. What a profile
//! holds is the SDK's matter, so this reads no more than the headings of the sections.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The two files, each with the variable that names another one.
const FILES: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
];

/// A profile that no file has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchProfile {
    /// Its name.
    pub name: String,
    /// Where it was looked for, in order: the file, and how that went.
    pub looked_in: Vec<(PathBuf, Looked)>,
}

/// What came of looking into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// It has profiles of these names.
    Has(Vec<String>),
    /// There is no such file.
    Absent,
    /// It could not be read, in the system's words.
    Unreadable(String),
}

/// Looks for a profile in the files that `variable` (the environment) points to.
///
/// # Errors
/// If no file has it.
pub fn find(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), NoSuchProfile> {
    let home = variable("HOME").map(PathBuf::from);
    let mut looked_in = Vec::new();
    for (named, usual) in FILES {
        let file = variable(named).filter(|file| !file.is_empty());
        let file = in_home(file.as_deref().unwrap_or(usual), home.as_deref());
        let looked = match std::fs::read_to_string(&file) {
            Ok(text) => Looked::Has(headings(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Looked::Absent,
            Err(error) => Looked::Unreadable(error.to_string()),
        };
        if matches!(&looked, Looked::Has(names) if names.iter().any(|known| known == name)) {
            return Ok(());
        }
        looked_in.push((file, looked));
    }
    let name = name.to_owned();
    Err(NoSuchProfile { name, looked_in })
}

fn in_home(file: &str, home: Option<&Path>) -> PathBuf {
    match (file.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(file),
    }
}

/// The names of the sections. More is taken for a name than the SDK takes, never less: what looks
/// like the profile is the SDK's to judge.
fn headings(text: &str) -> Vec<String> {
    let inside = |line: &str| {
        let (name, _) = line.trim().strip_prefix('[')?.split_once(']')?;
        let name = name.trim();
        let name = match name.strip_prefix("profile") {
            Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim(),
            _ => name,
        };
        Some(name.trim_matches(['"', '\'']).to_owned())
    };
    text.lines().filter_map(inside).collect()
}

impl std::error::Error for NoSuchProfile {}

impl fmt::Display for NoSuchProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no profile \"{}\"; looked in", self.name)?;
        for (index, (file, looked)) in self.looked_in.iter().enumerate() {
            let between = if index == 0 { "" } else { " and" };
            write!(f, "{between} {} ({looked})", file.display())?;
        }
        Ok(())
    }
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Has(names) if names.is_empty() => f.write_str("which has none"),
            Self::Has(names) => write!(f, "which has {}", names.join(", ")),
            Self::Absent => f.write_str("which is not there"),
            Self::Unreadable(why) => write!(f, "which cannot be read: {why}"),
        }
    }
}

#[cfg(test)]
#[path = "profiles_tests.rs"]
mod tests;
