//! `canary judge`: counts from a file or from stdin, for people and as JSON.

use std::io::Write as _;

use super::*;

const VECTORS: &str = include_str!("../../data/judge-vectors.json");

fn written(text: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text).expect("it is written");
    file
}

async fn judged(text: &[u8], options: &str) -> Ended {
    let file = written(text);
    finish(canary(&format!(
        "judge {options} {}",
        file.path().display()
    )))
    .await
}

/// A member that the vectors write as text and the command as a number.
#[track_caller]
fn near(found: &Value, expected: &Value, what: &str) {
    let found = found.as_f64().unwrap_or_else(|| panic!("{what}: {found}"));
    let text = expected.as_str().expect("the vectors hold text");
    let expected: f64 = text.parse().expect("a number");
    let off = (found - expected).abs() / expected.abs().max(1.0);
    assert!(off <= 1e-9, "{what}: {found}, not {expected}");
}

fn list<'a>(of: &'a Value, name: &str) -> &'a Vec<Value> {
    of[name].as_array().unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vectors_come_out_as_they_should() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("JSON");
    for case in list(&vectors, "cases") {
        let (name, params) = (case["name"].as_str().expect("a name"), &case["params"]);
        let option = |name: &str| {
            let value = params[name].as_str().expect("a number");
            format!("--{} {value} ", name.replace('_', "-"))
        };
        let options = ["alpha", "alpha_accept", "rho", "delta", "phi", "eps"].map(option);
        let mut text = String::from("n_c,x_c,n_b,x_b\n");
        for poll in list(case, "polls") {
            text += poll.to_string().trim_matches(['[', ']']);
            text += "\n";
        }
        let ended = judged(text.as_bytes(), &format!("--json {}", options.concat())).await;
        let (found, expected) = (ended.exits(0).json(), &case["expected"]);
        assert_eq!(found["schema"], 1);
        let polls = list(expected, "per_poll");
        assert_eq!(list(&found, "per_poll").len(), polls.len(), "{name}");
        for (found, expected) in list(&found, "per_poll").iter().zip(polls) {
            for side in ["log_e_rollback", "log_e_accept"] {
                near(&found[side], &expected[side], name);
            }
        }
        for first in ["first_rollback_poll", "first_accept_poll"] {
            assert_eq!(found[first], expected[first], "{name}");
        }
        for bound in ["upper_excess", "upper_absolute"] {
            near(&found[bound], &expected[bound], name);
        }
        ends_as(&found["state"], &expected["final_state"], name);
    }
}

#[track_caller]
fn ends_as(found: &Value, expected: &Value, name: &str) {
    for (member, length) in [("log_wealth_by_q", 9), ("G", 21)] {
        let (found, expected) = (list(found, member), list(expected, member));
        assert_eq!((found.len(), expected.len()), (length, length), "{name}");
        for (found, expected) in found.iter().zip(expected) {
            near(found, expected, name);
        }
    }
    for member in ["Xc", "Nc"] {
        assert_eq!(found[member], expected[member], "{name}");
    }
    assert!(found["n"].is_u64(), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_a_line_a_poll_and_a_sentence() {
    let text =
        b"\xef\xbb\xbf n_c , x_c,n_b,x_b\r\n# Tuesday\r\n\r\n6,1,54,0\r\n6, 0,54,0\n6,2,54,0";
    let printed = judged(text, "").await.exits(0).printed();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 4, "{printed}");
    assert!(lines[0].starts_with("poll 1: canary 1/6, stable 0/54; evidence against 4.04:1"));
    assert!(lines[1].ends_with("; inconclusive"), "{printed}");
    assert!(lines[2].ends_with("; regression since poll 3"), "{printed}");
    assert_eq!(
        lines[3],
        "regression since poll 3: canary failed 3 of 18 (16.7 %), stable 0 of 162 (0 %) in the \
         same minutes; evidence 212:1, needed 100:1; at most 75.5 % worse (95 %)"
    );
    let clean = judged(b"3610,0,32490,0\n1,0,9,0\n", "").await;
    let printed = clean.exits(0).printed();
    assert!(printed.contains("inconclusive") && printed.contains("\naccepted since poll 2"));
    let idle = judged(b"0,0,90,1\n", "").await.exits(0).printed();
    assert!(
        idle.contains("\ninconclusive: the canary was not called"),
        "{idle}"
    );
    for nothing in [&b""[..], b"# nothing\n", b"n_c,x_c,n_b,x_b\n\n"] {
        let none = judged(nothing, "").await.exits(0).printed();
        assert_eq!(
            none,
            "inconclusive: there were no polls, so nothing was judged\n"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_fractions_or_percentages() {
    let text = b"600,9,5400,3\n600,2,5400,3\n";
    let numbers = "--alpha 0.001 --alpha-accept 0.1 --delta 0.002 --eps 0.01 --json";
    let percentages = "--alpha 0.1% --alpha-accept 10% --delta 0.2% --eps 1% --json";
    let (one, other) = (judged(text, numbers).await, judged(text, percentages).await);
    assert_eq!(one.exits(0).json(), other.exits(0).json());
    let defaults = judged(text, "--json").await.exits(0).json();
    assert_ne!(one.json(), defaults, "they make a difference");
}

#[tokio::test(flavor = "multi_thread")]
async fn stdin_is_read_where_no_file_is_named() {
    for arguments in ["judge --json", "judge --json -"] {
        let mut command = canary(arguments);
        command.stdin(Stdio::piped());
        let mut running = start(command);
        let stdin = running.0.as_mut().and_then(|child| child.stdin.take());
        stdin
            .expect("a pipe")
            .write_all(b"100,1,900,0\n")
            .expect("it reads");
        let found = running.ended().await.exits(0).json();
        assert_eq!(found["state"]["Nc"], 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_line_is_named_with_what_is_wrong() {
    for (line, what) in [
        (
            &b"6,7,54,0"[..],
            "x_c is more than n_c: 7 errors in 6 invocations",
        ),
        (
            b"6,0,54,55",
            "x_b is more than n_b: 55 errors in 54 invocations",
        ),
        (b"6,1,54", "it has 3 fields, not 4"),
        (b"6,1,54,0,", "it has 5 fields, not 4"),
        (b"6;1;54;0", "it has 1 field, not 4"),
        (b"6,one,54,0", "x_c is \"one\", not a whole number"),
        (b"-6,0,54,0", "n_c is \"-6\", not a whole number"),
        (b"6,0,5.4,0", "n_b is \"5.4\", not a whole number"),
        (b"6,NaN,54,0", "x_c is \"NaN\", not a whole number"),
        (b"1e15,0,54,0", "n_c is \"1e15\", not a whole number"),
        (b"6,,54,0", "x_c is \"\", not a whole number"),
        (b"99999999999999999999,0,0,0", "n_c is too large"),
        (b"n_c,x_c,n_b,x_b", "n_c is \"n_c\""),
        (b"6,1,54,\xff", "it is not UTF-8 text"),
        (&[b'1'; 5000], "it is longer than 4096 bytes"),
    ] {
        for options in ["", "--json"] {
            let text = [b"# first\n6,0,54,0\n", line, b"\n6,0,54,0\n"].concat();
            let ended = judged(&text, options).await;
            ended
                .exits(1)
                .says(&format!("line 3: {what}"))
                .says("hint: a line is n_c,x_c,n_b,x_b");
            let json = ended.printed().contains('{');
            assert!(!json, "no half of an answer: {}", ended.printed());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_or_asked_for_is_an_error() {
    let missing = finish(canary("judge /nonexistent")).await;
    missing.exits(1).says("/nonexistent: cannot be read");
    finish(canary("judge /"))
        .await
        .exits(1)
        .says("cannot be read");
    let wrong = finish(canary("judge --alpha 0 --rho inf --phi 11 --eps NaN")).await;
    wrong
        .exits(64)
        .says("alpha is 0")
        .says("rho is inf")
        .says("phi is 11")
        .says("eps is NaN");
    finish(canary("judge --alpha much")).await.exits(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_is_judged_line_by_line() {
    let text = "600,1,5400,9\n".repeat(20_000);
    let found = judged(text.as_bytes(), "--json").await.exits(0).json();
    assert_eq!(list(&found, "per_poll").len(), 20_000);
    assert_eq!(found["state"]["Nc"], 12_000_000);
    assert_eq!(found["first_rollback_poll"], Value::Null);
}

/// `yes 540,0,4860,1 | canary judge | head -2` has to come to an end.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_ends_it() {
    let script = format!(
        "yes 540,0,4860,1 | '{}' judge | head -2",
        env!("CARGO_BIN_EXE_canary")
    );
    let run = tokio::process::Command::new("sh")
        .args(["-c", &script])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(20), run)
        .await
        .expect("it ends")
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
}
