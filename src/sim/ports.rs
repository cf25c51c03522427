//! The driver's ports over the simulated AWS, in virtual time.
//!
//! They meet the same faults as clients of the endpoint, but no wire: a call that gets no answer
//! takes as long as the SDK would wait for it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{AwsError, Outage, Service, World};
use crate::driver::{self, Act, AlarmsAnswer, Assignment, Observe, Pass, Snapshot};
use crate::judge::alarms::{AlarmReading, AlarmState, Question, StateChange};
use crate::judge::measure::{CountsAnswer, CountsQuestion};
use crate::rollout::{AliasReading, AliasView, AliasWrite, Unapplied, Wish};

mod counts;

/// How long a caller waits for an answer that does not come.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(4);
/// History is asked for from this long before the last known change.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);

/// One alias in a simulated AWS, seen by a rollout.
#[derive(Debug)]
pub struct SimPorts {
    // The driver's ports are shared references; nothing here runs in parallel.
    world: Mutex<World>,
    function: String,
    alias: String,
}

/// Why a simulated call failed.
enum Failed {
    Answer(AwsError),
    Silence(Outage),
    Shape(String),
}

impl SimPorts {
    /// The ports for this alias of this function.
    pub fn new(world: World, function: &str, alias: &str) -> Self {
        Self {
            world: Mutex::new(world),
            function: function.to_owned(),
            alias: alias.to_owned(),
        }
    }

    /// Looks at or changes the world.
    pub fn with_world<R>(&self, look: impl FnOnce(&mut World) -> R) -> R {
        look(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.with_world(|world| world.now())
    }

    /// Lets time pass.
    pub fn sleep(&self, time: SignedDuration) {
        self.with_world(|world| {
            let to = world.now().saturating_add(time).unwrap_or(Timestamp::MAX);
            world.advance_to(to);
        });
    }

    fn call<T: DeserializeOwned>(
        &self,
        service: Service,
        operation: &str,
        input: Value,
    ) -> Result<T, Failed> {
        let answer = self.with_world(|world| world.call_with_faults(service, operation, input));
        match answer {
            Ok(Ok(answer)) => serde_json::from_value(answer)
                .map_err(|error| Failed::Shape(format!("{operation}: {error}"))),
            Ok(Err(error)) => Err(Failed::Answer(error)),
            Err(outage) => {
                if outage == Outage::Timeout {
                    self.sleep(TIMEOUT);
                }
                Err(Failed::Silence(outage))
            }
        }
    }

    fn history(&self, name: &str, from: Timestamp) -> Result<Vec<StateChange>, Failed> {
        let input = json!({
            "AlarmName": name,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "HistoryItemType": "StateUpdate",
            "StartDate": from,
            "MaxRecords": 100,
        });
        let history: HistoryAnswer =
            self.call(Service::CloudWatch, "DescribeAlarmHistory", input)?;
        let change = |item: HistoryItem| {
            StateChange::from_history(item.timestamp, &item.history_data).map_err(Failed::Shape)
        };
        let changes: Result<Vec<_>, Failed> = history
            .alarm_history_items
            .into_iter()
            .map(change)
            .collect();
        let mut changes = changes?;
        changes.sort_by_key(|change| change.at);
        Ok(changes)
    }
}

impl Observe for SimPorts {
    async fn alias(&self) -> AliasReading {
        let input = json!({ "FunctionName": self.function, "Name": self.alias });
        match self.call::<AliasAnswer>(Service::Lambda, "GetAlias", input) {
            Ok(answer) => AliasReading::Seen(answer.into()),
            Err(Failed::Answer(error)) if error.status == 404 => AliasReading::Gone,
            Err(failed) => AliasReading::Unreadable(failed.to_string()),
        }
    }

    async fn alarms(&self, question: &Question) -> Result<AlarmsAnswer, String> {
        let names: Vec<&String> = question.since.keys().collect();
        let input = json!({
            "AlarmNames": names,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "MaxRecords": 100,
        });
        let page: AlarmsPage = self
            .call(Service::CloudWatch, "DescribeAlarms", input)
            .map_err(|failed| failed.to_string())?;
        let mut answer = AlarmsAnswer::default();
        for alarm in page.metric_alarms.into_iter().chain(page.composite_alarms) {
            let known = question.since.get(&alarm.alarm_name).copied().flatten();
            let mut reading = AlarmReading::from(alarm);
            if let Some(known) = known.filter(|known| *known != reading.transitioned_at) {
                match self.history(&reading.name, known - OVERLAP) {
                    Ok(changes) => reading.changes = changes,
                    Err(failed) => answer.failure = Some(failed.to_string()),
                }
            }
            answer.readings.push(reading);
        }
        Ok(answer)
    }

    async fn counts(&self, question: &CountsQuestion) -> Result<CountsAnswer, String> {
        self.fetch(question).map_err(|failed| failed.to_string())
    }
}

impl Act for SimPorts {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        let weights: BTreeMap<String, f64> = write
            .canary
            .iter()
            .map(|(version, weight)| (version.to_string(), weight.fraction()))
            .collect();
        let input = json!({
            "FunctionName": self.function,
            "Name": self.alias,
            "FunctionVersion": write.version,
            "RoutingConfig": { "AdditionalVersionWeights": weights },
            "Description": write.description,
            "RevisionId": write.revision,
        });
        match self.call::<Value>(Service::Lambda, "UpdateAlias", input) {
            Ok(_) => Ok(()),
            Err(Failed::Answer(error)) => Err(match error.status {
                412 => Unapplied::Conflict,
                409 | 429 | 500.. => Unapplied::Lost(error.to_string()),
                _ => Unapplied::Refused(error.to_string()),
            }),
            Err(failed) => Err(Unapplied::Lost(failed.to_string())),
        }
    }
}

/// A simulated AWS whose time passes when it is told to.
pub trait VirtualTime: Observe + Act + Sync {
    /// What time it is there.
    fn now(&self) -> Timestamp;

    /// Lets time pass.
    fn sleep(&self, time: SignedDuration);
}

impl VirtualTime for SimPorts {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    fn sleep(&self, time: SignedDuration) {
        Self::sleep(self, time);
    }
}

/// Plays a rollout to its end in virtual time, or until `until`; `each` sees every pass.
///
/// `wish` is asked before each pass.
pub fn play<P: VirtualTime>(
    ports: &P,
    assignment: &Assignment,
    mut snapshot: Snapshot,
    until: Timestamp,
    mut wish: impl FnMut(Timestamp) -> Option<Wish>,
    mut each: impl FnMut(&P, &Pass),
) -> Snapshot {
    while snapshot.state.end().is_none() && ports.now() < until {
        let wanted = wish(ports.now());
        let pass = now_or_panic(driver::pass(
            ports,
            assignment,
            &snapshot,
            Ok(wanted),
            || ports.now(),
        ));
        each(ports, &pass);
        ports.sleep(pass.wait);
        snapshot = pass.snapshot;
    }
    snapshot
}

/// The result of a future that never has to wait: every simulated call answers at once.
pub(super) fn now_or_panic<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a simulated call does not wait"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AliasAnswer {
    function_version: String,
    #[serde(default)]
    description: String,
    revision_id: String,
    routing_config: Option<RoutingAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoutingAnswer {
    additional_version_weights: Option<BTreeMap<String, f64>>,
}

impl From<AliasAnswer> for AliasView {
    fn from(answer: AliasAnswer) -> Self {
        let routing = answer.routing_config;
        Self {
            version: answer.function_version,
            weights: routing
                .and_then(|routing| routing.additional_version_weights)
                .unwrap_or_default(),
            description: answer.description,
            revision: answer.revision_id,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmsPage {
    #[serde(default)]
    metric_alarms: Vec<AlarmAnswer>,
    #[serde(default)]
    composite_alarms: Vec<AlarmAnswer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmAnswer {
    alarm_name: String,
    state_value: AlarmState,
    state_transitioned_timestamp: Timestamp,
    evaluation_state: Option<String>,
}

impl From<AlarmAnswer> for AlarmReading {
    fn from(answer: AlarmAnswer) -> Self {
        Self {
            name: answer.alarm_name,
            state: answer.state_value,
            transitioned_at: answer.state_transitioned_timestamp,
            evaluation: answer.evaluation_state,
            changes: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HistoryAnswer {
    #[serde(default)]
    alarm_history_items: Vec<HistoryItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HistoryItem {
    timestamp: Timestamp,
    history_data: String,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer(error) => error.fmt(f),
            Self::Silence(outage) => outage.fmt(f),
            Self::Shape(what) => write!(f, "unreadable answer: {what}"),
        }
    }
}

#[cfg(test)]
#[path = "ports_tests.rs"]
mod tests;
