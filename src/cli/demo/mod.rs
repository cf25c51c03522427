//! `canary demo`: releases through CodeDeploy, each on a simulated AWS of its own.
//!
//! Hooks and stepper are real processes, and the release is started and watched through the real
//! SDK. What runs knows nothing of the scenario; only this folder knows what one should come to.

mod account;
mod drill;
mod reading;
mod stage;
mod watch;

use super::args::{CodeDeploy, Demo, DemoMode, Scenario};
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::signals::Aborts;
use account::{Account, Outcome};
use stage::Stage;

/// One release and what it should come to.
struct Story {
    name: &'static str,
    about: String,
    /// Share of version 2's calls that fail.
    error_rate: f64,
    /// Somebody raises the alarm.
    raises_alarm: bool,
    ends: Outcome,
}

impl Story {
    fn new(scenario: Scenario, arguments: &Demo) -> Self {
        let healthy = "version 2 is healthy";
        // Under the strict reading CodeDeploy refuses whatever the stepper has shifted.
        let refused =
            arguments.mode == DemoMode::Stepper && arguments.codedeploy == CodeDeploy::Strict;
        match scenario {
            Scenario::Good | Scenario::All => Self {
                name: "good",
                about: healthy.to_owned(),
                error_rate: 0.0,
                raises_alarm: false,
                ends: if refused {
                    Outcome::RolledBack
                } else {
                    Outcome::Promoted
                },
            },
            Scenario::Bad => Self {
                name: "bad",
                about: format!(
                    "version 2 fails {} % of its calls",
                    arguments.fault_rate * 100.0
                ),
                error_rate: arguments.fault_rate,
                raises_alarm: false,
                ends: Outcome::RolledBack,
            },
            Scenario::Alarm => Self {
                name: "alarm",
                about: format!("{healthy}, and somebody raises the alarm"),
                error_rate: 0.0,
                raises_alarm: true,
                ends: Outcome::RolledBack,
            },
        }
    }

    /// Where the alias stands in the end.
    fn at(&self) -> &'static str {
        match self.ends {
            Outcome::Promoted => "2",
            _ => "1",
        }
    }
}

/// Plays the scenarios; a success only if each ended as it should.
pub async fn demo(console: &Console, arguments: &Demo) -> Result<Exit, CliError> {
    let scenarios: &[Scenario] = match arguments.scenario {
        Scenario::All => &[Scenario::Good, Scenario::Bad, Scenario::Alarm],
        Scenario::Good => &[Scenario::Good],
        Scenario::Bad => &[Scenario::Bad],
        Scenario::Alarm => &[Scenario::Alarm],
    };
    let mut aborts = Aborts::listen(console, "ending")
        .map_err(|error| CliError::plain(format!("cannot listen to signals: {error}")))?;
    let mut exit = Exit::Success;
    for (number, scenario) in scenarios.iter().enumerate() {
        let last = number + 1 == scenarios.len();
        let story = Story::new(*scenario, arguments);
        console.say(&format!("\n== {}: {} ==", story.name, story.about));
        let Some(account) = play(console, arguments, &story, last, &mut aborts).await? else {
            return Ok(Exit::Aborted);
        };
        tell(console, arguments, &account)?;
        if !account.is(story.ends, story.at()) {
            console.say(&format!(
                "unexpected: it should have ended {} with the alias at version {}",
                story.ends,
                story.at()
            ));
            exit = Exit::Error;
        }
    }
    Ok(exit)
}

fn tell(console: &Console, arguments: &Demo, account: &Account) -> Result<(), CliError> {
    let json = arguments.json.then(|| serde_json::to_string(account).ok());
    console.result(&json.flatten().unwrap_or_else(|| account.sentence()))
}

/// One scenario from its first line to its end; `None` if it was interrupted.
async fn play(
    console: &Console,
    arguments: &Demo,
    story: &Story,
    last: bool,
    aborts: &mut Aborts,
) -> Result<Option<Account>, CliError> {
    let stage = Stage::set(console, arguments, story).await?;
    let played = tokio::select! {
        account = stage.release(console, arguments, story) => account.map(Some),
        () = aborts.wait() => Ok(None),
    };
    if arguments.hold && last && matches!(played, Ok(Some(_))) {
        console.say(&format!(
            "the simulated AWS stays at {} until it is interrupted",
            stage.endpoint_url()
        ));
        aborts.wait().await;
    }
    stage.strike().await;
    played
}
