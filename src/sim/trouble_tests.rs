//! Calls that fail, before or after their effect, for a while or for good.

use super::*;
use crate::sim::{FaultKind, FaultRule};

/// One kind of trouble with every call, for a minute from the first minute on.
fn trouble_for_a_minute(kind: FaultKind) -> (Story, State) {
    let mut world = world();
    let from = world.now() + 1.minute();
    world.add_fault(FaultRule::new(kind, from).until(from + 1.minute()));
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    (story, state)
}

#[test]
fn a_minute_of_trouble_with_every_call_is_lived_through() {
    for kind in [
        FaultKind::Throttle,
        FaultKind::InternalError,
        FaultKind::Timeout,
        FaultKind::ConnectionReset,
    ] {
        let (story, state) = trouble_for_a_minute(kind);
        assert_eq!(
            ended(&state),
            &End::Promoted { confirmed: true },
            "{kind:?}"
        );
        story.is_clean_at("2");
    }
}

#[test]
fn trouble_beyond_the_budget_rolls_back_once_lambda_answers() {
    let mut world = world();
    let from = world.now() + 1.minute();
    world.add_fault(FaultRule::new(FaultKind::ConnectionReset, from).until(from + 10.minutes()));
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    assert!(matches!(rolled_back(&state), Cause::Blind { .. }));
    let tried = story.ports.now().duration_since(from);
    assert!((10..=11).contains(&tried.as_mins()), "{tried:?}");
    story.is_clean_at("1");
}

#[test]
fn a_rollback_needs_lambda_alone() {
    let mut world = world();
    let from = world.now() + 1.minute();
    world.add_fault(FaultRule::new(FaultKind::Timeout, from).on(Service::CloudWatch));
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    assert!(matches!(rolled_back(&state), Cause::Blind { .. }));
    story.is_clean_at("1");
}

#[test]
fn a_rollback_is_retried_through_half_an_hour_of_throttling() {
    let mut world = world();
    let from = world.now() + 1.minute();
    let throttled = FaultRule::new(FaultKind::Throttle, from).operation("UpdateAlias");
    world.add_fault(throttled.until(from + 30.minutes()));
    let mut story = Story::new(world);
    let state = story.play(|world, since| {
        if after(1)(since) && world.now() < from + 2.minutes() {
            set_alarm(world, "ALARM");
        }
    });
    assert!(matches!(rolled_back(&state), Cause::Regression { .. }));
    assert!(story.ports.now() >= from + 30.minutes());
    story.is_clean_at("1");
}

#[test]
fn lambda_gone_for_good_is_said_plainly() {
    let mut world = world();
    let from = world.now() + 1.minute();
    world.add_fault(FaultRule::new(FaultKind::ConnectionReset, from));
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    let End::Failed {
        failure: Failure::NotPutBack { tried, .. },
    } = ended(&state)
    else {
        panic!("{state:?}");
    };
    assert!(*tried >= SignedDuration::from_mins(30));
    story.ports.with_world(World::clear_faults);
    // Once Lambda answers again, the mark is enough to put it back.
    let write = crate::rollout::put_back_write(&story.alias()).unwrap();
    now_or_panic(story.ports.write(&write)).unwrap();
    story.is_clean_at("1");
}

#[test]
fn a_write_that_took_effect_although_it_failed_is_adopted() {
    for kind in [
        FaultKind::InternalError,
        FaultKind::Timeout,
        FaultKind::ConnectionReset,
    ] {
        // The first write, the second step, the promotion.
        for skipped in 0..3 {
            let mut world = world();
            let from = world.now() + (skipped * 5).minutes() - 5.seconds();
            let lost = FaultRule::new(kind, from).operation("UpdateAlias");
            world.add_fault(lost.after_effect().times(1));
            let mut story = Story::new(world);
            let state = story.play(|_, _| ());
            assert!(
                matches!(ended(&state), End::Promoted { .. }),
                "{kind:?} {skipped}: {state:?}"
            );
            story.is_clean_at("2");
        }
    }
}

#[test]
fn a_rollback_that_took_effect_although_it_failed_ends_with_its_reason() {
    for kind in [
        FaultKind::InternalError,
        FaultKind::Timeout,
        FaultKind::ConnectionReset,
    ] {
        let mut world = world();
        let from = world.now() + 1.minute();
        let lost = FaultRule::new(kind, from).operation("UpdateAlias");
        world.add_fault(lost.after_effect().times(1));
        let mut story = Story::new(world);
        let mut once = false;
        let state = story.play(|world, since| {
            if after(1)(since) && !std::mem::replace(&mut once, true) {
                set_alarm(world, "ALARM");
            }
        });
        assert!(matches!(rolled_back(&state), Cause::Regression { .. }));
        story.is_clean_at("1");
    }
}

#[test]
fn a_right_that_is_missing_ends_the_rollout_at_once() {
    let mut world = world();
    let denied = FaultRule::new(FaultKind::AccessDenied, world.now()).operation("UpdateAlias");
    world.add_fault(denied);
    let mut story = Story::new(world);
    let state = story.play(|_, _| ());
    let End::Failed {
        failure: Failure::NotStarted { cause },
    } = ended(&state)
    else {
        panic!("{state:?}");
    };
    assert!(matches!(cause, Cause::Refused { .. }));
    assert!(story.ports.now() < start() + 1.minute());
    story.is_clean_at("1");
}
