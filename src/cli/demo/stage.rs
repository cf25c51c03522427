//! The simulated AWS of one scenario: setting it up, releasing on it, taking it down.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_codedeploy::types::{AppSpecContent, RevisionLocation, RevisionLocationType};
use aws_sdk_lambda::types::Environment;

use super::account::Account;
use super::drill::drill;
use super::outage::outage;
use super::story::{Incident, Story};
use super::watch::Watch;
use crate::aws::session::{https, timeouts};
use crate::aws::{CallError, Session};
use crate::cli::args::{CodeDeploy, Demo, DemoMode, Traffic};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::cli::local::functions_program;
use crate::clock::Clock;
use crate::local::stack::{APPLICATION, GUARD_GROUP, STEPPER_GROUP, appspec, deploy_stack, policy};
use crate::local::{Config, LocalAws, unreleased_world};
use crate::sim::World;

/// The sample.
pub const FUNCTION: &str = "hello";
/// Its alias.
pub const ALIAS: &str = "live";
/// Its alarm.
pub const ALARM: &str = "hello-live-errors";

/// The simulated AWS of one scenario.
pub struct Stage {
    served: LocalAws,
    session: Session,
}

impl Stage {
    /// An account with version 1 of the sample under traffic, and the stack of the functions.
    pub async fn set(console: &Console, arguments: &Demo, story: &Story) -> Result<Self, CliError> {
        let world = world(arguments, story)?;
        let config = Config {
            address: ([127, 0, 0, 1], 0).into(),
            speed: arguments.speed,
            seed: arguments.seed,
            functions: Some(functions_program(arguments.functions.as_ref())?),
            ..Config::default()
        };
        let served = LocalAws::start(config, world).await?;
        let assumed = match arguments.codedeploy {
            CodeDeploy::Lenient => "lenient: it only looks at what is documented",
            CodeDeploy::Strict => "strict: it refuses an alias that anybody edited",
        };
        console.say(&format!(
            "a simulated AWS at {}, {} times as fast as real time; CodeDeploy is taken to be {assumed}",
            served.endpoint_url(),
            arguments.speed
        ));
        if traffic(arguments, story) != arguments.traffic {
            console.say("the traffic of this scenario is a model: processes cannot be made to fail on the way");
        }
        let session = session(&served.endpoint_url())?;
        Ok(Self { served, session })
    }

    /// Publishes version 2, deploys it, and watches until everything has come to rest.
    pub async fn release(
        &self,
        console: &Console,
        arguments: &Demo,
        story: &Story,
    ) -> Result<Account, CliError> {
        self.publish(story).await?;
        let mut watch = Watch::begin(console, &self.served);
        let group = match arguments.mode {
            DemoMode::Stepper => STEPPER_GROUP,
            DemoMode::Guard => GUARD_GROUP,
        };
        let deployment = self.deploy(group, story, arguments.mode).await?;
        console.say(&format!(
            "deployment {deployment}: hello:live from version 1 to version 2"
        ));
        if let Some(incident) = story.incident {
            watch.until_shifted(&deployment).await?;
            match incident {
                Incident::Alarm => drill(console, &self.served, &self.session).await?,
                Incident::Outage => {
                    outage(console, &self.served, story, &mut watch, &deployment).await?;
                }
            }
        }
        watch.until_rest(&deployment).await?;
        watch
            .account(&self.session, &deployment, arguments, story)
            .await
    }

    async fn publish(&self, story: &Story) -> Result<(), CliError> {
        let lambda = &self.session.lambda;
        let rate = Environment::builder()
            .variables("ERROR_RATE", story.error_rate.to_string())
            .build();
        lambda
            .update_function_configuration()
            .function_name(FUNCTION)
            .description("the second release")
            .environment(rate)
            .send()
            .await
            .map_err(|error| CallError::of("UpdateFunctionConfiguration", &error))?;
        lambda
            .publish_version()
            .function_name(FUNCTION)
            .send()
            .await
            .map_err(|error| CallError::of("PublishVersion", &error))?;
        Ok(())
    }

    async fn deploy(&self, group: &str, story: &Story, mode: DemoMode) -> Result<String, CliError> {
        let content = AppSpecContent::builder().content(appspec("1", "2")).build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(content)
            .build();
        let shift = story.shift.filter(|_| mode == DemoMode::Guard);
        let answer = self
            .session
            .codedeploy
            .create_deployment()
            .application_name(APPLICATION)
            .deployment_group_name(group)
            .set_deployment_config_name(shift.map(str::to_owned))
            .revision(revision)
            .send()
            .await
            .map_err(|error| CallError::of("CreateDeployment", &error))?;
        Ok(answer.deployment_id.unwrap_or_default())
    }

    /// Where it is.
    pub fn endpoint_url(&self) -> String {
        self.served.endpoint_url()
    }

    /// Takes it down.
    pub async fn strike(self) {
        self.served.shutdown().await;
    }
}

fn world(arguments: &Demo, story: &Story) -> Result<World, CliError> {
    let failed = |error: crate::sim::AwsError| CliError::plain(error.to_string());
    let mut world = unreleased_world(arguments.seed, Clock::real().now(), story.sample);
    deploy_stack(&mut world).map_err(failed)?;
    policy(&mut world, &story.policy).map_err(failed)?;
    world.set_codedeploy(arguments.codedeploy.into());
    world.set_traffic_limit(match traffic(arguments, story) {
        Traffic::Model => 0.0,
        Traffic::Processes => story.sample.requests_per_second,
    });
    world.clear_trace();
    Ok(world)
}

/// Who answers the traffic. A published version's environment is what it is, so processes know no
/// outage.
fn traffic(arguments: &Demo, story: &Story) -> Traffic {
    match story.incident {
        Some(Incident::Outage) => Traffic::Model,
        _ => arguments.traffic,
    }
}

fn session(endpoint: &str) -> Result<Session, CliError> {
    let keys = Credentials::from_keys("demo", "demo", None);
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .http_client(https())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .timeout_config(timeouts())
        .build();
    Ok(Session::from_config(&config)?)
}
