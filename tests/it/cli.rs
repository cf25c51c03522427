//! The `canary` command as a person or a pipeline meets it: real processes against a local AWS.

mod checks;
mod demo;
mod judge;
mod output;
mod plan;
mod policy;
mod refusals;
mod replay;
mod rights;
mod rollouts;
mod signals;
mod simulate;

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use lambda_canary::local::{Config, LocalAws, sample_world};
use lambda_canary::sim::{Service, World};
use serde_json::{Value, json};

/// A whole minute, so that minutes are easy to count.
const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
/// How long a test waits for something that should happen within a poll or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// A local AWS with its sample, and processes that use it.
struct Stage {
    aws: LocalAws,
}

/// A `canary` process, killed when the test ends before it does.
struct Running(Option<Child>);

impl Stage {
    async fn new() -> Self {
        Self::at_speed(1.0).await
    }

    async fn at_speed(speed: f64) -> Self {
        let config = Config {
            speed,
            ..Config::default()
        };
        Self::with(config).await
    }

    /// Whose answers say that it is another year than this machine's clock.
    async fn in_another_year() -> Self {
        let config = Config {
            simulated_date: true,
            ..Config::default()
        };
        Self::with(config).await
    }

    async fn with(config: Config) -> Self {
        let config = Config {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..config
        };
        let aws = LocalAws::start(config, sample_world(1, START)).await;
        Self {
            aws: aws.expect("port 0 is always free"),
        }
    }

    /// `canary` with these arguments, and nothing of the machine's own AWS configuration.
    fn canary(&self, arguments: &str) -> Command {
        let mut command = canary(arguments);
        command.env("AWS_ENDPOINT_URL", self.aws.endpoint_url());
        command
    }

    /// `canary run` of version 2 on the sample, with these arguments on top.
    fn run(&self, arguments: &str) -> Command {
        self.canary(&format!(
            "run --function hello --alias live --to 2 --poll 1s --json --yes {arguments}"
        ))
    }

    fn call(&self, service: Service, operation: &str, input: Value) -> Value {
        let answer = self
            .aws
            .with_world(|world| world.call(service, operation, input));
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn lambda(&self, operation: &str, input: Value) -> Value {
        self.call(Service::Lambda, operation, input)
    }

    fn set_alarm(&self, state: &str) {
        let input =
            json!({"AlarmName": "hello-live-errors", "StateValue": state, "StateReason": "test"});
        self.call(Service::CloudWatch, "SetAlarmState", input);
    }

    /// The alias' version and weights, and its description.
    fn alias(&self) -> (String, Value, String) {
        let input = json!({"FunctionName": "hello", "Name": "live"});
        let alias = self.lambda("GetAlias", input);
        let text = |name: &str| alias[name].as_str().unwrap_or_default().to_owned();
        let weights = alias["RoutingConfig"]["AdditionalVersionWeights"].clone();
        (text("FunctionVersion"), weights, text("Description"))
    }

    fn weights(&self) -> Value {
        self.alias().1
    }

    fn update_alias(&self, version: &str, weights: Value) {
        let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": weights}});
        self.lambda("UpdateAlias", input);
    }

    /// At this version, without weights and without a mark.
    fn is_clean_at(&self, version: &str) {
        let (at, weights, description) = self.alias();
        let bare = weights.is_null() || weights == json!({});
        assert!(
            at == version && bare && !description.contains("lambda-canary"),
            "{at} {weights} {description}"
        );
    }

    /// Waits until the canary has some weight.
    async fn shifted(&self) {
        self.until("a weight stands", || self.weights().get("2").is_some())
            .await;
    }

    async fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let polls = PATIENCE.as_millis() / 20;
        for _ in 0..polls {
            if holds() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("waited in vain: {what}");
    }

    fn with_world<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.aws.with_world(change)
    }
}

/// `canary` in an environment that knows neither accounts nor endpoints.
fn canary(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
    command
        .args(arguments.split_whitespace())
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(mut command: Command) -> Running {
    Running(Some(command.spawn().expect("canary starts")))
}

/// Runs it to its end beside the endpoint, which shares this runtime.
async fn finish(command: Command) -> Ended {
    start(command).ended().await
}

impl Running {
    fn id(&self) -> u32 {
        self.0.as_ref().expect("it runs").id()
    }

    async fn ended(mut self) -> Ended {
        let child = self.0.take().expect("it runs");
        let id = child.id().to_string();
        let waited = tokio::task::spawn_blocking(move || child.wait_with_output());
        let waited = tokio::time::timeout(PATIENCE * 3, waited).await;
        if waited.is_err() {
            // Otherwise the thread that waits for it would keep the test from ending.
            let _ = Command::new("kill").args(["-9", &id]).status();
        }
        Ended(
            waited
                .expect("it ends in time")
                .expect("no panic")
                .expect("it can be waited for"),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let mut said = String::new();
            if let Some(stderr) = &mut child.stderr {
                let _ = stderr.read_to_string(&mut said);
            }
            eprintln!("killed by the test; it had said:\n{said}");
        }
    }
}

/// A process that has ended.
struct Ended(Output);

impl Ended {
    fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// The one JSON object on stdout.
    fn json(&self) -> Value {
        let printed = self.printed();
        serde_json::from_str(&printed).unwrap_or_else(|error| {
            panic!(
                "stdout is not one JSON object ({error}): {printed}\nstderr: {}",
                self.said()
            )
        })
    }

    #[track_caller]
    fn exits(&self, code: i32) -> &Self {
        assert_eq!(
            self.code(),
            Some(code),
            "{}\n{}",
            self.printed(),
            self.said()
        );
        self
    }

    #[track_caller]
    fn says(&self, text: &str) -> &Self {
        assert!(
            self.said().contains(text),
            "no \"{text}\" in:\n{}",
            self.said()
        );
        self
    }
}
