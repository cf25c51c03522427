//! Garbage as a file of polls: refused with its line, or judged to the end.

use std::io::Cursor;

use super::*;
use crate::garbage::{Kind, attacks, survives};

const POLLS: Kind = Kind {
    name: "polls",
    seeds: || {
        vec![
            "# a release\nn_c,x_c,n_b,x_b\n540,0,4860,1\n\n 560 , 4 , 5040 , 0 \n0,0,1,1\n1,1,0,0\n".to_owned(),
            "\u{feff}18446744073709551615,18446744073709551615,18446744073709551615,0\r\n1,0,18446744073709551615,1\r\n".to_owned(),
        ]
    },
    eat,
};

fn eat(bytes: &[u8]) {
    let lines = Cursor::new(bytes.to_vec());
    let mut polls = Polls::new("file".to_owned(), Box::new(lines));
    for settings in [
        Settings::default(),
        Settings {
            phi: 10.0,
            delta: 0.999,
            rho: 1e300,
            ..Settings::default()
        },
    ] {
        let mut course = Course::new(settings);
        // What is kept of a poll does not grow with their number: so many show it.
        for _ in 0..3_000 {
            let Ok(Some(counts)) = polls.next() else {
                break;
            };
            course.take(&counts);
            assert!(!course.line(&counts).is_empty());
        }
        let answer = serde_json::to_value(course.answer(vec![course.poll()])).expect("JSON");
        assert!(
            answer["per_poll"][0]["log_e_rollback"].is_number(),
            "{answer}"
        );
        assert!(answer["upper_excess"].is_number() && !course.end().is_empty());
        let lines = Cursor::new(bytes.to_vec());
        polls = Polls::new("file".to_owned(), Box::new(lines));
    }
}

#[test]
fn polls_of_all_kinds() {
    survives(&POLLS);
}

#[test]
fn huge_polls() {
    let own = [("a line without an end", vec![b'1'; 8 << 20])];
    attacks::survives_size(&POLLS, "cli::judge::tests::huge_polls", &own);
}
