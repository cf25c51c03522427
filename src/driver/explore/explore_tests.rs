//! Every state of a rollout that a bounded number of disturbances leads to.
//!
//! The properties elsewhere try schedules at random, long ones and few of all. Here are all of the
//! short ones: the real pass, decision of the recovery and preflight, over the smallest world that
//! shows what they can do to each other: one alias, ticks that come twice, late or on old states,
//! writes that are lost, refused, overtaken or arrive later, stale answers, other people's edits,
//! kills, CodeDeploy. A larger bound takes minutes: `make explore`.

#[path = "actions_tests.rs"]
mod actions_tests;
#[path = "claims_tests.rs"]
mod claims_tests;
#[path = "guard_tests.rs"]
mod guard_tests;
#[path = "pass_tests.rs"]
mod pass_tests;
#[path = "search_tests.rs"]
mod search_tests;
#[path = "steps_tests.rs"]
mod steps_tests;
#[path = "world_tests.rs"]
mod world_tests;

use guard_tests::Watch;
use search_tests::{Model, explore};
use world_tests::Setting;

use crate::rollout::{Finish, Mode};

/// So many disturbances more than the usual, by the environment.
fn more() -> u8 {
    let more = std::env::var("EXPLORE_MORE").ok();
    more.map_or(0, |more| more.parse().expect("EXPLORE_MORE is a number"))
}

/// At most so many steps lead to rest once nothing disturbs any more.
const STEPS_TO_REST: usize = 20;

fn explored<M: Model>(name: &str, disturbances: u8, model: &M) {
    let explored = match explore(model) {
        Ok(explored) => explored,
        Err(trace) => panic!("{name}: {trace}"),
    };
    println!(
        "{name}: {disturbances} disturbances, {} states, {} transitions, {} states of rest, at most {} steps to one",
        explored.states, explored.transitions, explored.at_rest, explored.longest_calm
    );
    assert!(
        explored.longest_calm <= STEPS_TO_REST,
        "{name}: {explored:?}"
    );
}

fn rollout(name: &str, setting: Setting) {
    explored(name, setting.disturbances, &setting);
}

#[test]
fn a_rollout_inside_a_hook() {
    let setting = Setting::new("10%:1m,50%:1m", Finish::HandOver, 2 + more());
    rollout("inside a hook", setting);
}

#[test]
fn a_rollout_that_promotes() {
    rollout(
        "one step",
        Setting::new("10%:1m", Finish::Promote, 1 + more()),
    );
    let setting = Setting::new("10%:1m,50%:1m", Finish::Promote, 1 + more());
    rollout("two steps", setting);
}

#[test]
fn a_dark_step_first() {
    for keeps_zero in [true, false] {
        let setting = Setting {
            keeps_zero,
            ..Setting::new("0%:1m,10%:1m", Finish::HandOver, 1 + more())
        };
        rollout(&format!("dark first, keeps zero: {keeps_zero}"), setting);
    }
}

#[test]
fn two_rollouts_of_one_alias() {
    let setting = Setting {
        rival: true,
        ..Setting::new("10%:1m", Finish::Promote, 1 + more())
    };
    rollout("two rollouts", setting);
}

#[test]
fn a_guard_beside_codedeploy() {
    for mode in [Mode::Enforce, Mode::Advise] {
        let watch = Watch::new(mode, 2 + more());
        explored(&format!("guard, {mode:?}"), watch.disturbances, &watch);
    }
}
