//! AppSpec files, good and bad.

use super::*;

fn expected() -> AppSpec {
    AppSpec {
        resource: "hello".to_owned(),
        function: "hello".to_owned(),
        alias: "live".to_owned(),
        current: "1".to_owned(),
        target: "2".to_owned(),
        hooks: BTreeMap::from([(
            "BeforeAllowTraffic".to_owned(),
            "CodeDeployHook_pre".to_owned(),
        )]),
    }
}

const YAML: &str = "version: 0.0
# The new release.
Resources:
  - hello:
      Type: AWS::Lambda::Function
      Properties:
        Name: hello
        Alias: live
        CurrentVersion: 1
        TargetVersion: \"2\"
Hooks:
  - BeforeAllowTraffic: CodeDeployHook_pre
";

fn refusal(text: &str) -> String {
    let error = AppSpec::parse(text).expect_err(text);
    assert_eq!(error.code, "InvalidRevisionException");
    error.message
}

#[test]
fn json_and_yaml_mean_the_same() {
    assert_eq!(AppSpec::parse(YAML), Ok(expected()));
    let json = r#"{"version":0.0,"Resources":[{"hello":{"Type":"AWS::Lambda::Function","Properties":
        {"Name":"hello","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}],
        "Hooks":[{"BeforeAllowTraffic":"CodeDeployHook_pre"}]}"#;
    assert_eq!(AppSpec::parse(json), Ok(expected()));
    let small = json
        .replace("Resources", "resources")
        .replace("Hooks", "hooks");
    assert_eq!(AppSpec::parse(&small), Ok(expected()));
}

#[test]
fn what_is_written_is_read_back() {
    let back = expected().reversed();
    assert_eq!((back.current.as_str(), back.target.as_str()), ("2", "1"));
    assert_eq!(AppSpec::parse(&back.to_text()), Ok(back));
}

#[test]
fn hooks_may_be_absent() {
    let (without, _) = YAML.split_once("Hooks").expect("it has hooks");
    let spec = AppSpec::parse(without).expect("valid");
    assert!(spec.hooks.is_empty());
    assert!(AppSpec::parse(&format!("{without}Hooks:\n")).is_ok());
}

#[test]
fn each_mistake_is_named() {
    for (from, to, words) in [
        ("version: 0.0", "version: 1.0", "version 0.0"),
        ("Resources", "Things", "it has 0"),
        (
            "AWS::Lambda::Function",
            "AWS::ECS::Service",
            "'AWS::ECS::Service'",
        ),
        ("Alias: live", "Other: live", "lacks the property Alias"),
        (
            "TargetVersion: \"2\"",
            "TargetVersion: ~",
            "property TargetVersion",
        ),
        (
            "BeforeAllowTraffic",
            "BeforeInstall",
            "a hook 'BeforeInstall'",
        ),
        (": CodeDeployHook_pre", ": []", "names no function"),
    ] {
        let text = YAML.replace(from, to);
        assert_ne!(text, YAML);
        let message = refusal(&text);
        assert!(message.contains(words), "{to}: {message}");
    }
}

#[test]
fn two_functions_are_one_too_many() {
    let two = AppSpec::parse(YAML).expect("valid").to_text();
    let two = two.replace("[{\"hello\":", "[{\"other\":{},\"hello\":");
    assert!(refusal(&two).contains("it has 2"));
}

#[test]
fn what_is_no_document_is_refused_in_one_line() {
    for text in ["", "{", "a: b: c", "[1", "\u{0}", "- 1\n- 2"] {
        let message = refusal(text);
        assert!(!message.contains('\n'), "{message}");
    }
    let deep = "[".repeat(100_000);
    refusal(&deep);
}
