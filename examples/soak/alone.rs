//! `canary run` and `canary rollback` in processes of their own: the real preflight, driver, ports and
//! put-back, in a loop of this file, since the command line's own one waits for terminals and signals.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_canary::aws::function_name::FunctionName;
use lambda_canary::aws::{AwsPorts, Session, policy, preflight};
use lambda_canary::config::Policy;
use lambda_canary::driver::{self, Act as _, Assignment, Observe as _, Snapshot};
use lambda_canary::rollout::preflight::{Preflight, Refusal, Request, begin, preflight as judge};
use lambda_canary::rollout::reach::Reach;
use lambda_canary::rollout::{AliasReading, Version, Wish, put_back_write};

use crate::record::Noted;
use crate::system::Sim;

/// What the names of its rollouts begin with.
pub const PREFIX: &str = "alone-";

/// So long `canary rollback` tries.
const PATIENCE: SignedDuration = SignedDuration::from_mins(35);

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `canary run`
    Run {
        /// With `--recover`.
        recover: bool,
    },
    /// `canary rollback`
    Rollback,
}

/// Runs it to its end, and says how it ended.
pub async fn run(sim: &Sim, session: Session, verb: Verb, name: &str) -> String {
    let ended = match verb {
        Verb::Run { recover } => release(sim, &session, recover, name).await,
        Verb::Rollback => put_back(sim, &session).await,
    };
    ended.unwrap_or_else(|why| why)
}

async fn release(
    sim: &Sim,
    session: &Session,
    recover: bool,
    name: &str,
) -> Result<String, String> {
    let function: FunctionName = "hello".parse().map_err(|error| format!("{error}"))?;
    let found = policy::find(session, "hello", "live")
        .await
        .map_err(|error| error.to_string())?;
    let text = found.map_or_else(|| "{}".to_owned(), |found| found.text);
    let policy = Policy::parse(&text).map_err(|error| format!("{error}"))?;
    let canary: Version = "2".parse().map_err(|error| format!("{error}"))?;
    let request = Request {
        rollout: name.parse().map_err(|error| format!("{error}"))?,
        canary,
        shifts: !policy.rules.plan.steps().is_empty(),
        watches: policy.watches(),
        reach: Reach::of(&policy.rules, policy.evidence.as_ref(), policy.rules.finish),
        detach: false,
    };
    let mut recovered = false;
    let (contenders, alias, timeout) = loop {
        let gathered = preflight::gather(session, &function, "live", canary).await;
        let gathered = gathered.map_err(|error| format!("{error}"))?;
        let facts = gathered
            .with_deployment(session, &function, "live")
            .await
            .facts;
        match judge(&facts, &request) {
            Preflight::Ready(contenders) => {
                break (contenders, facts.alias.clone(), facts.timeout());
            }
            Preflight::NothingToDo => return Ok("nothing to do".to_owned()),
            Preflight::Refused(refusals) => match refusals.as_slice() {
                [Refusal::Marked { .. }] if recover && !recovered => {
                    recovered = true;
                    put_back(sim, session).await?;
                }
                _ => return Err(format!("refused: {refusals:?}")),
            },
        }
    };
    let ports = AwsPorts::new(session.clone(), "hello", "live");
    let assignment = Assignment::new(policy.rules, policy.alarms, policy.evidence, timeout);
    let clock = || sim.clock_of_a_person();
    let snapshot = Snapshot::new(begin(contenders, &alias, clock()));
    Ok(drive(sim, &ports, &assignment, snapshot, clock).await)
}

async fn drive(
    sim: &Sim,
    ports: &AwsPorts,
    assignment: &Assignment,
    mut snapshot: Snapshot,
    clock: impl Fn() -> Timestamp,
) -> String {
    let mut interrupted = false;
    loop {
        let wish = interrupted.then(|| Wish::Abort {
            by: "SIGINT".to_owned(),
        });
        let mut heard = std::pin::pin!(sim.interrupts().notified());
        // A signal that comes during the pass counts too.
        heard.as_mut().enable();
        let pass = driver::pass(ports, assignment, &snapshot, Ok(wish), &clock).await;
        sim.with(|state| {
            let at = state.world.now();
            let (reason, acted) = (serde_json::json!(pass.reason), pass.act.is_some());
            state.record.decided(&reason);
            state.record.note(at, || {
                let line = serde_json::json!({
                    "message": pass.reason.to_string(), "reason": reason, "rollout": true,
                    "tick": pass.snapshot.state.ticks, "act": acted.then_some("done"),
                });
                Noted::Logged(crate::system::identity().caller, line)
            });
        });
        snapshot = pass.snapshot;
        if let Some(end) = snapshot.state.end() {
            return end.to_string();
        }
        let wait = Duration::try_from(pass.wait).unwrap_or_default();
        tokio::select! {
            biased;
            () = heard, if !interrupted => interrupted = true,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn put_back(sim: &Sim, session: &Session) -> Result<String, String> {
    let ports = AwsPorts::new(session.clone(), "hello", "live");
    let began = sim.now();
    loop {
        let error = match ports.alias().await {
            AliasReading::Gone => return Err("the alias is gone".to_owned()),
            AliasReading::Unreadable(error) => error,
            AliasReading::Seen(view) => match put_back_write(&view) {
                None => return Ok("nothing to do".to_owned()),
                Some(write) => match ports.write(&write).await {
                    Ok(()) => return Ok("put back".to_owned()),
                    Err(why) => format!("{why:?}"),
                },
            },
        };
        if sim.now().duration_since(began) > PATIENCE {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}
