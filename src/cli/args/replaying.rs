//! The arguments of `canary replay`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::{AwsArguments, Target};
use crate::rollout::Version;
use crate::rollout::plan::parse_duration;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  canary replay --function hello --alias live --from 2026-11-20T14:00Z --to 2026-11-20T15:30Z
  canary replay --function hello --alias live --from -3h --to now --stable 7 --canary 8

Reads the metrics of both versions and judges them minute by minute, as a rollout with this policy
would have. Nothing is written. The policy comes from --policy, else from SSM, else it is the
built-in default. A moment is written with its offset (2026-11-20T14:00Z,
2026-11-20T15:00+01:00), as how long ago it was (-3h, -1h30m), or as now.

Exit codes: 0 accepted, or enough and nothing against it, 1 error, 2 regression, 5 inconclusive, 64
wrong usage.")]
pub struct Replay {
    #[command(flatten)]
    pub target: Target,
    /// Where the window begins, at most 15 days ago
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true, value_parser = when)]
    pub from: When,
    /// Where it ends, at most 24 hours later
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true, value_parser = when)]
    pub to: When,
    /// Judge by the policy in this file instead of SSM's
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The stable version; otherwise told by the traffic
    #[arg(long, value_name = "VERSION")]
    pub stable: Option<Version>,
    /// The version that was tried; otherwise told by the traffic
    #[arg(long, value_name = "VERSION")]
    pub canary: Option<Version>,
    /// The weight changed at this moment; may be given several times, then no change is looked for
    #[arg(long = "shift", value_name = "MOMENT", allow_hyphen_values = true, value_parser = when)]
    pub shifts: Vec<When>,
    /// Print one JSON object at the end, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub aws: AwsArguments,
}

/// A moment as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This one.
    At(Timestamp),
    /// So long before the present.
    Ago(SignedDuration),
}

impl When {
    /// The moment, seen from the present.
    pub fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

fn when(text: &str) -> Result<When, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(When::Ago(SignedDuration::ZERO));
    }
    if let Some(ago) = text.strip_prefix('-') {
        return match parse_duration(ago) {
            Ok(ago) if !ago.is_negative() => Ok(When::Ago(ago)),
            _ => Err("how long ago is written like -3h, -90m or -1h30m".to_owned()),
        };
    }
    if let Ok(at) = text.parse() {
        return Ok(When::At(at));
    }
    if text.parse::<DateTime>().is_ok() {
        return Err(format!(
            "whose clock is that? Add its offset: {text}Z for UTC, or {text}+01:00"
        ));
    }
    Err(
        "a moment is written like 2026-11-20T14:00Z or 2026-11-20T15:00+01:00, as how long ago it \
         was, like -3h, or as now"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_people_write_them() {
        let two: Timestamp = "2026-11-20T14:00:00Z".parse().unwrap();
        for text in [
            "2026-11-20T14:00:00Z",
            "2026-11-20T14:00Z",
            "2026-11-20 14:00Z",
            "2026-11-20T15:00+01:00",
            " 2026-11-20T12:00-02:00 ",
        ] {
            assert_eq!(when(text), Ok(When::At(two)), "{text}");
        }
        for (text, minutes) in [("now", 0), ("-3h", 180), ("-1h30m", 90), ("-90m", 90)] {
            let ago = SignedDuration::from_mins(minutes);
            assert_eq!(when(text), Ok(When::Ago(ago)), "{text}");
            assert_eq!(When::Ago(ago).moment(two), two - ago);
        }
    }

    #[test]
    fn what_is_no_moment_says_what_is_missing() {
        for (text, said) in [
            ("2026-11-20T14:00", "2026-11-20T14:00Z for UTC"),
            ("2026-11-20", "Add its offset"),
            ("14:00Z", "a moment is written like"),
            ("yesterday", "a moment is written like"),
            ("3h", "a moment is written like"),
            ("-3", "how long ago"),
            ("--3h", "how long ago"),
            ("", "a moment is written like"),
        ] {
            let error = when(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
