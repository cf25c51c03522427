//! The guard by example: looks in a row, and what is said of each.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::judge::measure::Measured;
use crate::judge::{Doubt, Regression, Verdict};
use crate::rollout::{
    AliasReading, AliasView, Cause, Contenders, DeploymentStatus, Limits, Mode, ROLLBACK_PATIENCE,
    Version, Weight, Wish,
};

pub(super) const POLL: SignedDuration = SignedDuration::from_secs(15);
pub(super) const BUDGET: SignedDuration = SignedDuration::from_mins(2);
pub(super) const LONGEST: SignedDuration = SignedDuration::from_mins(40);

pub(super) fn rules(mode: Mode) -> GuardRules {
    let limits = Limits {
        poll: POLL,
        longest: LONGEST,
        error_budget: BUDGET,
    };
    GuardRules {
        limits,
        mode,
        inconclusive: None,
    }
}

pub(super) fn guard() -> Guard {
    let contenders = Contenders {
        rollout: "d-ab12cd34e".parse().unwrap(),
        stable: Version::new(1),
        canary: Version::new(2),
    };
    Guard::new(contenders, Timestamp::UNIX_EPOCH)
}

pub(super) fn alias(version: &str, share: Option<f64>) -> AliasReading {
    AliasReading::Seen(AliasView {
        version: version.to_owned(),
        weights: share
            .map(|share| ("2".to_owned(), share))
            .into_iter()
            .collect(),
        description: String::new(),
        revision: "a".to_owned(),
    })
}

pub(super) fn alarm() -> Verdict {
    Verdict::Fail(Regression::InAlarm {
        alarm: "errors".to_owned(),
        since: Timestamp::UNIX_EPOCH,
    })
}

pub(super) fn doubt() -> Verdict {
    let alarm = "errors".to_owned();
    Verdict::Inconclusive(vec![Doubt::NoData { alarm }])
}

pub(super) fn regression() -> Cause {
    let Verdict::Fail(regression) = alarm() else {
        unreachable!()
    };
    Cause::Regression { regression }
}

/// 10 % shifted, nothing in the way.
pub(super) fn look() -> GuardObservation {
    GuardObservation {
        deployment: DeploymentReading::Seen(DeploymentStatus::InProgress),
        alias: alias("1", Some(0.1)),
        verdict: Verdict::Pass,
        measured: Measured::default(),
        unheard_from: None,
        wish: None,
        failure: None,
    }
}

pub(super) fn arrived() -> GuardObservation {
    let alias = alias("2", None);
    GuardObservation { alias, ..look() }
}

pub(super) fn ended(status: DeploymentStatus, look: GuardObservation) -> GuardObservation {
    let deployment = DeploymentReading::Seen(status);
    GuardObservation { deployment, ..look }
}

pub(super) fn unreadable(look: GuardObservation) -> GuardObservation {
    let failure = Some("throttled".to_owned());
    GuardObservation {
        deployment: DeploymentReading::Unreadable("throttled".to_owned()),
        alias: AliasReading::Unreadable("throttled".to_owned()),
        failure,
        ..look
    }
}

pub(super) fn with(verdict: Verdict, look: GuardObservation) -> GuardObservation {
    GuardObservation { verdict, ..look }
}

/// Looks at a guard by a clock of its own.
pub(super) struct Watch {
    pub(super) rules: GuardRules,
    pub(super) state: Guard,
    pub(super) now: Timestamp,
}

impl Watch {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            rules: rules(mode),
            state: guard(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// One look, after which the clock goes on by as much as the guard wants.
    pub(super) fn sees(&mut self, seen: &GuardObservation) -> GuardDecision {
        let decision = watch(&self.rules, &self.state, self.now, seen);
        self.state = decision.state.clone();
        self.now += decision.wait;
        decision
    }

    /// One look whose decision does not matter here.
    pub(super) fn looks(&mut self, seen: &GuardObservation) {
        let _ = self.sees(seen);
    }

    /// The same look until the act is another one than to wait.
    pub(super) fn sees_until_it_acts(&mut self, seen: &GuardObservation) -> GuardDecision {
        for _ in 0..10_000 {
            let decision = self.sees(seen);
            if decision.act != GuardAct::Wait {
                return decision;
            }
        }
        panic!("it waits for ever: {:?}", self.state);
    }

    pub(super) fn minutes(&self) -> i64 {
        self.now.duration_since(Timestamp::UNIX_EPOCH).as_mins()
    }
}

#[test]
fn a_good_deployment_passes_while_codedeploy_still_waits_for_the_second_hook() {
    let mut watch = Watch::new(Mode::Enforce);
    let at_stable = GuardObservation {
        alias: alias("1", None),
        ..look()
    };
    let first = watch.sees(&at_stable);
    assert_eq!((first.act, first.wait), (GuardAct::Wait, POLL));
    assert_eq!(first.reason, GuardReason::AtStable);
    assert!(!watch.state.shifted);
    let second = watch.sees(&look());
    assert_eq!(
        second.reason.to_string(),
        "CodeDeploy shifts: the alias is at version 1 with 10% to 2"
    );
    let last = watch.sees(&arrived());
    assert_eq!(last.act, GuardAct::End);
    assert_eq!(watch.state.end(), Some(&GuardEnd::Passed));
    assert!(watch.state.shifted && GuardEnd::Passed.is_success());
    assert_eq!(watch.state.max_weight, Weight::from_fraction(0.1).unwrap());
    assert_eq!(watch.state.ticks, 3);
}

#[test]
fn a_deployment_that_has_succeeded_passes_too() {
    let mut watch = Watch::new(Mode::Enforce);
    watch.looks(&ended(DeploymentStatus::Succeeded, arrived()));
    assert_eq!(watch.state.end(), Some(&GuardEnd::Passed));
}

#[test]
fn a_regression_stops_and_the_status_confirms_it() {
    let mut watch = Watch::new(Mode::Enforce);
    watch.looks(&look());
    let stop = watch.sees(&with(alarm(), look()));
    let cause = regression();
    assert_eq!(
        stop.act,
        GuardAct::Stop {
            cause: cause.clone()
        }
    );
    assert!(stop.wait <= SignedDuration::from_secs(1));
    // Asked again, also if the alarm has gone meanwhile.
    let again = watch.sees(&look());
    assert_eq!(
        again.act,
        GuardAct::Stop {
            cause: cause.clone()
        }
    );
    assert!(again.wait > stop.wait);
    let end = watch.sees(&ended(DeploymentStatus::Stopped, look()));
    assert_eq!(end.act, GuardAct::End);
    assert_eq!(watch.state.end(), Some(&GuardEnd::Stopped { cause }));
}

#[test]
fn all_traffic_at_the_canary_can_still_be_stopped_until_the_deployment_ends() {
    let mut watch = Watch::new(Mode::Enforce);
    let stop = watch.sees(&with(alarm(), arrived()));
    assert_eq!(
        stop.act,
        GuardAct::Stop {
            cause: regression()
        }
    );
    watch.looks(&ended(DeploymentStatus::Succeeded, arrived()));
    let cause = regression();
    assert_eq!(watch.state.end(), Some(&GuardEnd::TooLate { cause }));
}

#[test]
fn a_persons_abort_stops_in_both_modes() {
    for mode in [Mode::Enforce, Mode::Advise] {
        let mut watch = Watch::new(mode);
        let by = "ana".to_owned();
        let wish = Some(Wish::Abort { by: by.clone() });
        let decision = watch.sees(&GuardObservation { wish, ..look() });
        let cause = Cause::Aborted { by };
        assert_eq!(decision.act, GuardAct::Stop { cause });
    }
}

#[test]
fn blindness_beyond_the_budget_stops() {
    for blind in [
        unreadable(look()),
        GuardObservation {
            failure: Some("throttled".to_owned()),
            ..with(doubt(), look())
        },
        GuardObservation {
            alias: AliasReading::Unreadable("throttled".to_owned()),
            ..look()
        },
        GuardObservation {
            deployment: DeploymentReading::Unreadable("throttled".to_owned()),
            ..arrived()
        },
    ] {
        let mut watch = Watch::new(Mode::Enforce);
        watch.looks(&blind);
        // A look that succeeds ends the streak.
        watch.looks(&look());
        let since = watch.now;
        let stop = watch.sees_until_it_acts(&blind);
        let GuardAct::Stop { cause } = stop.act else {
            panic!("{:?}", stop.act);
        };
        let Cause::Blind { lasted, budget, .. } = cause else {
            panic!("{cause:?}");
        };
        assert!(lasted > budget && budget == BUDGET, "the whole budget");
        assert!(watch.now.duration_since(since) >= BUDGET);
        assert!(watch.now.duration_since(since) <= BUDGET + POLL + POLL);
    }
}

#[test]
fn a_stop_is_asked_for_half_an_hour_and_then_given_up_loudly() {
    let mut watch = Watch::new(Mode::Enforce);
    let (mut asked, mut waits) = (0, Vec::new());
    loop {
        let decision = watch.sees(&with(alarm(), look()));
        if decision.act == GuardAct::End {
            break;
        }
        assert_eq!(
            decision.act,
            GuardAct::Stop {
                cause: regression()
            }
        );
        waits.push(decision.wait.as_secs());
        watch.state = not_stopped(watch.state, watch.now, "access denied");
        asked += 1;
    }
    assert_eq!(waits[..6], [1, 2, 4, 8, 15, 15]);
    assert!(watch.minutes() >= 30 && asked > 100);
    let Some(GuardEnd::Failed { failure }) = watch.state.end() else {
        panic!("{:?}", watch.state);
    };
    assert_eq!(
        failure.to_string(),
        "the deployment could not be stopped in 35m 15s of trying and may go on (access denied); \
         it was to be stopped because alarm errors is in ALARM since 1970-01-01T00:00:00Z"
    );
    assert!(ROLLBACK_PATIENCE >= SignedDuration::from_mins(30));
}

#[test]
fn advise_stops_nothing_and_says_what_it_would_have_done() {
    let mut watch = Watch::new(Mode::Advise);
    let advised = watch.sees(&with(alarm(), look()));
    assert_eq!(advised.act, GuardAct::Wait);
    assert_eq!(advised.would, Some(regression()));
    let calm = watch.sees(&look());
    assert_eq!((calm.act, calm.would), (GuardAct::Wait, None));
    watch.looks(&arrived());
    let end = GuardEnd::Advised {
        would: Some(regression()),
        doubt: None,
    };
    assert!(end.is_success());
    assert_eq!(
        end.to_string(),
        "the mode is advise, and nothing was stopped; would have stopped: alarm errors is in ALARM \
         since 1970-01-01T00:00:00Z"
    );
    assert_eq!(watch.state.end(), Some(&end));
}

#[test]
fn the_state_survives_its_json() {
    let mut watch = Watch::new(Mode::Advise);
    for seen in [look(), with(alarm(), look()), unreadable(look())] {
        watch.looks(&seen);
        let json = serde_json::to_string(&watch.state).unwrap();
        assert_eq!(serde_json::from_str::<Guard>(&json).unwrap(), watch.state);
    }
    let fresh = serde_json::to_string(&guard()).unwrap();
    assert_eq!(
        fresh,
        r#"{"rollout":"d-ab12cd34e","stable":"1","canary":"2","started_at":"1970-01-01T00:00:00Z","phase":{"is":"watching"},"ticks":0,"max_weight":"0%"}"#
    );
}
