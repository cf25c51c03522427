//! A failure with the fewest troubles that still bring it about, and how to see it again.

use crate::model::Scenario;
use crate::properties::Broken;
use crate::run;

/// A scenario in words.
pub fn described(scenario: &Scenario) -> String {
    let mut text = format!(
        "seed {}: {:?}, {}, {} requests/s, {:.0} % errors, policy {}",
        scenario.seed,
        scenario.way,
        if scenario.strict { "strict" } else { "lenient" },
        scenario.traffic,
        scenario.errors * 100.0,
        scenario.policy,
    );
    for (number, trouble) in scenario.troubles.iter().enumerate() {
        text += &format!("\n  {number}: {trouble}");
    }
    text
}

/// The troubles without which the same property still holds no longer, by number.
pub fn fewest(scenario: &Scenario, broken: &Broken) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..scenario.troubles.len()).collect();
    loop {
        let shorter = (0..kept.len()).find_map(|out| {
            let mut fewer = kept.clone();
            fewer.remove(out);
            let again = run(&scenario.keeping(&fewer)).err()?;
            (again.property == broken.property).then_some(fewer)
        });
        match shorter {
            Some(fewer) => kept = fewer,
            None => return kept,
        }
    }
}

/// The commit of the sources, as far as git tells.
pub fn commit() -> String {
    let git = std::process::Command::new("git")
        .args([
            "-C",
            env!("CARGO_MANIFEST_DIR"),
            "rev-parse",
            "--short",
            "HEAD",
        ])
        .output();
    let said = git
        .ok()
        .and_then(|said| String::from_utf8(said.stdout).ok());
    let commit = said.map(|commit| commit.trim().to_owned());
    commit
        .filter(|commit| !commit.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// What failed, why, and the line that shows it again.
pub fn report(seed: u64, broken: &Broken) -> String {
    let scenario = Scenario::of(seed);
    let kept = fewest(&scenario, broken);
    let shrunk = scenario.keeping(&kept);
    let how = run(&shrunk)
        .err()
        .map_or_else(|| broken.how.clone(), |broken| broken.how);
    let numbers: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let keep = match numbers.is_empty() {
        true => String::new(),
        false => format!(" --keep {}", numbers.join(",")),
    };
    let scenario = serde_json::to_string(&shrunk).unwrap_or_default();
    format!(
        "BROKEN: {}: {how}\n{}\nagain, at commit {}: cargo run --profile soak --example soak -- --seed {seed}{keep}\n\
         to keep in tests/data/soak: {scenario}\n",
        broken.property,
        described(&shrunk),
        commit(),
    )
}
