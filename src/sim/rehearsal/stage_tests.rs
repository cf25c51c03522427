//! The ports: conditional writes, and the counts that are asked for.

use super::*;
use crate::driver;
use crate::judge::measure::{EvidenceRules, Memory, Versions};
use crate::rollout::{Version, Weight};
use crate::sim::rehearsal::chances::Chances;
use crate::sim::rehearsal::scenario::Scenario;
use crate::sim::rehearsal::traffic::Laws;

const BEGAN: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGAN + second).unwrap()
}

fn with_stage(look: impl FnOnce(&Stage<'_>)) {
    let scenario = Scenario::steady(10.0, 0.1, 0.1);
    let (laws, chances) = (Laws::new(&scenario, Some(50)), Chances::new(1, 1));
    let cloud = Cloud::new(&scenario, &chances, &laws, BEGAN);
    look(&Stage::new(cloud, at(0), "1".to_owned()));
}

fn now<T>(future: impl Future<Output = T>) -> T {
    crate::sim::ports::now_or_panic(future)
}

fn write(revision: &str, canary: Option<&str>, version: u64) -> AliasWrite {
    AliasWrite {
        version: Version::new(version),
        canary: canary.map(|weight| (Version::new(2), weight.parse::<Weight>().unwrap())),
        description: "ours".to_owned(),
        revision: revision.to_owned(),
    }
}

#[test]
fn a_write_depends_on_the_revision() {
    with_stage(|stage| {
        let before = stage.view();
        assert!(before.weights.is_empty() && before.version == "1");
        assert_eq!(stage.written(), None);
        let first = write(&before.revision, Some("10%"), 1);
        assert_eq!(now(stage.write(&first)), Ok(()));
        let after = stage.view();
        assert_ne!(after.revision, before.revision);
        assert_eq!(after.weights.get("2"), Some(&0.1));
        assert_eq!(after.description, "ours");
        assert_eq!(now(stage.write(&first)), Err(Unapplied::Conflict));
        assert_eq!(stage.view(), after);
        stage.sleep(SignedDuration::from_secs(90));
        let last = write(&after.revision, None, 2);
        assert_eq!(now(stage.write(&last)), Ok(()));
        assert_eq!(stage.view().version, "2");
        assert_eq!(stage.written(), Some((at(0), at(90))));
        // A request a second for a minute and a half.
        assert!(
            (50..140).contains(&stage.canary().all),
            "{:?}",
            stage.canary()
        );
    });
}

#[test]
fn counts_are_those_that_are_asked_for() {
    with_stage(|stage| {
        let rules = EvidenceRules::standard();
        let versions = Versions {
            stable: "1".to_owned(),
            canary: "2".to_owned(),
        };
        let mut memory = Memory::default();
        memory.saw(0, at(0));
        let question = rules.question(&memory, &versions, at(0)).unwrap();
        let answer = now(stage.counts(&question)).unwrap();
        let history = answer.metrics[0].history.total.as_ref().unwrap();
        // An hour, all of it published.
        assert_eq!(history.points().count(), 60);
        let requests: f64 = history.points().map(|(_, count)| count).sum();
        assert!((requests - 36_000.0).abs() < 1_000.0, "{requests}");
        assert_eq!(answer.metrics[0].canary, Pair::default());
        assert_eq!((answer.throttles, answer.failure), (None, None));

        let revision = stage.view().revision;
        now(stage.write(&write(&revision, Some("10%"), 1))).unwrap();
        memory.saw(1_000, at(0));
        stage.sleep(SignedDuration::from_secs(300));
        memory.saw(1_000, at(300));
        let question = rules.question(&memory, &versions, at(300)).unwrap();
        let answer = now(stage.counts(&question)).unwrap();
        let canary = answer.metrics[0].canary.total.as_ref().unwrap();
        assert!(canary.points().count() >= 3);
        assert!(answer.throttles.is_some());
    });
}

#[test]
fn there_are_no_alarms() {
    with_stage(|stage| {
        let answer = now(stage.alarms(&Question::default()));
        assert_eq!(answer, Ok(driver::AlarmsAnswer::default()));
    });
}
