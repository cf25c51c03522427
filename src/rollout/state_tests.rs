//! The state as JSON: what it looks like, and how large it can get.

use proptest::prelude::*;

use super::*;
use crate::judge::{Doubt, Verdict};
use crate::rollout::script::{Fate, Look, at, rules};
use crate::rollout::world::World;
use crate::rollout::{AliasReading, Unapplied, tick, unapplied};

#[test]
fn a_state_is_short_readable_json() {
    let mut world = World::new("10%:5m");
    let json = |world: &World| serde_json::to_string(&world.state).unwrap();
    let starting = r#"{"rollout":"r1","stable":"1","canary":"2","started_at":"2027-01-15T08:00:00Z","phase":{"is":"starting","revision":"rev-1"},"ticks":0,"max_weight":"0%"}"#;
    assert_eq!(json(&world), starting);
    world.tick(&Look::pass());
    assert!(json(&world).contains(r#""announced":true"#));
    world.reach(0);
    let baking = r#""phase":{"is":"baking","step":0,"since":"2027-01-15T08:00:00Z"},"superseded":"rev-1","ticks":2,"max_weight":"10%"}"#;
    assert!(json(&world).ends_with(baking), "{}", json(&world));
}

#[test]
fn once_a_write_stands_the_alias_as_it_was_before_is_a_stale_answer() {
    let mut world = World::new("10%:5m");
    let seen = |world: &World| AliasReading::Seen(world.alias.clone().unwrap());
    let before = seen(&world);
    assert_eq!(world.state.believes(before.clone()), before);
    world.reach(0);
    assert!(matches!(
        world.state.believes(before.clone()),
        AliasReading::Unreadable(why) if why.contains("as it was before the rollout's first write")
    ));
    for fresh in [seen(&world), AliasReading::Gone] {
        assert_eq!(world.state.believes(fresh.clone()), fresh);
    }
    // Also where the write's answer was lost, and the next look told of it; and while it is put back.
    let mut adopted = World::new("10%:5m");
    adopted.tick(&Look::pass());
    adopted.tick_with(&Look::pass(), Fate::LostAfter);
    adopted.tick(&Look::pass());
    assert_eq!(adopted.state.superseded.as_deref(), Some("rev-1"));
    adopted.tick(&Look::alarm());
    assert!(matches!(
        adopted.state.believes(before),
        AliasReading::Unreadable(_)
    ));
}

/// A state at the first step since `at(0)`, which the next tick was to see at `at(due)`.
fn begun(due: i64) -> State {
    let mut world = World::new("10%:5m");
    world.reach(0);
    world.state.awaiting(
        &Phase::Ended {
            end: End::HandedOver,
        },
        at(due),
    )
}

fn since(state: &State) -> Timestamp {
    match state.phase {
        Phase::Baking { since, .. } => since,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_tick_that_comes_late_tells_that_the_step_began_later() {
    for (now, later) in [(15, 0), (20, 0), (25, 0), (26, 11), (315, 300)] {
        let state = begun(15).dated(at(now));
        assert_eq!(since(&state), at(later), "at {now}");
        assert_eq!(state.due, None, "said once");
        assert_eq!(since(&state.dated(at(900))), at(later));
    }
}

#[test]
fn only_a_tick_that_begins_a_step_notes_when_the_next_one_is_due() {
    let state = begun(15);
    assert_eq!(state.due, Some(at(15)));
    let (phase, other) = (state.phase.clone(), state.clone());
    assert_eq!(other.awaiting(&phase, at(30)).due, None, "the same step");
    let next = Phase::Baking {
        step: 1,
        since: at(0),
    };
    assert_eq!(
        state.awaiting(&next, at(30)).due,
        Some(at(30)),
        "another step"
    );
}

#[test]
fn texts_from_outside_are_cut_to_one_short_line() {
    assert_eq!(brief("timed out"), "timed out");
    assert_eq!(brief("a\nb\tc\u{0}d"), "a b c d");
    assert_eq!(brief(&"x".repeat(240)), "x".repeat(240));
    assert_eq!(brief(&"x".repeat(241)), format!("{}…", "x".repeat(240)));
    assert_eq!(brief(&"ü".repeat(500)).chars().count(), 121);
}

/// Texts as long as anything that AWS answers, and longer.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\\\\"\u{1f525}\n]{0,3000}",
        Just("User is not authorized to perform lambda:UpdateAlias ".repeat(80)),
    ]
}

/// CloudWatch's longest name of an alarm: 255 characters, none of them a control character.
fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,20}", "[a-z \"]{255}", "\u{1f525}{255}"]
}

proptest! {
    /// However long the errors are that AWS answers and the names that people give, the state
    /// stays below 2 KB and survives JSON.
    #[test]
    fn no_text_from_outside_swells_the_state(error in texts(), by in texts(), alarm in names(), hours in 0i64..3) {
        let rules = rules("10%:5m");
        let regression = crate::judge::Regression::InAlarm { alarm: alarm.clone(), since: at(0) };
        let doubts = vec![Doubt::Unreadable { error: error.clone() }, Doubt::NoData { alarm }];
        let verdicts = [Verdict::Pass, Verdict::Fail(regression), Verdict::Inconclusive(doubts)];
        let mut world = World::new("10%:5m");
        world.reach(0);
        let (here, state) = (world.alias.unwrap(), world.state);
        let now = at(hours * 3600);
        for verdict in verdicts {
            for wish in [None, Some(crate::rollout::Wish::Abort { by: by.clone() })] {
                let alias = AliasReading::Seen(here.clone());
                let (failure, verdict) = (Some(error.clone()), verdict.clone());
                let measured = Default::default();
                let seen = crate::rollout::Observation { alias, verdict, measured, wish, failure };
                let ticked = tick(&rules, &state, now, &seen).state;
                let why = Unapplied::Refused(error.clone());
                let (refused, _) = unapplied(ticked.clone(), &rules.limits, now, why);
                for state in [ticked, refused] {
                    let json = serde_json::to_string(&state).unwrap();
                    prop_assert!(json.len() < 2048, "{} bytes: {json}", json.len());
                    prop_assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state);
                }
            }
        }
    }
}
