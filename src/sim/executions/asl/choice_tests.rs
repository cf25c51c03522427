//! Choice rules by example.

use serde_json::json;

use super::*;

fn parse(rule: &Value) -> Result<Rule, String> {
    Fields::of(rule, "/States/Next/Choices[0]")
        .and_then(|fields| Rule::parse(&fields, true))
        .map_err(|mistake| mistake.to_string())
}

fn holds(rule: &Value, data: &Value) -> Result<bool, Failure> {
    let rule = parse(rule).expect("a rule");
    rule.holds(Scope {
        data,
        context: &Value::Null,
    })
}

#[test]
fn comparisons() {
    let data = json!({"text": "wait", "number": 5, "flag": true, "null": null});
    for (variable, name, value, expected) in [
        ("$.text", "StringEquals", json!("wait"), true),
        ("$.text", "StringEquals", json!("Wait"), false),
        ("$.number", "StringEquals", json!("5"), false),
        ("$.flag", "BooleanEquals", json!(true), true),
        ("$.flag", "BooleanEquals", json!(false), false),
        ("$.text", "BooleanEquals", json!(false), false),
        ("$.number", "NumericEquals", json!(5.0), true),
        ("$.number", "NumericLessThan", json!(5), false),
        ("$.number", "NumericLessThanEquals", json!(5), true),
        ("$.number", "NumericGreaterThan", json!(4.9), true),
        ("$.number", "NumericGreaterThanEquals", json!(5.1), false),
        ("$.text", "NumericGreaterThan", json!(0), false),
        ("$.null", "IsNull", json!(true), true),
        ("$.text", "IsNull", json!(true), false),
        ("$.text", "IsString", json!(true), true),
        ("$.number", "IsNumeric", json!(false), false),
        ("$.flag", "IsBoolean", json!(true), true),
        ("$.null", "IsPresent", json!(true), true),
        ("$.nothing", "IsPresent", json!(false), true),
        ("$.nothing", "IsPresent", json!(true), false),
    ] {
        let rule = json!({"Variable": variable, name: value});
        assert_eq!(holds(&rule, &data), Ok(expected), "{rule}");
    }
}

#[test]
fn rules_are_put_together_and_presence_guards() {
    let present = json!({"Variable": "$.a", "IsPresent": true});
    let equal = json!({"Variable": "$.a", "StringEquals": "x"});
    let both = json!({"And": [present, equal], "Next": "A"});
    assert_eq!(holds(&both, &json!({"a": "x"})), Ok(true));
    assert_eq!(holds(&both, &json!({"a": "y"})), Ok(false));
    assert_eq!(holds(&both, &json!({})), Ok(false));

    let absent_or_equal = json!({"Or": [{"Not": present}, equal]});
    assert_eq!(holds(&absent_or_equal, &json!({})), Ok(true));
    assert_eq!(holds(&absent_or_equal, &json!({"a": "y"})), Ok(false));
}

#[test]
fn a_missing_variable_is_a_runtime_error() {
    let rule = json!({"Variable": "$.a", "StringEquals": "x"});
    let failure = holds(&rule, &json!({})).expect_err("missing");
    assert!(failure.is_runtime());
    assert_eq!(
        failure.cause.as_deref(),
        Some("Invalid path '$.a': The choice state's condition path references an invalid value.")
    );
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    for (rule, part) in [
        (
            json!({"Variable": "$.a", "StringMatches": "x*"}),
            "'StringMatches' is not supported",
        ),
        (
            json!({"Variable": "$.a", "StringEqualsPath": "$.b"}),
            "'StringEqualsPath' is not supported",
        ),
        (
            json!({"Condition": "{% true %}"}),
            "'Condition' is not supported",
        ),
        (json!({"Variable": "$.a"}), "exactly one comparison"),
        (
            json!({"Variable": "$.a", "IsNull": true, "IsString": true}),
            "exactly one comparison",
        ),
        (
            json!({"Variable": "$.a", "IsNull": "yes"}),
            "must be a boolean",
        ),
        (
            json!({"Variable": "$.a", "NumericEquals": "1"}),
            "must be a number",
        ),
        (
            json!({"Variable": "$..a", "IsNull": true}),
            "Invalid path '$..a'",
        ),
        (json!({"StringEquals": "x"}), "Missing field 'Variable'"),
        (json!({"And": []}), "must be a list with an item"),
        (json!({"And": [1]}), "Expected an object"),
        (
            json!({"And": [{"Variable": "$.a", "IsNull": true}], "Variable": "$.a"}),
            "not supported beside 'And'",
        ),
        (
            json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "A"}}),
            "at the top only",
        ),
    ] {
        let message = parse(&rule).expect_err("refused");
        assert!(message.contains(part), "{rule}: {message}");
        assert!(message.contains("/States/Next/Choices[0]"), "{message}");
    }
}
