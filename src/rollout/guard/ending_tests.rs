//! How a guard ends: with doubts, too late, after somebody else, and in the mode `advise`.

use jiff::SignedDuration;

use super::examples::*;
use super::*;
use crate::judge::Verdict;
use crate::rollout::{AliasReading, Cause, DeploymentStatus, Mode};

#[test]
fn a_regression_after_the_end_is_too_late() {
    let mut watch = Watch::new(Mode::Enforce);
    let late = watch.sees(&with(
        alarm(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    assert_eq!(late.act, GuardAct::End);
    let cause = regression();
    assert_eq!(watch.state.end(), Some(&GuardEnd::TooLate { cause }));
}

#[test]
fn somebody_elses_end_is_not_ours() {
    for status in [DeploymentStatus::Failed, DeploymentStatus::Stopped] {
        for (verdict, cause) in [(Verdict::Pass, None), (alarm(), Some(regression()))] {
            let mut watch = Watch::new(Mode::Enforce);
            watch.looks(&look());
            let decision = watch.sees(&with(verdict, ended(status, look())));
            assert_eq!(decision.act, GuardAct::End);
            let end = GuardEnd::DeploymentEnded { status, cause };
            assert_eq!(watch.state.end(), Some(&end));
        }
    }
}

#[test]
fn a_doubt_with_all_traffic_at_the_canary_waits_and_then_stops() {
    let mut watch = Watch::new(Mode::Enforce);
    for _ in 0..60 {
        let hold = watch.sees(&with(doubt(), arrived()));
        assert_eq!(hold.act, GuardAct::Wait);
        assert_eq!(hold.reason.to_string(), "hold: alarm errors has no data");
    }
    let stop = watch.sees_until_it_acts(&with(doubt(), arrived()));
    let waiting_for = Some("alarm errors has no data".to_owned());
    let longest = LONGEST;
    let cause = Cause::TooLong {
        longest,
        waiting_for,
    };
    assert_eq!(stop.act, GuardAct::Stop { cause });
    assert_eq!(watch.minutes(), 40);
}

#[test]
fn a_doubt_that_goes_passes() {
    let mut watch = Watch::new(Mode::Enforce);
    watch.looks(&with(doubt(), arrived()));
    watch.looks(&with(
        doubt(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    watch.looks(&ended(DeploymentStatus::Succeeded, arrived()));
    assert_eq!(watch.state.end(), Some(&GuardEnd::Passed));
}

#[test]
fn a_doubt_at_the_deployments_end_gets_one_budget_and_is_no_pass() {
    let mut watch = Watch::new(Mode::Enforce);
    let seen = with(doubt(), ended(DeploymentStatus::Succeeded, arrived()));
    let end = watch.sees_until_it_acts(&seen);
    assert_eq!(end.act, GuardAct::End);
    let doubt = "alarm errors has no data".to_owned();
    let failure = GuardFailure::Unproven { doubt };
    assert_eq!(watch.state.end(), Some(&GuardEnd::Failed { failure }));
    assert_eq!(watch.minutes(), 2);
}

#[test]
fn a_stale_status_after_a_success_does_not_stop() {
    let mut watch = Watch::new(Mode::Enforce);
    watch.looks(&with(
        doubt(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    let late = watch.sees(&with(alarm(), arrived()));
    assert_eq!(late.act, GuardAct::End);
    let cause = regression();
    assert_eq!(watch.state.end(), Some(&GuardEnd::TooLate { cause }));
}

#[test]
fn an_alias_that_somebody_moved_after_the_success_is_no_pass() {
    for (reading, found) in [
        (alias("1", None), "at version 1 without weights"),
        (AliasReading::Gone, "gone"),
    ] {
        let mut watch = Watch::new(Mode::Enforce);
        let seen = GuardObservation {
            alias: reading,
            ..ended(DeploymentStatus::Succeeded, look())
        };
        assert_eq!(watch.sees_until_it_acts(&seen).act, GuardAct::End);
        let found = found.to_owned();
        let failure = GuardFailure::Elsewhere { found };
        assert_eq!(watch.state.end(), Some(&GuardEnd::Failed { failure }));
    }
}

/// Nothing was to be stopped, so nothing came too late.
#[test]
fn advise_reports_a_regression_after_the_end_as_what_would_have_stopped_it() {
    let mut watch = Watch::new(Mode::Advise);
    let late = watch.sees(&with(
        alarm(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    assert_eq!(late.act, GuardAct::End);
    let (would, doubt) = (Some(regression()), None);
    assert_eq!(watch.state.end(), Some(&GuardEnd::Advised { would, doubt }));
}

#[test]
fn advise_does_not_keep_the_second_hook_waiting_for_a_doubt() {
    let mut watch = Watch::new(Mode::Advise);
    let end = watch.sees_until_it_acts(&with(doubt(), arrived()));
    assert_eq!(end.act, GuardAct::End);
    assert_eq!(watch.minutes(), 2);
    let doubt = Some("alarm errors has no data".to_owned());
    let would = None;
    assert_eq!(watch.state.end(), Some(&GuardEnd::Advised { would, doubt }));
    // And one that sees nothing at all ends too.
    let mut watch = Watch::new(Mode::Advise);
    let end = watch.sees_until_it_acts(&unreadable(look()));
    assert_eq!((end.act, watch.minutes()), (GuardAct::End, 40));
    let Some(GuardEnd::Advised { would, .. }) = watch.state.end() else {
        panic!("{:?}", watch.state);
    };
    assert!(matches!(would, Some(Cause::Blind { .. })));
}

#[test]
fn a_look_that_does_not_see_the_alias_gives_a_doubt_no_more_time() {
    let mut watch = Watch::new(Mode::Advise);
    let doubtful = with(doubt(), arrived());
    watch.looks(&doubtful);
    watch.looks(&GuardObservation {
        alias: AliasReading::Unreadable("throttled".to_owned()),
        ..doubtful.clone()
    });
    assert_eq!(watch.sees_until_it_acts(&doubtful).act, GuardAct::End);
    let lasted = watch.now.duration_since(jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(lasted.as_secs(), BUDGET.as_secs());
}

#[test]
fn a_budget_of_zero_takes_a_second_look_all_the_same() {
    let mut watch = Watch::new(Mode::Enforce);
    watch.rules.limits.error_budget = SignedDuration::ZERO;
    let first = watch.sees(&with(
        doubt(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    assert_eq!(first.act, GuardAct::Wait);
    assert!(first.wait > SignedDuration::ZERO);
    let second = watch.sees(&with(
        doubt(),
        ended(DeploymentStatus::Succeeded, arrived()),
    ));
    assert_eq!(second.act, GuardAct::End);
}
