//! What must hold of every release, whatever went wrong: predicates over what happened.
//!
//! Each has its stated exceptions and no others.

mod looks;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use lambda_canary::sim::Service;
use serde_json::json;

use crate::account;
use crate::alone::PREFIX;
use crate::model::SECRET;
use crate::record::{By, Change, Hook};
use crate::system::Played;
use looks::{has_lost_its_policy, raises_were_looked_at, successes_were_looked_at};

/// The longest that CodeDeploy waits for a hook, less what an answer may need.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(58);

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub property: &'static str,
    /// How.
    pub how: String,
}

type Property = fn(&mut Played) -> Result<(), String>;

/// All of them, by name.
pub const PROPERTIES: [(&str, Property); 13] = [
    ("it comes to an end", it_ends),
    ("one rollout writes at a time", one_writer),
    ("nothing is left at the alias", nothing_is_left),
    ("every hook is answered in time", hooks_are_answered),
    (
        "no weight without a look at the alarms",
        raises_were_looked_at,
    ),
    (
        "no success without a look at the alarms",
        successes_were_looked_at,
    ),
    ("an abort at the alias is heeded", an_abort_is_heeded),
    ("no write takes effect twice", no_write_twice),
    ("no edit is overwritten", no_edit_is_overwritten),
    ("no rollback is blocked", rollbacks_pass),
    ("weights follow the plan", weights_follow_the_plan),
    ("CodeDeploy's version stays where it was", the_version_stays),
    ("no payload is told", no_payload_is_told),
];

/// The first property that does not hold.
pub fn check(played: &mut Played) -> Result<(), Broken> {
    for (property, holds) in PROPERTIES {
        holds(played).map_err(|how| Broken { property, how })?;
    }
    Ok(())
}

fn own(change: &Change) -> bool {
    matches!(change.by, By::Function(_))
}

fn own_changes(played: &Played) -> impl Iterator<Item = &Change> {
    played.record.changes.iter().filter(|change| own(change))
}

fn it_ends(played: &mut Played) -> Result<(), String> {
    match played.rested {
        true => Ok(()),
        false => Err("something still goes on after eight hours".to_owned()),
    }
}

/// Invariant 1: the marks of two rollouts do not alternate.
fn one_writer(played: &mut Played) -> Result<(), String> {
    let mut gone = BTreeSet::new();
    let mut present = None;
    for change in own_changes(played) {
        let Some(mark) = change.after.mark() else {
            continue;
        };
        if present.as_ref() == Some(&mark.rollout) {
            continue;
        }
        if gone.contains(&mark.rollout) {
            return Err(format!(
                "{} writes again after {:?}, at {}",
                mark.rollout, present, change.at
            ));
        }
        gone.extend(present.replace(mark.rollout));
    }
    Ok(())
}

/// Invariant 2: no weights, no mark, at stable or canary. Except where somebody else's edit stands,
/// where Lambda did not answer for longer than a rollback is tried, where somebody has stopped
/// CodeDeploy's own shift halfway without a rollback, and where CodeDeploy refused to say that a deployment is
/// its rollback.
fn nothing_is_left(played: &mut Played) -> Result<(), String> {
    let alias = &played.alias;
    let last = played.record.changes.last();
    let by_codedeploy = last.is_some_and(|change| change.by == By::CodeDeploy);
    // CodeDeploy moves version and weights and keeps the text, as whoever edited it left it.
    let hands = played.record.changes.iter().rev();
    let hand = hands
        .map(|change| &change.by)
        .find(|by| **by != By::CodeDeploy);
    let only_mark = alias.weights.is_empty() && by_codedeploy;
    let injected = |kind: &str| played.record.injected.contains_key(kind);
    // Another deployment of the same alias is somebody else too.
    if only_mark && injected("act SecondRelease") {
        return Ok(());
    }
    if hand == Some(&By::Person) && (!by_codedeploy || only_mark) {
        return Ok(());
    }
    // Who stops a deployment without a rollback keeps CodeDeploy's weight.
    let halfway =
        stopped_halfway(played) || rollbacks(played).iter().any(|id| is_denied(played, id));
    if by_codedeploy && alias.mark().is_none() && halfway {
        return Ok(());
    }
    let clean = alias.weights.is_empty() && alias.mark().is_none();
    let placed = played
        .record
        .changes
        .iter()
        .any(|change| !own(change) && change.after.version == alias.version);
    if clean && (["1", "2"].contains(&alias.version.as_str()) || placed) {
        return Ok(());
    }
    if injected("aliases away") {
        return is_said(played);
    }
    Err(format!(
        "the alias is {alias}, last changed by {:?}",
        last.map(|change| &change.by)
    ))
}

/// What is left of ours where nothing could be written for hours is said, with the command that mends it.
/// A command says so on its terminal, which is not recorded.
fn is_said(played: &Played) -> Result<(), String> {
    let Some(mark) = played.alias.mark() else {
        return Ok(());
    };
    let by_command = mark.rollout.to_string().starts_with(PREFIX);
    let mut logs = played.record.logs.iter();
    if by_command || logs.any(|line| line.contains("canary rollback --function")) {
        return Ok(());
    }
    Err(format!(
        "the alias is {} under a mark, and nobody was told how to mend it",
        played.alias
    ))
}

/// Whether a deployment was stopped while CodeDeploy itself shifted, without a rollback.
fn stopped_halfway(played: &Played) -> bool {
    let all = played.world.deployments_overview();
    let halfway = |weight| 0 < weight && weight < 100;
    all.iter()
        .any(|one| one.status == "Stopped" && one.rollback.is_none() && halfway(one.weight))
}

/// Invariant 3. Except a hook whose deployment ended before, which closes it; and where CodeDeploy and Step
/// Functions were both away for longer than hook and recovery are tried, and a message says so.
fn hooks_are_answered(played: &mut Played) -> Result<(), String> {
    for (id, hook) in &played.record.hooks {
        let Some(closed) = hook.closed else {
            return Err(format!(
                "{} of {} was never answered ({id})",
                hook.event, hook.deployment
            ));
        };
        let lasted = closed.duration_since(hook.since);
        if lasted > ANSWERED_WITHIN && !is_given_up(played, hook) {
            return Err(format!(
                "{} of {} was open for {lasted:#}",
                hook.event, hook.deployment
            ));
        }
        if hook.answers.len() > 1 {
            return Err(format!(
                "{} of {} was answered {:?}",
                hook.event, hook.deployment, hook.answers
            ));
        }
    }
    Ok(())
}

/// Whether nobody could answer a hook, and somebody was told.
fn is_given_up(played: &Played, hook: &Hook) -> bool {
    let away = ["outage CodeDeploy", "outage StepFunctions"];
    let injected = &played.record.injected;
    let mut messages = played.world.messages();
    hook.answers.is_empty()
        && away.iter().all(|outage| injected.contains_key(*outage))
        && messages.any(|sent| {
            let text = &sent.message;
            text.contains(&hook.deployment) && text.contains("errorMessage")
        })
}

/// Whoever takes the weights away stops the rollout: its hook does not say that the canary passed.
fn an_abort_is_heeded(played: &mut Played) -> Result<(), String> {
    for change in &played.record.changes {
        let Some(mark) = change.after.mark() else {
            continue;
        };
        let aborted = change.by == By::Person
            && change.before.weight() > 0.0
            && change.after.weights.is_empty()
            && change.before.version == change.after.version;
        let hooks = played.record.hooks.values().filter(|hook| {
            hook.event == "BeforeAllowTraffic"
                && hook.deployment.to_lowercase() == mark.rollout.to_string()
        });
        for hook in hooks {
            let passed = hook
                .answers
                .iter()
                .find(|(at, answer)| *at >= change.at && answer == "Succeeded");
            if let (true, Some((at, _))) = (aborted, passed) {
                return Err(format!(
                    "the weights were taken away at {}, and {} passed at {at}",
                    change.at, hook.deployment
                ));
            }
        }
    }
    Ok(())
}

/// Invariant 6: no step is written twice. A mark says which one it is.
fn no_write_twice(played: &mut Played) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for change in own_changes(played) {
        let Some(mark) = change.after.mark() else {
            continue;
        };
        let write = (mark.rollout.to_string(), mark.generation);
        if !seen.insert(write.clone()) {
            return Err(format!(
                "write {} of {} took effect again at {}",
                write.1, write.0, change.at
            ));
        }
    }
    Ok(())
}

/// Invariant 7. Except what goes by the mark alone, where no plan is known: a recovery, a
/// deployment that is itself a rollback, `canary rollback` and `--recover`. To take the weights of a
/// dark stage away is no edit: whether Lambda keeps a weight of nothing is not known.
fn no_edit_is_overwritten(played: &mut Played) -> Result<(), String> {
    let pairs = played.record.changes.windows(2);
    for pair in pairs {
        let [edit, write] = pair else { continue };
        let (By::Person, By::Function(by)) = (&edit.by, &write.by) else {
            continue;
        };
        let dark = edit.before.weights.values().all(|weight| *weight == 0.0)
            && edit.before.version == edit.after.version;
        if edit.after.mark().is_some() && (only_text(edit) || dark || only_unmarks(edit, write)) {
            continue;
        }
        // Whoever says `canary rollback` is shown what stands there, and means it.
        if by.action == "canary rollback" {
            continue;
        }
        let by_mark = edit.after.mark().is_some()
            && [
                "recover",
                "rollback",
                "pre_traffic",
                "canary rollback",
                "run",
            ]
            .contains(&by.action.as_str());
        let begins = edit.after.mark().is_none()
            && write.after.mark().is_some_and(|mark| mark.generation <= 1)
            && edit.after.weights.is_empty()
            && starts_after(played, edit, by);
        if !by_mark && !begins {
            return Err(format!(
                "{} #{} wrote {} over a person's {} at {}",
                by.action, by.invocation, write.after, edit.after, write.at
            ));
        }
    }
    Ok(())
}

/// Whether only the description in front of the mark was edited, which every rollout keeps.
fn only_text(edit: &Change) -> bool {
    edit.before.version == edit.after.version && edit.before.weights == edit.after.weights
}

/// Whether the write leaves the edit as it is, and takes only the mark away.
fn only_unmarks(edit: &Change, write: &Change) -> bool {
    edit.after.version == write.after.version
        && edit.after.weights == write.after.weights
        && write.after.mark().is_none()
}

/// Whether the rollout was begun by a preflight after the edit: it found the alias so.
fn starts_after(played: &Played, edit: &Change, by: &crate::record::Caller) -> bool {
    played.record.calls.iter().any(|call| {
        call.by.deployment == by.deployment
            && ["preflight", "run"].contains(&call.by.action.as_str())
            && call.operation == "GetAlias"
            && call.at >= edit.at
    })
}

fn rollbacks(played: &Played) -> BTreeSet<String> {
    let all = played.world.deployments_overview();
    all.into_iter()
        .filter(|one| one.creator == "codeDeployRollback")
        .map(|one| one.id)
        .collect()
}

/// Whether CodeDeploy refused to say what this deployment is.
fn is_denied(played: &Played, deployment: &str) -> bool {
    played.record.calls.iter().any(|call| {
        call.by.deployment == deployment
            && call.operation == "GetDeployment"
            && call.result.starts_with('4')
    })
}

/// Invariant 8. Except where CodeDeploy refuses to say what the deployment is.
fn rollbacks_pass(played: &mut Played) -> Result<(), String> {
    let rollbacks = rollbacks(played);
    for hook in played
        .record
        .hooks
        .values()
        .filter(|hook| rollbacks.contains(&hook.deployment))
    {
        if is_denied(played, &hook.deployment) {
            continue;
        }
        if let Some((at, answer)) = hook
            .answers
            .iter()
            .find(|(_, answer)| answer != "Succeeded")
        {
            return Err(format!(
                "rollback {} was answered {answer} at {at}",
                hook.deployment
            ));
        }
    }
    Ok(())
}

/// Invariant 9: only the plan's weights, never lower than before until they go, and never again then.
fn weights_follow_the_plan(played: &mut Played) -> Result<(), String> {
    let mut highest: Option<(String, f64, bool)> = None;
    for change in own_changes(played) {
        if change.after.weights.is_empty() {
            if let Some(known) = &mut highest {
                known.2 = true;
            }
            continue;
        }
        let Some(mark) = change.after.mark() else {
            return Err(format!(
                "weights without a mark: {} at {}",
                change.after, change.at
            ));
        };
        let weight = change.after.weight();
        if !played.scenario.weights.contains(&weight) && !has_lost_its_policy(played) {
            return Err(format!("{weight} is no step of the plan, at {}", change.at));
        }
        let rollout = mark.rollout.to_string();
        match &highest {
            Some((known, before, _)) if *known == rollout && weight < *before => {
                return Err(format!("from {before} to {weight} at {}", change.at));
            }
            Some((known, _, true)) if *known == rollout => {
                return Err(format!(
                    "{rollout} raises again after it was put back, at {}",
                    change.at
                ));
            }
            _ => highest = Some((rollout, weight, false)),
        }
    }
    Ok(())
}

/// Inside CodeDeploy only CodeDeploy moves the version. `canary run` moves it to the canary.
fn the_version_stays(played: &mut Played) -> Result<(), String> {
    for change in own_changes(played) {
        let promoted = change.after.version == "2";
        let alone = matches!(&change.by, By::Function(by) if by.action == "run");
        if alone && promoted {
            continue;
        }
        if change.before.version != change.after.version {
            return Err(format!(
                "from {} to {} at {}",
                change.before, change.after, change.at
            ));
        }
    }
    Ok(())
}

/// Invariant 11: neither logs, events, messages nor executions repeat a payload.
fn no_payload_is_told(played: &mut Played) -> Result<(), String> {
    let logs = played.record.logs.iter().find(|line| line.contains(SECRET));
    if let Some(line) = logs {
        return Err(format!("in a log: {line}"));
    }
    let events = played.world.events().map(ToString::to_string);
    let messages = played
        .world
        .messages()
        .map(|message| message.message.clone());
    if let Some(told) = events.chain(messages).find(|text| text.contains(SECRET)) {
        return Err(format!("in an event or a message: {told}"));
    }
    for arn in account::executions(&mut played.world, None) {
        let input = json!({"executionArn": arn, "maxResults": 1000});
        let history = played
            .world
            .call(Service::StepFunctions, "GetExecutionHistory", input);
        if history.is_ok_and(|history| history.to_string().contains(SECRET)) {
            return Err(format!("in the history of {arn}"));
        }
    }
    Ok(())
}
