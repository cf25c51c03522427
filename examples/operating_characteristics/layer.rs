//! What comes on top of the judge's own time: minutes have to be old enough, and evidence
//! confirmed.

use jiff::{SignedDuration, Timestamp};
use lambda_canary::judge::Verdict;
use lambda_canary::judge::measure::{
    CountsAnswer, CountsQuestion, EvidenceRules, Memory, MetricCounts, Pair, Series, Versions,
};

/// Seconds between two looks.
pub const POLL: i64 = 15;
/// The longest that an invocation may take, in seconds.
const TIMEOUT: u32 = 10;

/// Seconds from the end of the minute that decides until the verdict, at least and at most, over
/// all moments at which the looks can begin. Points are published so many seconds after their
/// minute's end. `None` if there never is one.
pub fn seconds_to_the_verdict(published_after: i64) -> Option<(i64, i64)> {
    let phases = (0..POLL).map(|phase| from(phase, published_after));
    let seconds = phases.collect::<Option<Vec<i64>>>()?;
    Some((*seconds.iter().min()?, *seconds.iter().max()?))
}

/// The weight is written this many seconds after a minute's beginning; half of the canary's
/// requests fail from then on, so the next minute decides.
fn from(phase: i64, published_after: i64) -> Option<i64> {
    let rules = EvidenceRules::standard();
    let versions = Versions {
        stable: "1".to_owned(),
        canary: "2".to_owned(),
    };
    let mut memory = Memory::default();
    memory.saw(0, at(phase - POLL));
    for second in (phase..1200).step_by(POLL as usize) {
        memory.saw(1000, at(second));
        let Some(question) = rules.question(&memory, &versions, at(second)) else {
            continue;
        };
        let answer = answer(&question, second - published_after);
        memory = rules.weigh(&memory, TIMEOUT, at(second), &answer);
        if let Some(Verdict::Fail(_)) = memory.finding().map(|finding| finding.verdict()) {
            return Some(second - 120);
        }
    }
    None
}

fn at(second: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_secs(second)
}

/// All minutes of the question that had ended by then.
fn answer(question: &CountsQuestion, until: i64) -> CountsAnswer {
    let series = |value: f64| -> Option<Series> {
        let window = question.window?;
        let minutes = (0..).map(|minute| window.from + SignedDuration::from_mins(minute));
        let minute = SignedDuration::from_mins(1);
        let shown =
            minutes.take_while(|begins| *begins < window.to && *begins + minute <= at(until));
        Some(shown.map(|begins| (begins, value)).collect())
    };
    let pair = |total, bad| Pair {
        total: series(total),
        bad: series(bad),
    };
    let counts = MetricCounts {
        canary: pair(60.0, 30.0),
        stable: pair(540.0, 0.0),
        history: Pair::default(),
        after: Pair::default(),
    };
    CountsAnswer {
        metrics: vec![counts],
        throttles: None,
        failure: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_a_minute_old_and_confirmed() {
        let (least, most) = seconds_to_the_verdict(0).expect("a verdict");
        // A minute's age, a look, and another one; the next fetch is due in the next minute.
        assert!((60 + POLL..=60 + 2 * POLL).contains(&least), "{least}");
        assert!((least..60 + 2 * POLL).contains(&most), "{most}");
        assert!(seconds_to_the_verdict(180) > Some((least, most)));
    }
}
