//! Releases with a story each. How each goes is written down in `tests/it/transcripts`, and how it must end
//! stands here: a transcript that is rewritten cannot bless a wrong end.
//!
//! `TRANSCRIPTS=rewrite` writes them anew.

mod calls;
mod people;
mod signals;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::model::{AlarmKind, Scenario, Way};
use crate::properties;
use crate::system::{self, Played};
use crate::transcript;
use crate::trouble::{Act, Trouble, When};

/// A release with what has to come of it.
struct Story {
    /// The file's name.
    name: &'static str,
    /// What it is about, in plain words.
    about: &'static str,
    /// What is set up, and what goes wrong.
    scenario: Scenario,
    /// How the deployment ends, in CodeDeploy's word; empty without one.
    deployment: &'static str,
    /// Where the alias' traffic goes at the end, in the transcript's words.
    alias: &'static str,
    /// Whether our mark is left there.
    marked: bool,
    /// Properties of all releases that this one is a stated exception of.
    exempt: &'static [&'static str],
    /// What the hooks' events say: the hook, the outcome's word, the answer, and a part of the reason.
    outcomes: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// What the transcript has to say besides.
    says: &'static [&'static str],
}

const ALARM: &str = "hello-live-errors";
const PRE: &str = "pre_traffic";
const POST: &str = "post_traffic";

/// The plan of most of them. Alarms alone watch it: what is counted has stories of its own.
fn watched() -> Scenario {
    Scenario {
        seed: 1,
        way: Way::Stepper,
        strict: false,
        policy: json!({"plan": "10%:2m, 50%:2m", "alarms": [ALARM], "evidence": false}).to_string(),
        weights: vec![0.1, 0.5],
        advise: false,
        traffic: 2.0,
        errors: 0.0,
        alarm: AlarmKind::Steady,
        skew: 0,
        continuing_after: 2_000,
        troubles: Vec::new(),
    }
}

fn with(scenario: Scenario, troubles: Vec<Trouble>) -> Scenario {
    Scenario {
        troubles,
        ..scenario
    }
}

fn at(seconds: u32, act: Act) -> Trouble {
    Trouble::Act(When::At(seconds), act)
}

const HANDED_OVER: (&str, &str, &str, &str) = (PRE, "passed", "Succeeded", "the canary passed");
const ALL_SHIFTED: (&str, &str, &str, &str) = (
    POST,
    "passed",
    "Succeeded",
    "all traffic is at the new version",
);

fn stories() -> Vec<Story> {
    let all = [
        people::passing(),
        people::stopping(),
        calls::lost_replies(),
        calls::outages(),
        signals::evidence(),
        signals::alarms(),
    ];
    all.into_iter().flatten().collect()
}

/// A release that must pass.
fn passes(name: &'static str, about: &'static str) -> Story {
    Story {
        name,
        about,
        scenario: watched(),
        deployment: "Succeeded",
        alias: "all traffic to 2",
        marked: false,
        exempt: &[],
        outcomes: &[HANDED_OVER, ALL_SHIFTED],
        says: &[],
    }
}

/// A release that must fail, and leave everything at version 1.
fn fails(name: &'static str, about: &'static str) -> Story {
    Story {
        deployment: "Failed",
        alias: "all traffic to 1",
        outcomes: &[],
        ..passes(name, about)
    }
}

/// What a transcript begins with.
fn set_up(story: &Story) -> String {
    let scenario = &story.scenario;
    let way = match scenario.way {
        Way::Stepper => {
            "through CodeDeploy, which shifts all at once; the stepper shifts before it"
        }
        Way::Guard => "through CodeDeploy, which shifts 10 % for five minutes; the guard watches",
        Way::Alone => "by canary run, without CodeDeploy",
    };
    let alarm = match scenario.alarm {
        AlarmKind::Steady => "stays as somebody sets it",
        AlarmKind::Live => "three errors in a minute",
        AlarmKind::Lax => "thirty errors in a minute",
    };
    format!(
        "{}\n\nreleased  hello:live from version 1 to 2, {way}\ntraffic   {} requests a second; version 2 \
         fails {} % of its own\nalarm     {ALARM}: {alarm}\npolicy    {}\nbegins    {}\n{}\n",
        wrapped(story.about),
        scenario.traffic,
        scenario.errors * 100.0,
        scenario.policy,
        system::START,
        "-".repeat(100),
    )
}

fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one");
        if last.len() + word.len() >= 100 {
            lines.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines.join("\n")
}

/// Plays a story: its transcript, and what of its end is wrong.
fn play(story: &Story) -> (String, Vec<String>) {
    let mut played = system::play(&story.scenario, true);
    let told = set_up(story) + &transcript::told(&mut played);
    let mut wrong: Vec<String> = Vec::new();
    for (property, holds) in properties::PROPERTIES {
        let exempt = story.exempt.contains(&property);
        if let (false, Err(how)) = (exempt, holds(&mut played)) {
            wrong.push(format!("{property}: {how}"));
        }
    }
    wrong.extend(wrong_end(story, &played));
    let missing = story.says.iter().filter(|part| !told.contains(**part));
    wrong.extend(missing.map(|part| format!("it does not say {part:?}")));
    (told, wrong)
}

fn wrong_end(story: &Story, played: &Played) -> Vec<String> {
    let mut wrong = Vec::new();
    let all = played.world.deployments_overview();
    let status = all
        .iter()
        .find(|one| one.id == played.deployment)
        .map_or("", |one| one.status);
    if status != story.deployment {
        wrong.push(format!(
            "the deployment is {status:?}, not {:?}",
            story.deployment
        ));
    }
    let alias = &played.alias;
    if transcript::standing(alias) != story.alias || alias.mark().is_some() != story.marked {
        wrong.push(format!("the alias is {alias}, not {:?}", story.alias));
    }
    let events = played.world.events();
    let own = events.filter(|event| event["source"] == "lambda-canary");
    let outcomes: Vec<Value> = own.map(|event| event["detail"].clone()).collect();
    let text = |outcome: &Value, name: &str| {
        outcome
            .pointer(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let fits = |outcome: &Value, (hook, word, answer, reason): &(&str, &str, &str, &str)| {
        text(outcome, "/hook") == *hook
            && text(outcome, "/outcome/word") == *word
            && (answer.is_empty() || text(outcome, "/answer") == *answer)
            && text(outcome, "/outcome/reason").contains(reason)
    };
    let as_meant = outcomes.len() == story.outcomes.len()
        && outcomes
            .iter()
            .zip(story.outcomes)
            .all(|(outcome, meant)| fits(outcome, meant));
    if !as_meant {
        wrong.push(format!("the events are not as {:?}", story.outcomes));
    }
    wrong
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/transcripts")
}

/// The lines that differ, each with the one before it.
fn difference(kept: &str, told: &str) -> String {
    let (kept, told): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), told.lines().collect());
    let same = kept.iter().zip(&told).take_while(|(a, b)| a == b).count();
    let tail = |lines: &[&str]| {
        lines[same..]
            .iter()
            .rev()
            .copied()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (kept_tail, told_tail) = (tail(&kept), tail(&told));
    let end = kept_tail
        .iter()
        .zip(&told_tail)
        .take_while(|(a, b)| a == b)
        .count();
    let before = same.checked_sub(1).map_or("", |line| kept[line]);
    let mut text = format!("    line {}\n      {before}\n", same + 1);
    for line in &kept[same..kept.len() - end] {
        text += &format!("    - {line}\n");
    }
    for line in &told[same..told.len() - end] {
        text += &format!("    + {line}\n");
    }
    text
}

/// What is wrong with one story, if anything is.
fn checked(story: &Story, rewrite: bool) -> Option<String> {
    let (told, wrong) = play(story);
    let (file, name) = (folder().join(story.name).with_extension("txt"), story.name);
    if rewrite {
        if play(story).0 != told {
            return Some(format!("{name}: it goes otherwise each time"));
        }
        fs::write(&file, &told).expect("the folder can be written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let mut text = String::new();
    for wrong in wrong {
        text += &format!("    {wrong}\n");
    }
    if kept != told {
        text += &difference(&kept, &told);
    }
    (!text.is_empty()).then(|| format!("{name}:\n{text}"))
}

#[test]
fn every_story_goes_as_it_is_told_and_ends_as_it_must() {
    let rewrite = std::env::var("TRANSCRIPTS").is_ok_and(|wish| wish == "rewrite");
    let left = Mutex::new(stories());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("nobody panics with it").pop();
                    let Some(story) = next else { break };
                    let wrong = checked(&story, rewrite);
                    found.lock().expect("nobody panics with it").extend(wrong);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("nobody panics with it");
    found.extend(strays(rewrite));
    found.sort();
    assert!(
        found.is_empty(),
        "\n{}\n`make transcripts` writes them anew; what a rewrite changes is to be read",
        found.join("\n")
    );
}

/// Transcripts of which there is no story any more; a rewrite removes them.
fn strays(rewrite: bool) -> Vec<String> {
    let stories: BTreeSet<&str> = stories().iter().map(|story| story.name).collect();
    let files = fs::read_dir(folder()).expect("the transcripts are there");
    let paths = files.map(|file| file.expect("it can be read").path());
    let strays = paths.filter(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        !stories.contains(name.as_ref())
    });
    let mut left = Vec::new();
    for path in strays {
        match rewrite {
            true => fs::remove_file(&path).expect("the folder can be written"),
            false => left.push(format!("{}: there is no such story", path.display())),
        }
    }
    left
}
