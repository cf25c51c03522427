//! Which members are timestamps, and how each protocol writes them.
//!
//! Inside, a timestamp is RFC 3339 text; on the wire it is epoch seconds (JSON, CBOR under tag 1)
//! or ISO 8601 text (query). JSON does not say which numbers are times, so the members are listed.

use jiff::Timestamp;
use serde_json::Value;

/// Members that are timestamps, or lists of them: of CloudWatch, SSM and EventBridge, then of
/// CodeDeploy and Step Functions. Lambda's `LastModified` is mostly text; see `rest`.
const MEMBERS: &[&str] = &[
    "AlarmConfigurationUpdatedTimestamp",
    "EndDate",
    "EndTime",
    "LastModifiedDate",
    "StartDate",
    "StartTime",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "Time",
    "Timestamp",
    "Timestamps",
    "completeTime",
    "createTime",
    "creationDate",
    "deregisterTime",
    "end",
    "endTime",
    "firstUsedTime",
    "lastModifiedTime",
    "lastUpdatedAt",
    "lastUsedTime",
    "launchTime",
    "redriveDate",
    "registerTime",
    "start",
    "startDate",
    "startTime",
    "stopDate",
    "timestamp",
    "updateDate",
];

/// Whether the member `name` holds timestamps.
pub(super) fn is_timestamp(name: &str) -> bool {
    MEMBERS.contains(&name)
}

/// Applies `convert` to each timestamp in `value`.
pub(super) fn convert<E>(
    value: &mut Value,
    convert_one: &impl Fn(&Value) -> Result<Value, E>,
) -> Result<(), E> {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| convert(item, convert_one)),
        Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| {
            match (is_timestamp(name), &mut *member) {
                (true, Value::Array(items)) => items.iter_mut().try_for_each(|item| {
                    *item = convert_one(item)?;
                    Ok(())
                }),
                (true, Value::Number(_) | Value::String(_)) => {
                    *member = convert_one(member)?;
                    Ok(())
                }
                _ => convert(member, convert_one),
            }
        }),
        _ => Ok(()),
    }
}

/// RFC 3339 text from epoch seconds, to the millisecond as AWS keeps it.
pub(super) fn from_epoch(seconds: f64) -> Option<String> {
    let milliseconds = (seconds * 1_000.0).round();
    // The range check comes first: `as` would turn anything else into a valid, wrong time.
    if !(-1e15..1e15).contains(&milliseconds) {
        return None;
    }
    Timestamp::from_millisecond(milliseconds as i64)
        .ok()
        .map(|time| time.to_string())
}

/// Epoch seconds from RFC 3339 text: whole if they are, else with milliseconds.
pub(super) fn to_epoch(text: &str) -> Option<Value> {
    let milliseconds = text.parse::<Timestamp>().ok()?.as_millisecond();
    Some(if milliseconds % 1_000 == 0 {
        Value::from(milliseconds / 1_000)
    } else {
        Value::from(milliseconds as f64 / 1_000.0)
    })
}

/// RFC 3339 text from ISO 8601 text, as the query protocol's clients write it: with `Z`, with an
/// offset, or with neither (then it is UTC).
pub(super) fn from_iso(text: &str) -> Option<String> {
    let time = text
        .parse::<Timestamp>()
        .or_else(|_| format!("{text}Z").parse());
    time.ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn epoch_and_text_are_inverse_to_the_millisecond() {
        for (text, epoch) in [
            ("2027-01-15T08:00:00Z", json!(1_800_000_000)),
            ("2027-01-15T08:00:00.125Z", json!(1_800_000_000.125)),
        ] {
            assert_eq!(to_epoch(text), Some(epoch.clone()));
            assert_eq!(
                from_epoch(epoch.as_f64().expect("a number")).as_deref(),
                Some(text)
            );
        }
    }

    #[test]
    fn impossible_times_are_refused() {
        for seconds in [f64::NAN, f64::INFINITY, -1e300, 1e14] {
            assert_eq!(from_epoch(seconds), None, "{seconds}");
        }
        assert_eq!(from_iso("yesterday"), None);
        assert_eq!(to_epoch("yesterday"), None);
    }

    #[test]
    fn iso_text_may_lack_its_zone() {
        for text in [
            "2027-01-15T08:00:00",
            "2027-01-15T08:00:00Z",
            "2027-01-15T09:00:00+01:00",
        ] {
            assert_eq!(
                from_iso(text).as_deref(),
                Some("2027-01-15T08:00:00Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn text_inside_text_is_nobodys_timestamp() {
        let at = "2027-01-15T08:00:00Z";
        let mut value = json!({"startDate": at, "input": format!("{{\"startDate\":\"{at}\"}}"),
            "events": [{"timestamp": at, "id": 1}]});
        let to = |value: &Value| Ok::<_, ()>(value.as_str().and_then(to_epoch).unwrap_or_default());
        let before = value["input"].clone();
        convert(&mut value, &to).expect("no error");
        assert_eq!(
            value,
            json!({"startDate": 1_800_000_000, "input": before,
                "events": [{"timestamp": 1_800_000_000, "id": 1}]})
        );
    }

    #[test]
    fn only_listed_members_are_converted_wherever_they_are() {
        let mut value =
            json!({"A": [{"Timestamp": 1, "Period": 1}], "Timestamps": [2], "Value": 3});
        convert(&mut value, &|_| Ok::<_, ()>(json!("t"))).expect("no error");
        assert_eq!(
            value,
            json!({"A": [{"Timestamp": "t", "Period": 1}], "Timestamps": ["t"], "Value": 3})
        );
    }
}
