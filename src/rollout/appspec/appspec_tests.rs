//! AppSpecs by example, by attack and by property.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const YAML: &str = r#"
# What SAM writes, with everything that a person may add.
version: 0.0
Resources:
  - Checkout:
      Type: AWS::Lambda::Function
      Properties:
        Name: "checkout"
        Alias: live
        CurrentVersion: 1
        TargetVersion: '2'
Hooks:
  - BeforeAllowTraffic: "CodeDeployHook_pre"
"#;

const SAM: &str = r#"{"version":"0.0","Resources":[{"CheckoutAliaslive":{"Type":"AWS::Lambda::Function","Properties":{"Name":"checkout","Alias":"live","CurrentVersion":"1","TargetVersion":"2"}}}],"Hooks":[{"BeforeAllowTraffic":"CodeDeployHook_pre"}]}"#;

fn checkout() -> Target {
    Target {
        function: "checkout".to_owned(),
        alias: "live".to_owned(),
        current: Version::new(1),
        target: Version::new(2),
    }
}

/// The AppSpec with one text in it replaced.
fn with(from: &str, to: &str) -> String {
    assert!(YAML.contains(from), "{from}");
    YAML.replace(from, to)
}

fn refused(text: &str) -> AppSpecError {
    let error = Target::parse(text).expect_err(text);
    let said = error.to_string();
    assert!(!said.contains(char::is_control) && !error.hint().is_empty());
    assert!(said.len() < 700, "{said}");
    error
}

#[test]
fn json_and_yaml_say_the_same() {
    for text in [
        YAML.to_owned(),
        SAM.to_owned(),
        format!("\u{feff}{SAM}\n"),
        SAM.replace("\"1\"", "1"),
        SAM.replace("\"0.0\"", "0.0"),
        YAML.replace('\n', "\r\n"),
        format!("---{YAML}"),
        format!("%YAML 1.2\n---{YAML}...\n"),
        // Flow style, which looks like JSON and is not.
        "{version: 0.0, Resources: [{C: {Type: 'AWS::Lambda::Function', Properties: \
         {Name: checkout, Alias: live, CurrentVersion: 1, TargetVersion: 2}}}]}"
            .to_owned(),
    ] {
        assert_eq!(Target::parse(&text), Ok(checkout()), "{text}");
    }
}

#[test]
fn keys_are_taken_in_any_case() {
    for (from, to) in [
        ("version:", "Version:"),
        ("Resources", "resources"),
        ("Type", "type"),
        ("Properties", "properties"),
        ("Name", "name"),
        ("Alias:", "alias:"),
        ("CurrentVersion", "currentversion"),
        ("TargetVersion", "targetVersion"),
    ] {
        assert_eq!(Target::parse(&with(from, to)), Ok(checkout()), "{to}");
    }
}

#[test]
fn each_mistake_is_named_with_its_place() {
    let second =
        "      Type: AWS::Lambda::Function\n  - Refund:\n      Type: AWS::Lambda::Function";
    for (text, said) in [
        (String::new(), "the AppSpec is empty"),
        (" \n\t ".to_owned(), "the AppSpec is empty"),
        (
            "version 0.0".to_owned(),
            "the AppSpec's whole text is a single value, where a mapping belongs",
        ),
        (
            "[]".to_owned(),
            "the AppSpec's whole text is a list, where a mapping belongs",
        ),
        ("{}".to_owned(), "the AppSpec has no version"),
        (
            with("0.0", "0.1"),
            "the AppSpec has version \"0.1\"; the only one there is, is 0.0",
        ),
        (
            with("Resources", "Resorces"),
            "the AppSpec has no Resources",
        ),
        (
            "version: 0.0\nResources: []".to_owned(),
            "the AppSpec names no resource",
        ),
        (
            "version: 0.0\nResources: {C: {}}".to_owned(),
            "the AppSpec's Resources is a mapping, where a list of resources belongs",
        ),
        (
            with("      Type: AWS::Lambda::Function", second),
            "the AppSpec names 2 resources: Checkout, Refund",
        ),
        (
            with("AWS::Lambda::Function", "AWS::ECS::Service"),
            "the AppSpec's resource Checkout is of type \"AWS::ECS::Service\", not \
             AWS::Lambda::Function",
        ),
        (
            with("        Alias: live\n", ""),
            "the AppSpec has no Resources[0].Checkout.Properties.Alias",
        ),
        (
            with("Alias: live", "Alias:"),
            "the AppSpec has no Resources[0].Checkout.Properties.Alias",
        ),
        (
            with("Alias: live", "Alias: ' '"),
            "the AppSpec has no Resources[0].Checkout.Properties.Alias",
        ),
        (
            with("Alias: live", "Alias: [live]"),
            "the AppSpec's Resources[0].Checkout.Properties.Alias is a list, where a single value \
             belongs",
        ),
        (
            with("CurrentVersion: 1", "CurrentVersion: $LATEST"),
            "the AppSpec's Resources[0].Checkout.Properties.CurrentVersion: $LATEST is not a \
             published version, and an alias with weights cannot carry it",
        ),
        (
            with("CurrentVersion: 1", "CurrentVersion: 1.0"),
            "the AppSpec's Resources[0].Checkout.Properties.CurrentVersion: \"1.0\" is not a \
             version: a published version is a whole number such as 7",
        ),
        (
            with("Alias: live", "Alias: live\n        alias: test"),
            "the AppSpec has Resources[0].Checkout.Properties.Alias twice, and only one of them \
             could count",
        ),
        (
            SAM.replace(
                "\"Alias\":\"live\"",
                "\"Alias\":\"live\",\"Alias\":\"test\"",
            ),
            "the AppSpec has Resources[0].CheckoutAliaslive.Properties.Alias twice, and only one \
             of them could count",
        ),
        (
            format!("{YAML}---{YAML}"),
            "the AppSpec has more than one YAML document",
        ),
    ] {
        assert_eq!(refused(&text).to_string(), said, "{text}");
    }
}

#[test]
fn what_is_neither_json_nor_yaml_says_where() {
    let cut = refused(&SAM[..80]).to_string();
    assert!(
        cut.starts_with("the AppSpec is neither JSON nor YAML: EOF while"),
        "{cut}"
    );
    assert!(cut.contains("line 1 column 80"), "{cut}");
    let tab = refused("version: 0.0\nResources:\n\t- a: b").to_string();
    assert!(tab.contains("line 3 column"), "{tab}");
}

#[test]
fn long_and_strange_texts_are_cut_short() {
    let long = "x".repeat(100_000);
    refused(&with(
        "CurrentVersion: 1",
        &format!("CurrentVersion: {long}"),
    ));
    refused(&with("AWS::Lambda::Function", &long));
    refused(&with("0.0", "\"\\u001b[31m\""));
    let many: Vec<_> = (0..5000).map(|n| json!({ format!("f{n}"): {} })).collect();
    let many = json!({"version": "0.0", "Resources": many});
    assert!(
        refused(&many.to_string())
            .to_string()
            .contains("names 5000 resources: f0, f1")
    );
    assert_eq!(
        refused(&" ".repeat(APPSPEC_MAX + 1)),
        AppSpecError::TooLarge(APPSPEC_MAX + 1)
    );
}

/// Texts as large as they may be that are built to use up a parser's stack, memory or time. A
/// thread with a small stack stands in for the one of a Lambda function.
#[test]
fn attacks_end_in_an_error() {
    let fill = |piece: &str| piece.repeat(APPSPEC_MAX / piece.len());
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..30 {
        let before = format!("*a{},", n - 1).repeat(9);
        bomb.push_str(&format!("a{n}: &a{n} [{before}]\n"));
    }
    assert_eq!(refused(&bomb), AppSpecError::YamlAlias);
    assert_eq!(refused("a: &a [*a]"), AppSpecError::YamlAlias);
    let texts = [
        fill("["),
        fill("{a: "),
        fill("{\"a\":"),
        fill("- "),
        fill("? "),
        fill("[a,"),
        fill("\"a"),
        fill("&a "),
        fill("!t "),
        fill("a:\n "),
        fill("# c\n"),
        fill("%A b\n"),
        fill("---\n"),
        fill("a: b\n"),
        fill("- a\n"),
        fill("|\n"),
        fill("a"),
        fill("'a' "),
        (0..500).map(|n| format!("{}a:\n", " ".repeat(n))).collect(),
    ];
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let attacked = small.spawn(move || {
        for text in texts {
            refused(&text);
        }
    });
    attacked.unwrap().join().unwrap();
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text: String) {
        let _ = Target::parse(&text);
    }

    #[test]
    fn nearly_an_appspec_never_panics(
        at in 0..YAML.len(),
        length in 0usize..20,
        piece in "[-\\[\\]{}:,'\"&*!|>%@?# \n\ta0]{0,8}",
        sam: bool,
    ) {
        let mut text = if sam { SAM } else { YAML }.to_owned();
        let end = (at + length).min(text.len());
        text.replace_range(at.min(end)..end, &piece);
        if let Err(error) = Target::parse(&text) {
            prop_assert!(!error.to_string().contains(char::is_control));
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(
        function in "[a-zA-Z][a-zA-Z0-9_-]{0,63}",
        alias in "[a-zA-Z][a-zA-Z0-9_-]{0,63}",
        current in 1..u64::MAX,
        target in 1..u64::MAX,
    ) {
        prop_assume!(!["null", "Null", "NULL"].contains(&function.as_str()));
        prop_assume!(!["null", "Null", "NULL"].contains(&alias.as_str()));
        let properties = json!({
            "Name": function, "Alias": alias,
            "CurrentVersion": current.to_string(), "TargetVersion": target,
        });
        let json = json!({"version": 0.0, "Resources": [
            {"R": {"Type": "AWS::Lambda::Function", "Properties": properties}},
        ]});
        let yaml = format!(
            "version: 0.0\nResources:\n- R:\n    Type: AWS::Lambda::Function\n    Properties:\n      \
             Name: {function}\n      Alias: {alias}\n      CurrentVersion: {current}\n      \
             TargetVersion: \"{target}\"\n"
        );
        let (current, target) = (Version::new(current), Version::new(target));
        let expected = Target { function, alias, current, target };
        prop_assert_eq!(&Target::parse(&json.to_string()), &Ok(expected.clone()));
        prop_assert_eq!(&Target::parse(&yaml), &Ok(expected));
    }
}
