//! `canary demo`: releases through CodeDeploy, each on a simulated AWS of its own.
//!
//! Hooks and stepper are real processes, and the release is started and watched through the real
//! SDK. What runs knows nothing of the scenario; only this folder knows what one should come to.

mod account;
mod drill;
mod outage;
mod reading;
mod stage;
mod story;
mod watch;

use super::args::Demo;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::signals::Aborts;
use account::Account;
use stage::Stage;
use story::Story;

/// Plays the scenarios; a success only if each ended as it should.
pub async fn demo(console: &Console, arguments: &Demo) -> Result<Exit, CliError> {
    let scenarios = Story::all(arguments.scenario);
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
        if let Some(missed) = story.misses(&account) {
            console.say(&format!("unexpected: {missed}"));
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
