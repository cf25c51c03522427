//! Shares by the minute, from looks at any time.

use proptest::prelude::*;

use super::super::bench::{at, minute};
use super::*;

fn kinds(timeline: &Timeline, numbers: std::ops::Range<i64>) -> Vec<Kind> {
    numbers
        .map(|number| timeline.kind(minute(number)))
        .collect()
}

use Kind::{Change, Split, Whole};

#[test]
fn before_a_first_look_nothing_is_known() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.saw(1_000, at(90)), minute(2));
    assert_eq!(kinds(&timeline, 2..4), [Split(1_000); 2]);
}

#[test]
fn a_change_takes_every_minute_that_it_touches() {
    let mut timeline = Timeline::default();
    timeline.saw(0, at(50));
    assert_eq!(timeline.saw(1_000, at(65)), minute(0));
    timeline.saw(1_000, at(300));
    timeline.saw(5_000, at(315));
    let expected = [
        Change,
        Change,
        Split(1_000),
        Split(1_000),
        Split(1_000),
        Change,
        Split(5_000),
    ];
    assert_eq!(kinds(&timeline, 0..7), expected);
    timeline.saw(0, at(420));
    assert_eq!(
        kinds(&timeline, 4..9),
        [Split(1_000), Change, Change, Change, Whole]
    );
}

#[test]
fn requests_follow_a_change_a_little_later() {
    let mut timeline = Timeline::default();
    timeline.saw(0, at(110));
    timeline.saw(1_000, at(113));
    assert_eq!(kinds(&timeline, 1..3), [Change, Split(1_000)]);
    let mut timeline = Timeline::default();
    timeline.saw(0, at(110));
    timeline.saw(1_000, at(118));
    assert_eq!(kinds(&timeline, 1..4), [Change, Change, Split(1_000)]);
}

/// A look that is tried again is dated by when it was first asked for. The one after it tells.
#[test]
fn what_a_late_look_saw_may_have_changed_up_to_the_next() {
    let looks = |due: &[i64]| {
        let mut timeline = Timeline::default();
        for (second, share, due) in [(50, 0, due[0]), (65, 1_000, due[1]), (200, 1_000, due[2])] {
            timeline.saw(share, at(second));
            timeline.expects(at(due));
        }
        timeline.saw(1_000, at(400));
        kinds(&timeline, 1..5)
    };
    let change = [Change, Split(1_000), Split(1_000), Split(1_000)];
    assert_eq!(looks(&[65, 200, 400]), change);
    assert_eq!(looks(&[65, 195, 400]), change);
    // The second look was announced for 65 + 15, and its successor came at 200.
    assert_eq!(
        looks(&[65, 80, 400]),
        [Change, Change, Change, Split(1_000)]
    );
    // What was seen long before is not doubted.
    assert_eq!(looks(&[65, 200, 215]), change);
    // Nor is a change that was over when the last look but one saw the same again.
    let mut timeline = Timeline::default();
    for (second, share) in [(50, 0), (54, 1_000), (60, 1_000)] {
        timeline.saw(share, at(second));
    }
    timeline.expects(at(75));
    timeline.saw(1_000, at(300));
    assert_eq!(kinds(&timeline, 0..2), [Change, Split(1_000)]);
}

#[test]
fn after_the_last_look_nothing_is_known() {
    let mut timeline = Timeline::default();
    timeline.saw(1_000, at(0));
    timeline.saw(1_000, at(179));
    let known = |number| timeline.known_kind(minute(number));
    assert_eq!([1, 2].map(known), [Split(1_000), Change]);
    assert_eq!(timeline.kind(minute(2)), Split(1_000));
    // A look at the very second in which a minute is over has seen all of it.
    timeline.saw(1_000, at(180));
    let known = |number| timeline.known_kind(minute(number));
    assert_eq!([2, 3].map(known), [Split(1_000), Change]);
}

/// What is carried from look to look stays small, whatever somebody does to the alias.
#[test]
fn changes_without_a_whole_minute_between_them_are_one_and_what_is_over_is_forgotten() {
    let changed = |looks: &[(i64, u16)]| {
        let mut timeline = Timeline::default();
        for (second, share) in looks {
            timeline.saw(*share, at(*second));
        }
        timeline
    };
    // The first one touches the minutes 0 and 1, the second one 2 or 3.
    let second = |from| changed(&[(50, 0), (55, 1_000), (from, 1_000), (from + 5, 0)]);
    assert_eq!(second(179).changes.len(), 1);
    assert_eq!(second(180).changes.len(), 2);
    // The last second of this one is the last one of minute 0.
    let mut timeline = changed(&[(50, 0), (54, 1_000)]);
    timeline.forget_before(minute(1));
    assert_eq!((timeline.base, timeline.changes.len()), (1_000, 0));
}

#[test]
fn all_traffic_or_none_leaves_nothing_to_compare() {
    let mut timeline = Timeline::default();
    timeline.saw(ALL, at(0));
    assert_eq!(kinds(&timeline, 1..3), [Whole; 2]);
}

/// Looks: seconds since the one before, and the share.
fn sightings() -> impl Strategy<Value = Vec<(i64, u16)>> {
    let share = prop::sample::select(vec![0, 1_000, 5_000, ALL]);
    prop::collection::vec((0i64..200, share), 1..60)
}

proptest! {
    /// What a minute that has ended is good for is known at the first look after it, and no later
    /// look and no forgetting of older minutes changes it.
    #[test]
    fn an_ended_minute_stays_what_it_is(sightings in sightings(), forget in 0i64..200) {
        let mut timeline = Timeline::default();
        let (mut now, mut known) = (0, 0);
        let mut kinds = Vec::new();
        for (wait, share) in sightings {
            now += wait;
            timeline.saw(share, at(now));
            while (known + 1) * 60 <= now {
                kinds.push(timeline.kind(minute(known)));
                known += 1;
            }
        }
        timeline.forget_before(minute(forget));
        for (number, kind) in kinds.iter().enumerate().skip(forget as usize) {
            prop_assert_eq!(timeline.kind(minute(number as i64)), *kind, "minute {}", number);
        }
        prop_assert!(timeline.changes.len() as i64 <= now / 120 + 1);
    }

    /// A minute is judged by a share only if no look that touches it saw another one.
    #[test]
    fn a_split_minute_never_saw_another_share(sightings in sightings()) {
        let mut timeline = Timeline::default();
        let mut now = 0;
        let mut seen = Vec::new();
        for (wait, share) in sightings {
            now += wait;
            timeline.saw(share, at(now));
            seen.push((now, share));
        }
        for number in seen[0].0 / 60 + 1..now / 60 {
            if let Split(share) = timeline.kind(minute(number)) {
                let before = seen.iter().rfind(|(at, _)| *at <= number * 60);
                let inside = seen.iter().filter(|(at, _)| (number * 60..number * 60 + 60).contains(at));
                let after = seen.iter().find(|(at, _)| *at >= number * 60 + 60);
                for (at, other) in before.into_iter().chain(inside).chain(after) {
                    prop_assert_eq!(*other, share, "minute {}, look at {}", number, at);
                }
            }
        }
    }
}
