//! The window that is asked for: whole minutes of the past that CloudWatch still keeps.

use jiff::{SignedDuration, Timestamp};

use crate::cli::args::{Replay, When};
use crate::cli::error::CliError;
use crate::judge::duration::readable;
use crate::judge::measure::Span;

/// CloudWatch keeps points of a minute for so long (API reference, `GetMetricData`).
const KEPT: SignedDuration = SignedDuration::from_hours(15 * 24);
/// The judge does not look back further within one rollout.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// In seconds.
const MINUTE: i64 = 60;

/// The window, widened to whole minutes.
///
/// # Errors
/// If there is no such window, with what to write instead. The command line is wrong then.
pub fn window(arguments: &Replay, now: Timestamp) -> Result<Span, CliError> {
    let (from, to) = (arguments.from.moment(now), arguments.to.moment(now));
    if from >= to {
        let what = format!("--from ({from:.0}) is not before --to ({to:.0})");
        return Err(CliError::usage(what).hint("the window goes from the earlier to the later one"));
    }
    if to > now {
        let what = format!("--to ({to:.0}) is in the future: it is {now:.0}");
        return Err(CliError::usage(what).hint("--to now is the latest that can be judged"));
    }
    let age = now.duration_since(from);
    if age > KEPT {
        let what = format!(
            "--from ({from:.0}) is {} ago, and CloudWatch keeps the numbers of each minute for 15 \
             days",
            readable(age)
        );
        let hint = "what is older is kept in sums of five minutes and more, which mix weights";
        return Err(CliError::usage(what).hint(hint));
    }
    let lasts = to.duration_since(from);
    if lasts > LONGEST {
        let what = format!(
            "the window is {} long, at most 24 h are judged",
            readable(lasts)
        );
        return Err(CliError::usage(what).hint("name the hours of one release"));
    }
    let begins = from.as_second().div_euclid(MINUTE) * MINUTE;
    let nanos = i64::from(to.subsec_nanosecond() > 0);
    let ends = (to.as_second() + nanos + MINUTE - 1).div_euclid(MINUTE) * MINUTE;
    Ok(Span {
        from: Timestamp::from_second(begins).unwrap_or(from),
        to: Timestamp::from_second(ends).unwrap_or(to),
    })
}

/// The named changes of the weight.
///
/// # Errors
/// If one is outside of the window.
pub fn shifts(named: &[When], window: Span, now: Timestamp) -> Result<Vec<Timestamp>, CliError> {
    let moments = named.iter().map(|when| when.moment(now));
    let moments: Vec<Timestamp> = moments.collect();
    match moments
        .iter()
        .find(|at| **at < window.from || **at > window.to)
    {
        None => Ok(moments),
        Some(at) => Err(CliError::usage(format!(
            "--shift ({at:.0}) is not between --from ({:.0}) and --to ({:.0})",
            window.from, window.to
        ))
        .hint("only changes of the weight within the window matter; leave the others out")),
    }
}
