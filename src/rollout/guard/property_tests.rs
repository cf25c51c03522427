//! What holds whatever the guard sees: in any order, doubled, lost, late, and on old states.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::examples::{BUDGET, LONGEST, POLL, alarm, alias, doubt, guard, look, rules};
use super::*;
use crate::judge::measure::{Inconclusive, Measured, Sufficiency};
use crate::judge::{Bound, Doubt, Regression, Verdict};
use crate::rollout::{AliasReading, Cause, DeploymentStatus, Mode, ROLLBACK_PATIENCE, Wish};

/// One look, and what became of it.
#[derive(Debug, Clone)]
struct Event {
    seen: GuardObservation,
    /// Seconds since the look before.
    after: i64,
    /// Whether what the look decided is carried on: a tick may be lost after its act.
    kept: bool,
    /// Whether the call, if one was made, failed.
    refused: bool,
}

fn statuses() -> impl Strategy<Value = DeploymentReading> {
    use DeploymentStatus::*;
    prop_oneof![
        6 => Just(DeploymentReading::Seen(InProgress)),
        1 => Just(DeploymentReading::Seen(Created)),
        1 => Just(DeploymentReading::Seen(Succeeded)),
        1 => Just(DeploymentReading::Seen(Failed)),
        1 => Just(DeploymentReading::Seen(Stopped)),
        1 => Just(DeploymentReading::Unreadable("throttled".to_owned())),
    ]
}

fn aliases() -> impl Strategy<Value = AliasReading> {
    prop_oneof![
        2 => Just(alias("1", None)),
        3 => (0.0..=1.0f64).prop_map(|share| alias("1", Some(share))),
        3 => Just(alias("2", None)),
        1 => Just(alias("3", Some(0.5))),
        1 => Just(AliasReading::Gone),
        1 => Just(AliasReading::Unreadable("throttled".to_owned())),
    ]
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![8 => Just(Verdict::Pass), 1 => Just(alarm()), 2 => Just(doubt())]
}

fn sufficiencies() -> impl Strategy<Value = Sufficiency> {
    let bound = Bound::new(0.5, 0.95);
    let too_few = Doubt::TooFewRequests {
        judged: 3,
        needed: 30,
        bound,
    };
    let not_shown = Doubt::NotShown {
        metric: "m".repeat(64),
        bound,
        wanted: Bound::new(0.001, 0.95),
    };
    let starved = Doubt::Starved {
        expected: 300,
        got: 4,
    };
    let short = |doubt| Just(Sufficiency::Short { doubt });
    prop_oneof![
        1 => short(starved),
        2 => Just(Sufficiency::NotAsked),
        2 => Just(Sufficiency::Enough),
        2 => short(too_few),
        1 => short(not_shown),
    ]
}

/// A minute that is still to come to something. In the end none is.
fn minutes() -> impl Strategy<Value = Option<Timestamp>> {
    let second = |second| Timestamp::from_second(second).unwrap();
    prop_oneof![4 => Just(None), 1 => (0i64..600).prop_map(move |s| Some(second(s)))]
}

fn measured() -> impl Strategy<Value = Measured> {
    let parts = (sufficiencies(), minutes());
    parts.prop_map(|(sufficiency, unjudged_from)| Measured {
        sufficiency,
        unjudged_from,
    })
}

fn observations() -> impl Strategy<Value = GuardObservation> {
    let wish = prop::option::weighted(
        0.02,
        Just(Wish::Abort {
            by: "ana".to_owned(),
        }),
    );
    let failure = prop::option::weighted(0.1, Just("throttled".to_owned()));
    let counted = (measured(), minutes());
    let seen = (statuses(), aliases(), verdicts(), counted, wish, failure);
    seen.prop_map(
        |(deployment, alias, verdict, (measured, unheard_from), wish, failure)| GuardObservation {
            deployment,
            alias,
            verdict,
            measured,
            unheard_from,
            wish,
            failure,
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = (
        observations(),
        -5..90i64,
        prop::bool::weighted(0.9),
        any::<bool>(),
    );
    let event = event.prop_map(|(seen, after, kept, refused)| Event {
        seen,
        after,
        kept,
        refused,
    });
    prop::collection::vec(event, 1..60)
}

fn rulebooks_of(modes: impl Strategy<Value = Mode>) -> impl Strategy<Value = GuardRules> {
    use Inconclusive::{Complete, Hold, Rollback};
    let says = prop_oneof![Just(Complete), Just(Hold), Just(Rollback)];
    let parts = (modes, prop::option::weighted(0.8, says));
    parts.prop_map(|(mode, inconclusive)| GuardRules {
        inconclusive,
        ..rules(mode)
    })
}

fn rulebooks() -> impl Strategy<Value = GuardRules> {
    rulebooks_of(prop_oneof![3 => Just(Mode::Enforce), 1 => Just(Mode::Advise)])
}

/// A look with the state before it.
struct Played {
    before: Guard,
    seen: GuardObservation,
    decision: GuardDecision,
    /// Whether `decision.state` was carried on.
    kept: bool,
}

fn play(rules: GuardRules, events: Vec<Event>) -> Vec<Played> {
    let mut now = Timestamp::UNIX_EPOCH;
    let mut state = guard();
    let mut played = Vec::new();
    for event in events {
        now += SignedDuration::from_secs(event.after);
        let decision = watch(&rules, &state, now, &event.seen);
        let before = state.clone();
        if event.kept {
            state = decision.state.clone();
            if event.refused && matches!(decision.act, GuardAct::Stop { .. }) {
                state = not_stopped(state, now, "throttled");
            }
        }
        played.push(Played {
            before,
            seen: event.seen,
            decision,
            kept: event.kept,
        });
    }
    played
}

fn status(seen: &GuardObservation) -> Option<DeploymentStatus> {
    match seen.deployment {
        DeploymentReading::Seen(status) => Some(status),
        DeploymentReading::Unreadable(_) => None,
    }
}

fn regressed(seen: &GuardObservation) -> bool {
    matches!(seen.verdict, Verdict::Fail(_))
}

proptest! {
    #[test]
    fn never_a_stop_after_an_end(rules in rulebooks(), events in events()) {
        let mut over = false;
        for look in play(rules, events) {
            let ended = status(&look.seen).is_some_and(DeploymentStatus::ended);
            if over || ended || look.before.end().is_some() {
                let stops = matches!(look.decision.act, GuardAct::Stop { .. });
                prop_assert!(!stops, "{:?}", look.decision);
            }
            // An end that was seen by a tick that was lost is not known to the next one.
            over |= ended && look.kept;
        }
    }

    #[test]
    fn never_a_pass_after_a_regression(rules in rulebooks(), events in events()) {
        let mut regression = false;
        let looks = play(rules, events).into_iter();
        for look in looks.take_while(|look| look.before.end().is_none()) {
            regression |= regressed(&look.seen) && look.kept;
            if passed(&look.decision.state) {
                prop_assert!(!regression);
            }
        }
    }

    #[test]
    fn a_pass_is_seen_on_the_very_look(rules in rulebooks(), events in events()) {
        for look in play(rules, events) {
            if passed(&look.decision.state) && look.before.end().is_none() {
                prop_assert_eq!(&look.seen.verdict, &Verdict::Pass);
                prop_assert_eq!(&look.seen.alias, &alias("2", None));
                prop_assert!(status(&look.seen).is_some() || succeeded(&look.before));
                prop_assert!(look.seen.wish.is_none());
                prop_assert_eq!(look.seen.measured.unjudged_from, None);
            }
        }
    }

    /// A pass is only called one if there was enough evidence, or nobody asked for any.
    #[test]
    fn too_little_evidence_never_passes_as_enough(rules in rulebooks(), events in events()) {
        let looks = play(rules, events).into_iter();
        for look in looks.take_while(|look| look.before.end().is_none()) {
            let short = matches!(look.seen.measured.sufficiency, Sufficiency::Short { .. });
            match (look.decision.state.end(), rules.inconclusive) {
                (Some(GuardEnd::Passed), Some(_)) => prop_assert!(!short),
                (Some(GuardEnd::PassedUnproven { doubt }), says) => {
                    prop_assert_eq!(says, Some(Inconclusive::Complete));
                    let starved = matches!(doubt, Doubt::Starved { .. });
                    prop_assert!(!starved);
                    let doubt = doubt.clone();
                    prop_assert_eq!(look.seen.measured.sufficiency, Sufficiency::Short { doubt });
                }
                _ => {}
            }
        }
    }

    /// As long as CodeDeploy shifts, or a minute may still speak, too little evidence is no reason.
    #[test]
    fn too_little_evidence_stops_only_at_the_end(rules in rulebooks(), events in events()) {
        for look in play(rules, events) {
            let GuardAct::Stop { cause: Cause::Inconclusive { doubt } } = look.decision.act else {
                continue;
            };
            if matches!(look.before.phase, GuardPhase::Stopping { .. }) {
                continue;
            }
            let starved = matches!(doubt, Doubt::Starved { .. });
            prop_assert_eq!(look.seen.measured.sufficiency, Sufficiency::Short { doubt });
            prop_assert_eq!(look.seen.measured.unjudged_from.or(look.seen.unheard_from), None);
            prop_assert_eq!(&look.seen.alias, &alias("2", None));
            let completes = rules.inconclusive == Some(Inconclusive::Complete);
            prop_assert!(rules.inconclusive.is_some() && (starved || !completes));
        }
    }

    #[test]
    fn an_end_is_for_ever_and_doubled_looks_change_nothing(
        rules in rulebooks(),
        events in events(),
        late in observations(),
    ) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9);
        for look in play(rules, events) {
            let ends = look.decision.state.end().is_some();
            prop_assert_eq!(ends, look.decision.act == GuardAct::End);
            if ends {
                let again = watch(&rules, &look.decision.state, now, &late);
                prop_assert_eq!(&again.state, &look.decision.state);
                prop_assert_eq!(again.act, GuardAct::End);
            }
        }
    }

    /// Each end says what is true of the deployment.
    #[test]
    fn the_end_agrees_with_the_status(rules in rulebooks(), events in events()) {
        use DeploymentStatus::{Failed, Stopped, Succeeded};
        for look in play(rules, events) {
            let (Some(end), None) = (look.decision.state.end(), look.before.end()) else {
                continue;
            };
            let status = status(&look.seen);
            let success = status == Some(Succeeded) || succeeded(&look.before);
            match end {
                GuardEnd::Stopped { .. } | GuardEnd::DeploymentEnded { .. } => {
                    prop_assert!(matches!(status, Some(Failed | Stopped)));
                }
                GuardEnd::TooLate { .. } => prop_assert!(success),
                GuardEnd::Failed { failure: GuardFailure::NotStopped { .. } } => {
                    prop_assert!(!status.is_some_and(DeploymentStatus::ended));
                }
                GuardEnd::Failed { .. } => prop_assert!(success),
                GuardEnd::Passed | GuardEnd::PassedUnproven { .. } => {
                    prop_assert!(!matches!(status, Some(Failed | Stopped)));
                }
                GuardEnd::Advised { .. } => prop_assert_eq!(rules.mode, Mode::Advise),
            }
        }
    }

    #[test]
    fn advise_stops_only_for_a_person(
        rules in rulebooks_of(Just(Mode::Advise)),
        events in events(),
    ) {
        let mut wished = false;
        for look in play(rules, events) {
            wished |= look.seen.wish.is_some();
            let stops = matches!(look.decision.act, GuardAct::Stop { .. });
            prop_assert!(!stops || wished);
        }
    }

    /// Whatever is seen from now on, there is an end, and soon after the limits.
    #[test]
    fn every_watch_ends(rules in rulebooks(), events in events(), seen in observations()) {
        let mut now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(90);
        let mut state = play(rules, events).pop().unwrap().decision.state;
        let until = now + LONGEST + ROLLBACK_PATIENCE + BUDGET + POLL + POLL;
        while state.end().is_none() {
            prop_assert!(now <= until, "{:?}", state);
            let decision = watch(&rules, &state, now, &seen);
            let ends = decision.act == GuardAct::End;
            prop_assert!(ends || decision.wait > SignedDuration::ZERO && decision.wait <= POLL);
            now += decision.wait;
            state = decision.state;
        }
    }

    /// The state fits beside the policy into the payload, whatever texts are in it.
    #[test]
    fn the_state_stays_small(rules in rulebooks(), mut events in events(), text in "[ -~\n]{0,400}") {
        let name = text.chars().filter(|c| c.is_alphanumeric()).take(255).collect::<String>();
        for event in &mut events {
            event.seen.failure = event.seen.failure.is_some().then(|| text.clone());
            match &mut event.seen.verdict {
                Verdict::Fail(Regression::InAlarm { alarm, .. }) => alarm.clone_from(&name),
                Verdict::Inconclusive(doubts) => {
                    *doubts = vec![Doubt::Unreadable { error: text.clone() }; 9];
                }
                _ => {}
            }
        }
        for look in play(rules, events) {
            let json = serde_json::to_string(&look.decision.state).unwrap();
            prop_assert!(json.len() <= 1024, "{} bytes: {json}", json.len());
            prop_assert_eq!(&serde_json::from_str::<Guard>(&json).unwrap(), &look.decision.state);
        }
    }
}

fn passed(state: &Guard) -> bool {
    let end = state.end();
    matches!(
        end,
        Some(GuardEnd::Passed | GuardEnd::PassedUnproven { .. })
    )
}

fn succeeded(state: &Guard) -> bool {
    matches!(
        state.phase,
        GuardPhase::Watching {
            succeeded: true,
            ..
        }
    )
}

#[test]
fn the_look_of_the_examples_is_a_plain_wait() {
    let decision = watch(
        &rules(Mode::Enforce),
        &guard(),
        Timestamp::UNIX_EPOCH,
        &look(),
    );
    assert_eq!((decision.act, decision.wait), (GuardAct::Wait, POLL));
}
