//! How long from an alarm's change until the weight is at 0, at real speed.
//!
//! Twenty functions on one local AWS, each with a `canary run` of its own (poll 15 s), started at
//! different moments; each one's alarm is set once. Prints the median and the worst time, and
//! fails if the worst is above one poll interval plus two seconds.
//!
//! `cargo run --example alarm_to_zero`, about a minute.

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use lambda_canary::clock::Clock;
use lambda_canary::local::{Config, LocalAws};
use lambda_canary::sim::{Service, World};
use serde_json::{Value, json};

const RUNS: usize = 20;
const POLL: Duration = Duration::from_secs(15);
const BUDGET: Duration = Duration::from_secs(17);

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let clock = Clock::real();
    // Some minutes ago, so that every alarm has been evaluated by now.
    let mut world = World::new(1, clock.now() - Duration::from_secs(180));
    for number in 0..RUNS {
        furnish(&mut world, &format!("f{number}"));
    }
    world.advance_to(clock.now());
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        ..Config::default()
    };
    let aws = LocalAws::start(config, world).await?;
    let mut runs = Vec::new();
    for number in 0..RUNS {
        runs.push(start(&aws, &format!("f{number}"))?);
        tokio::time::sleep(POLL / RUNS as u32).await;
    }
    wait_until("all have their weight", || {
        (0..RUNS).all(|n| weighted(&aws, n))
    })
    .await;
    let took = futures_util::future::join_all((0..RUNS).map(|n| measure(&aws, &clock, n))).await;
    let codes: Vec<_> = runs.iter_mut().map(Child::wait).collect();
    let all_rolled_back = codes
        .iter()
        .all(|code| code.as_ref().is_ok_and(|c| c.code() == Some(2)));
    Ok(report(took, all_rolled_back))
}

fn report(mut took: Vec<f64>, all_rolled_back: bool) -> ExitCode {
    took.sort_by(f64::total_cmp);
    let (median, worst) = (took[RUNS / 2], took[RUNS - 1]);
    println!(
        "alarm → weight 0, {RUNS} rollouts, poll {} s: median {median:.1} s, worst {worst:.1} s",
        POLL.as_secs()
    );
    let fine = worst <= BUDGET.as_secs_f64() && all_rolled_back;
    println!(
        "budget {} s, every exit code 2: {}",
        BUDGET.as_secs(),
        if fine { "kept" } else { "NOT KEPT" }
    );
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn furnish(world: &mut World, name: &str) {
    let mut call = |service, operation: &str, input: Value| {
        world
            .call(service, operation, input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    };
    let role = "arn:aws:iam::000000000000:role/sample";
    call(
        Service::Lambda,
        "CreateFunction",
        json!({"FunctionName": name, "Role": role, "Publish": true,
        "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": ""}}),
    );
    call(
        Service::Lambda,
        "UpdateFunctionConfiguration",
        json!({"FunctionName": name, "Description": "2"}),
    );
    call(
        Service::Lambda,
        "PublishVersion",
        json!({"FunctionName": name}),
    );
    call(
        Service::Lambda,
        "CreateAlias",
        json!({"FunctionName": name, "Name": "live", "FunctionVersion": "1"}),
    );
    call(
        Service::CloudWatch,
        "PutMetricAlarm",
        json!({"AlarmName": name, "Namespace": "AWS/Lambda",
        "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 3.0,
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching"}),
    );
}

fn start(aws: &LocalAws, name: &str) -> std::io::Result<Child> {
    let binary = std::env::current_exe()?.with_file_name("../canary");
    Command::new(binary)
        .args([
            "run",
            "--function",
            name,
            "--alias",
            "live",
            "--to",
            "2",
            "--alarm",
            name,
        ])
        .args(["--plan", "10%:10m", "--poll", "15s", "--yes", "--json"])
        .env("AWS_ENDPOINT_URL", aws.endpoint_url())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

fn weighted(aws: &LocalAws, number: usize) -> bool {
    let input = json!({"FunctionName": format!("f{number}"), "Name": "live"});
    let alias = aws.with_world(|world| world.call(Service::Lambda, "GetAlias", input));
    alias.is_ok_and(|alias| {
        alias["RoutingConfig"]["AdditionalVersionWeights"]
            .get("2")
            .is_some()
    })
}

/// Sets one alarm and counts the seconds until its alias has no weight.
async fn measure(aws: &LocalAws, clock: &Clock, number: usize) -> f64 {
    let input =
        json!({"AlarmName": format!("f{number}"), "StateValue": "ALARM", "StateReason": "test"});
    let began = clock.now();
    let set = aws.with_world(|world| world.call(Service::CloudWatch, "SetAlarmState", input));
    assert!(set.is_ok(), "the alarm exists");
    wait_until("the weight is gone", || !weighted(aws, number)).await;
    clock.now().duration_since(began).as_secs_f64()
}

async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain: {what}");
}
