//! Reading alarms, and their history where it is needed.
//!
//! `DescribeAlarms` leaves composite alarms out unless asked for them, and silently does not
//! return a name that does not exist (CloudWatch API reference, `DescribeAlarms`): the judge finds
//! out from the names that are absent from the answer.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    AlarmHistoryItem, AlarmType, EvaluationState, HistoryItemType, StateValue,
};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::error::{CallError, Kind};
use crate::driver::AlarmsAnswer;
use crate::judge::alarms::{AlarmReading, AlarmState, Question, StateChange};

/// The most names that one `DescribeAlarms` takes.
const NAMES_A_CALL: usize = 100;
/// History is asked for from this long before the last known change: clocks may differ.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// An alarm changes at most every ten seconds; more pages than this would be a loop.
const PAGES_MAX: usize = 20;
/// The longest that one look may take, however many alarms have changed at once: what comes after
/// it, a write above all, must fit into the same invocation.
pub const LONGEST: Duration = Duration::from_secs(30);

/// The alarms that exist, with the history of those that changed, in `longest` at most; see
/// [`LONGEST`].
///
/// # Errors
/// If the alarms could not be read. A history that could not be read, or not in time, is no error: it
/// stands in the answer, and leaves its alarm in doubt. The next look asks for it again.
pub async fn read(
    client: &Client,
    question: &Question,
    longest: Duration,
) -> Result<AlarmsAnswer, CallError> {
    let mut answer = AlarmsAnswer::default();
    let mut described = false;
    let looking = look(client, question, &mut answer, &mut described);
    match tokio::time::timeout(longest, looking).await {
        Ok(looked) => looked?,
        Err(_) if described => {
            let why = format!("not all histories of alarms could be read in {longest:?}");
            answer.failure = Some(why);
        }
        Err(_) => {
            let why = format!("the alarms could not be read in {longest:?}");
            return Err(unreadable("DescribeAlarms", &why));
        }
    }
    Ok(answer)
}

/// Puts into the answer what it finds as it finds it: a look that is cut off keeps that much.
async fn look(
    client: &Client,
    question: &Question,
    answer: &mut AlarmsAnswer,
    described: &mut bool,
) -> Result<(), CallError> {
    let names: Vec<String> = question.since.keys().cloned().collect();
    for names in names.chunks(NAMES_A_CALL) {
        answer.readings.extend(describe_all(client, names).await?);
    }
    *described = true;
    for reading in &mut answer.readings {
        let known = question.since.get(&reading.name).copied().flatten();
        let Some(known) = known.filter(|known| *known != reading.transitioned_at) else {
            continue;
        };
        match history_of_any(client, &reading.name, known - OVERLAP).await {
            Ok(changes) => reading.changes = changes,
            Err(error) => answer.failure = Some(error.to_string()),
        }
    }
    Ok(())
}

/// Alarms of every type. The newest type is asked for only where a name was not found among the
/// others, and an endpoint that does not know it has none.
async fn describe_all(client: &Client, names: &[String]) -> Result<Vec<AlarmReading>, CallError> {
    let mut found = describe(
        client,
        names,
        &[AlarmType::MetricAlarm, AlarmType::CompositeAlarm],
    )
    .await?;
    let absent: Vec<String> = names
        .iter()
        .filter(|name| found.iter().all(|reading| reading.name != **name))
        .cloned()
        .collect();
    if !absent.is_empty() {
        match describe(client, &absent, &[AlarmType::LogAlarm]).await {
            Ok(more) => found.extend(more),
            Err(error) if error.kind == Kind::Refused => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn describe(
    client: &Client,
    names: &[String],
    types: &[AlarmType],
) -> Result<Vec<AlarmReading>, CallError> {
    let mut readings = Vec::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = client
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            .set_alarm_types(Some(types.to_vec()))
            .max_records(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| CallError::of("DescribeAlarms", &error))?;
        // Three types with the same members, but no trait in common.
        for alarm in page.metric_alarms() {
            let changed = alarm
                .state_transitioned_timestamp()
                .or(alarm.state_updated_timestamp());
            let (name, state) = (alarm.alarm_name(), alarm.state_value());
            readings.push(reading(name, state, changed, alarm.evaluation_state())?);
        }
        for alarm in page.composite_alarms() {
            let changed = alarm
                .state_transitioned_timestamp()
                .or(alarm.state_updated_timestamp());
            readings.push(reading(
                alarm.alarm_name(),
                alarm.state_value(),
                changed,
                None,
            )?);
        }
        for alarm in page.log_alarms() {
            let changed = alarm
                .state_transitioned_timestamp()
                .or(alarm.state_updated_timestamp());
            let (name, state) = (alarm.alarm_name(), alarm.state_value());
            readings.push(reading(name, state, changed, alarm.evaluation_state())?);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(readings);
        }
    }
    Err(unreadable(
        "DescribeAlarms",
        "more pages than alarms were asked for",
    ))
}

fn reading(
    name: Option<&str>,
    state: Option<&StateValue>,
    changed: Option<&DateTime>,
    evaluation: Option<&EvaluationState>,
) -> Result<AlarmReading, CallError> {
    let name = name.unwrap_or_default().to_owned();
    let state = match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        Some(StateValue::InsufficientData) => AlarmState::InsufficientData,
        other => {
            let what = format!("alarm {name} has the unknown state {other:?}");
            return Err(unreadable("DescribeAlarms", &what));
        }
    };
    let transitioned_at = changed.and_then(timestamp).ok_or_else(|| {
        unreadable(
            "DescribeAlarms",
            &format!("alarm {name} has no time of its last change"),
        )
    })?;
    Ok(AlarmReading {
        name,
        state,
        transitioned_at,
        evaluation: evaluation.map(|state| state.as_str().to_owned()),
        changes: Vec::new(),
    })
}

/// The history of an alarm of any type; of the newest type only where the others have none, as
/// with the alarms themselves.
async fn history_of_any(
    client: &Client,
    name: &str,
    from: Timestamp,
) -> Result<Vec<StateChange>, CallError> {
    let usual = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
    let changes = history(client, name, from, &usual).await?;
    if !changes.is_empty() {
        return Ok(changes);
    }
    match history(client, name, from, &[AlarmType::LogAlarm]).await {
        Err(error) if error.kind == Kind::Refused => Ok(changes),
        other => other,
    }
}

async fn history(
    client: &Client,
    name: &str,
    from: Timestamp,
    types: &[AlarmType],
) -> Result<Vec<StateChange>, CallError> {
    let mut changes = Vec::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = client
            .describe_alarm_history()
            .alarm_name(name)
            .set_alarm_types(Some(types.to_vec()))
            .history_item_type(HistoryItemType::StateUpdate)
            .start_date(DateTime::from_millis(from.as_millisecond()))
            .max_records(100)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| CallError::of("DescribeAlarmHistory", &error))?;
        for item in page.alarm_history_items() {
            changes.push(change(item)?);
        }
        token = page.next_token;
        if token.is_none() {
            changes.sort_by_key(|change| change.at);
            return Ok(changes);
        }
    }
    Err(unreadable(
        "DescribeAlarmHistory",
        "the history does not end",
    ))
}

fn change(item: &AlarmHistoryItem) -> Result<StateChange, CallError> {
    let unreadable = |what: &str| unreadable("DescribeAlarmHistory", what);
    let at = item.timestamp().and_then(timestamp);
    let at = at.ok_or_else(|| unreadable("an entry of the history has no time"))?;
    StateChange::from_history(at, item.history_data().unwrap_or_default())
        .map_err(|what| unreadable(&what))
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    // Milliseconds: what CloudWatch keeps, and what every protocol of it carries exactly.
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}

fn unreadable(call: &'static str, what: &str) -> CallError {
    CallError {
        call,
        kind: Kind::Passing,
        code: None,
        message: what.to_owned(),
    }
}
