//! What is not simulated, or not as it was said.

use crate::cli::args::Simulate;
use crate::config::Policy;
use crate::judge::measure::{EvidenceRules, MetricRule, SHORTEST, Source};
use crate::rollout::Mode;

/// The rules as far as they can be simulated, and what was left out of the policy.
pub fn simulated(policy: &Policy, mut evidence: EvidenceRules) -> (EvidenceRules, Vec<String>) {
    let mut notes = Vec::new();
    let alarms = policy.alarms.alarms.iter().map(|rule| rule.name.as_str());
    let alarms: Vec<&str> = alarms.collect();
    if !alarms.is_empty() {
        let names = alarms.join(", ");
        notes.push(format!(
            "the policy's alarms are left out: what they would do cannot be simulated ({names})"
        ));
    }
    let own = |rule: &MetricRule| matches!(rule.source, Source::Own { .. });
    if evidence.metrics.first().is_some_and(own) {
        notes.push(
            "what fails here is taken for what the policy's own metric of errors counts".to_owned(),
        );
    }
    let mut index = 0;
    evidence.metrics.retain(|rule| {
        index += 1;
        let left_out = index > 1 && own(rule);
        if left_out {
            notes.push(format!(
                "the policy's metric \"{}\" is left out: only errors and latency can be simulated",
                rule.name
            ));
        }
        !left_out
    });
    if !policy.checks.is_empty() {
        notes.push("the policy's checks are taken to pass".to_owned());
    }
    if policy.rules.mode == Mode::Advise {
        notes.push(
            "the policy only advises: nothing that speaks against the canary stops it".to_owned(),
        );
    }
    if !policy.compares() {
        let shortest = SHORTEST.as_mins();
        notes.push(format!(
            "no step lasts the {shortest} minutes that it takes to compare counts for certain: there \
             may be no evidence either way"
        ));
    }
    (evidence, notes)
}

/// What is said of the traffic and makes no difference, or is not said and does.
pub fn of_traffic(
    arguments: &Simulate,
    policy: &Policy,
    evidence: &EvidenceRules,
) -> Option<String> {
    let slow = |rule: &MetricRule| matches!(rule.source, Source::SlowerThan { .. });
    let counted = evidence.metrics.iter().any(slow);
    let longest = policy.rules.limits.longest;
    match (arguments.traffic.latency, counted) {
        (Some(_), false) => Some(
            "--latency says how late numbers come, and no more: latency is not counted (a policy \
             with \"latency\": {\"slower_than\": \"300ms\", \"share\": \"1%\"} counts it)"
                .to_owned(),
        ),
        (None, true) => Some(
            "the policy counts latency, and without --latency both versions take 50 ms".to_owned(),
        ),
        _ if after_the_end(arguments, longest.as_mins()) => Some(format!(
            "--from lies after the longest time that the rollout may take, {longest:#}"
        )),
        _ => None,
    }
}

fn after_the_end(arguments: &Simulate, longest: i64) -> bool {
    arguments.traffic.from > longest as f64
}
