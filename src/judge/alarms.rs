//! Alarms: in ALARM now, or at any moment since the last look?
//!
//! The state of an alarm is a poll, and a poll misses what happens between two polls. So the
//! judge remembers each alarm's last `StateTransitionedTimestamp` (which moves only when the value
//! changes, unlike `StateUpdatedTimestamp`); if it differs on the next look, the alarm's history
//! since then tells whether it was in ALARM meanwhile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Doubt, Regression, Verdict};

/// After this long in OK, an alarm that was excepted counts again. Shorter spells are the flapping
/// of the incident that the release is to end.
const RECOVERED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// By so much an entry's time may be before the time that the alarm itself gives for the change.
/// An alarm is evaluated every ten seconds at most, so this cannot be another change.
const HISTORY_SLACK: SignedDuration = SignedDuration::from_secs(5);

/// An alarm's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// `OK`
    #[serde(rename = "OK")]
    Ok,
    /// `ALARM`
    #[serde(rename = "ALARM")]
    Alarm,
    /// `INSUFFICIENT_DATA`
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl AlarmState {
    /// The state as CloudWatch writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// The part of a history entry's `HistoryData` that matters, as CloudWatch writes it in JSON:
/// `{"newState":{"stateValue":"ALARM",…},…}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryData {
    new_state: NewState,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewState {
    state_value: AlarmState,
}

/// One alarm that a policy watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmRule {
    /// A metric or composite alarm's name.
    pub name: String,
    /// Do not hold it against the canary if it was in ALARM before the start, until it has
    /// recovered: for shipping the fix during the incident.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_if_already_in_alarm: bool,
}

/// What `INSUFFICIENT_DATA` means.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum InsufficientData {
    /// A doubt: wait at this step.
    #[default]
    Hold,
    /// As good as OK: for alarms on metrics that are absent when all is well.
    Ok,
    /// A failure.
    Fail,
}

/// The alarms to watch and how to read them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlarmRules {
    /// Each name once.
    pub alarms: Vec<AlarmRule>,
    /// What `INSUFFICIENT_DATA` means, for all of them.
    pub insufficient_data: InsufficientData,
}

/// One alarm as CloudWatch shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReading {
    /// The alarm's name.
    pub name: String,
    /// Its value now.
    pub state: AlarmState,
    /// When the value changed last (`StateTransitionedTimestamp`).
    pub transitioned_at: Timestamp,
    /// CloudWatch's `EvaluationState`, present when the value is not to be trusted.
    pub evaluation: Option<String>,
    /// The changes since the time that [`Question::since`] named; empty if it named none.
    pub changes: Vec<StateChange>,
}

/// One entry of an alarm's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// When.
    pub at: Timestamp,
    /// To which value.
    pub to: AlarmState,
}

impl StateChange {
    /// The change that a history entry tells of, from its time and its `HistoryData`.
    ///
    /// # Errors
    /// If the text is not what CloudWatch writes there.
    pub fn from_history(at: Timestamp, data: &str) -> Result<Self, String> {
        let data: HistoryData = serde_json::from_str(data)
            .map_err(|error| format!("an entry of the history cannot be read: {error}"))?;
        let to = data.new_state.state_value;
        Ok(Self { at, to })
    }
}

/// What to ask CloudWatch: the alarms, and for which change times no history is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// By name: the last change that is known. If the alarm's `transitioned_at` differs, its
    /// history since then is part of the answer. `None`: no history is needed.
    pub since: BTreeMap<String, Option<Timestamp>>,
}

/// What the judge remembers from look to look, by alarm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(BTreeMap<String, Seen>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// The last change whose meaning is known.
    changed_at: Timestamp,
    /// Not returned on the last look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    missing: bool,
    /// In ALARM before the start, and not recovered since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    excepted: bool,
}

impl AlarmRules {
    /// These alarms and those of these names; a name that is there already stays as it is.
    #[must_use]
    pub fn and(mut self, names: impl IntoIterator<Item = String>) -> Self {
        for name in names {
            if self.alarms.iter().all(|rule| rule.name != name) {
                self.alarms.push(AlarmRule {
                    name,
                    ignore_if_already_in_alarm: false,
                });
            }
        }
        self
    }

    /// What to ask CloudWatch next.
    #[must_use]
    pub fn question(&self, memory: &Memory) -> Question {
        let since = |rule: &AlarmRule| {
            let seen = memory.0.get(&rule.name).filter(|seen| !seen.excepted);
            (rule.name.clone(), seen.map(|seen| seen.changed_at))
        };
        Question {
            since: self.alarms.iter().map(since).collect(),
        }
    }

    /// The verdict on an answer, and what to remember of it.
    ///
    /// The first look at an alarm only takes down its last change: what happened before the
    /// rollout is not the canary's doing. An alarm that is in ALARM then fails all the same,
    /// unless its rule excepts it.
    pub fn judge(
        &self,
        memory: &Memory,
        now: Timestamp,
        answer: &[AlarmReading],
    ) -> (Memory, Verdict) {
        let mut next = Memory::default();
        let mut failure = None;
        let mut doubts = Vec::new();
        for rule in &self.alarms {
            let before = memory.0.get(&rule.name);
            let reading = answer.iter().find(|reading| reading.name == rule.name);
            let (seen, finding) = match reading {
                Some(reading) => self.read(rule, before, reading, now),
                None => missing(rule, before),
            };
            if let Some(seen) = seen {
                next.0.insert(rule.name.clone(), seen);
            }
            match finding {
                Finding::Fine => {}
                Finding::Bad(regression) => failure = failure.or(Some(regression)),
                Finding::Unclear(doubt) => doubts.push(doubt),
            }
        }
        let verdict = match failure {
            Some(regression) => Verdict::Fail(regression),
            None if doubts.is_empty() => Verdict::Pass,
            None => Verdict::Inconclusive(doubts),
        };
        (next, verdict)
    }

    fn read(
        &self,
        rule: &AlarmRule,
        before: Option<&Seen>,
        reading: &AlarmReading,
        now: Timestamp,
    ) -> (Option<Seen>, Finding) {
        let alarm = || reading.name.clone();
        let first = before.is_none();
        let excepted = match before {
            None => rule.ignore_if_already_in_alarm && reading.state == AlarmState::Alarm,
            Some(seen) => seen.excepted && !recovered(reading, now),
        };
        let mut seen = Seen {
            changed_at: reading.transitioned_at,
            missing: false,
            excepted,
        };
        if excepted {
            return (Some(seen), Finding::Fine);
        }
        // An exception that has just ended starts afresh from this look.
        let known = before
            .filter(|seen| !seen.excepted)
            .map(|seen| seen.changed_at);
        let history = known.map_or(History::Quiet, |known| meanwhile(known, reading));
        let finding = match (reading.state, history) {
            (AlarmState::Alarm, _) => Finding::Bad(Regression::InAlarm {
                alarm: alarm(),
                since: reading.transitioned_at,
            }),
            (_, History::WasInAlarm(at)) => {
                Finding::Bad(Regression::WasInAlarm { alarm: alarm(), at })
            }
            (_, History::Behind(known)) => {
                // Remember the old change, so that the next look asks for the history again.
                seen.changed_at = known;
                Finding::Unclear(Doubt::HistoryBehind { alarm: alarm() })
            }
            (state, History::Quiet) => self.quiet(reading, state),
        };
        // Nothing was shifted yet, so an alarm that stops the start need not be remembered; the
        // next look is a first look again.
        let remember = !(first && matches!(finding, Finding::Bad(_)));
        (remember.then_some(seen), finding)
    }

    fn quiet(&self, reading: &AlarmReading, state: AlarmState) -> Finding {
        let alarm = reading.name.clone();
        match (&reading.evaluation, state, self.insufficient_data) {
            (Some(evaluation), ..) => Finding::Unclear(Doubt::Untrusted {
                alarm,
                evaluation: evaluation.clone(),
            }),
            (_, AlarmState::InsufficientData, InsufficientData::Hold) => {
                Finding::Unclear(Doubt::NoData { alarm })
            }
            (_, AlarmState::InsufficientData, InsufficientData::Fail) => {
                Finding::Bad(Regression::NoData { alarm })
            }
            _ => Finding::Fine,
        }
    }
}

impl Memory {
    /// Whether this alarm was in ALARM before the start and is excepted until it has recovered.
    pub fn excepts(&self, alarm: &str) -> bool {
        self.0.get(alarm).is_some_and(|seen| seen.excepted)
    }
}

enum Finding {
    Fine,
    Bad(Regression),
    Unclear(Doubt),
}

enum History {
    /// No change, or none to ALARM.
    Quiet,
    /// It was in ALARM since the last look.
    WasInAlarm(Timestamp),
    /// It changed, but the history does not show the change yet.
    Behind(Timestamp),
}

fn meanwhile(known: Timestamp, reading: &AlarmReading) -> History {
    if reading.transitioned_at == known {
        return History::Quiet;
    }
    // History is asked for from a little before the known change, which is itself no news.
    let newer = || reading.changes.iter().filter(|change| change.at > known);
    if let Some(change) = newer().find(|change| change.to == AlarmState::Alarm) {
        return History::WasInAlarm(change.at);
    }
    // A history that does not end with the change to the present value is not all there yet.
    let latest = newer().max_by_key(|change| change.at);
    let whole = latest.is_some_and(|change| {
        let short_by = reading.transitioned_at.duration_since(change.at);
        change.to == reading.state && short_by <= HISTORY_SLACK
    });
    if whole {
        History::Quiet
    } else {
        History::Behind(known)
    }
}

fn missing(rule: &AlarmRule, before: Option<&Seen>) -> (Option<Seen>, Finding) {
    let alarm = rule.name.clone();
    match before {
        Some(seen) if !seen.missing => {
            let seen = Seen {
                missing: true,
                ..seen.clone()
            };
            (Some(seen), Finding::Unclear(Doubt::MissingOnce { alarm }))
        }
        _ => (before.cloned(), Finding::Bad(Regression::Missing { alarm })),
    }
}

fn recovered(reading: &AlarmReading, now: Timestamp) -> bool {
    reading.state == AlarmState::Ok
        && now.duration_since(reading.transitioned_at) >= RECOVERED_AFTER
}

#[cfg(test)]
#[path = "alarms_tests.rs"]
mod tests;
