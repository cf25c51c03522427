//! `canary simulate`: rollouts on imagined traffic, for people and as JSON.

use std::io::Write as _;

use super::*;

async fn simulated(options: &str) -> Ended {
    finish(canary(&format!("simulate {options}"))).await
}

fn written(policy: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(policy.as_bytes()).expect("it is written");
    file
}

const BAD: &str = "--rps 20 --base-rate 0 --canary-rate 20%";

#[tokio::test(flavor = "multi_thread")]
async fn one_run_is_told_minute_by_minute() {
    let printed = simulated(BAD).await.exits(0).printed();
    for part in [
        "plan: 10% for 5m, 100%; counted: errors of both versions",
        "begin: 10% to the canary",
        "roll back: the canary is worse by errors",
        "evidence that the canary is worse, 100:1 is needed",
        "CodeDeploy with an alarm on any errors in 2 minutes running: rolled back after",
    ] {
        assert!(printed.contains(part), "no \"{part}\" in:\n{printed}");
    }
    let last = printed.lines().rev().nth(1).expect("two lines at the end");
    assert!(
        last.starts_with("rolled back after 3.") || last.starts_with("rolled back after 4."),
        "{last}"
    );
    // The same seed tells the same story, another one another.
    assert_eq!(simulated(BAD).await.printed(), printed);
    assert_ne!(
        simulated(&format!("{BAD} --seed 2")).await.printed(),
        printed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_are_counted() {
    let found = simulated(&format!("{BAD} --runs 60 --seed 7 --json")).await;
    let found = found.exits(0).json();
    assert_eq!(
        (&found["schema"], &found["runs"], &found["seed"]),
        (&json!(1), &json!(60), &json!(7))
    );
    assert_eq!(found["notes"], json!([]));
    assert_eq!(found.get("reason"), None);
    for all in [&found, &found["codedeploy_alarm"]] {
        let ends = ["promoted", "rolled_back", "inconclusive"];
        let ends: u64 = ends
            .iter()
            .map(|end| all[end].as_u64().expect("a count"))
            .sum();
        assert_eq!(ends, 60, "{all}");
        for (member, quantile) in [
            ("minutes_to_rollback", "p50"),
            ("minutes_to_rollback", "p95"),
            ("failed_canary_requests", "mean"),
            ("failed_canary_requests", "p95"),
        ] {
            assert!(
                all[member][quantile].is_number(),
                "{member} {quantile}: {all}"
            );
        }
    }
    assert_eq!(found["rolled_back"], 60);
    let minutes = found["minutes_to_rollback"]["p50"]
        .as_f64()
        .expect("a number");
    assert!((2.0..5.0).contains(&minutes), "{minutes}");

    let text = simulated(&format!("{BAD} --runs 60 --seed 7"))
        .await
        .exits(0)
        .printed();
    assert!(
        text.contains("60 runs") && text.contains("failed canary requests, mean"),
        "{text}"
    );
    assert!(
        text.lines()
            .any(|line| line.starts_with("rolled back") && line.contains("100 %"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_put_back_where_nothing_fails() {
    let found = simulated("--rps 20 --base-rate 0 --canary-rate 0 --runs 30 --json").await;
    let found = found.exits(0).json();
    for all in [&found, &found["codedeploy_alarm"]] {
        assert_eq!(
            (&all["promoted"], &all["rolled_back"]),
            (&json!(30), &json!(0))
        );
        assert_eq!(
            all["minutes_to_rollback"],
            json!({"p50": null, "p95": null})
        );
        assert_eq!(
            all["failed_canary_requests"],
            json!({"mean": 0.0, "p95": 0.0})
        );
    }
    let quiet = simulated("--rps 0.001 --base-rate 0 --canary-rate 0 --json").await;
    let quiet = quiet.exits(0).json();
    assert_eq!(
        (&quiet["runs"], &quiet["inconclusive"]),
        (&json!(1), &json!(1))
    );
    assert!(
        quiet["reason"]
            .as_str()
            .expect("a reason")
            .contains("30 are needed"),
        "{quiet}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_options_have_their_effect() {
    let healthy = "--rps 20 --base-rate 0 --canary-rate 0 --runs 30 --json";
    let outage = simulated(&format!(
        "{healthy} --minutes 10 --outage 2+4:50% --alarm 1%:2"
    ))
    .await;
    let outage = outage.exits(0).json();
    assert!(outage["promoted"].as_u64() >= Some(29), "{outage}");
    assert_eq!(outage["codedeploy_alarm"]["rolled_back"], 30);
    assert_eq!(
        outage["codedeploy_alarm"]["alarm"],
        "more than 1 % errors in 2 minutes running"
    );

    let late = format!("{BAD} --runs 30 --json --minutes 20 --from 10");
    let late = simulated(&late).await.exits(0).json();
    assert!(
        late["minutes_to_rollback"]["p50"].as_f64() > Some(10.0),
        "{late}"
    );

    let bursty = simulated(&format!("{healthy} --burst 8:30 --minutes 20")).await;
    let bursty = bursty.exits(0).json();
    assert!(bursty["rolled_back"].as_u64() <= Some(2), "{bursty}");
    assert!(
        bursty["failed_canary_requests"]["mean"].as_f64() > Some(1.0),
        "{bursty}"
    );

    let noisy = simulated("--rps 20 --base-rate 1% --canary-rate 1% --runs 20").await;
    let noisy = noisy.exits(0).printed();
    assert!(
        noisy.contains("ringing before the start in 100 % of the runs"),
        "{noisy}"
    );

    let weighty =
        simulated("--rps 20 --base-rate 0 --canary-rate 0 --weight 25% --minutes 7").await;
    let weighty = weighty.exits(0).printed();
    assert!(weighty.contains("plan: 25% for 7m, 100%"), "{weighty}");
    let planned = simulated("--rps 20 --base-rate 0 --canary-rate 0 --plan 1%:5m,20%:5m").await;
    let planned = planned.exits(0).printed();
    assert!(
        planned.contains("bake over: 20% to the canary"),
        "{planned}"
    );
    assert!(
        planned.contains("hold: the numbers since minute "),
        "{planned}"
    );
    assert!(
        !planned.contains("2027-"),
        "the day means nothing: {planned}"
    );
    // A line that says what the line before it said is none.
    let lines: Vec<&str> = planned.lines().filter_map(|line| line.get(8..)).collect();
    assert!(lines.windows(2).all(|two| two[0] != two[1]), "{planned}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_as_far_as_it_can_be() {
    let policy = written(
        r#"{"plan": "10%:5m", "alarms": ["checkout-errors"], "checks": [{"name": "health"}],
            "latency": {"slower_than": "100ms", "share": "1%"},
            "evidence": {"inconclusive": "rollback"},
            "metrics": [{"name": "refused",
                "bad": {"namespace": "S", "metric": "R", "dimensions": {"V": "{version}"}},
                "total": {"namespace": "S", "metric": "P", "dimensions": {"V": "{version}"}}}]}"#,
    );
    let path = policy.path().display();
    let traffic = "--rps 20 --base-rate 0 --canary-rate 0";
    let slow = simulated(&format!("{traffic} --latency 50:95 --policy {path}")).await;
    slow.exits(0)
        .says("the policy's alarms are left out")
        .says("checkout-errors")
        .says("\"refused\" is left out")
        .says("checks are taken to pass");
    let slow = slow.printed();
    assert!(slow.contains("the canary is worse by latency"), "{slow}");
    assert!(slow.contains("of these by latency"), "{slow}");

    let quiet = format!("--rps 0.01 --base-rate 0 --canary-rate 0 --policy {path} --json");
    let quiet = simulated(&quiet).await.exits(0).json();
    assert_eq!(quiet["inconclusive"], 1);
    let notes = quiet["notes"].as_array().expect("notes");
    assert_eq!(notes.len(), 4, "{quiet}");
    assert!(
        notes[3]
            .as_str()
            .expect("text")
            .contains("without --latency"),
        "{quiet}"
    );

    let alarms = written(r#"{"alarms": ["checkout-errors"], "evidence": false}"#);
    let alarms = format!("{traffic} --policy {}", alarms.path().display());
    simulated(&alarms)
        .await
        .exits(1)
        .says("nothing is counted")
        .says("leave \"evidence\": false out");
    let short = written(r#"{"plan": "10%:2m", "evidence": {"inconclusive": "rollback"}}"#);
    let short = format!("{traffic} --policy {}", short.path().display());
    let short = simulated(&short).await;
    short.exits(0).says("no step lasts the 3 minutes");
    let wrong = written(r#"{"plam": 1}"#);
    let wrong = format!("{traffic} --policy {}", wrong.path().display());
    simulated(&wrong).await.exits(1).says("plam");
    simulated(&format!("{traffic} --latency 50:90"))
        .await
        .exits(0)
        .says("latency is not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_are_wrong_are_named_with_their_form() {
    let right = "--rps 20 --base-rate 1% --canary-rate 1%";
    for (options, says) in [
        ("--base-rate 1% --canary-rate 1%", "--rps"),
        (
            "--rps 0 --base-rate 1% --canary-rate 1%",
            "requests per second is 0",
        ),
        (
            "--rps -1 --base-rate 1% --canary-rate 1%",
            "requests per second is -1",
        ),
        (
            "--rps NaN --base-rate 1% --canary-rate 1%",
            "requests per second is NaN",
        ),
        ("--rps x --base-rate 1% --canary-rate 1%", "--rps"),
        ("--rps 5 --base-rate -1% --canary-rate 1%", "--base-rate"),
        (
            "--rps 5 --base-rate 2 --canary-rate 1%",
            "a share is a number from 0 to 1",
        ),
        ("--rps 5 --base-rate 1% --canary-rate NaN", "--canary-rate"),
        ("--weight 0", "--weight"),
        ("--weight 100%", "above 0 % and below 100 %"),
        ("--minutes 0", "--minutes"),
        ("--minutes -1", "--minutes"),
        ("--minutes 9000", "longer than the 10080 of a week"),
        ("--latency 50", "BASE_MS:CANARY_MS"),
        ("--outage 5:50%", "--outage"),
        ("--outage 2+5:150%", "START+MIN:RATE"),
        ("--burst 5", "SIZE:PER_HOUR"),
        ("--from -1", "--from"),
        ("--alarm -1", "ABOVE:PERIODS"),
        ("--alarm 1%:99", "--alarm"),
        ("--runs 0", "--runs"),
        ("--plan AllAtOnce", "no steps"),
        ("--plan 10%:2m", "take steps of 3 minutes or more"),
        ("--plan 10%", "--plan"),
        ("--plan 10%:5m --weight 5%", "cannot be used with"),
        ("--policy x --minutes 5", "cannot be used with"),
        ("--policy x --plan 10%:5m", "cannot be used with"),
    ] {
        let options = if options.contains("-rate") {
            options.to_owned()
        } else {
            format!("{right} {options}")
        };
        simulated(&options).await.exits(64).says(says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_cleanly() {
    let running = start(canary(&format!("simulate {BAD} --runs 1000000 --json")));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let kill = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(kill.expect("kill runs").success());
    let ended = running.ended().await;
    ended.exits(3).says("stopped: ").says("of 1,000,000 runs");
    assert_eq!(ended.printed(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_help_work() {
    let help = simulated("--help").await.exits(0).printed();
    let examples = help
        .lines()
        .filter_map(|line| line.strip_prefix("  canary simulate "));
    let examples: Vec<&str> = examples.collect();
    assert!(examples.len() >= 4, "{help}");
    for example in examples {
        // Fewer runs show as well that they work.
        simulated(&example.replace("1000", "20")).await.exits(0);
    }
}
