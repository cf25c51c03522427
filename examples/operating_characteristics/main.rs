//! How often the evidence judge is wrong, how soon it is right, and how near that comes to tests
//! that know more than it does. All by simulation with fixed seeds, 2,000 runs a cell.
//!
//! Prints docs/operating-characteristics.md; with `--write` it writes it. Fails if a cell without a
//! regression is blamed more often than its alpha allows, a regression that has to be found soon is
//! not, or the document that is there is another one.
//!
//! `cargo run --profile bench --no-default-features --example operating_characteristics`: some ten
//! seconds. Its tests are a slice of the same cells.

mod calibration;
mod contenders;
mod detection;
mod document;
mod layer;
mod proportion;
mod race;
mod traffic;

use std::path::Path;
use std::process::ExitCode;

const DOCUMENT: &str = "docs/operating-characteristics.md";

fn main() -> std::io::Result<ExitCode> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => {
            eprintln!("{other} is not known; there is --write, to write {DOCUMENT}");
            return Ok(ExitCode::from(2));
        }
    };
    let mut document = document::document();
    if write {
        std::fs::write(&path, &document.text)?;
    } else {
        print!("{}", document.text);
        if std::fs::read_to_string(&path)? != document.text {
            let hint = "make operating-characteristics-write, and look at the difference";
            document
                .wrong
                .push(format!("{DOCUMENT} says something else: {hint}"));
        }
    }
    for wrong in &document.wrong {
        eprintln!("wrong: {wrong}");
    }
    Ok(ExitCode::from(u8::from(!document.wrong.is_empty())))
}
