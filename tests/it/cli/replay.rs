//! `canary replay`: releases of the last hour or two, played on the local AWS, and judged afterwards.

use jiff::SignedDuration;
use lambda_canary::clock::Clock;
use lambda_canary::sim::{Behaviour, FaultKind, FaultRule};

use super::*;

/// A whole minute, 90 minutes ago: when the releases of these tests begin.
fn began() -> Timestamp {
    let past = Clock::real().now() - SignedDuration::from_mins(90);
    Timestamp::from_second(past.as_second() / 60 * 60).expect("in range")
}

/// What somebody does to the world so many seconds after the release has begun.
type Deed<'a> = (i64, &'a dyn Fn(&mut World));

/// A local AWS in which this has happened, and which is at the present now.
async fn past(began: Timestamp, deeds: &[Deed<'_>]) -> Stage {
    let mut world = sample_world(1, began - SignedDuration::from_mins(70));
    for (second, deed) in deeds {
        world.advance_to(began + SignedDuration::from_secs(*second));
        deed(&mut world);
    }
    world.advance_to(Clock::real().now());
    let config = Config {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..Config::default()
    };
    let aws = LocalAws::start(config, world).await;
    Stage {
        aws: aws.expect("port 0 is always free"),
    }
}

fn weigh(world: &mut World, version: &str, weights: Value) {
    let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": version,
        "RoutingConfig": {"AdditionalVersionWeights": weights}});
    world
        .call(Service::Lambda, "UpdateAlias", input)
        .expect("an alias");
}

fn to_ten(world: &mut World) {
    weigh(world, "1", json!({"2": 0.1}));
}

fn to_half(world: &mut World) {
    weigh(world, "1", json!({"2": 0.5}));
}

fn promote(world: &mut World) {
    weigh(world, "2", json!({}));
}

fn fail(world: &mut World, version: &str, share: f64) {
    let behaviour = Behaviour {
        error_rate: share,
        latency_ms: 50.0,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", version, behaviour)
        .expect("the version exists");
}

/// 10 % at 20 seconds, 50 % at 15 minutes and a half, all at half an hour.
const STEPS: [Deed<'static>; 3] = [(20, &to_ten), (930, &to_half), (1_820, &promote)];

/// The window from ten minutes before the release to ten minutes after its half hour.
fn window(began: Timestamp) -> String {
    let minutes = |minutes| began + SignedDuration::from_mins(minutes);
    format!("--from {} --to {}", minutes(-10), minutes(40))
}

/// A healthy release that is over, and the options for its window.
pub(super) async fn released() -> (Stage, String) {
    let began = began();
    (past(began, &STEPS).await, window(began))
}

async fn replayed(stage: &Stage, options: &str) -> Ended {
    let arguments = format!("replay --function hello --alias live {options}");
    finish(stage.canary(&arguments)).await
}

/// The minutes after the release's first one, as a report says them.
fn clock(began: Timestamp, minute: i64) -> String {
    let at = began + SignedDuration::from_mins(minute);
    at.strftime("%H:%MZ").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_release_is_enough_and_its_steps_are_found() {
    let began = began();
    let stage = past(began, &STEPS).await;
    let ended = replayed(&stage, &window(began)).await;
    let printed = ended.exits(0).printed();
    for said in [
        "canary version 2, stable version 1".to_owned(),
        format!("{}  left out: the first minute", clock(began, 0)),
        format!("{}  left out: the last minute", clock(began, 30)),
        "left out: the weight changed in one of them, by their requests (canary ".to_owned(),
        "errors: canary failed 0 of ".to_owned(),
        "enough: nothing speaks against the canary".to_owned(),
        "note: when the weight changed is inferred".to_owned(),
    ] {
        assert!(printed.contains(&said), "no \"{said}\" in:\n{printed}");
    }
    let json = replayed(&stage, &format!("{} --json", window(began))).await;
    let json = json.exits(0).json();
    assert_eq!(json["schema"], 1);
    assert_eq!(
        (&json["verdict"], &json["at"]),
        (&json!("enough"), &Value::Null)
    );
    assert_eq!(
        (&json["stable"], &json["canary"]),
        (&json!("1"), &json!("2"))
    );
    let [low, high] = &json["stretches"].as_array().expect("a list")[..] else {
        panic!("two weights stood: {}", json["stretches"])
    };
    for (stretch, least, most) in [(low, 0.08, 0.12), (high, 0.47, 0.53)] {
        let share = stretch["canary_share"].as_f64().expect("a number");
        assert!((least..most).contains(&share), "{stretch}");
    }
    let judged = json["minutes"].as_array().expect("a list");
    let dropped = json["dropped"].as_array().expect("a list");
    assert_eq!(judged.len() + dropped.len(), 31, "every minute of both");
    let sum: u64 = judged
        .iter()
        .map(|minute| minute["metrics"][0]["canary"].as_u64().expect("a count"))
        .sum();
    assert_eq!(json["metrics"][0]["canary"], sum);
    assert_eq!(json["timeout"], 10);
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regression_says_since_when_a_rollout_would_have_stopped() {
    let began = began();
    let bad = |world: &mut World| fail(world, "2", 0.05);
    let stage = past(began, &[STEPS[0], (300, &bad), STEPS[1], STEPS[2]]).await;
    let ended = replayed(&stage, &window(began)).await;
    let printed = ended.exits(2).printed();
    assert!(
        printed.contains("regression: a rollout would have been stopped at "),
        "{printed}"
    );
    assert!(
        printed.contains(" at the earliest: the canary is worse by errors:"),
        "{printed}"
    );
    assert!(printed.contains("needed 100:1"), "{printed}");
    let json = replayed(&stage, &format!("{} --json", window(began))).await;
    let json = json.exits(2).json();
    let at: Timestamp = json["at"].as_str().expect("a moment").parse().expect("one");
    let after = at.duration_since(began).as_secs();
    assert!((360..720).contains(&after), "{after} s after it began");
    // Fewer were counted by then than in all the minutes that followed.
    let counted = json["metrics"][0]["canary"].as_u64().expect("a count");
    let all: u64 = json["minutes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|minute| minute["metrics"][0]["canary"].as_u64().expect("a count"))
        .sum();
    assert!(counted < all / 4, "{counted} of {all}");
    stage.aws.shutdown().await;
}

/// Both versions fail half of their calls for ten minutes, in the middle of which the weight rises.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_both_versions_across_a_step_blames_nobody() {
    let began = began();
    let out = |world: &mut World| ["1", "2"].iter().for_each(|it| fail(world, it, 0.5));
    let back = |world: &mut World| ["1", "2"].iter().for_each(|it| fail(world, it, 0.0));
    let deeds: &[Deed<'_>] = &[STEPS[0], (640, &out), STEPS[1], (1_210, &back), STEPS[2]];
    let stage = past(began, deeds).await;
    let ended = replayed(&stage, &format!("{} --json", window(began))).await;
    let json = ended.exits(0).json();
    assert_eq!(json["verdict"], "enough");
    assert!(json["metrics"][0]["canary_bad"].as_u64().expect("a count") > 500);
    // The same changes, named.
    let named = [20, 930, 1_820].map(|second| began + SignedDuration::from_secs(second));
    let named = named.map(|at| format!("--shift {at}")).join(" ");
    let ended = replayed(&stage, &format!("{} --json {named}", window(began))).await;
    let json = ended.exits(0).json();
    let dropped = json["dropped"].as_array().expect("a list");
    let whys: Vec<&Value> = dropped.iter().map(|minute| &minute["why"]).collect();
    assert_eq!(whys, ["began", "named", "ended"]);
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_decides_what_is_enough() {
    let began = began();
    let stage = past(began, &STEPS).await;
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let mut policy = |text: &str| {
        use std::io::{Seek as _, Write as _};
        file.as_file().set_len(0).expect("it is emptied");
        file.rewind().expect("from the beginning");
        file.write_all(text.as_bytes()).expect("it is written");
        format!("{} --policy {}", window(began), file.path().display())
    };
    let options = policy(r#"{"evidence": {"accept": {"excess": "1%"}}}"#);
    let ended = replayed(&stage, &options).await;
    let printed = ended.exits(0).printed();
    assert!(
        printed.contains("accepted: a rollout would have been completed at "),
        "{printed}"
    );
    let options = policy(r#"{"evidence": {"accept": {"excess": "0.001%"}}}"#);
    let ended = replayed(&stage, &options).await;
    let printed = ended.exits(5).printed();
    assert!(
        printed.contains("inconclusive: by errors: at most "),
        "{printed}"
    );
    let options = policy(r#"{"evidence": {}, "latency": {"slower_than": "20ms", "share": "1%"}}"#);
    let ended = replayed(&stage, &options).await;
    let printed = ended.exits(0).printed();
    assert!(printed.contains("; latency: canary "), "{printed}");
    let options = policy(r#"{"evidence": {"min_requests": 1000000}}"#);
    let ended = replayed(&stage, &format!("{options} --json")).await;
    assert_eq!(ended.exits(5).json()["verdict"], "inconclusive");
    let options = policy(r#"{"evidence": false}"#);
    let ended = replayed(&stage, &options).await;
    let printed = ended.exits(0).printed();
    assert!(
        printed.contains("note: the policy's \"evidence\" is false"),
        "{printed}"
    );
    // What its plan is too short for may have been judged all the same.
    let options = policy(r#"{"plan": "10%:1m", "alarms": ["any"]}"#);
    replayed(&stage, &options).await.exits(0);
    let options = policy(r#"{"evidence": 3}"#);
    replayed(&stage, &options)
        .await
        .exits(1)
        .says("evidence: expected");
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_cannot_be_told_are_named_with_what_to_do() {
    let began = began();
    // Nothing was released: there are no numbers by version.
    let stage = past(began, &[]).await;
    let ended = replayed(&stage, &window(began)).await;
    ended
        .exits(1)
        .says("CloudWatch lists no version of hello:live");
    ended.says("hint: ").says("--stable N --canary M");
    let ended = replayed(&stage, &format!("{} --stable 1 --canary 2", window(began))).await;
    ended
        .exits(1)
        .says("did both versions 1 and 2 of hello:live have requests");
    stage.aws.shutdown().await;
    // The release was before the window, and all the canary's share of it.
    let stage = past(began, &STEPS).await;
    let minutes = |minutes| began + SignedDuration::from_mins(minutes);
    let early = format!("--from {} --to {}", minutes(-30), minutes(-10));
    let ended = replayed(&stage, &early).await;
    ended
        .exits(1)
        .says("no version had requests of its own there");
    let ended = replayed(&stage, &format!("{} --stable 2", window(began))).await;
    // Named the other way round, the stable version is compared with the canary.
    assert!(
        ended
            .exits(0)
            .printed()
            .contains("canary version 1, stable version 2")
    );
    stage.aws.shutdown().await;
    // All traffic by a weight: there is nobody to compare with.
    let all = |world: &mut World| weigh(world, "1", json!({"2": 1.0}));
    let stage = past(began, &[(0, &all), STEPS[2]]).await;
    let ended = replayed(&stage, &window(began)).await;
    ended
        .exits(1)
        .says("only version 2 (")
        .says("nothing to compare it with");
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_lack_are_said_and_a_time_out_is_assumed() {
    let began = began();
    let stage = past(began, &STEPS).await;
    let deny = |operation: &str| {
        stage.with_world(|world| {
            world.clear_faults();
            let rule = FaultRule::new(FaultKind::AccessDenied, world.now());
            world.add_fault(rule.operation(operation));
        });
    };
    for (operation, without) in [
        ("ListMetrics", Some("--stable 1 --canary 2")),
        ("GetMetricData", None),
        (
            "GetParameter",
            Some("--policy tests/data/policies/good/evidence-off.json"),
        ),
    ] {
        deny(operation);
        let ended = replayed(&stage, &window(began)).await;
        ended
            .exits(1)
            .says(operation)
            .says("lacks the right to this call");
        assert_eq!(ended.printed(), "");
        if let Some(options) = without {
            replayed(&stage, &format!("{} {options}", window(began)))
                .await
                .exits(0);
        }
    }
    deny("GetFunctionConfiguration");
    let ended = replayed(&stage, &window(began)).await;
    let printed = ended.exits(0).printed();
    assert!(
        printed.contains("its time-out is taken to be 15 minutes"),
        "{printed}"
    );
    stage.with_world(|world| world.clear_faults());
    stage.with_world(|world| world.force_metric_status(Some("PartialData")));
    let ended = replayed(&stage, &window(began)).await;
    ended
        .exits(1)
        .says("CloudWatch answered for Invocations: PartialData");
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_that_cannot_be_judged_are_wrong_usage() {
    let nowhere =
        |options: &str| canary(&format!("replay --function hello --alias live {options}"));
    for (options, what, hint) in [
        (
            "--from -1h --to -2h",
            "is not before --to",
            "from the earlier to the later",
        ),
        (
            "--from now --to now",
            "is not before --to",
            "from the earlier to the later",
        ),
        (
            "--from -1h --to 2199-01-01T00:00Z",
            "is in the future",
            "--to now",
        ),
        (
            "--from -400h --to -399h",
            "for 15 days",
            "sums of five minutes",
        ),
        ("--from -25h --to now", "at most 24 h", "one release"),
        (
            "--from -2h --to -1h --shift -3h",
            "--shift (",
            "within the window",
        ),
        (
            "--from -2h --to -1h --stable 3 --canary 3",
            "are both version 3",
            "not compared",
        ),
        (
            "--from 2026-11-20T14:00 --to now",
            "Add its offset",
            "--help",
        ),
        (
            "--from yesterday --to now",
            "a moment is written like",
            "--help",
        ),
        ("--from -2h", "--to <MOMENT>", "--help"),
    ] {
        let ended = finish(nowhere(options)).await;
        ended.exits(64).says(what).says(hint);
        assert_eq!(ended.printed(), "");
    }
}

/// A window that ends now is judged as far as its numbers are final, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_under_way_is_inconclusive_until_its_minutes_have_settled() {
    let began = began() + SignedDuration::from_mins(70);
    let stage = past(began, &STEPS[..1]).await;
    let ended = replayed(&stage, "--from -30m --to now").await;
    let printed = ended.exits(5).printed();
    assert!(
        printed.contains("are not complete yet; ask again"),
        "{printed}"
    );
    stage.aws.shutdown().await;
}

/// The simulated AWS is in another year than this machine.
#[tokio::test(flavor = "multi_thread")]
async fn now_is_aws_now() {
    let stage = Stage::in_another_year().await;
    stage.with_world(|world| {
        to_ten(world);
        let later = world.now() + SignedDuration::from_mins(20);
        world.advance_to(later);
        promote(world);
        world.advance_to(later + SignedDuration::from_mins(10));
    });
    let ended = replayed(&stage, "--from -40m --to now").await;
    let printed = ended.exits(0).says("this replay goes by AWS's").printed();
    assert!(
        printed.starts_with("hello:live, 2027-01-15 07:50Z to 08:31Z"),
        "{printed}"
    );
    stage.aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_or_region_is_not_looked_at() {
    let stage = Stage::new().await;
    for (name, hint) in [
        ("999999999999:function:hello", "account 999999999999"),
        (
            "arn:aws:lambda:eu-west-1:000000000000:function:hello",
            "--region eu-west-1",
        ),
    ] {
        let arguments = format!("replay --function {name} --alias live --from -1h --to now");
        finish(stage.canary(&arguments)).await.exits(1).says(hint);
    }
    stage.with_world(|world| {
        let mut calls = world.trace();
        assert!(calls.all(|call| call.operation != "GetMetricData"));
    });
}
