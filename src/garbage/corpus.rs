//! What was too much for a reader once: `tests/data/garbage/<kind>/<name>`, and in `WHY`, beside the
//! folders, a line for each file that says why it is there.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/garbage")
}

/// The files of a kind, each with its name.
pub fn of(kind: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(root().join(kind)) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let file = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some((name, fs::read(path).ok()?))
    };
    paths.into_iter().filter_map(file).collect()
}

/// Adds a file; it wants a better name, and its line in `WHY`.
pub fn keep(kind: &str, bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let path = root()
        .join(kind)
        .join(format!("found-{:016x}", hasher.finish()));
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    match folder.and_then(|()| fs::write(&path, bytes)) {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("nothing ({error})"),
    }
}

#[test]
fn every_file_says_why_it_is_there() {
    let mut there = BTreeSet::new();
    for folder in fs::read_dir(root()).expect("the corpus").flatten() {
        let kind = folder.file_name().to_string_lossy().into_owned();
        there.extend(
            of(&kind)
                .into_iter()
                .map(|(name, _)| format!("{kind}/{name}")),
        );
    }
    let why = fs::read_to_string(root().join("WHY")).expect("the reasons");
    let mut said = BTreeSet::new();
    for line in why
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let (file, reason) = line.split_once(": ").expect("file: reason");
        assert!(reason.len() > 10, "{file}: {reason}");
        assert!(said.insert(file.to_owned()), "{file} is there twice");
    }
    assert_eq!(there, said);
    assert!(there.len() > 5, "the corpus was not found");
}
