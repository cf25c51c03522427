//! What plans can show, by example. That this is exact is tested with the engine itself, in
//! `sim::reach_tests`.

use super::*;
use crate::judge::measure::Accept;
use crate::rollout::script::rules;

fn evidence() -> EvidenceRules {
    EvidenceRules::standard()
}

fn accepting() -> EvidenceRules {
    let (excess, alpha) = (0.01, 0.05);
    EvidenceRules {
        accept: Some(Accept { excess, alpha }),
        ..evidence()
    }
}

/// Inside a hook, where too little evidence rolls back.
fn refused(plan: &str, evidence: &EvidenceRules, timeout: u32) -> Option<String> {
    let reach = Reach::of(&rules(plan), Some(evidence), Finish::HandOver)?;
    Some(reach.refusal(timeout)?.to_string())
}

#[test]
fn a_plan_needs_a_whole_minute_between_two_changes() {
    for (plan, never) in [
        ("10%:1m", true),
        ("10%:65s", true),
        // Written six seconds before a full minute, and over after the next.
        ("10%:66s", false),
        ("10%:2m", false),
        ("0%:10m,10%:1m", true),
        ("0%:10m", true),
        ("Linear10PercentEvery1Minute", true),
        ("Linear10PercentEvery2Minutes", false),
        ("10%:1m,20%:30s,50%:3m", false),
    ] {
        let refusal = refused(plan, &evidence(), 3);
        assert_eq!(refusal.is_some(), never, "{plan}: {refusal:?}");
        if let Some(said) = refusal {
            assert!(said.contains("no step holds a whole minute"), "{said}");
        }
    }
}

#[test]
fn acceptance_needs_a_minute_older_than_any_invocation() {
    let said = refused("10%:5m", &accepting(), 900).expect("17 minutes are not in 5");
    assert_eq!(
        said,
        "the policy asks to be shown that the canary is good enough, which takes minutes that ended \
         17m ago, since an invocation may last 15m; within the 5m that the plan has, none of its \
         minutes gets so old"
    );
    let least = |plan| {
        let reach = Reach::of(&rules(plan), Some(&accepting()), Finish::HandOver);
        match reach?.refusal(900)? {
            Refusal::NeverAccepted { least, .. } | Refusal::NeverCompared { least } => {
                Some(least.as_mins())
            }
            _ => None,
        }
    };
    assert_eq!(least("10%:5m"), Some(18));
    assert_eq!(least("10%:18m"), None);
    assert_eq!(
        least("10%:1m"),
        Some(3),
        "that no minute is compared comes first"
    );
    // Short functions are shown to be good in every plan that compares at all.
    assert_eq!(refused("10%:2m", &accepting(), 3), None);
    // Each step's minutes have to settle, which makes the plan longer.
    assert!(refused("10%:9m", &accepting(), 900).is_some());
    assert!(refused("5%:3m,10%:3m,20%:3m,30%:3m", &accepting(), 900).is_none());
    assert!(refused("0%:30m,10%:9m", &accepting(), 900).is_some());
}

#[test]
fn what_can_pass_anyway_or_is_held_long_enough_is_not_refused() {
    let with = |inconclusive, finish, longest: i64| {
        let evidence = EvidenceRules {
            inconclusive,
            ..accepting()
        };
        let mut rules = rules("10%:5m");
        rules.limits.longest = SignedDuration::from_mins(longest);
        let reach = Reach::of(&rules, Some(&evidence), finish);
        reach.and_then(|reach| reach.refusal(900))
    };
    use Inconclusive::{Complete, Hold, Rollback};
    assert!(with(None, Finish::HandOver, 60).is_some());
    assert!(with(None, Finish::Promote, 60).is_none(), "it is held");
    assert!(with(Some(Complete), Finish::HandOver, 60).is_none());
    assert!(with(Some(Rollback), Finish::Promote, 60).is_some());
    assert!(with(Some(Hold), Finish::HandOver, 60).is_none());
    let Some(Refusal::NeverAccepted { within, .. }) = with(None, Finish::Promote, 18) else {
        panic!("its first minute ends after 66 seconds at best, and is to be 17 minutes old");
    };
    assert_eq!(within.as_mins(), 18);
    assert!(with(None, Finish::Promote, 19).is_none());

    let mut advised = rules("10%:1m");
    advised.mode = Mode::Advise;
    assert_eq!(
        Reach::of(&advised, Some(&evidence()), Finish::HandOver),
        None
    );
    assert_eq!(Reach::of(&rules("10%:1m"), None, Finish::HandOver), None);
}
