//! The house rules that a compiler does not check: layout, directions of imports, purity, sizes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which top-level modules each one may import. Whatever is not listed here may import nothing.
const DIRECTIONS: &[(&str, &[&str])] = &[
    ("judge", &[]),
    ("rollout", &["judge"]),
    ("config", &["rollout", "judge"]),
    ("clock", &[]),
    ("garbage", &[]),
    ("driver", &["rollout", "judge"]),
    ("sim", &["driver", "rollout", "judge"]),
    ("aws", &["clock", "driver", "rollout", "judge"]),
    (
        "lambda",
        &["aws", "clock", "config", "driver", "judge", "rollout"],
    ),
    ("local", &["sim", "clock"]),
    (
        "cli",
        &[
            "aws", "clock", "config", "driver", "judge", "lambda", "local", "rollout", "sim",
        ],
    ),
    ("bin", &["cli", "lambda"]),
];

/// What the pure core must not know.
const CORE: &[&str] = &["rollout", "judge", "config"];
const OUTSIDE: &[&str] = &[
    "aws_",
    "tokio",
    "tracing",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "rand::",
    "async fn",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "println!",
];

const FILE_LINES_MAX: usize = 500;
const BINARY_LINES_MAX: usize = 40;

struct Source {
    path: PathBuf,
    module: String,
    text: String,
}

impl Source {
    /// The code that ships: without the test module at the end and without comments.
    fn code(&self) -> String {
        let shipped = self
            .text
            .split("#[cfg(test)]\nmod ")
            .next()
            .unwrap_or_default();
        let lines = shipped
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn is_test(&self) -> bool {
        self.path.to_string_lossy().ends_with("_tests.rs")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let inside = path.strip_prefix(root().join("src")).expect("it is inside");
                let module = inside.components().next().expect("not empty").as_os_str();
                let module = module.to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).expect("a source file is text");
                found.push(Source { path, module, text });
            }
        }
    }
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// The top-level modules that a file names, as `crate::x` or `lambda_canary::x`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in ["crate::", "lambda_canary::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at + start.len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let inner = group.split('}').next().unwrap_or_default();
                found.extend(inner.split(',').map(|part| first_word(part.trim())));
            } else {
                found.insert(first_word(rest));
            }
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn modules_import_only_in_the_allowed_directions() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.module != "lib") {
        let rule = DIRECTIONS
            .iter()
            .find(|(module, _)| *module == source.module);
        let Some((_, allowed)) = rule else {
            wrong.push(format!(
                "{}: the module has no direction",
                source.path.display()
            ));
            continue;
        };
        for import in imports(&source.code()) {
            // What tests are fed with knows nothing of those that are tested.
            let fed = import == "garbage" && source.is_test();
            if import != source.module && !allowed.contains(&import.as_str()) && !fed {
                wrong.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for source in sources()
        .iter()
        .filter(|s| CORE.contains(&s.module.as_str()) && !s.is_test())
    {
        let code = source.code();
        for word in OUTSIDE.iter().filter(|word| code.contains(**word)) {
            wrong.push(format!("{} knows {word}", source.path.display()));
        }
        for panic in [
            ".unwrap()",
            ".expect(",
            "panic!(",
            "todo!(",
            "unimplemented!(",
        ] {
            if code.contains(panic) {
                wrong.push(format!("{} has {panic}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_file_reads_the_clock() {
    for source in sources().iter().filter(|source| source.module != "clock") {
        let code = source.code();
        for call in ["SystemTime::now(", "Instant::now(", "Timestamp::now("] {
            assert!(
                !code.contains(call),
                "{} reads the clock",
                source.path.display()
            );
        }
    }
}

#[test]
fn the_local_aws_and_the_engine_do_not_know_each_other() {
    for source in sources().iter().filter(|source| source.module == "sim") {
        assert!(
            !source.code().contains("crate::aws"),
            "{}",
            source.path.display()
        );
    }
    for source in sources().iter().filter(|source| source.module == "aws") {
        let code = source.code();
        assert!(!code.contains("crate::sim"), "{}", source.path.display());
        assert!(
            !code.contains("rollout::tick"),
            "{} decides",
            source.path.display()
        );
    }
}

#[test]
fn files_stay_readable() {
    for source in sources() {
        let lines = source.text.lines().count();
        let most = if source.module == "bin" {
            BINARY_LINES_MAX
        } else {
            FILE_LINES_MAX
        };
        assert!(lines <= most, "{} has {lines} lines", source.path.display());
        assert!(
            source.text.starts_with("//!"),
            "{} has no module docs",
            source.path.display()
        );
        let name = source
            .path
            .file_stem()
            .expect("it has a name")
            .to_string_lossy();
        let vague = [
            "util", "utils", "common", "helpers", "helper", "types", "misc",
        ];
        assert!(
            !vague.contains(&name.as_ref()),
            "{}: a vague name",
            source.path.display()
        );
    }
}

#[test]
fn there_is_one_integration_binary() {
    let tests = fs::read_dir(root().join("tests")).expect("tests can be read");
    let files = tests
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"));
    assert_eq!(
        files.count(),
        0,
        "a file beside tests/it links the SDK once more"
    );
}
