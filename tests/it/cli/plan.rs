//! `canary plan`: what a rollout can find, for people and as JSON.

use super::*;

async fn planned(options: &str) -> Ended {
    finish(canary(&format!("plan {options}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_and_the_smallest_excess_that_it_finds() {
    let found = planned("--rps 5 --weight 10% --json").await.exits(0).json();
    assert_eq!(
        (&found["schema"], &found["minutes"]),
        (&json!(1), &json!(5))
    );
    assert_eq!(found["requests"], 150.0);
    assert_eq!(found["can_detect"], Value::Null);
    assert_eq!(found["clean_requests"], 3611);
    let excess = found["detectable_excess"].as_f64().expect("a number");
    // Three canary errors or more, where 6.2958 are expected, have a chance of 95 %.
    assert!((excess - 6.295_793_6 / 150.0).abs() < 1e-6, "{excess}");

    let printed = planned("--rps 5 --weight 0.1").await.exits(0).printed();
    let sentence = "at 5 requests/s and 10 %, 5 minutes bring 150 canary requests: an excess of \
                    4.2 % or more is found with 95 %\n";
    assert!(printed.starts_with(sentence), "{printed}");
    assert!(printed.contains("takes 3,611 canary requests without an error: 2h 22s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_fit_the_numbers() {
    for (options, says) in [
        (
            "--rps 0.25 --weight 100% --window 1m",
            "1 minute brings 15 canary requests",
        ),
        (
            "--rps 0.25 --weight 100% --window 2m",
            "2 minutes bring 30 canary requests",
        ),
        (
            "--rps 0.0625 --weight 100% --window 1m",
            "1 minute brings 3.75 canary requests",
        ),
        (
            "--rps 5 --weight 0 --window 1m",
            "1 minute brings 0 canary requests",
        ),
        (
            "--rps 0.5 --weight 3.3333333333333335% --window 1m",
            "1 minute brings 1 canary request:",
        ),
    ] {
        let printed = planned(options).await.exits(0).printed();
        assert!(printed.contains(says), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_excess_and_the_shortest_window_that_finds_it() {
    let options = "--rps 5 --weight 10% --base-rate 0.1% --detect 1% --confidence 90% --json";
    let found = planned(options).await.exits(0).json();
    assert_eq!(found["can_detect"], true);
    let minutes = found["minutes"].as_u64().expect("a number");
    assert!((30..45).contains(&minutes), "{minutes}");
    let shorter = planned(&format!("{options} --window {}m", minutes - 1)).await;
    let shorter = shorter.exits(0).json();
    assert_eq!(shorter["can_detect"], false);
    assert_eq!(shorter["minutes"], minutes - 1);
    assert!(shorter["chance"].as_f64() < found["chance"].as_f64());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_found_is_said_so() {
    let options = "--rps 0.001 --weight 1% --detect 0.1%";
    let found = planned(&format!("{options} --json")).await.exits(0).json();
    assert_eq!(found["can_detect"], false);
    for member in ["minutes", "requests", "detectable_excess"] {
        assert_eq!(found[member], Value::Null, "{member}");
    }
    for (options, says) in [
        (options, "is not found with 95 % within 30 days"),
        (
            "--rps 0.1 --weight 10%",
            "not even a canary that fails every call",
        ),
        ("--rps 5 --weight 100%", "no stable version is left"),
        ("--rps 5 --weight 0", "it never gets any"),
    ] {
        let printed = planned(options).await.exits(0).printed();
        assert!(printed.contains(says), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_out_of_range_are_wrong_usage() {
    for (options, says) in [
        ("--rps 0 --weight 10%", "requests per second is 0"),
        ("--rps NaN --weight 10%", "requests per second is NaN"),
        ("--rps 5 --weight 10", "a share is a number from 0 to 1"),
        (
            "--rps 5 --weight 10% --detect 0",
            "--detect has to be above 0",
        ),
        (
            "--rps 5 --weight 10% --confidence 1",
            "--confidence has to be below 1",
        ),
        ("--rps 5 --weight 10% --window 90s", "--window is 1m 30s"),
        ("--rps 5 --weight 10% --base-rate 1", "base rate is 1"),
        ("--rps 5 --weight 10% --alpha 3", "alpha is 3"),
        ("--weight 10%", "--rps"),
    ] {
        planned(options).await.exits(64).says(says);
    }
}
