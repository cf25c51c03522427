//! What an alarm found, and how that changes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::not_found;
use super::wire::{SetAlarmStateRequest, SetAlarmStateResponse};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// OK, ALARM or INSUFFICIENT_DATA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum StateValue {
    Ok,
    Alarm,
    InsufficientData,
}

impl StateValue {
    /// CloudWatch's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// Reads CloudWatch's word.
    pub fn parse(word: &str) -> Result<Self, AwsError> {
        match word {
            "OK" => Ok(Self::Ok),
            "ALARM" => Ok(Self::Alarm),
            "INSUFFICIENT_DATA" => Ok(Self::InsufficientData),
            other => Err(AwsError::validation(format!(
                "1 validation error detected: Value '{other}' at 'stateValue' failed to satisfy constraint: \
                 Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
            ))),
        }
    }
}

/// An alarm's state and since when.
#[derive(Debug, Clone)]
pub(in crate::sim) struct State {
    pub value: StateValue,
    pub reason: String,
    pub reason_data: Option<String>,
    /// When value, reason or evaluation state were last written.
    pub updated: Timestamp,
    /// When the value last changed.
    pub transitioned: Timestamp,
    /// `PARTIAL_DATA`, `EVALUATION_FAILURE` or `EVALUATION_ERROR`: the value is not to be trusted.
    pub evaluation: Option<String>,
}

impl State {
    /// A state from now on.
    pub fn new(value: StateValue, reason: &str, now: Timestamp) -> Self {
        Self {
            value,
            reason: reason.to_owned(),
            reason_data: None,
            updated: now,
            transitioned: now,
            evaluation: None,
        }
    }

    /// As the history shows it.
    pub fn history(&self) -> Value {
        let mut shown = json!({"stateValue": self.value.as_str(), "stateReason": self.reason});
        if let Some(data) = self
            .reason_data
            .as_deref()
            .and_then(|data| serde_json::from_str(data).ok())
        {
            let data: Value = data;
            shown["stateReasonData"] = data;
        }
        shown
    }
}

pub(in crate::sim) fn set_alarm_state(
    world: &mut World,
    request: SetAlarmStateRequest,
) -> Result<SetAlarmStateResponse, AwsError> {
    let value = StateValue::parse(&request.state_value)?;
    if request.state_reason.chars().count() > 1023 {
        return Err(AwsError::validation(
            "The value for parameter StateReason must not be longer than 1023 characters.",
        ));
    }
    if !world.alarms.by_name.contains_key(&request.alarm_name) {
        return Err(not_found(&request.alarm_name));
    }
    let data = request.state_reason_data;
    if data
        .as_deref()
        .is_some_and(|data| serde_json::from_str::<Value>(data).is_err())
    {
        return Err(AwsError::new(
            "InvalidFormat",
            400,
            "StateReasonData is not valid JSON.",
        ));
    }
    world.set_state(&request.alarm_name, value, request.state_reason, data);
    Ok(SetAlarmStateResponse {})
}

impl World {
    /// Writes an alarm's state. A changed value goes into the history, to EventBridge and to the
    /// composite alarms that watch this one; an equal one only moves `StateUpdatedTimestamp`.
    pub(super) fn set_state(
        &mut self,
        name: &str,
        value: StateValue,
        reason: String,
        reason_data: Option<String>,
    ) {
        if self.write_state(name, value, reason, reason_data) {
            self.propagate(name);
        }
    }

    /// The same but for the composite alarms. Whether the value has changed.
    pub(super) fn write_state(
        &mut self,
        name: &str,
        value: StateValue,
        reason: String,
        reason_data: Option<String>,
    ) -> bool {
        let now = self.now;
        let Some(alarm) = self.alarms.by_name.get_mut(name) else {
            return false;
        };
        let old = alarm.state.clone();
        alarm.state.reason = reason;
        alarm.state.reason_data = reason_data;
        alarm.state.updated = now;
        if old.value == value {
            return false;
        }
        alarm.state.value = value;
        alarm.state.transitioned = now;
        self.record_transition(name, &old);
        self.announce(name, &old);
        true
    }

    /// Sets an alarm's `EvaluationState` (`PARTIAL_DATA`, `EVALUATION_FAILURE`,
    /// `EVALUATION_ERROR`); `None` ends it.
    ///
    /// # Errors
    ///
    /// `ResourceNotFound` if there is no such alarm.
    pub fn set_evaluation_state(
        &mut self,
        alarm: &str,
        state: Option<&str>,
    ) -> Result<(), AwsError> {
        let now = self.now;
        let found = self
            .alarms
            .by_name
            .get_mut(alarm)
            .ok_or_else(|| not_found(alarm))?;
        found.state.evaluation = state.map(str::to_owned);
        found.state.updated = now;
        Ok(())
    }
}
