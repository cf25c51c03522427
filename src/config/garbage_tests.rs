//! Garbage as a policy: refused in words, or a policy that everything can be done with.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Overrides, Policy};
use crate::garbage::{Kind, attacks, survives, text};
use crate::judge::acceptance::{Outcome, accept};
use crate::judge::measure::Memory;
use crate::rollout::forecast::Forecast;
use crate::rollout::reach::Reach;
use crate::rollout::{Finish, Rules, hook};

const POLICY: Kind = Kind {
    name: "policy",
    seeds: policies,
    eat: eat_policy,
};

const OVERRIDES: Kind = Kind {
    name: "overrides",
    seeds: || {
        vec![
            "10%:5m,50%:1h30m\n15s\nalarm".to_owned(),
            "Canary10Percent5Minutes\n1s\na".to_owned(),
        ]
    },
    eat: eat_overrides,
};

fn policies() -> Vec<String> {
    let documentation = include_str!("../../docs/policy.md");
    let blocks = documentation.split("```json").skip(1);
    let blocks = blocks.filter_map(|block| Some(block.split_once('\n')?.1.split_once("```")?.0));
    let longest = json!({
        "plan": [{"weight": "1%", "bake": "1h"}, {"weight": "99.99%", "bake": "8000h"}],
        "limits": {"poll": "5m", "longest": "8760h", "error_budget": "1h"},
        "evidence": {"settle": "15m", "max_errors": 1_000_000_000, "min_requests": 1_000_000_000,
            "accept": {"excess": "0.0001%", "alpha": 1e-9}},
    });
    blocks
        .map(str::to_owned)
        .chain([longest.to_string()])
        .collect()
}

fn eat_policy(bytes: &[u8]) {
    let text = text(bytes);
    let policy = match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(errors) => {
            let said = errors.to_string();
            assert!(!said.is_empty() && said.len() < 1_000_000, "{}", said.len());
            return;
        }
    };
    use_policy(&policy);
    for plan in ["AllAtOnce", "0%:0s", "1%:8760h", "1%:3m, 99.99%:8757h"] {
        if let Ok(other) = policy.clone().with_plan(plan.parse().expect("a plan")) {
            use_policy(&other);
        }
    }
}

/// Everything that is done with a policy before a rollout begins.
fn use_policy(policy: &Policy) {
    let told = json!({
        "watches": policy.watches(), "compares": policy.compares(),
        "short": policy.is_too_short_to_compare(), "settling": policy.settling(),
        "hint": policy.without_evidence(), "rules": policy.rules, "evidence": policy.evidence,
    });
    let again: Rules = serde_json::from_value(told["rules"].clone()).expect("its own words");
    assert_eq!(again, policy.rules);
    let (rules, bakes) = (&policy.rules, policy.rules.plan.duration());
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        for started in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let fits = hook::fits(bakes, rules.limits.poll, policy.settling(), started, now);
            let _ = fits.map_err(|error| error.to_string());
        }
    }
    for evidence in policy.evidence.iter() {
        for timeout in [0, 1, 900, u32::MAX] {
            for finish in [Finish::Promote, Finish::HandOver] {
                let reach = Reach::of(rules, Some(evidence), finish);
                let refusal = reach.and_then(|reach| reach.refusal(timeout));
                let _ = refusal.map(|refusal| refusal.to_string());
            }
        }
        for hourly in [0, 1, u64::MAX] {
            let memory: Memory =
                serde_json::from_value(json!({ "hourly": hourly })).expect("a memory");
            let _ = evidence.clean_requests(&memory);
            let _ = Forecast::of(rules, evidence, &memory).map(|forecast| forecast.to_string());
        }
    }
    for check in &policy.checks {
        for payload in [
            None,
            Some(""),
            Some("{"),
            Some("{\"body\": \"{\\\"ok\\\": [1]}\"}"),
        ] {
            let (function_error, took) = (None, SignedDuration::MAX);
            let outcome = Outcome::Answered {
                payload,
                function_error,
                took,
            };
            let _ = format!("{:?}", accept(&check.expect, &outcome));
        }
    }
}

fn eat_overrides(bytes: &[u8]) {
    let text = text(bytes);
    let mut lines = text.lines();
    let (plan, poll) = (lines.next(), lines.next());
    let alarms: Vec<String> = lines.take(500).map(str::to_owned).collect();
    match Overrides::parse(plan, poll, &alarms) {
        Ok(overrides) => match Policy::default().with(overrides) {
            Ok(policy) => use_policy(&policy),
            Err(errors) => assert!(!errors.to_string().is_empty()),
        },
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

#[test]
fn policies_of_all_kinds() {
    survives(&POLICY);
}

#[test]
fn huge_policies() {
    attacks::survives_size(&POLICY, "config::garbage_tests::huge_policies", &[]);
}

#[test]
fn overrides_of_all_kinds() {
    survives(&OVERRIDES);
}

#[test]
fn huge_overrides() {
    attacks::survives_size(&OVERRIDES, "config::garbage_tests::huge_overrides", &[]);
}
