//! When to fetch, what is carried, and how large it is.

use jiff::{SignedDuration, Timestamp};

use super::super::bench::{Cloud, TIMEOUT, accepting, at, look, looks, rules, shifted, versions};
use super::super::{CountsAnswer, Dropped, MetricCounts, Pair, Series, Sufficiency};
use super::*;
use crate::judge::Doubt;

fn history(bad: impl Fn(i64) -> f64) -> CountsAnswer {
    let minutes = |value: &dyn Fn(i64) -> f64| -> Series {
        let start = at(0) - SignedDuration::from_mins(63);
        let at = |number: i64| start + SignedDuration::from_mins(number);
        (0..60).map(|number| (at(number), value(number))).collect()
    };
    let pair = Pair {
        total: Some(minutes(&|_| 1_000.0)),
        bad: Some(minutes(&bad)),
    };
    CountsAnswer {
        metrics: vec![MetricCounts {
            history: pair,
            ..MetricCounts::default()
        }],
        ..CountsAnswer::default()
    }
}

/// Eight errors at once every fourth minute.
fn bursty() -> CountsAnswer {
    history(|number| if number % 4 == 0 { 8.0 } else { 0.0 })
}

#[test]
fn history_is_asked_for_once_before_there_is_a_weight() {
    let mut memory = Memory::default();
    let asked = look(&rules(), &mut memory, 0, 0, |question| {
        assert_eq!(question.window, None);
        let span = question.history.unwrap();
        assert_eq!((span.from, span.to), (at(-182 * 60), at(-2 * 60)));
        bursty()
    });
    assert!(asked);
    assert!(memory.bursts[0].unwrap() > 4.0);
    for second in (15..600).step_by(15) {
        assert!(!look(&rules(), &mut memory, 0, second, |_| unreachable!()));
    }
    assert_eq!(rules().measured(&memory, at(600)).unjudged_from, None);
}

/// Where the weight changes every minute no minute is compared, but errors are errors.
#[test]
fn with_max_errors_minutes_of_change_are_asked_for_too() {
    let asked = |max_errors| {
        let rules = EvidenceRules {
            max_errors,
            ..rules()
        };
        let cloud = Cloud::steady(30, [10, 1, 90, 0]);
        let mut memory = Memory {
            bursts: vec![Some(1.0)],
            ..Memory::default()
        };
        let mut asked = 0;
        for second in (0..600).step_by(15) {
            // Seen a moment after each minute has begun.
            let share = 1_000 * (1 + second / 60) as u16;
            asked += i32::from(look(&rules, &mut memory, share, second, |question| {
                cloud.answer(question)
            }));
        }
        (
            asked,
            memory
                .finding()
                .is_some_and(|found| found.regression.is_some()),
        )
    };
    let (without, _) = asked(None);
    let (with, found) = asked(Some(2));
    assert!(without <= 2 && with >= 8, "{without} and {with}");
    assert!(found);
}

#[test]
fn history_that_never_comes_is_given_up_when_the_first_minute_is_closed() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let mut memory = shifted();
    let mut last = 0;
    for second in (0..1_200).step_by(15) {
        look(&rules(), &mut memory, 1_000, second, |question| {
            if question.history.is_some() {
                last = second;
            }
            cloud.answer(question)
        });
    }
    // Minute 0 is closed by the first fetch that comes 310 seconds after it ended.
    assert_eq!(last, 420);
    assert_eq!(memory.bursts, [None]);
    let late = rules().weigh(&memory, TIMEOUT, at(1_200), &bursty());
    assert_eq!(
        late.bursts,
        [None],
        "evidence in the books was scaled without it"
    );
}

#[test]
fn a_fetch_comes_once_in_a_minute_and_leaves_closed_minutes_out() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let mut memory = shifted();
    let mut fetched = Vec::new();
    for second in (0..1_200).step_by(15) {
        look(&rules(), &mut memory, 1_000, second, |question| {
            fetched.push((second, question.window.unwrap()));
            cloud.answer(question)
        });
    }
    assert_eq!(fetched.len(), 20);
    for (second, window) in &fetched {
        assert_eq!(window.to, at(second / 60 * 60 + 60));
        let length = window.to.duration_since(window.from).as_mins();
        assert!(length <= 8, "{length} minutes at {second}");
    }
}

#[test]
fn an_answer_that_is_not_complete_is_asked_for_again_at_once_and_closes_nothing() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..600, &cloud);
    let books = memory.books.clone();
    for second in [600, 615, 630] {
        let fetched = look(&rules(), &mut memory, 1_000, second, |question| {
            let mut answer = cloud.answer(question);
            answer.metrics[0].stable.bad = None;
            answer.failure = Some("Forbidden".into());
            answer
        });
        assert!(fetched);
        assert_eq!(memory.books, books);
        let doubt = memory.finding().unwrap().doubt.clone();
        let error = "Forbidden".to_owned();
        assert_eq!(doubt, Some(Doubt::Uncounted { error }));
    }
    looks(&rules(), &mut memory, 645..660, &cloud);
    assert_eq!(memory.finding().unwrap().doubt, None);
    assert!(memory.books.until > books.until);
}

#[test]
fn what_is_still_to_be_judged_follows_the_fetches() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let mut memory = shifted();
    let from = |memory: &Memory, second| rules().measured(memory, at(second)).unjudged_from;
    assert_eq!(from(&memory, 30), Some(at(0)), "nothing was fetched");
    looks(&rules(), &mut memory, 0..301, &cloud);
    // Fetched at 300: the minute that ended at 180 is settled, the next one is not.
    assert_eq!(from(&memory, 300), Some(at(180)));
    assert_eq!(from(&memory, 359), Some(at(180)));
    looks(&rules(), &mut memory, 360..361, &cloud);
    assert_eq!(from(&memory, 360), Some(at(240)));
    // A change takes its minute out of the reckoning, all traffic all minutes after it.
    memory.saw(10_000, at(370));
    look(&rules(), &mut memory, 10_000, 600, |question| {
        cloud.answer(question)
    });
    assert_eq!(from(&memory, 600), None);
}

/// What a plan is reckoned by: the fetch of the clock's next minute sees it at the latest.
#[test]
fn settled_counts_are_fetched_within_the_time_that_is_reckoned_for_it() {
    let settling = rules().settling().as_secs();
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let judged = |wait: i64| {
        let mut memory = shifted();
        // Minute 2 ends at 180, and the fetch of minute 4 is a moment before that has settled.
        for second in [299, 180 + wait] {
            look(&rules(), &mut memory, 1_000, second, |question| {
                cloud.answer(question)
            });
        }
        let from = rules().measured(&memory, at(180 + wait)).unjudged_from;
        from.is_none_or(|from| from >= at(180))
    };
    assert_eq!(
        (settling, judged(settling), judged(119)),
        (180, true, false)
    );
}

/// A policy may ask for less than it takes until anything is published.
#[test]
fn no_minute_is_judged_before_it_is_published_however_soon_it_settles() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let rules = EvidenceRules {
        settle: 30,
        ..rules()
    };
    for (second, from) in [(359, 240), (360, 300)] {
        let mut memory = shifted();
        for second in [0, second] {
            look(&rules, &mut memory, 1_000, second, |question| {
                cloud.answer(question)
            });
        }
        let measured = rules.measured(&memory, at(second));
        assert_eq!(measured.unjudged_from, Some(at(from)), "{second}");
    }
}

#[test]
fn with_acceptance_a_minute_is_heard_only_when_nothing_in_it_can_fail_any_more() {
    let cloud = Cloud::steady(30, [10, 0, 90, 0]);
    let mut memory = shifted();
    looks(&rules(), &mut memory, 0..301, &cloud);
    let (plain, accepting) = (rules(), accepting(0.01));
    let from = |rules: &EvidenceRules, timeout| rules.unheard_from(&memory, timeout, at(300));
    assert_eq!(from(&plain, 900), Some(at(180)), "as it is judged");
    assert_eq!(from(&accepting, 0), Some(at(180)));
    assert_eq!(
        from(&accepting, 1),
        Some(at(120)),
        "fetched 120 s after its end"
    );
    assert_eq!(from(&accepting, 900), Some(at(0)));
    // In the end all are heard, however late they could have failed.
    memory.saw(10_000, at(370));
    for second in (360..1_800).step_by(60) {
        look(&rules(), &mut memory, 10_000, second, |question| {
            cloud.answer(question)
        });
    }
    assert_eq!(accepting.unheard_from(&memory, 900, at(1_800)), None);
}

#[test]
fn it_is_small_and_survives_json() {
    let cloud = Cloud::steady(200, [1_000_000, 1_234, 9_000_000, 9_876]);
    let mut memory = Memory::default();
    look(&rules(), &mut memory, 0, -75, |_| bursty());
    let mut largest = 0;
    for second in (-60_i64..10_000).step_by(15) {
        // Weights that change all the time, as with a linear shift and then some.
        let share = 500 + second.div_euclid(180) as u16 % 20 * 400;
        look(&rules(), &mut memory, share, second, |question| {
            cloud.answer(question)
        });
        let json = serde_json::to_string(&memory).unwrap();
        largest = largest.max(json.len());
        assert_eq!(serde_json::from_str::<Memory>(&json).unwrap(), memory);
    }
    assert!(largest < 2_048, "{largest} bytes");
    assert!(largest > 1_000, "{largest} bytes are no evidence");
}

#[test]
fn memory_of_an_earlier_release_is_read() {
    assert_eq!(
        serde_json::from_str::<Memory>("{}").unwrap(),
        Memory::default()
    );
    assert!(Memory::default().is_empty() && !shifted().is_empty());
}

#[test]
fn who_joins_late_counts_from_the_next_minute() {
    let cloud = Cloud::steady(10, [10, 0, 90, 0]);
    let mut memory = Memory::default();
    looks(&rules(), &mut memory, 90..600, &cloud);
    let finding = memory.finding().unwrap();
    // Minutes 2 to 7; the last look was at 585.
    assert_eq!(finding.metrics[0].counted[0], 60);
    assert_eq!(finding.dropped, Dropped::default());
}

#[test]
fn a_day_without_a_look_does_not_ask_for_a_day() {
    let mut memory = shifted();
    let day = 3 * 24 * 3_600;
    memory.saw(1_000, at(day));
    let question = rules().question(&memory, &versions(), at(day)).unwrap();
    let window = question.window.unwrap();
    assert_eq!(window.to.duration_since(window.from).as_hours(), 24);
    for extreme in [Timestamp::MAX, Timestamp::MIN] {
        memory.saw(1_000, extreme);
        let answer = CountsAnswer::default();
        let after = rules().weigh(&memory, TIMEOUT, extreme, &answer);
        assert!(matches!(
            rules().measured(&after, extreme).sufficiency,
            Sufficiency::Short { .. }
        ));
    }
}
