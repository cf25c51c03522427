//! `canary demo`: every scenario through CodeDeploy, and that nothing in it is a fixed result.

use super::*;

async fn demo(arguments: &str) -> Vec<Value> {
    let ended = finish(canary(&format!("demo --json --speed 120 {arguments}"))).await;
    let printed = ended.exits(0).printed();
    let lines = printed.lines();
    let one = |line: &str| serde_json::from_str(line).expect("one object a line, and nothing else");
    lines.map(one).collect()
}

fn gist(account: &Value) -> [&str; 4] {
    let text = |pointer: &str| {
        account
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("?")
    };
    [
        text("/scenario"),
        text("/outcome"),
        text("/deployment"),
        text("/alias/version"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_as_it_should_with_the_stepper() {
    let accounts = demo("").await;
    let gists: Vec<[&str; 4]> = accounts.iter().map(gist).collect();
    assert_eq!(
        gists,
        [
            ["good", "promoted", "Succeeded", "2"],
            ["bad", "rolled_back", "Failed", "1"],
            ["alarm", "rolled_back", "Failed", "1"],
            ["subtle", "rolled_back", "Failed", "1"],
            ["outage", "promoted", "Succeeded", "2"],
            ["quiet", "rolled_back", "Failed", "1"],
        ]
    );
    for account in &accounts {
        assert_eq!(account["alias"]["weights"], json!({}));
        assert_eq!(account["max_weight"], json!(0.1));
        assert!(account["ticks"].as_u64() > Some(2), "{account}");
    }
    assert_eq!(accounts[0]["seconds_to_rollback"], Value::Null);
    assert_eq!(accounts[0]["canary_errors"], 0);
    found_by_the_counts_alone(&accounts[3]);
    rang_and_was_promoted(&accounts[4]);
    assert_eq!(accounts[5]["alarm_raised"], false);
    let reason = accounts[5]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("too little evidence: only ") && reason.contains("30 are needed; "),
        "{reason}"
    );
    // A poll is 15 s; the rest is real time, which the alarm's own change also takes.
    assert!(
        accounts[1]["seconds_to_rollback"].as_f64() < Some(60.0),
        "{}",
        accounts[1]
    );
}

fn found_by_the_counts_alone(account: &Value) {
    assert_eq!(account["alarm_raised"], false, "{account}");
    assert_eq!(account["seconds_to_rollback"], Value::Null);
    assert!(account["stable_errors"].as_u64() > Some(0), "{account}");
    let reason = account["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("the canary is worse by errors: ") && reason.contains("needed 100:1"),
        "{reason}"
    );
}

fn rang_and_was_promoted(account: &Value) {
    assert_eq!(account["alarm_raised"], true, "{account}");
    for errors in ["stable_errors", "canary_errors"] {
        assert!(account[errors].as_u64() > Some(30), "{account}");
    }
    let evidence = account["evidence"][0].as_str().expect("evidence");
    assert!(evidence.contains("in the same minutes"), "{evidence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_finds_blames_and_doubts_as_the_stepper_does() {
    let accounts = demo("--mode guard --scenario subtle").await;
    assert_eq!(
        gist(&accounts[0]),
        ["subtle", "rolled_back", "Stopped", "1"]
    );
    found_by_the_counts_alone(&accounts[0]);
    let accounts = demo("--mode guard --scenario outage").await;
    assert_eq!(gist(&accounts[0]), ["outage", "promoted", "Succeeded", "2"]);
    rang_and_was_promoted(&accounts[0]);
    let accounts = demo("--mode guard --scenario quiet").await;
    assert_eq!(gist(&accounts[0]), ["quiet", "rolled_back", "Stopped", "1"]);
    let reason = accounts[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("30 are needed; "), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_stops_the_deployment() {
    let accounts = demo("--mode guard --scenario bad").await;
    assert_eq!(gist(&accounts[0]), ["bad", "rolled_back", "Stopped", "1"]);
    let reason = accounts[0]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("the deployment was stopped: alarm hello-live-errors"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_codedeploy_refuses_what_the_stepper_has_shifted() {
    let accounts = demo("--scenario good --codedeploy strict").await;
    assert_eq!(gist(&accounts[0]), ["good", "rolled_back", "Failed", "1"]);
    let reason = accounts[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("INVALID_LAMBDA_CONFIGURATION"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn seed_and_fault_rate_show_in_the_figures() {
    let figures = |account: &Value| {
        ["requests", "canary_requests", "canary_errors"]
            .map(|name| account[name].as_f64().expect("a number"))
    };
    let one = figures(&demo("--scenario bad --seed 1").await[0]);
    let other = figures(&demo("--scenario bad --seed 2").await[0]);
    let worse = figures(&demo("--scenario bad --seed 1 --fault-rate 0.5").await[0]);
    assert_ne!(one, other);
    let share = |figures: [f64; 3]| figures[2] / figures[1];
    assert!(
        share(worse) > 0.35 && share(one) < 0.15,
        "{one:?} {worse:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_version_that_is_called_bad_is_noticed() {
    let ended = finish(canary("demo --scenario bad --fault-rate 0 --speed 120")).await;
    ended
        .exits(1)
        .says("unexpected: it should have ended rolled back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_in_the_order_of_time() {
    let ended = finish(canary("demo --scenario bad --speed 120")).await;
    let said = ended.exits(0).said();
    let told: Vec<(Timestamp, &str)> = said
        .lines()
        .filter_map(|line| {
            let (at, what) = line.split_once("  ")?;
            Some((at.parse().ok()?, what.trim()))
        })
        .collect();
    assert!(told.is_sorted_by_key(|(at, _)| *at), "{said}");
    for part in ["pre-traffic: ", "stepper: ", "[##"] {
        let found = told.iter().filter(|(_, what)| what.starts_with(part));
        assert!(found.count() > 0, "no {part} in\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_serves_no_function_ends_the_demo_at_once() {
    let not_a_program = tempfile::NamedTempFile::new().expect("a file");
    let not_a_program = not_a_program.path().display().to_string();
    for (program, how) in [
        ("/bin/true", "it ended (exit status 0) without asking"),
        ("/bin/false", "it ended (exit status 1) without asking"),
        (not_a_program.as_str(), "Permission denied"),
    ] {
        let demo = canary(&format!("demo --scenario good --functions {program}"));
        let ended = tokio::time::timeout(Duration::from_secs(20), finish(demo)).await;
        ended
            .expect("it ends at once")
            .exits(1)
            .says(&format!(
                "{program} cannot serve CodeDeployHook_canary-pre-traffic"
            ))
            .says(how)
            .says("--functions takes a program");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_own_processes_can_answer_the_traffic() {
    let accounts = demo("--scenario bad --traffic processes").await;
    assert_eq!(gist(&accounts[0]), ["bad", "rolled_back", "Failed", "1"]);
    assert!(
        accounts[0]["canary_errors"].as_u64() > Some(2),
        "{}",
        accounts[0]
    );
}
