//! The account that a story plays in, and its time.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use lambda_canary::clock::Hold;
use lambda_canary::local::stack::{PRE_TRAFFIC, STEPPER, STEPPER_GROUP, appspec, deploy_stack};
use lambda_canary::local::{Config, LocalAws, first_version_world};
use lambda_canary::sim::invocations::Begun;
use lambda_canary::sim::lambda::{InvokeRequest, InvokeResponse};
use lambda_canary::sim::{AwsError, Effect, FaultKind, Service, World};
use serde_json::{Value, json};

use super::rights;
use super::{
    ALARM, DESCRIPTION, POLICY, START, Stands, at, call, calls, deploy, execution_arn, extend,
    has_weight, is_busy, publish, set_policy, stands, status, steady,
};

/// The longest that anything is waited for, in real time.
const PATIENCE: Duration = Duration::from_secs(50);

/// The stack with the sample, whose version 2 waits to be released.
///
/// Its clock stands still: time passes a second at a time, and only while somebody waits for
/// something and no process has an invocation to answer. So nothing is missed on a busy machine.
pub(super) struct Stage {
    pub(super) aws: LocalAws,
    _hold: Hold,
}

impl Stage {
    /// Everything as it should be.
    pub(super) async fn set() -> Self {
        Self::with(|_| ()).await
    }

    /// With a change before anything runs.
    pub(super) async fn with(change: impl FnOnce(&mut World)) -> Self {
        Self::releasing(json!({}), change).await
    }

    /// With another version 2 than a healthy one.
    pub(super) async fn releasing(second: Value, change: impl FnOnce(&mut World)) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_functions"));
        Self::of(program, second, change).await
    }

    /// With another program for the functions.
    pub(super) async fn of(
        program: PathBuf,
        second: Value,
        change: impl FnOnce(&mut World),
    ) -> Self {
        let mut world = first_version_world(1, START, 0.0);
        deploy_stack(&mut world).expect("the stack is accepted");
        set_policy(&mut world, POLICY);
        let mut release = json!({"Description": "the second release"});
        extend(&mut release, second);
        publish(&mut world, "hello", release);
        let described =
            json!({"FunctionName": "hello", "Name": "live", "Description": DESCRIPTION});
        call(&mut world, Service::Lambda, "UpdateAlias", described);
        world.set_traffic_limit(0.0);
        steady(&mut world, "hello", ALARM);
        change(&mut world);
        world.clear_trace();
        let config = Config {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            functions: Some(program),
            ..Config::default()
        };
        let aws = LocalAws::start(config, world).await.expect("it serves");
        let _hold = aws.clock().hold();
        Self { aws, _hold }
    }

    /// Looks at or changes the world.
    pub(super) fn world<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        self.aws.with_world(f)
    }

    pub(super) fn call(&self, service: Service, operation: &str, input: Value) -> Value {
        self.world(|world| call(world, service, operation, input))
    }

    /// Releases version 2 through the stepper's deployment group; answers the deployment's id.
    pub(super) fn deploy(&self) -> String {
        self.deploy_to(STEPPER_GROUP, json!({}))
    }

    /// The same through any group, with more in the request.
    pub(super) fn deploy_to(&self, group: &str, more: Value) -> String {
        self.world(|world| deploy(world, group, &appspec("1", "2"), more))
    }

    /// Waits until there is something to see, and answers it.
    pub(super) async fn when<T>(
        &self,
        what: &str,
        mut look: impl FnMut(&mut World) -> Option<T>,
    ) -> T {
        let mut step = |world: &mut World| {
            if let Some(found) = look(world) {
                return (Some(found), false);
            }
            let idle = world.open_invocations() == 0;
            if idle {
                world.advance_while_idle(world.now() + SignedDuration::from_secs(1));
            }
            (None, idle)
        };
        let waiting = async {
            loop {
                match self.world(&mut step) {
                    (Some(found), _) => return found,
                    (None, true) => tokio::task::yield_now().await,
                    // A process works, in real time.
                    (None, false) => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("{what} did not come about\n{}", self.told()),
        }
    }

    /// Waits until version 2 has a tenth of the traffic.
    pub(super) async fn shifted(&self) {
        self.when("a weight", |world| has_weight(world).then_some(()))
            .await;
    }

    /// Waits until nothing has been going on for a while: no deployment, no execution, no
    /// invocation.
    pub(super) async fn rest(&self) {
        let quiet = SignedDuration::from_secs(20);
        let mut since = None;
        self.when("rest", |world| {
            let busy = is_busy(world);
            let since = since.get_or_insert(world.now());
            if busy {
                *since = world.now();
            }
            (world.now().duration_since(*since) > quiet).then_some(())
        })
        .await;
    }

    /// The alias of the sample.
    pub(super) fn alias(&self) -> Stands {
        self.world(|world| stands(world, "hello"))
    }

    /// Nothing of the rollout is left at the alias.
    pub(super) fn assert_put_back(&self) {
        assert_eq!(self.alias(), at("1"), "{}", self.told());
    }

    /// All traffic is at version 2, and nothing of the rollout is left.
    pub(super) fn assert_released(&self) {
        assert_eq!(self.alias(), at("2"), "{}", self.told());
    }

    pub(super) fn status(&self, deployment: &str) -> &'static str {
        self.world(|world| status(world, deployment))
    }

    /// The status of the deployment that rolled this one back.
    pub(super) fn rollback_status(&self, deployment: &str) -> Option<&'static str> {
        self.world(|world| {
            let all = world.deployments_overview();
            let rollback = all
                .iter()
                .find(|one| one.id == deployment)?
                .rollback
                .clone()?;
            Some(status(world, &rollback))
        })
    }

    /// How often a hook was answered to an effect.
    pub(super) fn answers(&self) -> usize {
        self.world(|world| {
            let answers = world
                .trace()
                .filter(|call| call.operation == "PutLifecycleEventHookExecutionStatus");
            let lost = |fault: Option<(FaultKind, Effect)>| {
                fault.is_some_and(|(_, effect)| effect == Effect::BeforeEffect)
            };
            answers
                .filter(|call| call.error.is_none() && !lost(call.fault))
                .count()
        })
    }

    /// How often an operation was called, in vain or not.
    pub(super) fn calls(&self, operation: &str) -> usize {
        self.world(|world| calls(world, operation))
    }

    /// An execution by its name.
    pub(super) fn execution(&self, name: &str) -> Value {
        self.world(|world| {
            let execution = execution_arn(world, name);
            call(
                world,
                Service::StepFunctions,
                "DescribeExecution",
                execution,
            )
        })
    }

    /// What the pre-traffic execution says about the end.
    pub(super) fn outcome(&self, deployment: &str) -> Value {
        let execution = self.execution(&format!("{deployment}-pre"));
        let output: Value = execution["output"]
            .as_str()
            .and_then(|output| serde_json::from_str(output).ok())
            .unwrap_or_default();
        output["carry"].clone()
    }

    /// Invokes a function and waits for its answer.
    pub(super) async fn invoke(
        &self,
        function: &str,
        payload: &str,
    ) -> Result<InvokeResponse, AwsError> {
        let request = InvokeRequest {
            function_name: function.to_owned(),
            payload: Some(payload.to_owned()),
            ..InvokeRequest::default()
        };
        match self.world(|world| world.begin_invoke(request))? {
            Begun::Done(response) => Ok(response),
            Begun::Pending(id) => {
                self.when("an answer", |world| world.take_response(id))
                    .await
            }
        }
    }

    /// The same where it is answered without a function error; the answer.
    pub(super) async fn answer(&self, function: &str, payload: &str) -> Value {
        let response = self.invoke(function, payload).await.expect("it is invoked");
        assert_eq!(response.function_error, None, "{response:?}");
        serde_json::from_str(&response.payload.expect("an answer")).expect("JSON")
    }

    /// Everything that the functions have logged.
    pub(super) fn told(&self) -> String {
        let functions = [PRE_TRAFFIC, STEPPER];
        let lines = functions.iter().flat_map(|name| self.aws.logs(name));
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(super) async fn strike(self) {
        let open = self.world(|world| world.open_hooks());
        assert!(open.is_empty(), "unanswered: {open:?}");
        self.world(|world| rights::settle(world));
        self.aws.shutdown().await;
    }
}
