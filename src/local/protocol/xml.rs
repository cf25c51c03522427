//! The query protocol's answers.

use std::fmt::Write as _;

use serde_json::Value;

use crate::sim::{AwsError, Service};

const CLOUDWATCH: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";
const SNS: &str = "http://sns.amazonaws.com/doc/2010-03-31/";

/// Members that are maps in the model, although most objects are structures.
const MAPS: &[&str] = &["ExtendedStatistics"];

/// A successful answer to `action`.
pub(super) fn response(
    service: Option<Service>,
    action: &str,
    output: &Value,
    request_id: &str,
) -> String {
    let mut text = format!("<{action}Response xmlns=\"{}\">", namespace(service));
    // An operation without output has no result element.
    if output
        .as_object()
        .is_some_and(|members| !members.is_empty())
    {
        element(&mut text, &format!("{action}Result"), output);
    }
    let _ = write!(
        text,
        "<ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>",
        clean(request_id)
    );
    text
}

/// An error.
pub(super) fn error(service: Option<Service>, error: &AwsError, request_id: &str) -> String {
    let fault = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    format!(
        "<ErrorResponse xmlns=\"{}\"><Error><Type>{fault}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        namespace(service),
        clean(&error.code),
        clean(&error.message),
        clean(request_id)
    )
}

fn namespace(service: Option<Service>) -> &'static str {
    match service {
        Some(Service::Sns) => SNS,
        _ => CLOUDWATCH,
    }
}

fn element(text: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    let _ = write!(text, "<{name}>");
    match value {
        Value::Array(items) => items.iter().for_each(|item| element(text, "member", item)),
        Value::Object(entries) if MAPS.contains(&name) => {
            for (key, value) in entries {
                let _ = write!(text, "<entry><key>{}</key>", clean(key));
                element(text, "value", value);
                text.push_str("</entry>");
            }
        }
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(name, member)| element(text, name, member));
        }
        Value::String(string) => text.push_str(&clean(string)),
        other => {
            let _ = write!(text, "{other}");
        }
    }
    let _ = write!(text, "</{name}>");
}

/// Text as XML: escaped, and without the control characters that XML 1.0 cannot carry at all.
fn clean(text: &str) -> String {
    let allowed = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let mut cleaned = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => cleaned.push_str("&lt;"),
            '>' => cleaned.push_str("&gt;"),
            '&' => cleaned.push_str("&amp;"),
            '\'' => cleaned.push_str("&apos;"),
            '"' => cleaned.push_str("&quot;"),
            other if allowed(other) => cleaned.push(other),
            _ => cleaned.push('\u{fffd}'),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_maps_and_text_take_their_forms() {
        let output = json!({"Alarms": [{"Name": "a<b", "Period": 60}], "None": [],
            "ExtendedStatistics": {"p99": 1.5}});
        assert_eq!(
            response(None, "Do", &output, "id"),
            format!(
                "<DoResponse xmlns=\"{CLOUDWATCH}\"><DoResult><Alarms><member><Name>a&lt;b</Name>\
                 <Period>60</Period></member></Alarms><ExtendedStatistics><entry><key>p99</key>\
                 <value>1.5</value></entry></ExtendedStatistics><None></None></DoResult>\
                 <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></DoResponse>"
            )
        );
    }

    #[test]
    fn an_operation_without_output_has_no_result() {
        assert!(!response(None, "Do", &json!({}), "id").contains("Result"));
    }

    #[test]
    fn every_letter_with_a_meaning_in_xml_is_escaped() {
        assert_eq!(
            clean("<a b='c'>&\"é\t"),
            "&lt;a b=&apos;c&apos;&gt;&amp;&quot;é\t"
        );
    }

    #[test]
    fn control_characters_cannot_break_the_document() {
        let text = error(None, &AwsError::new("Code", 400, "a\0b\u{b}<"), "id");
        assert!(
            text.contains("<Message>a\u{fffd}b\u{fffd}&lt;</Message>"),
            "{text}"
        );
    }
}
