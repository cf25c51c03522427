//! Documents that are huge, eaten by a process that has little memory and little time.
//!
//! The process is this very program of tests once more, told to run one test. So a stack that
//! overflows, an allocation that fails and a loop without end are all seen from outside.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::Kind;

/// So much address space, in KiB: the program itself takes a good part of it. A reader that makes a
/// gigabyte of a megabyte is out of bounds.
const MEMORY: u32 = 1_400_000;
/// Longer than this for all of a kind's attacks is taken for hanging.
const PATIENCE: Duration = Duration::from_secs(60);
/// Names the kind whose attacks a process is to eat.
const KIND: &str = "CANARY_GARBAGE_KIND";

const MEGABYTE: usize = 1 << 20;
const DEEP: usize = 100_000;

/// What every reader is attacked with.
pub fn everywhere() -> Vec<(&'static str, Vec<u8>)> {
    let repeat = |text: &str, times: usize| text.repeat(times).into_bytes();
    let closed = |open: &str, inside: &str, close: &str| {
        format!("{}{inside}{}", open.repeat(DEEP), close.repeat(DEEP)).into_bytes()
    };
    vec![
        ("open lists", repeat("[", DEEP)),
        ("lists in lists", closed("[", "1", "]")),
        ("objects in objects", closed("{\"a\":", "1", "}")),
        ("parentheses", closed("(", "TRUE", ")")),
        ("negations", repeat("NOT ", MEGABYTE / 4)),
        (
            "a long string",
            format!("\"{}\"", "x".repeat(MEGABYTE)).into_bytes(),
        ),
        (
            "escapes",
            format!("\"{}\"", "\\u0000".repeat(MEGABYTE / 6)).into_bytes(),
        ),
        ("a long number", repeat("9", MEGABYTE)),
        (
            "a small number",
            format!("0.{}1", "0".repeat(MEGABYTE)).into_bytes(),
        ),
        (
            "a long list",
            format!("[{}0]", "0,".repeat(MEGABYTE / 2)).into_bytes(),
        ),
        (
            "one key, very often",
            format!("{{{}\"a\":1}}", "\"a\":1,".repeat(MEGABYTE / 6)).into_bytes(),
        ),
        ("many keys", {
            let keys: String = (0..100_000).map(|n| format!("\"k{n}\":{n},")).collect();
            format!("{{{keys}\"a\":1}}").into_bytes()
        }),
        (
            "a million steps",
            format!("{}99%:1m", "1%:1m,".repeat(1_000_000)).into_bytes(),
        ),
        ("lines", repeat("1,0,1,0\n", MEGABYTE / 8)),
        ("nothing but line ends", repeat("\n", MEGABYTE)),
        ("colons", repeat(":", MEGABYTE)),
        (
            "dots",
            format!("$.{}", "a.".repeat(MEGABYTE / 2)).into_bytes(),
        ),
        (
            "brackets of a path",
            format!("${}", "[0]".repeat(MEGABYTE / 3)).into_bytes(),
        ),
        ("stars", repeat("*a", MEGABYTE / 2)),
        ("marks", repeat("[lambda-canary:a:1]", MEGABYTE / 19)),
        ("zero bytes", vec![0; MEGABYTE]),
        ("no text at all", vec![0xff; MEGABYTE]),
        ("YAML's billion laughs", laughs().into_bytes()),
        (
            "YAML in depth",
            (0..2_000)
                .map(|n| format!("{}- a:\n", " ".repeat(n)))
                .collect::<String>()
                .into_bytes(),
        ),
        ("YAML dashes", repeat("- ", MEGABYTE / 2)),
        ("YAML questions", repeat("? ", MEGABYTE / 2)),
    ]
}

fn laughs() -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let refs = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{refs}]\n");
    }
    text + "version: *a11\n"
}

/// Has a process with little memory eat this kind's attacks: those of every kind, and its own.
/// `test` is the whole name of the test that calls this.
pub fn survives_size(kind: &Kind, test: &str, own: &[(&str, Vec<u8>)]) {
    if std::env::var(KIND).is_ok_and(|asked| asked == kind.name) {
        for (name, bytes) in everywhere() {
            println!("{name}");
            (kind.eat)(&bytes);
        }
        for (name, bytes) in own {
            println!("{name}");
            (kind.eat)(bytes);
        }
        println!("all eaten");
        return;
    }
    let (ended, said) = child(kind.name, test);
    assert!(
        ended && said.contains("all eaten"),
        "{}: with {MEMORY} KiB and {PATIENCE:?} it got to:\n{said}",
        kind.name
    );
}

/// Runs the test in a process with limits: whether it ended well, and what it said.
fn child(kind: &str, test: &str) -> (bool, String) {
    let program = std::env::current_exe().expect("a program");
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -v \"$1\"; shift; exec \"$@\"", "sh"])
        .arg(MEMORY.to_string())
        .arg(program)
        .args(["--exact", test, "--nocapture", "--test-threads", "1"])
        .env(KIND, kind)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut out = child.stdout.take().expect("piped");
    let mut err = child.stderr.take().expect("piped");
    let read = thread::spawn(move || {
        let (mut said, mut more) = (Vec::new(), Vec::new());
        let _ = out.read_to_end(&mut said);
        let _ = err.read_to_end(&mut more);
        String::from_utf8_lossy(&[said, more].concat()).into_owned()
    });
    let pause = Duration::from_millis(20);
    let mut left = PATIENCE;
    let ended = loop {
        match child.try_wait().expect("a child of ours") {
            Some(status) => break status.success(),
            None if left.is_zero() => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
            None => {
                thread::sleep(pause);
                left = left.saturating_sub(pause);
            }
        }
    };
    (ended, read.join().expect("the reader does not panic"))
}
