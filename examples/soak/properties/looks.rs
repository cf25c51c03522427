//! Whether nothing goes up, and no canary passes, without a good look at the alarms.

use jiff::SignedDuration;

use super::{own_changes, rollbacks};
use crate::model::Way;
use crate::record::{By, Call};
use crate::system::Played;

/// Every plan's last step bakes at least a minute, and a delay of up to ten seconds is not made up for.
const BAKED: SignedDuration = SignedDuration::from_secs(48);

/// So long a write may be on its way, and a little more.
const SLOW: SignedDuration = SignedDuration::from_secs(25);

/// Whether a look at the alarms speaks for the canary, as the policy has it.
fn is_good(played: &Played, look: &Call) -> bool {
    match look.alarm.as_deref() {
        Some("OK") => true,
        Some("INSUFFICIENT_DATA") => played
            .scenario
            .policy
            .contains(r#""insufficient_data":"ok""#),
        _ => false,
    }
}

/// Whether the policy that names the alarm was deleted: the built-in one names none.
pub fn has_lost_its_policy(played: &Played) -> bool {
    played.record.injected.contains_key("act PolicyDeleted")
}

/// Invariant 5, while the weight rises: in the same tick the alarms were seen, and were good. Except
/// in the mode `advise`, and where the policy that names them was deleted.
pub fn raises_were_looked_at(played: &mut Played) -> Result<(), String> {
    if played.scenario.advise || has_lost_its_policy(played) {
        return Ok(());
    }
    for change in own_changes(played) {
        if change.after.weight() <= change.before.weight() {
            continue;
        }
        let By::Function(by) = &change.by else {
            continue;
        };
        let looks = played.record.calls.iter().rev().filter(|call| {
            call.by.invocation == by.invocation && call.at <= change.at && call.alarm.is_some()
        });
        // A command looks many times. The last look is the tick's, unless the write was on its way for so
        // long that others came between.
        let slow = by.action == "run" && played.record.injected.contains_key("call Slow");
        let earliest = if slow { change.at - SLOW } else { change.at };
        let mut last = true;
        let seen: Vec<&Call> = looks
            .take_while(|look| std::mem::take(&mut last) || look.at >= earliest)
            .collect();
        if !seen.iter().any(|look| is_good(played, look)) {
            let states: Vec<_> = seen.iter().map(|look| &look.alarm).collect();
            return Err(format!(
                "to {} at {} after {states:?}",
                change.after, change.at
            ));
        }
    }
    Ok(())
}

/// Invariant 5, at the end: nobody hands over without having looked when the last step had baked.
/// Except in the mode `advise`, where the policy was deleted, and where a person edited the alias.
pub fn successes_were_looked_at(played: &mut Played) -> Result<(), String> {
    let edited = played
        .record
        .changes
        .iter()
        .any(|change| change.by == By::Person);
    let exempt = played.scenario.advise || has_lost_its_policy(played);
    if exempt || played.scenario.way != Way::Stepper || edited {
        return Ok(());
    }
    let rollbacks = rollbacks(played);
    for hook in played.record.hooks.values() {
        let passed = hook
            .answers
            .iter()
            .find(|(_, answer)| answer == "Succeeded");
        let Some((at, _)) = passed else { continue };
        if hook.event != "BeforeAllowTraffic"
            || hook.deployment != played.deployment
            || rollbacks.contains(&hook.deployment)
        {
            continue;
        }
        let raised = own_changes(played)
            .filter(|change| !change.after.weights.is_empty() && change.at <= *at);
        let Some(last) = raised.map(|change| change.at).max() else {
            return Err(format!(
                "{} passed at {at} without any traffic",
                hook.deployment
            ));
        };
        let baked = last + BAKED;
        let looked = played
            .record
            .calls
            .iter()
            .any(|call| call.at >= baked && call.at <= *at && is_good(played, call));
        if !looked {
            return Err(format!(
                "{} passed at {at}, and nobody looked after {baked}",
                hook.deployment
            ));
        }
    }
    Ok(())
}
