//! Whose weights go and whose stay, by example.

use super::*;
use crate::rollout::Version;

fn view(weights: &[(&str, f64)], description: &str) -> AliasView {
    AliasView {
        version: "1".into(),
        weights: weights.iter().map(|(v, w)| ((*v).into(), *w)).collect(),
        description: description.into(),
        revision: "a".into(),
    }
}

fn this() -> Whose {
    let (rollout, known) = ("d-1".parse().unwrap(), None);
    Whose::This { rollout, known }
}

/// The same with its plan.
fn planned() -> Whose {
    let rollout: RolloutId = "d-1".parse().unwrap();
    let known = Known {
        contenders: Contenders {
            rollout: rollout.clone(),
            stable: Version::new(1),
            canary: Version::new(2),
        },
        plan: "10%:5m,50%:5m".parse().unwrap(),
    };
    let known = Some(known);
    Whose::This { rollout, known }
}

#[test]
fn weights_that_the_plan_never_wrote_stay_and_its_own_go() {
    let marked = |weights| view(weights, "prod [lambda-canary:d-1:1]");
    for (weights, edited) in [
        (&[("2", 0.1)][..], false),
        (&[("2", 0.3)], true),
        (&[("2", 0.5)], true),
        (&[("3", 0.1)], true),
        // Whoever took the weights away meant what the rollback means.
        (&[], false),
    ] {
        let step = put_back(&marked(weights), &planned(), false);
        assert_eq!(matches!(step, PutBack::LeaveEdit), edited, "{weights:?}");
        assert_eq!(matches!(step, PutBack::Write(_)), !edited, "{weights:?}");
        // Where the plan is not known, and before a rollback, the mark alone decides.
        for whose in [this(), Whose::Any] {
            let step = put_back(&marked(weights), &whose, false);
            assert!(matches!(step, PutBack::Write(_)), "{weights:?}");
        }
    }
}

#[test]
fn its_own_mark_goes_and_anothers_stays() {
    let ours = view(&[("2", 0.1)], "prod [lambda-canary:d-1:1]");
    let theirs = view(&[("2", 0.1)], "prod [lambda-canary:d-2:1]");
    let PutBack::Write(write) = put_back(&ours, &this(), false) else {
        panic!("its own mark goes");
    };
    assert_eq!((write.canary, write.description.as_str()), (None, "prod"));
    assert!(matches!(put_back(&theirs, &this(), false), PutBack::Leave));
    assert!(matches!(
        put_back(&theirs, &Whose::Any, false),
        PutBack::Write(_)
    ));
}

#[test]
fn weights_without_a_mark_are_somebody_elses() {
    let theirs = view(&[("2", 0.1)], "prod");
    for whose in [this(), Whose::Any] {
        assert!(matches!(put_back(&theirs, &whose, false), PutBack::Leave));
    }
}

#[test]
fn a_clean_alias_is_written_once_to_void_a_write_under_way() {
    let clean = view(&[], "prod");
    let PutBack::Write(write) = put_back(&clean, &this(), false) else {
        panic!("its revision must change");
    };
    assert_eq!(write.description, "prod");
    assert!(matches!(put_back(&clean, &this(), true), PutBack::Nothing));
    assert!(matches!(
        put_back(&clean, &Whose::Any, false),
        PutBack::Nothing
    ));
}
