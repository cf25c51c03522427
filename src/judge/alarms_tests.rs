//! The alarm judge by example and by property.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn rules() -> AlarmRules {
    rules_with(false, InsufficientData::Hold)
}

fn rules_with(ignore_if_already_in_alarm: bool, insufficient_data: InsufficientData) -> AlarmRules {
    let name = "errors".into();
    AlarmRules {
        alarms: vec![AlarmRule {
            name,
            ignore_if_already_in_alarm,
        }],
        insufficient_data,
    }
}

fn reading(state: AlarmState, changed: i64, changes: &[(i64, AlarmState)]) -> AlarmReading {
    AlarmReading {
        name: "errors".into(),
        state,
        transitioned_at: at(changed),
        evaluation: None,
        changes: changes
            .iter()
            .map(|&(s, to)| StateChange { at: at(s), to })
            .collect(),
    }
}

fn known(rules: &AlarmRules) -> Memory {
    let (memory, verdict) = rules.judge(
        &Memory::default(),
        at(0),
        &[reading(AlarmState::Ok, -60, &[])],
    );
    assert_eq!(verdict, Verdict::Pass);
    memory
}

use AlarmState::{Alarm, InsufficientData as NoData, Ok as Fine};

#[test]
fn in_alarm_now_fails() {
    let (_, verdict) = rules().judge(&known(&rules()), at(15), &[reading(Alarm, 10, &[])]);
    assert!(matches!(verdict, Verdict::Fail(Regression::InAlarm { since, .. }) if since == at(10)));
}

#[test]
fn in_alarm_between_two_looks_fails() {
    let memory = known(&rules());
    assert_eq!(rules().question(&memory).since["errors"], Some(at(-60)));
    let flipped = reading(Fine, 12, &[(-60, Fine), (5, Alarm), (12, Fine)]);
    let (_, verdict) = rules().judge(&memory, at(15), &[flipped]);
    assert!(
        matches!(verdict, Verdict::Fail(Regression::WasInAlarm { at: when, .. }) if when == at(5))
    );
}

#[test]
fn an_alarm_from_before_the_known_change_is_no_news() {
    let changed = reading(
        Fine,
        12,
        &[(-90, Alarm), (-60, Fine), (5, NoData), (12, Fine)],
    );
    let (memory, verdict) = rules().judge(&known(&rules()), at(15), &[changed]);
    assert_eq!(verdict, Verdict::Pass);
    assert_eq!(rules().question(&memory).since["errors"], Some(at(12)));
}

#[test]
fn a_change_that_the_history_does_not_show_is_asked_for_again() {
    let changed = reading(Fine, 12, &[(-60, Fine)]);
    let (memory, verdict) = rules().judge(&known(&rules()), at(15), &[changed]);
    assert!(
        matches!(&verdict, Verdict::Inconclusive(d) if matches!(d[0], Doubt::HistoryBehind { .. }))
    );
    assert_eq!(rules().question(&memory).since["errors"], Some(at(-60)));
    let late = reading(Fine, 12, &[(5, Alarm), (12, Fine)]);
    let (_, verdict) = rules().judge(&memory, at(30), &[late]);
    assert!(matches!(
        verdict,
        Verdict::Fail(Regression::WasInAlarm { .. })
    ));
}

#[test]
fn a_history_that_is_only_partly_there_is_asked_for_again() {
    // In between it was in ALARM, but that is not listed yet.
    for listed in [(20, NoData), (20, Fine)] {
        let partly = reading(Fine, 50, &[(-60, Fine), listed]);
        let (memory, verdict) = rules().judge(&known(&rules()), at(55), &[partly]);
        assert!(matches!(verdict, Verdict::Inconclusive(_)), "{listed:?}");
        assert_eq!(rules().question(&memory).since["errors"], Some(at(-60)));
        let whole = reading(Fine, 50, &[listed, (35, Alarm), (50, Fine)]);
        let (_, verdict) = rules().judge(&memory, at(70), &[whole]);
        assert!(matches!(
            verdict,
            Verdict::Fail(Regression::WasInAlarm { .. })
        ));
    }
}

/// The entry that comes last belongs to the present value, or is not the last one yet.
#[test]
fn a_history_that_ends_with_another_value_is_not_whole() {
    let partly = reading(Fine, 12, &[(-60, Fine), (11, NoData)]);
    let (_, verdict) = rules().judge(&known(&rules()), at(15), &[partly]);
    assert!(matches!(verdict, Verdict::Inconclusive(_)), "{verdict:?}");
}

/// In the mode `advise` a rollout goes on after an alarm: the change that is known is told once.
#[test]
fn a_change_to_alarm_that_is_known_is_no_news() {
    let (memory, verdict) = rules().judge(&known(&rules()), at(15), &[reading(Alarm, 10, &[])]);
    assert!(matches!(verdict, Verdict::Fail(_)));
    let over = reading(Fine, 20, &[(10, Alarm), (20, Fine)]);
    let (_, verdict) = rules().judge(&memory, at(30), &[over]);
    assert_eq!(verdict, Verdict::Pass);
}

#[test]
fn missing_before_the_start_fails_at_once_and_later_on_the_second_look() {
    let (memory, verdict) = rules().judge(&Memory::default(), at(0), &[]);
    assert!(matches!(verdict, Verdict::Fail(Regression::Missing { .. })));
    assert_eq!(memory, Memory::default());

    let (memory, verdict) = rules().judge(&known(&rules()), at(15), &[]);
    assert!(
        matches!(&verdict, Verdict::Inconclusive(d) if matches!(d[0], Doubt::MissingOnce { .. }))
    );
    let (_, verdict) = rules().judge(&memory, at(30), &[]);
    assert!(matches!(verdict, Verdict::Fail(Regression::Missing { .. })));
    let (memory, verdict) = rules().judge(&memory, at(30), &[reading(Fine, -60, &[])]);
    assert_eq!(verdict, Verdict::Pass);
    assert!(!memory.0["errors"].missing);
}

#[test]
fn no_data_is_what_the_policy_says_and_never_health_by_default() {
    let silent = [reading(NoData, -60, &[])];
    let judge = |mode| {
        rules_with(false, mode)
            .judge(&Memory::default(), at(0), &silent)
            .1
    };
    assert!(matches!(
        judge(InsufficientData::Hold),
        Verdict::Inconclusive(_)
    ));
    assert_eq!(judge(InsufficientData::Ok), Verdict::Pass);
    assert!(matches!(
        judge(InsufficientData::Fail),
        Verdict::Fail(Regression::NoData { .. })
    ));
}

#[test]
fn a_state_that_cloudwatch_does_not_trust_is_a_doubt_also_where_no_data_is_ok() {
    let untrusted = AlarmReading {
        evaluation: Some("PARTIAL_DATA".into()),
        ..reading(Fine, -60, &[])
    };
    let (_, verdict) =
        rules_with(false, InsufficientData::Ok).judge(&Memory::default(), at(0), &[untrusted]);
    assert!(
        matches!(&verdict, Verdict::Inconclusive(d) if matches!(d[0], Doubt::Untrusted { .. }))
    );
}

#[test]
fn an_alarm_already_in_alarm_stops_the_start_unless_excepted() {
    let burning = [reading(Alarm, -600, &[])];
    let (_, verdict) = rules().judge(&Memory::default(), at(0), &burning);
    assert!(matches!(verdict, Verdict::Fail(Regression::InAlarm { .. })));

    let rules = rules_with(true, InsufficientData::Hold);
    let (memory, verdict) = rules.judge(&Memory::default(), at(0), &burning);
    assert_eq!(verdict, Verdict::Pass);
    assert!(memory.excepts("errors"));
    // What it does until it has recovered makes no difference: a call less.
    assert_eq!(rules.question(&memory).since["errors"], None);
}

/// Nothing was shifted then: what it did before the next look is not the canary's doing either.
#[test]
fn after_an_alarm_that_stops_the_start_the_next_look_is_a_first_one() {
    let (memory, verdict) = rules().judge(&Memory::default(), at(0), &[reading(Alarm, -5, &[])]);
    assert!(matches!(verdict, Verdict::Fail(Regression::InAlarm { .. })));
    assert_eq!(memory, Memory::default());
    assert_eq!(rules().question(&memory).since["errors"], None);
    let flapped = reading(Fine, 12, &[(5, Fine), (8, Alarm), (12, Fine)]);
    let (memory, verdict) = rules().judge(&memory, at(15), &[flapped]);
    assert_eq!(verdict, Verdict::Pass);
    assert_eq!(rules().question(&memory).since["errors"], Some(at(12)));
}

#[test]
fn an_exception_survives_flapping_and_ends_with_the_recovery() {
    let rules = rules_with(true, InsufficientData::Hold);
    let (memory, _) = rules.judge(&Memory::default(), at(0), &[reading(Alarm, -600, &[])]);
    // A minute in OK is the incident's flapping …
    let (memory, verdict) = rules.judge(&memory, at(100), &[reading(Fine, 40, &[])]);
    assert_eq!((verdict, memory.excepts("errors")), (Verdict::Pass, true));
    let (memory, verdict) = rules.judge(&memory, at(160), &[reading(Alarm, 140, &[])]);
    assert_eq!((verdict, memory.excepts("errors")), (Verdict::Pass, true));
    // … five are a recovery, after which the alarm counts like any other.
    let (memory, verdict) = rules.judge(&memory, at(600), &[reading(Fine, 300, &[])]);
    assert_eq!((verdict, memory.excepts("errors")), (Verdict::Pass, false));
    let (_, verdict) = rules.judge(&memory, at(700), &[reading(Alarm, 690, &[])]);
    assert!(matches!(verdict, Verdict::Fail(Regression::InAlarm { .. })));
}

#[test]
fn an_exception_is_for_alarms_that_burned_before_the_start_only() {
    let rules = rules_with(true, InsufficientData::Hold);
    let (_, verdict) = rules.judge(&known(&rules), at(15), &[reading(Alarm, 10, &[])]);
    assert!(matches!(verdict, Verdict::Fail(_)));
}

#[test]
fn history_data_as_cloudwatch_writes_it() {
    let data = r#"{"version":"1.0","oldState":{"stateValue":"OK","stateReason":"x"},
        "newState":{"stateValue":"ALARM","stateReason":"Threshold Crossed"}}"#;
    let change = StateChange::from_history(at(5), data);
    assert_eq!(
        change,
        Ok(StateChange {
            at: at(5),
            to: Alarm
        })
    );
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"newState":{"stateValue":"ALRM"}}"#,
        r#"{"newState":null}"#,
    ] {
        assert!(StateChange::from_history(at(5), bad).is_err(), "{bad}");
    }
}

fn any_state() -> impl Strategy<Value = AlarmState> {
    prop_oneof![Just(Fine), Just(Alarm), Just(NoData)]
}

proptest! {
    /// Whatever an alarm did between two looks: if the history is there, an ALARM is seen; if not,
    /// the verdict is no pass.
    #[test]
    fn no_alarm_between_two_looks_is_missed(states in prop::collection::vec(any_state(), 1..6), shown: bool) {
        let changes: Vec<_> = states.iter().enumerate().map(|(i, s)| (i as i64 + 1, *s)).collect();
        let last = changes[changes.len() - 1];
        let history: &[_] = if shown { &changes } else { &[] };
        let (_, verdict) = rules().judge(&known(&rules()), at(15), &[reading(last.1, last.0, history)]);
        let alarmed = last.1 == Alarm || shown && states.contains(&Alarm);
        prop_assert_eq!(matches!(verdict, Verdict::Fail(_)), alarmed);
        if !shown {
            prop_assert!(verdict != Verdict::Pass);
        }
    }

    #[test]
    fn arbitrary_history_data_never_panics(data: String) {
        let _ = StateChange::from_history(at(5), &data);
    }

    /// The same look twice gives the same verdict and changes nothing in the memory.
    #[test]
    fn a_repeated_look_says_the_same(state in any_state(), changed in 1i64..10) {
        let rules = rules();
        let look = [reading(state, changed, &[(changed, state)])];
        let (memory, first) = rules.judge(&known(&rules), at(15), &look);
        let (again, second) = rules.judge(&memory, at(16), &look);
        prop_assert_eq!(first, second);
        prop_assert_eq!(memory, again);
    }
}
