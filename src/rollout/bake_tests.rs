//! Bakes after the shift, look by look.

use super::*;
use crate::judge::Regression;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn bake(mode: Mode) -> Bake {
    Bake {
        since: at(0),
        length: SignedDuration::from_secs(100),
        deadline: at(300),
        limits: Limits {
            poll: SignedDuration::from_secs(15),
            longest: SignedDuration::from_mins(60),
            error_budget: SignedDuration::from_secs(60),
        },
        mode,
        failing: None,
        ticks: 0,
    }
}

fn alarm() -> Verdict {
    Verdict::Fail(Regression::InAlarm {
        alarm: "errors".into(),
        since: at(0),
    })
}

fn doubt() -> Verdict {
    Verdict::Inconclusive(vec![Doubt::NoData {
        alarm: "errors".into(),
    }])
}

fn seen(verdict: &Verdict, failure: Option<&str>) -> Watched {
    Watched {
        verdict: verdict.clone(),
        measured: Measured::default(),
        failure: failure.map(str::to_owned),
    }
}

fn baked(second: i64, verdict: &Verdict) -> Baked {
    bake(Mode::Enforce).tick(at(second), &seen(verdict, None)).1
}

fn counted(second: i64, sufficiency: Sufficiency, unjudged_from: Option<i64>, mode: Mode) -> Baked {
    let measured = Measured {
        sufficiency,
        unjudged_from: unjudged_from.map(at),
    };
    let seen = Watched {
        measured,
        ..seen(&Verdict::Pass, None)
    };
    bake(mode).tick(at(second), &seen).1
}

#[test]
fn it_passes_when_its_time_is_over_and_not_before() {
    let Baked::Wait { wait, left, .. } = baked(90, &Verdict::Pass) else {
        panic!("ten seconds are left");
    };
    assert_eq!((wait.as_secs(), left.as_secs()), (10, 10));
    assert_eq!(baked(100, &Verdict::Pass), Baked::Passed);
}

#[test]
fn an_alarm_fails_it_at_any_time() {
    for second in [0, 50, 100, 299, 1_000] {
        assert!(matches!(
            baked(second, &alarm()),
            Baked::Failed {
                cause: Cause::Regression { .. }
            }
        ));
    }
    assert_eq!(
        bake(Mode::Advise).tick(at(100), &seen(&alarm(), None)).1,
        Baked::Passed
    );
}

#[test]
fn what_is_not_known_never_passes() {
    let Baked::Wait { wait, doubts, .. } = baked(200, &doubt()) else {
        panic!("it waits for what is not known");
    };
    assert_eq!((wait.as_secs(), doubts.len()), (15, 1));
    let Baked::Failed {
        cause: Cause::TooLong { waiting_for, .. },
    } = baked(300, &doubt())
    else {
        panic!("the deadline has come");
    };
    assert!(waiting_for.is_some());
}

#[test]
fn failing_calls_use_up_the_budget_without_a_break() {
    let (bake, first) = bake(Mode::Enforce).tick(at(0), &seen(&doubt(), Some("timeout")));
    assert!(matches!(first, Baked::Wait { .. }));
    let (again, _) = bake.clone().tick(at(50), &seen(&Verdict::Pass, None));
    assert_eq!(again.failing, None);
    let (_, last) = bake.clone().tick(at(60), &seen(&doubt(), Some("timeout")));
    assert!(matches!(last, Baked::Wait { .. }), "the whole budget");
    let (_, over) = bake.tick(at(61), &seen(&doubt(), Some("timeout")));
    assert!(matches!(
        over,
        Baked::Failed {
            cause: Cause::Blind { .. }
        }
    ));
}

#[test]
fn its_last_whole_minute_has_to_settle() {
    // It is over at 100: the minute that ended at 60 is its last whole one.
    let Baked::Wait { doubts, wait, .. } =
        counted(130, Sufficiency::Enough, Some(0), Mode::Enforce)
    else {
        panic!("the minute from 0 on is open");
    };
    assert_eq!(doubts, [Doubt::Settling { since: at(0) }]);
    assert_eq!(wait.as_secs(), 15);
    let later = counted(180, Sufficiency::Enough, Some(60), Mode::Enforce);
    assert_eq!(later, Baked::Passed, "the minute in which it was over");
    // In its time there is nothing to wait for.
    let Baked::Wait { doubts, .. } = counted(90, Sufficiency::Enough, Some(0), Mode::Enforce)
    else {
        panic!("ten seconds are left");
    };
    assert_eq!(doubts, []);
    let advised = counted(100, Sufficiency::Enough, Some(0), Mode::Advise);
    assert_eq!(advised, Baked::Passed);
}

#[test]
fn numbers_that_never_come_are_no_health() {
    let short = || Sufficiency::Short {
        doubt: Doubt::Uncalled,
    };
    let Baked::Wait { doubts, .. } = counted(200, short(), None, Mode::Enforce) else {
        panic!("it waits for a request");
    };
    assert_eq!(doubts, [Doubt::Uncalled]);
    let Baked::Failed {
        cause: Cause::TooLong { waiting_for, .. },
    } = counted(300, short(), None, Mode::Enforce)
    else {
        panic!("the deadline has come");
    };
    assert!(waiting_for.unwrap().contains("not one request"));
    assert_eq!(counted(100, short(), None, Mode::Advise), Baked::Passed);
}

#[test]
fn counts_that_are_waited_for_are_looked_at_once_in_a_minute_at_least() {
    let mut bake = bake(Mode::Enforce);
    bake.limits.poll = SignedDuration::from_mins(5);
    let unsettled = Watched {
        measured: Measured {
            sufficiency: Sufficiency::Enough,
            unjudged_from: Some(at(0)),
        },
        ..seen(&Verdict::Pass, None)
    };
    let (bake, baked) = bake.tick(at(130), &unsettled);
    assert!(matches!(baked, Baked::Wait { wait, .. } if wait.as_secs() == 60));
    let (_, baked) = bake.tick(at(130), &seen(&doubt(), None));
    assert!(matches!(baked, Baked::Wait { wait, .. } if wait.as_secs() == 300));
}
