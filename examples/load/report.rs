//! What is counted, and what it comes to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_canary::local::Answer;
use lambda_canary::sim::World;
use lambda_canary::sim::invocations::Ended;
use serde_json::Value;

use crate::account::{self, START};
use crate::system::Identity;

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Figures {
    /// Invocations by action.
    pub invoked: BTreeMap<String, u64>,
    /// By deployment.
    rollouts: BTreeMap<String, Rollout>,
    /// By operation and second: calls, and how many of them were throttled.
    calls: BTreeMap<String, BTreeMap<i64, (u64, u64)>>,
    /// When a function's alarm rang.
    rang: BTreeMap<String, Timestamp>,
    /// How long the state machine was told to wait, in seconds, and how often.
    waits: BTreeMap<u64, u64>,
    /// How handlers failed.
    failures: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Rollout {
    function: String,
    began: Option<Timestamp>,
    /// When it was looked at the last time with an answer from Lambda and CloudWatch.
    looked: Option<Timestamp>,
    /// The longest time without such a look, in seconds, and when it ended.
    unseen: f64,
    looks: u64,
    ended: Option<Timestamp>,
    outcome: Option<String>,
    reason: String,
}

impl Figures {
    /// A deployment was created.
    pub fn began(&mut self, id: String, function: String, at: Timestamp) {
        let rollout = Rollout {
            function,
            began: Some(at),
            ..Rollout::default()
        };
        self.rollouts.insert(id, rollout);
    }

    /// A function's alarm rang.
    pub fn rang(&mut self, function: String, at: Timestamp) {
        self.rang.insert(function, at);
    }

    /// A call was answered.
    pub fn called(&mut self, who: &Identity, at: Timestamp, operation: &str, answer: &Answer) {
        let by_second = self.calls.entry(operation.to_owned()).or_default();
        let counts = by_second.entry(at.as_second()).or_default();
        let throttled = is_throttled(answer);
        counts.0 += 1;
        counts.1 += u64::from(throttled);
        if operation == "DescribeAlarms" && who.action == "tick" && answer.status().is_success() {
            self.looked(&who.deployment, at);
        }
    }

    fn looked(&mut self, deployment: &str, at: Timestamp) {
        let Some(rollout) = self.rollouts.get_mut(deployment) else {
            return;
        };
        rollout.looks += 1;
        if let Some(before) = rollout.looked.replace(at) {
            let unseen = at.duration_since(before).as_secs_f64();
            rollout.unseen = rollout.unseen.max(unseen);
        }
    }

    /// A handler has ended.
    pub fn answered(&mut self, who: &Identity, at: Timestamp, ended: &Ended) {
        let text = match ended {
            Ended::Answered(text) => text,
            Ended::Failed { payload } => {
                let read: Value = serde_json::from_str(payload).unwrap_or_default();
                let kind = read["errorType"].as_str().unwrap_or("?");
                let key = format!("{}: {kind}", who.action);
                *self.failures.entry(key).or_default() += 1;
                return;
            }
            _ => {
                let key = format!("{}: killed", who.action);
                *self.failures.entry(key).or_default() += 1;
                return;
            }
        };
        let answer: Value = serde_json::from_str(text).unwrap_or_default();
        if who.action == "tick"
            && let (Some("wait"), Some(wait)) = (answer["next"].as_str(), answer["wait"].as_u64())
        {
            *self.waits.entry(wait).or_default() += 1;
        }
        if who.action == "report"
            && let Some(rollout) = self.rollouts.get_mut(&who.deployment)
            && rollout.outcome.is_none()
        {
            let text = |path| answer.pointer(path).and_then(Value::as_str);
            rollout.outcome = text("/carry/outcome/word").map(str::to_owned);
            rollout.reason = text("/carry/outcome/reason").unwrap_or_default().to_owned();
            rollout.ended = Some(at);
        }
    }

    /// Prints it all; true if everything is as it should be.
    pub fn print(&self, world: &mut World) -> bool {
        let ended = self.print_ends(world);
        let back = self.print_ring_to_zero(world);
        self.print_looks();
        self.print_calls();
        for (kind, count) in &self.failures {
            println!("  handlers failed, {kind}: {count}");
        }
        ended && back
    }

    fn print_ends(&self, world: &mut World) -> bool {
        let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
        let all = world.deployments_overview();
        for one in all.iter().filter(|one| self.rollouts.contains_key(&one.id)) {
            *statuses.entry(one.status).or_default() += 1;
        }
        println!("deployments: {statuses:?}");
        let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
        let mut odd = Vec::new();
        for (id, rollout) in &self.rollouts {
            let bad = self.rang.contains_key(&rollout.function);
            let outcome = rollout.outcome.as_deref().unwrap_or("never reported");
            let kind = if bad { "bad" } else { "good" };
            *outcomes.entry(format!("{kind}: {outcome}")).or_default() += 1;
            if (outcome == "passed") == bad {
                odd.push(format!(
                    "{id} {} {outcome}: {}",
                    rollout.function, rollout.reason
                ));
            }
        }
        println!("outcomes: {outcomes:?}");
        for line in odd.iter().take(12) {
            println!("  not as expected: {line}");
        }
        let durations = self.rollouts.values().filter_map(|rollout| {
            Some(rollout.ended?.duration_since(rollout.began?).as_secs_f64())
        });
        println!(
            "from the deployment's creation to the report: {}",
            spread(durations, "s")
        );
        let weights = world.alias_changes().iter();
        let last: BTreeMap<&str, bool> = weights
            .map(|change| (change.function.as_str(), change.weights.is_empty()))
            .collect();
        let left = last.values().filter(|bare| !**bare).count();
        for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RUNNING"] {
            let count = account::executions(world, status);
            if count > 0 {
                println!("executions {status}: {count}");
            }
        }
        println!("aliases with a weight left: {left}");
        odd.is_empty() && left == 0
    }

    /// From the ring to the alias without weights, for those that had one when it rang.
    fn print_ring_to_zero(&self, world: &World) -> bool {
        let mut took = Vec::new();
        let mut without = 0;
        let mut never = 0;
        for (function, rang) in &self.rang {
            let changes: Vec<_> = world
                .alias_changes()
                .iter()
                .filter(|change| change.function == *function)
                .collect();
            let before = changes.iter().rev().find(|change| change.at <= *rang);
            if before.is_none_or(|change| change.weights.is_empty()) {
                without += 1;
                continue;
            }
            match changes
                .iter()
                .find(|c| c.at > *rang && c.weights.is_empty())
            {
                Some(change) => took.push(change.at.duration_since(*rang).as_secs_f64()),
                None => never += 1,
            }
        }
        println!(
            "alarms rang: {}; {without} with no weight to take away; from the ring to weight 0: {}",
            self.rang.len(),
            spread(took.into_iter(), "s")
        );
        never == 0
    }

    fn print_looks(&self) {
        let looks = self.rollouts.values().map(|rollout| rollout.looks as f64);
        println!("looks at a rollout: {}", spread(looks, ""));
        let unseen = self.rollouts.values().map(|rollout| rollout.unseen);
        println!(
            "longest time between two looks, by rollout: {}",
            spread(unseen, "s")
        );
        let waits = self.waits.iter();
        let waits = waits.flat_map(|(wait, count)| (0..*count).map(|_| *wait as f64));
        println!("waits of the state machine: {}", spread(waits, "s"));
        println!("invocations: {:?}", self.invoked);
    }

    fn print_calls(&self) {
        let last = self.calls.values().filter_map(|by| by.keys().last()).max();
        let seconds = last.map_or(0, |last| last - START.as_second() + 1).max(1);
        println!(
            "calls a second over {seconds} s (all; median and largest of a second; throttled):"
        );
        let mut lambda: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for (operation, by_second) in &self.calls {
            line(operation, by_second, seconds);
            let control = [
                "GetAlias",
                "UpdateAlias",
                "GetFunctionConfiguration",
                "ListTags",
            ];
            if control.contains(&operation.as_str()) {
                for (second, counts) in by_second {
                    let sum = lambda.entry(*second).or_default();
                    *sum = (sum.0 + counts.0, sum.1 + counts.1);
                }
            }
        }
        line("Lambda, all of them", &lambda, seconds);
        for (name, by_second) in [
            ("Lambda", Some(&lambda)),
            ("DescribeAlarms", self.calls.get("DescribeAlarms")),
        ] {
            println!("{name}: calls a second in each five minutes, and the share throttled");
            profile(by_second.into_iter().flatten());
        }
    }
}

fn line(name: &str, by_second: &BTreeMap<i64, (u64, u64)>, seconds: i64) {
    let all: u64 = by_second.values().map(|counts| counts.0).sum();
    let throttled: u64 = by_second.values().map(|counts| counts.1).sum();
    let mut sorted: Vec<u64> = by_second.values().map(|counts| counts.0).collect();
    sorted.resize(usize::try_from(seconds).unwrap_or(0).max(sorted.len()), 0);
    sorted.sort_unstable();
    let (median, most) = (
        sorted[sorted.len() / 2],
        sorted.last().copied().unwrap_or(0),
    );
    let share = 100.0 * throttled as f64 / all.max(1) as f64;
    println!("  {name:<40}{all:>8}{median:>5}{most:>6}  {throttled} ({share:.1} %)");
}

fn profile<'a>(by_second: impl Iterator<Item = (&'a i64, &'a (u64, u64))>) {
    let mut parts: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for (second, counts) in by_second {
        let sum = parts.entry((second - START.as_second()) / 300).or_default();
        *sum = (sum.0 + counts.0, sum.1 + counts.1);
    }
    let words: Vec<String> = parts
        .values()
        .map(|(all, throttled)| {
            let share = 100 * throttled / all.max(&1);
            format!("{:.1} ({share} %)", *all as f64 / 300.0)
        })
        .collect();
    println!("  {}", words.join(", "));
}

fn is_throttled(answer: &Answer) -> bool {
    let contains = |part: &[u8]| answer.body().windows(part.len()).any(|at| at == part);
    answer.status().as_u16() == 429
        || (answer.status().as_u16() == 400 && contains(b"Rate exceeded"))
}

/// Median, 95 of 100, and largest.
fn spread(values: impl Iterator<Item = f64>, unit: &str) -> String {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let Some(most) = sorted.last() else {
        return "none".to_owned();
    };
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    format!(
        "median {:.0} {unit}, 95 in 100 within {:.0} {unit}, largest {most:.0} {unit}",
        at(0.5),
        at(0.95)
    )
}
