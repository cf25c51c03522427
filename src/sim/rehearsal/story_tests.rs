//! What becomes of rollouts over imagined traffic.

use super::*;
use crate::judge::measure::{Accept, EvidenceRules, Inconclusive, MetricRule, Source};
use crate::rollout::{Cause, End, Limits, Mode, Reason, Rules};

use jiff::SignedDuration;

/// The built-in rules with this plan.
pub(super) fn rules(plan: &str) -> Rules {
    let plan: crate::rollout::Plan = plan.parse().unwrap();
    let longest = plan.duration() * 2 + SignedDuration::from_mins(40);
    Rules {
        plan,
        limits: Limits {
            poll: SignedDuration::from_secs(15),
            longest,
            error_budget: SignedDuration::from_mins(2),
        },
        mode: Mode::Enforce,
        finish: crate::rollout::Finish::Promote,
        inconclusive: Inconclusive::Hold,
    }
}

fn rehearsal(plan: &str, scenario: Scenario) -> Rehearsal {
    judged(plan, scenario, EvidenceRules::standard())
}

fn judged(plan: &str, scenario: Scenario, evidence: EvidenceRules) -> Rehearsal {
    Rehearsal::new(scenario, rules(plan), evidence, AliasAlarm::default(), 1).unwrap()
}

fn rollouts(rehearsal: &Rehearsal, runs: u64) -> Summary {
    let runs: Vec<Run> = (0..runs).map(|run| rehearsal.run(run).unwrap()).collect();
    Summary::of(runs.iter().map(|run| &run.rollout))
}

fn codedeploy(rehearsal: &Rehearsal, runs: u64) -> Summary {
    let runs: Vec<Run> = (0..runs).map(|run| rehearsal.run(run).unwrap()).collect();
    Summary::of(runs.iter().map(|run| &run.codedeploy))
}

#[test]
fn healthy_canaries_are_promoted() {
    let healthy = rehearsal("10%:5m", Scenario::steady(20.0, 0.01, 0.01));
    let found = rollouts(&healthy, 60);
    assert!(found.promoted >= 58, "{found:?}");
    // Five minutes, and two at most for the last whole one's numbers.
    let run = healthy.run(0).unwrap().rollout;
    assert!((360.0..440.0).contains(&run.seconds), "{run:?}");
    // And CodeDeploy puts all of them back, since some requests always fail.
    let found = codedeploy(&healthy, 20);
    assert_eq!(found.rolled_back, 20, "{found:?}");
    // None of them has begun: there is no time until a rollback.
    assert_eq!(
        (found.not_started, found.minutes_to_rollback.p95),
        (20, None)
    );
    assert_eq!(found.failed_canary_requests.p95, Some(0.0));
}

#[test]
fn bad_canaries_are_put_back_before_the_bake_is_over() {
    let bad = rehearsal("10%:10m, 50%:10m", Scenario::steady(20.0, 0.001, 0.05));
    let found = rollouts(&bad, 40);
    assert_eq!(found.rolled_back, 40, "{found:?}");
    assert!(found.minutes_to_rollback.p95 < Some(6.0), "{found:?}");
    let mean = found.failed_canary_requests.mean;
    // Two requests a second, one in twenty of them, for three to four minutes.
    assert!((15.0..30.0).contains(&mean), "{mean}");
}

#[test]
fn an_outage_of_both_versions_is_not_the_canarys_fault() {
    let outage = Outage {
        start: 2.0,
        minutes: 4.0,
        errors: 0.5,
    };
    let scenario = Scenario {
        outages: vec![outage],
        ..Scenario::steady(20.0, 0.0, 0.0)
    };
    let calm = rehearsal("10%:10m", scenario);
    let found = rollouts(&calm, 40);
    assert!(found.promoted >= 39, "{found:?}");
    // The alarm cannot tell.
    let found = codedeploy(&calm, 40);
    assert_eq!(found.rolled_back, 40, "{found:?}");
    let minutes = found.minutes_to_rollback.p50.unwrap();
    assert!((4.0..7.5).contains(&minutes), "{minutes}");
}

#[test]
fn bursts_are_seen_in_the_hour_before_and_do_not_blame_the_canary() {
    let bursts = |per_hour| Scenario {
        bursts: Some(Bursts { size: 8, per_hour }),
        ..Scenario::steady(20.0, 0.0, 0.0)
    };
    let bursty = rehearsal("10%:20m", bursts(20.0));
    let found = rollouts(&bursty, 60);
    assert!(found.rolled_back <= 2, "{found:?}");
    let mut seen = None;
    let watched = bursty.watch(3, |_, pass| {
        let finding = pass.snapshot.evidence.finding();
        seen = seen.or(finding.and_then(|found| found.metrics.first()?.bursts));
    });
    watched.unwrap();
    assert!(seen.unwrap() > 4.0, "{seen:?}");
}

#[test]
fn a_fault_that_comes_late_is_found_late() {
    let late = Scenario {
        canary_from: 12.0,
        ..Scenario::steady(20.0, 0.0, 0.2)
    };
    let found = rollouts(&rehearsal("10%:20m", late), 40);
    assert_eq!(found.rolled_back, 40, "{found:?}");
    let minutes = found.minutes_to_rollback;
    assert!(
        minutes.p50 > Some(12.0) && minutes.p95 < Some(17.0),
        "{minutes:?}"
    );
}

#[test]
fn quiet_functions_are_inconclusive_as_the_rules_say() {
    let quiet = || Scenario::steady(0.01, 0.0, 0.0);
    let held = rehearsal("10%:5m", quiet());
    let found = rollouts(&held, 10);
    assert_eq!((found.inconclusive, found.rolled_back), (10, 0));
    assert_eq!(found.minutes_to_rollback.p50, None);
    assert!(held.run(0).unwrap().rollout.seconds >= 50.0 * 60.0);

    let mut hasty = rules("10%:5m");
    hasty.inconclusive = Inconclusive::Rollback;
    let evidence = EvidenceRules {
        inconclusive: Some(Inconclusive::Rollback),
        ..EvidenceRules::standard()
    };
    let hasty = Rehearsal::new(quiet(), hasty, evidence, AliasAlarm::default(), 1).unwrap();
    let (run, end) = hasty.watch(0, |_, _| ()).unwrap();
    assert_eq!(run.rollout.ended, Ended::Inconclusive);
    assert!(run.rollout.seconds < 600.0, "{end}");

    let content = EvidenceRules {
        inconclusive: Some(Inconclusive::Complete),
        ..EvidenceRules::standard()
    };
    assert_eq!(
        rollouts(&judged("10%:5m", quiet(), content), 10).promoted,
        10
    );
}

/// The last of the 30 requests is counted at the very look at which the rollout has lasted too long.
#[test]
fn enough_that_comes_too_late_is_too_little() {
    let quiet = Scenario::steady(0.11, 0.0, 0.0);
    let (evidence, alarm) = (EvidenceRules::standard(), AliasAlarm::default());
    let quiet = Rehearsal::new(quiet, rules("10%:5m"), evidence, alarm, 11).unwrap();
    let late = |run: &u64| {
        let (run, end) = quiet.watch(*run, |_, _| ()).unwrap();
        let unsaid = matches!(
            end,
            End::RolledBack {
                cause: Cause::TooLong {
                    waiting_for: None,
                    ..
                }
            }
        );
        assert!(!unsaid || run.rollout.ended == Ended::Inconclusive, "{end}");
        unsaid
    };
    assert!((200..240).any(|run| late(&run)));
}

#[test]
fn what_is_shown_to_be_good_enough_is_promoted_early() {
    let accepting = EvidenceRules {
        accept: Some(Accept {
            excess: 0.01,
            alpha: 0.05,
        }),
        ..EvidenceRules::standard()
    };
    let early = judged("10%:30m", Scenario::steady(20.0, 0.0, 0.0), accepting);
    let run = early.run(0).unwrap();
    assert_eq!(run.rollout.ended, Ended::Promoted);
    assert!(run.rollout.seconds < 9.0 * 60.0, "{run:?}");
    // CodeDeploy bakes to the end.
    assert_eq!(run.codedeploy.ended, Ended::Promoted);
    assert!((run.codedeploy.seconds - 1800.0).abs() < 1e-9);
}

#[test]
fn a_slower_canary_is_found_if_slowness_is_counted() {
    let slow = Scenario {
        latency: Latency {
            stable_ms: 50.0,
            canary_ms: 90.0,
        },
        ..Scenario::steady(20.0, 0.0, 0.0)
    };
    let mut counting = EvidenceRules::standard();
    counting.metrics.push(MetricRule {
        name: "latency".to_owned(),
        source: Source::SlowerThan { milliseconds: 100 },
        ratio: 1.2,
        increase: 0.01,
    });
    let found = rollouts(&judged("10%:10m", slow.clone(), counting), 20);
    assert_eq!(found.rolled_back, 20, "{found:?}");
    let found = rollouts(&rehearsal("10%:10m", slow), 20);
    assert_eq!(found.promoted, 20, "{found:?}");
}

#[test]
fn requests_that_take_minutes_settle_later_and_blame_nobody() {
    let long = Scenario {
        latency: Latency {
            stable_ms: 100_000.0,
            canary_ms: 100_000.0,
        },
        ..Scenario::steady(20.0, 0.02, 0.02)
    };
    let found = rollouts(&rehearsal("10%:10m", long), 30);
    assert!(found.promoted >= 29, "{found:?}");
}

#[test]
fn a_run_depends_on_seed_and_number_alone() {
    let scenario = || Scenario::steady(20.0, 0.01, 0.04);
    let make = |seed| {
        let (rules, evidence) = (rules("10%:10m"), EvidenceRules::standard());
        Rehearsal::new(scenario(), rules, evidence, AliasAlarm::default(), seed).unwrap()
    };
    let forth: Vec<Run> = (0..8).map(|run| make(1).run(run).unwrap()).collect();
    let once = make(1);
    let mut back: Vec<Run> = (0..8).rev().map(|run| once.run(run).unwrap()).collect();
    back.reverse();
    assert_eq!(forth, back);
    assert_ne!(forth[0], forth[1]);
    assert_ne!(forth[0], make(2).run(0).unwrap());
}

#[test]
fn both_see_the_same_requests_while_their_weights_agree() {
    // Neither finds anything to object to, and the engine only waits longer.
    let evidence = EvidenceRules {
        inconclusive: Some(Inconclusive::Complete),
        ..EvidenceRules::standard()
    };
    let alarm = AliasAlarm {
        above: Above::Errors(1e9),
        periods: 1,
    };
    let scenario = Scenario::steady(20.0, 0.01, 0.01);
    let all = Rehearsal::new(scenario, rules("10%:10m"), evidence, alarm, 5).unwrap();
    for run in 0..10 {
        let Run {
            rollout,
            codedeploy,
        } = all.run(run).unwrap();
        if rollout.ended != Ended::Promoted {
            continue;
        }
        let extra = rollout.seconds - codedeploy.seconds;
        assert!((60.0..=140.0).contains(&extra), "{extra}");
        // Two requests a second on top, and the very same before.
        let more = rollout.canary.all as f64 - codedeploy.canary.all as f64;
        assert!(
            (more - 2.0 * extra).abs() < 6.0 * (2.0 * extra).sqrt(),
            "{more} {extra}"
        );
    }
    // The same numbers to the last request, if the weights agree to the end.
    let never = AliasAlarm {
        above: Above::Errors(1e9),
        periods: 1,
    };
    let advised = Rules {
        mode: Mode::Advise,
        ..rules("10%:10m")
    };
    let evidence = EvidenceRules::standard();
    let scenario = Scenario::steady(20.0, 0.01, 0.3);
    let all = Rehearsal::new(scenario, advised, evidence, never, 5).unwrap();
    for run in 0..10 {
        let run = all.run(run).unwrap();
        assert_eq!(run.rollout.ended, Ended::Promoted);
        assert_eq!(run.rollout.canary, run.codedeploy.canary);
    }
}

#[test]
fn a_watched_run_tells_of_its_passes_and_its_end() {
    let bad = rehearsal("10%:10m", Scenario::steady(20.0, 0.0, 0.1));
    let (mut began, mut last) = (None, SignedDuration::ZERO);
    let (run, end) = bad
        .watch(0, |since, pass| {
            if matches!(pass.reason, Reason::Begin { .. }) {
                began = Some(since);
            }
            assert!(since >= last);
            last = since;
        })
        .unwrap();
    assert_eq!(began, Some(SignedDuration::ZERO));
    assert!(matches!(end, End::RolledBack { .. }));
    assert!((last.as_secs_f64() - run.rollout.seconds).abs() < 1e-9);
    assert_eq!(bad.run(0).unwrap(), run);
}

#[test]
fn an_end_that_no_rehearsal_comes_to_is_an_error() {
    // Its numbers take longer to settle than the limit allows, and that is no lack of evidence.
    let mut short = rules("10%:5m");
    short.limits.longest = SignedDuration::from_mins(5);
    let evidence = EvidenceRules::standard();
    let scenario = Scenario::steady(20.0, 0.0, 0.0);
    let short = Rehearsal::new(scenario, short, evidence, AliasAlarm::default(), 1).unwrap();
    let error = short.run(7).unwrap_err();
    assert_eq!(error.run, 7);
    assert!(
        error.to_string().contains("longer than its limit"),
        "{error}"
    );
}

#[test]
fn what_nobody_can_rehearse_is_refused() {
    let make = |plan: &str, longest| {
        let mut rules = rules(plan);
        rules.limits.longest = longest;
        let scenario = Scenario::steady(1.0, 0.0, 0.0);
        let (evidence, alarm) = (EvidenceRules::standard(), AliasAlarm::default());
        Rehearsal::new(scenario, rules, evidence, alarm, 1).map(drop)
    };
    let hours = SignedDuration::from_hours;
    assert_eq!(make("AllAtOnce", hours(1)), Err(BadScenario::NoSteps));
    assert_eq!(
        make("10%:5m", hours(169)),
        Err(BadScenario::TooLong(169 * 60))
    );
    assert_eq!(make("10%:5m", hours(168)), Ok(()));
}
