//! What the tests of this module share: counts by the minute, published as a test wants it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;

/// A full minute.
const ZERO: i64 = 1_800_000_000;
/// The functions' time-out in these tests, in seconds: minutes close after 310 seconds.
pub(super) const TIMEOUT: u32 = 10;

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(ZERO + second).unwrap()
}

/// The minute with this number, counted from the tests' zero.
pub(super) fn minute(number: i64) -> i64 {
    ZERO / 60 + number
}

pub(super) fn versions() -> Versions {
    Versions {
        stable: "1".into(),
        canary: "2".into(),
    }
}

pub(super) fn rules() -> EvidenceRules {
    EvidenceRules::standard()
}

pub(super) fn accepting(excess: f64) -> EvidenceRules {
    EvidenceRules {
        accept: Some(Accept {
            excess,
            alpha: 0.05,
        }),
        ..rules()
    }
}

/// Whose series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    CanaryTotal,
    CanaryBad,
    StableTotal,
    StableBad,
}

/// What happened, by the minute: canary, of them bad, stable, of them bad.
#[derive(Debug, Clone, Default)]
pub(super) struct Cloud {
    pub minutes: BTreeMap<i64, [u64; 4]>,
}

impl Cloud {
    /// `counts` in each of the minutes from 0 to before `until`.
    pub fn steady(until: i64, counts: [u64; 4]) -> Self {
        let minutes = (0..until).map(|number| (minute(number), counts));
        Self {
            minutes: minutes.collect(),
        }
    }

    /// The answer to a question, everything published.
    pub fn answer(&self, question: &CountsQuestion) -> CountsAnswer {
        self.published(question, |_, _| true)
    }

    /// The answer with those points only.
    pub fn published(
        &self,
        question: &CountsQuestion,
        shows: impl Fn(Whose, i64) -> bool,
    ) -> CountsAnswer {
        let window = question.window.expect("a window is asked for");
        let series = |whose: Whose| {
            let index = whose as usize;
            let points = self.minutes.iter().map(|(minute, counts)| {
                (
                    Timestamp::from_second(minute * 60).unwrap(),
                    counts[index] as f64,
                    *minute,
                )
            });
            let asked = points.filter(|(at, ..)| (window.from..window.to).contains(at));
            let seen = asked.filter(|(_, _, minute)| shows(whose, *minute));
            Some(seen.map(|(at, value, _)| (at, value)).collect())
        };
        let found = MetricCounts {
            canary: Pair {
                total: series(Whose::CanaryTotal),
                bad: series(Whose::CanaryBad),
            },
            stable: Pair {
                total: series(Whose::StableTotal),
                bad: series(Whose::StableBad),
            },
            history: Pair::default(),
            after: Pair::default(),
        };
        CountsAnswer {
            metrics: vec![found; question.metrics.len()],
            throttles: None,
            failure: None,
        }
    }
}

/// Memory of a rollout whose first step of 10 % was written at second 0 after a look before it.
pub(super) fn shifted() -> Memory {
    let mut memory = Memory::default();
    memory.saw(0, at(0) - SignedDuration::from_secs(10));
    memory.saw(1_000, at(0) - SignedDuration::from_secs(6));
    memory
}

/// One look at that second at this share, with a fetch if one is due. Whether one was.
pub(super) fn look(
    rules: &EvidenceRules,
    memory: &mut Memory,
    share: u16,
    second: i64,
    answer: impl FnOnce(&CountsQuestion) -> CountsAnswer,
) -> bool {
    memory.saw(share, at(second));
    let Some(question) = rules.question(memory, &versions(), at(second)) else {
        return false;
    };
    *memory = rules.weigh(memory, TIMEOUT, at(second), &answer(&question));
    true
}

/// Looks every 15 seconds from one second to another.
pub(super) fn looks(
    rules: &EvidenceRules,
    memory: &mut Memory,
    seconds: std::ops::Range<i64>,
    cloud: &Cloud,
) {
    for second in seconds.step_by(15) {
        look(rules, memory, 1_000, second, |question| {
            cloud.answer(question)
        });
    }
}
