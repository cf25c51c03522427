//! One pass after the other over ports that do what they are told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use super::*;
use crate::garbage::at_once;
use crate::judge::Regression;
use crate::judge::alarms::{AlarmRule, AlarmState, InsufficientData};
use crate::judge::measure::Inconclusive;
use crate::rollout::{AliasView, Contenders, End, Finish, Limits, Version, preflight};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// An alias and an alarm; a write takes a second.
struct Ports {
    alias: Mutex<AliasView>,
    rings: bool,
    /// How often alarms were asked for.
    asked: AtomicU32,
    /// The second that it is.
    now: AtomicI64,
    /// Throttles every write.
    throttles: bool,
}

impl Observe for Ports {
    async fn alias(&self) -> AliasReading {
        AliasReading::Seen(self.alias.lock().unwrap().clone())
    }

    async fn alarms(&self, _: &Question) -> Result<AlarmsAnswer, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let state = if self.rings {
            AlarmState::Alarm
        } else {
            AlarmState::Ok
        };
        let reading = AlarmReading {
            name: "errors".to_owned(),
            state,
            transitioned_at: at(if self.rings { 50 } else { -600 }),
            evaluation: None,
            changes: Vec::new(),
        };
        Ok(AlarmsAnswer {
            readings: vec![reading],
            failure: None,
        })
    }

    async fn counts(&self, _: &CountsQuestion) -> Result<CountsAnswer, String> {
        Err("nobody asks for counts".to_owned())
    }
}

impl Act for Ports {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        self.now.fetch_add(1, Ordering::Relaxed);
        if self.throttles {
            return Err(Unapplied::Lost("throttled".to_owned()));
        }
        let mut alias = self.alias.lock().unwrap();
        assert_eq!(write.revision, alias.revision);
        let weights = write.canary.iter();
        *alias = AliasView {
            version: write.version.to_string(),
            weights: weights
                .map(|(version, weight)| (version.to_string(), weight.fraction()))
                .collect(),
            description: write.description.clone(),
            revision: format!("{}+", alias.revision),
        };
        Ok(())
    }
}

/// A rollout inside a hook, with a step of a minute.
struct Rollout {
    ports: Ports,
    assignment: Assignment,
    snapshot: Snapshot,
}

impl Rollout {
    fn new() -> Self {
        let alias = AliasView {
            version: "1".to_owned(),
            weights: BTreeMap::new(),
            description: "prod".to_owned(),
            revision: "a".to_owned(),
        };
        let contenders = Contenders {
            rollout: "r1".parse().unwrap(),
            stable: Version::new(1),
            canary: Version::new(2),
        };
        let rules = Rules {
            plan: "10%:1m".parse().unwrap(),
            limits: Limits {
                poll: SignedDuration::from_secs(15),
                longest: SignedDuration::from_mins(30),
                error_budget: SignedDuration::from_mins(3),
            },
            mode: Mode::Enforce,
            finish: Finish::HandOver,
            inconclusive: Inconclusive::Rollback,
        };
        let errors = AlarmRule {
            name: "errors".to_owned(),
            ignore_if_already_in_alarm: false,
        };
        let alarms = AlarmRules {
            alarms: vec![errors],
            insufficient_data: InsufficientData::Hold,
        };
        Self {
            snapshot: Snapshot::new(preflight::begin(contenders, &alias, at(0))),
            assignment: Assignment::new(rules, alarms, None, 3),
            ports: Ports {
                alias: Mutex::new(alias),
                rings: false,
                asked: AtomicU32::new(0),
                now: AtomicI64::new(0),
                throttles: false,
            },
        }
    }

    /// The next pass, when it is due.
    fn pass(&mut self, wish: Option<Wish>) -> Pass {
        let (ports, snapshot) = (&self.ports, &self.snapshot);
        let clock = || at(ports.now.load(Ordering::Relaxed));
        let pass = at_once(pass(ports, &self.assignment, snapshot, Ok(wish), clock));
        let wait = pass.wait.as_secs();
        self.ports.now.fetch_add(wait, Ordering::Relaxed);
        self.snapshot = pass.snapshot.clone();
        pass
    }

    /// Passes until the phase is such a one.
    fn until(&mut self, phase: impl Fn(&Phase) -> bool) {
        for _ in 0..20 {
            if phase(&self.snapshot.state.phase) {
                return;
            }
            self.pass(None);
        }
        panic!("never: {:?}", self.snapshot.state);
    }

    fn asked(&self) -> u32 {
        self.ports.asked.load(Ordering::Relaxed)
    }

    fn stands(&self) -> (String, usize) {
        let alias = self.ports.alias.lock().unwrap();
        (alias.version.clone(), alias.weights.len())
    }
}

fn is_baking(phase: &Phase) -> bool {
    matches!(phase, Phase::Baking { .. })
}

/// The canary has passed, and the write that hands the alias over comes next.
fn hands_over(phase: &Phase) -> bool {
    matches!(phase, Phase::RollingBack { cause, .. } if *cause == Cause::Passed)
}

#[test]
fn an_alarm_between_the_last_bake_and_the_hand_over_stops_the_hand_over() {
    for rings in [false, true] {
        let mut rollout = Rollout::new();
        rollout.until(hands_over);
        rollout.ports.rings = rings;
        let pass = rollout.pass(None);
        assert!(matches!(pass.act, Some((Command::Restore { .. }, Ok(())))));
        let end = pass.snapshot.state.end().unwrap();
        let rang = matches!(
            end,
            End::RolledBack {
                cause: Cause::Regression {
                    regression: Regression::InAlarm { .. }
                }
            }
        );
        assert_eq!((rang, *end == End::HandedOver), (rings, !rings), "{end:?}");
        assert_eq!(rollout.stands(), ("1".to_owned(), 0));
    }
}

/// Also after a write that was lost: the canary has passed until the alias is put back.
#[test]
fn an_alarm_while_the_hand_over_is_tried_again_stops_it_too() {
    let mut rollout = Rollout::new();
    rollout.until(hands_over);
    rollout.ports.throttles = true;
    rollout.pass(None);
    (rollout.ports.throttles, rollout.ports.rings) = (false, true);
    let pass = rollout.pass(None);
    let end = pass.snapshot.state.end().unwrap();
    assert!(matches!(end, End::RolledBack { .. }), "{end:?}");
}

#[test]
fn a_rollback_asks_lambda_alone() {
    let mut rollout = Rollout::new();
    rollout.until(is_baking);
    (rollout.ports.throttles, rollout.ports.rings) = (true, true);
    rollout.pass(None);
    let asked = rollout.asked();
    rollout.pass(None);
    assert_eq!(rollout.asked(), asked);
    rollout.ports.throttles = false;
    let pass = rollout.pass(None);
    assert_eq!((rollout.asked(), pass.alarms.len()), (asked, 0));
    assert!(matches!(
        pass.snapshot.state.end(),
        Some(End::RolledBack { .. })
    ));
    assert_eq!(rollout.stands(), ("1".to_owned(), 0));
}

#[test]
fn a_wish_to_stop_asks_lambda_alone_from_its_first_pass_on() {
    let mut rollout = Rollout::new();
    rollout.until(is_baking);
    let asked = rollout.asked();
    let by = "ann".to_owned();
    let pass = rollout.pass(Some(Wish::Abort { by }));
    assert_eq!(rollout.asked(), asked);
    assert!(matches!(
        pass.snapshot.state.end(),
        Some(End::Aborted { .. })
    ));
}

/// Without what became of the write the next pass would find out from the alias, one poll late.
#[test]
fn the_pass_that_wrote_says_so_and_the_bake_counts_from_after_the_write() {
    let mut rollout = Rollout::new();
    let pass = loop {
        let pass = rollout.pass(None);
        if pass.act.is_some() {
            break pass;
        }
    };
    assert!(matches!(pass.act, Some((Command::Shift { .. }, Ok(())))));
    // Two looks before it, without a wait; the write took a second.
    let since = at(1);
    assert_eq!(
        pass.snapshot.state.phase,
        Phase::Baking { step: 0, since },
        "{:?}",
        pass.reason
    );
    assert_eq!(pass.snapshot.state.max_weight.to_string(), "10%");
}
