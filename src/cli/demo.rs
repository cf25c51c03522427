//! `canary demo`: a good and a bad release, each on a simulated AWS of its own.
//!
//! The engine is the one of `canary run`, through the real SDK and HTTP; it knows nothing of the
//! scenario. Only this file knows what a scenario should come to, and compares.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::args::{Demo, Scenario};
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::outcome::{Outcome, Word};
use super::run::Release;
use super::signals::Aborts;
use crate::aws::session::timeouts;
use crate::aws::{AwsPorts, Session, alias, preflight::gather};
use crate::clock::Clock;
use crate::config::Policy;
use crate::driver::{Assignment, Snapshot};
use crate::local::{Config, LocalAws, sample_world};
use crate::rollout::preflight::{Preflight, Request, begin, preflight};
use crate::rollout::{AliasView, Version};
use crate::sim::Behaviour;

const FUNCTION: &str = "hello";
const ALIAS: &str = "live";
const ALARM: &str = "hello-live-errors";
const CANARY: Version = Version::new(2);

/// One release and what it should come to.
struct Story {
    name: &'static str,
    about: &'static str,
    /// Share of version 2's calls that fail.
    error_rate: f64,
    ends: Word,
    at: &'static str,
}

const GOOD: Story = Story {
    name: "good",
    about: "version 2 is healthy",
    error_rate: 0.0,
    ends: Word::Promoted,
    at: "2",
};

const BAD: Story = Story {
    name: "bad",
    about: "version 2 fails 10 % of its calls",
    error_rate: 0.1,
    ends: Word::RolledBack,
    at: "1",
};

/// Plays the scenarios; a success only if each ended as it should.
pub async fn demo(console: &Console, arguments: &Demo) -> Result<Exit, CliError> {
    let stories: &[Story] = match arguments.scenario {
        Scenario::Good => &[GOOD],
        Scenario::Bad => &[BAD],
        Scenario::All => &[GOOD, BAD],
    };
    let mut aborts = Aborts::listen(console, "ending")
        .map_err(|error| CliError::plain(format!("cannot listen to signals: {error}")))?;
    let mut exit = Exit::Success;
    for story in stories {
        console.say(&format!("\n== {}: {} ==", story.name, story.about));
        let outcome = play(console, arguments, story, &mut aborts).await?;
        console.result(&outcome.sentence(&format!("{FUNCTION}:{ALIAS}")));
        if outcome.outcome != story.ends || !outcome.stands_at(story.at) {
            console.say(&format!(
                "unexpected: it should have ended as {:?}",
                story.ends
            ));
            exit = Exit::Error;
        }
        if aborts.first().is_some() {
            return Ok(Exit::Aborted);
        }
    }
    Ok(exit)
}

async fn play(
    console: &Console,
    arguments: &Demo,
    story: &Story,
    aborts: &mut Aborts,
) -> Result<Outcome, CliError> {
    let mut world = sample_world(arguments.seed, Clock::real().now());
    let behaviour = Behaviour {
        error_rate: story.error_rate,
        ..Behaviour::default()
    };
    world
        .set_behaviour(FUNCTION, &CANARY.to_string(), behaviour)
        .map_err(|error| CliError::plain(error.to_string()))?;
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        speed: arguments.speed,
        seed: arguments.seed,
        allow_remote: false,
    };
    let served = LocalAws::start(config, world).await?;
    console.say(&format!(
        "a simulated AWS at {}, {} times as fast as real time",
        served.endpoint_url(),
        arguments.speed
    ));
    let session = session(&served.endpoint_url()).await?;
    let outcome = release(console, &session, served.clock(), aborts).await;
    served.shutdown().await;
    outcome
}

async fn release(
    console: &Console,
    session: &Session,
    clock: Clock,
    aborts: &mut Aborts,
) -> Result<Outcome, CliError> {
    let policy = Policy::default()
        .with_alarms([ALARM.to_owned()])
        .map_err(|errors| CliError::plain(errors.to_string()))?;
    let (contenders, alias) = ready(session, &policy).await?;
    console.say(&format!(
        "releasing version {} beside version {}: {}; watching {ALARM}",
        contenders.canary, contenders.stable, policy.rules.plan
    ));
    let state = begin(contenders, &alias, clock.now());
    let release = Release {
        ports: AwsPorts::new(session.clone(), FUNCTION, ALIAS),
        assignment: Assignment {
            rules: policy.rules,
            alarms: policy.alarms,
        },
        clock,
        console: console.clone(),
    };
    let ended = release
        .carry_through(Snapshot::new(state), aborts)
        .await?
        .state;
    let end = ended
        .end()
        .ok_or_else(|| CliError::plain("the release has no end"))?;
    let lasted = release.clock.now().duration_since(ended.started_at);
    let alias = alias::get(&session.lambda, FUNCTION, ALIAS).await.ok();
    Ok(Outcome::of(&ended, end, alias, lasted))
}

async fn ready(
    session: &Session,
    policy: &Policy,
) -> Result<(crate::rollout::Contenders, AliasView), CliError> {
    let function = FUNCTION
        .parse()
        .map_err(|error| CliError::plain(format!("{error}")))?;
    let facts = gather(session, &function, ALIAS, CANARY).await?.facts;
    let request = Request {
        rollout: "demo"
            .parse()
            .map_err(|error| CliError::plain(format!("{error}")))?,
        canary: CANARY,
        shifts: true,
        watches: policy.watches(),
        detach: false,
    };
    match preflight(&facts, &request) {
        Preflight::Ready(contenders) => Ok((contenders, facts.alias)),
        other => Err(CliError::plain(format!(
            "the sample is not ready: {other:?}"
        ))),
    }
}

async fn session(endpoint: &str) -> Result<Session, CliError> {
    let keys = Credentials::from_keys("demo", "demo", None);
    let config = aws_config::SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .timeout_config(timeouts())
        .build();
    Ok(Session::from_config(&config)?)
}
