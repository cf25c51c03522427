//! Garbage as command lines: refused by clap, or arguments that can be used.

use clap::Parser as _;
use jiff::Timestamp;

use super::args::{Arguments, Verb};
use crate::garbage::{Kind, attacks, survives, text};

/// Linux hands a program no longer argument: `MAX_ARG_STRLEN`, with the zero byte at its end.
const LONGEST: usize = 131_071;

/// A command line, an argument a line.
const ARGUMENTS: Kind = Kind {
    name: "arguments",
    seeds: || {
        [
            "run --function hello --alias live --to 2 --plan 10%:5m,50%:10m --poll 15s --alarm a --yes",
            "plan --rps 5 --weight 10% --detect 1% --base-rate 0.1% --window 30m --confidence 95%",
            "judge --alpha 0.01 --rho 1 --phi 2 --eps 0.1% -",
            "replay --function arn:aws:lambda:eu-west-1:123456789012:function:hello --alias live --from -3h --to now --shift 2026-11-20T14:00Z",
            "simulate --rps 20 --base-rate 0.1% --canary-rate 5% --outage 2+5:50% --burst 5:20 --latency 50:90 --from 2 --alarm 1%:3 --minutes 15 --runs 10",
            "rollback --function 123456789012:function:hello --alias live",
            "local --port 4599 --speed 60",
        ]
        .map(|line| line.replace(' ', "\n"))
        .to_vec()
    },
    eat: |bytes| {
        let text = text(bytes);
        let lines = text
            .lines()
            .take(1_000)
            .map(|line| &line[..line.floor_char_boundary(LONGEST)]);
        let arguments = ["canary"].into_iter().chain(lines);
        let arguments = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return assert!(!error.to_string().is_empty()),
        };
        match arguments.verb {
            Verb::Replay(replay) => {
                for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                    let _ = super::replay::window::window(&replay, now);
                }
            }
            Verb::Judge(judge) => drop(super::judge::in_range(&judge.settings)),
            _ => {}
        }
    },
};

#[test]
fn arguments_of_all_kinds() {
    survives(&ARGUMENTS);
}

#[test]
fn huge_arguments() {
    attacks::survives_size(&ARGUMENTS, "cli::garbage_tests::huge_arguments", &[]);
}
