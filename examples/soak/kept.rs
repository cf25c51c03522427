//! Scenarios that failed once: they are run always, shrunk as they were, also when the same seed
//! decides something else by now.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::Scenario;
use crate::run;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/soak")
}

/// Reads a scenario.
///
/// # Errors
/// If the file cannot be read or is none.
pub fn read(file: &Path) -> Result<Scenario, String> {
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Runs all that are kept, and says of which a property does not hold.
pub fn broken() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the sources");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let failed = files.iter().filter_map(|file| {
        let scenario = match read(file) {
            Ok(scenario) => scenario,
            Err(why) => return Some(format!("{}: {why}", file.display())),
        };
        let broken = run(&scenario).err()?;
        Some(format!(
            "{}: {}: {}",
            file.display(),
            broken.property,
            broken.how
        ))
    });
    failed.collect()
}
