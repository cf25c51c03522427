//! Releases with a story each. How each goes is written down in `tests/it/transcripts`, and how it must end
//! stands here: a transcript that is rewritten cannot bless a wrong end.
//!
//! `TRANSCRIPTS=rewrite` writes them anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use lambda_canary::sim::{Effect, FaultKind, Service};
use serde_json::{Value, json};

use crate::model::{AlarmKind, Scenario, Way};
use crate::properties;
use crate::system::{self, Played};
use crate::transcript;
use crate::trouble::{Act, Fate, Mishap, Trouble, When, Word};

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

/// The same with both versions' requests counted.
fn counted(plan: &str, weights: &[f64]) -> Scenario {
    Scenario {
        policy: json!({"plan": plan, "alarms": [ALARM]}).to_string(),
        weights: weights.to_vec(),
        traffic: 20.0,
        alarm: AlarmKind::Lax,
        ..watched()
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

/// The alias' write with that number, from 0.
fn write(number: u32, mishap: Mishap) -> Trouble {
    Trouble::Call {
        operation: Word("UpdateAlias"),
        from: number,
        times: 1,
        mishap,
    }
}

fn lost(number: u32) -> Trouble {
    write(
        number,
        Mishap::Fails(FaultKind::ConnectionReset, Effect::AfterEffect),
    )
}

fn outage(service: Service, kind: FaultKind, from: u32, seconds: u32) -> Trouble {
    Trouble::Outage {
        service,
        kind,
        from,
        seconds: Some(seconds),
    }
}

const HANDED_OVER: (&str, &str, &str, &str) = (PRE, "passed", "Succeeded", "the canary passed");
const ALL_SHIFTED: (&str, &str, &str, &str) = (
    POST,
    "passed",
    "Succeeded",
    "all traffic is at the new version",
);

fn stories() -> Vec<Story> {
    let mut all = good_ones();
    all.extend(lost_replies());
    all.extend(edits_and_stops());
    all.extend(outages());
    all.extend(evidence());
    all.extend(alarms());
    all
}

fn good_ones() -> Vec<Story> {
    vec![
        Story {
            name: "good-release",
            about: "Version 2 is as good as version 1. Both versions' requests are counted, and the alarm \
                    stays quiet; after the shift the release bakes for five minutes.",
            scenario: Scenario {
                policy: json!({"plan": "10%:5m, 50%:5m", "alarms": [ALARM], "bake": "5m"})
                    .to_string(),
                alarm: AlarmKind::Live,
                traffic: 20.0,
                ..watched()
            },
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[
                HANDED_OVER,
                (
                    POST,
                    "passed",
                    "Succeeded",
                    "the alarms stayed quiet for 5m; version 2 failed 0 of",
                ),
            ],
            says: &["no whole minute of version 2 is old enough"],
        },
        Story {
            name: "hook-twice",
            about: "CodeDeploy's event of the pre-traffic hook comes a second time in the middle of the \
                    rollout, and a third time when everything is over. One execution goes on; nothing \
                    happens twice.",
            scenario: with(
                watched(),
                vec![at(70, Act::HookAgain), at(400, Act::HookAgain)],
            ),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &[],
        },
    ]
}

fn lost_replies() -> Vec<Story> {
    vec![
        Story {
            name: "lost-reply-at-a-step",
            about: "The write that raises the weight to 50 % takes effect, and its answer is lost. The \
                    second attempt is refused, since the alias has another revision by then; the \
                    rollout finds its own mark there, and goes on.",
            scenario: with(watched(), vec![lost(1)]),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["its answer is lost", "whether it was written is not known"],
        },
        Story {
            name: "lost-reply-at-the-hand-over",
            about: "The write that puts the alias back before CodeDeploy shifts takes effect, and its \
                    answer is lost.",
            scenario: with(watched(), vec![lost(2)]),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["its answer is lost"],
        },
        Story {
            name: "lost-reply-at-the-promotion",
            about: "Somebody runs canary run, without CodeDeploy. The write that gives all traffic to \
                    version 2 takes effect, and its answer is lost.",
            scenario: Scenario {
                way: Way::Alone,
                ..with(watched(), vec![lost(2)])
            },
            deployment: "",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[],
            says: &["its answer is lost", "canary run   ended: "],
        },
        Story {
            name: "lost-reply-at-the-rollback",
            about: "The alarm rings at 50 %. The write that puts the alias back takes effect, and its \
                    answer is lost.",
            scenario: with(watched(), vec![at(150, Act::Ring), lost(2)]),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "is in ALARM since")],
            says: &["its answer is lost"],
        },
        Story {
            name: "killed-stepper",
            about: "The stepper's process is killed right after it has raised the weight to 50 %: nothing \
                    of that tick is written down. Step Functions tries the tick again, and it finds its \
                    own mark.",
            scenario: with(watched(), vec![write(1, Mishap::Dies(Effect::AfterEffect))]),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["the process that asked is killed"],
        },
    ]
}

fn edits_and_stops() -> Vec<Story> {
    vec![
        Story {
            name: "foreign-edit",
            about: "Somebody points the alias to version 3 during the rollout. That is left alone.",
            scenario: with(watched(), vec![at(95, Act::OtherVersion)]),
            deployment: "Failed",
            alias: "all traffic to 3",
            marked: true,
            exempt: &[],
            outcomes: &[(PRE, "failed", "Failed", "somebody else edited the alias")],
            says: &["points the alias to version 3"],
        },
        Story {
            name: "stopped-deployment",
            about: "Somebody stops the deployment in CodeDeploy's console, with rollback.",
            scenario: with(
                watched(),
                vec![at(95, Act::StopDeployment { rollback: true })],
            ),
            deployment: "Stopped",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "aborted", "", "aborted by CodeDeploy")],
            says: &["rollback d-"],
        },
        Story {
            name: "stopped-execution",
            about: "Somebody stops the rollout's execution in Step Functions' console. No state of it runs \
                    any more, so nobody of the rollout cleans up; an event rule starts the recovery.",
            scenario: with(watched(), vec![at(95, Act::StopExecution)]),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "recovered: the execution")],
            says: &["ABORTED"],
        },
        Story {
            name: "weights-taken-away",
            about: "Somebody who sees trouble takes the weights off the alias by hand, and tells nobody.",
            scenario: with(watched(), vec![at(95, Act::WeightsGone)]),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "aborted", "Failed", "aborted by an edit of the alias")],
            says: &["takes the weights off the alias"],
        },
    ]
}

fn outages() -> Vec<Story> {
    vec![
        Story {
            name: "outage-of-cloudwatch",
            about: "CloudWatch does not answer for 80 seconds: shorter than limits.error_budget, 2 minutes. \
                    The weight does not rise meanwhile.",
            scenario: with(
                watched(),
                vec![outage(
                    Service::CloudWatch,
                    FaultKind::InternalError,
                    90,
                    80,
                )],
            ),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &[
                "of the bake left; the alarms could not be read",
                "CloudWatch works again",
            ],
        },
        Story {
            name: "long-outage-of-cloudwatch",
            about: "CloudWatch does not answer for ten minutes: longer than limits.error_budget, 2 minutes.",
            scenario: with(
                watched(),
                vec![outage(
                    Service::CloudWatch,
                    FaultKind::InternalError,
                    90,
                    600,
                )],
            ),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "calls to AWS have failed for")],
            says: &[],
        },
        Story {
            name: "throttled-briefly",
            about: "The account's calls to Lambda, CloudWatch and CodeDeploy are throttled for ten seconds: a tick \
                    is tried again, and the rollout goes on.",
            scenario: with(
                watched(),
                [Service::Lambda, Service::CloudWatch, Service::CodeDeploy]
                    .map(|service| outage(service, FaultKind::Throttle, 120, 10))
                    .to_vec(),
            ),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["Lambda works again"],
        },
        Story {
            name: "throttled-account",
            about: "The account's calls to Lambda, CloudWatch and CodeDeploy are throttled for a minute, the \
                    stepper's own invocations among them. Step Functions tries a tick again for less than \
                    that; then nobody looks any more, and the alias is put back as soon as it can be.",
            scenario: with(
                watched(),
                [Service::Lambda, Service::CloudWatch, Service::CodeDeploy]
                    .map(|service| outage(service, FaultKind::Throttle, 110, 60))
                    .to_vec(),
            ),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "TooManyRequestsException")],
            says: &["Lambda works again"],
        },
        Story {
            name: "both-versions-fail",
            about: "A database is down for three minutes, and a third of all requests fail, whichever version \
                    they reach. The policy names no alarm; counts of the same minutes blame nobody.",
            scenario: Scenario {
                policy: json!({"plan": "10%:10m"}).to_string(),
                weights: vec![0.1],
                traffic: 20.0,
                ..with(
                    watched(),
                    vec![both(200, 333), both(380, 0)]
                        .into_iter()
                        .flatten()
                        .collect(),
                )
            },
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[
                "no weight without a look at the alarms",
                "no success without a look at the alarms",
            ],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["version 1 fails 33.3 %", "version 2 fails 33.3 %"],
        },
    ]
}

fn both(seconds: u32, failed: u16) -> [Trouble; 2] {
    [1, 2].map(|version| {
        at(
            seconds,
            Act::Behaves {
                version,
                failed,
                throttled: 0,
            },
        )
    })
}

fn evidence() -> Vec<Story> {
    vec![
        Story {
            name: "subtle-regression",
            about: "Version 2 fails two of a hundred requests, version 1 none. At 10 % that is two or three \
                    errors a minute; the alarm wants thirty. Only the counts of both versions show it.",
            scenario: Scenario {
                errors: 0.02,
                ..counted("10%:10m, 50%:10m", &[0.1, 0.5])
            },
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "the canary is worse by errors")],
            says: &[],
        },
        Story {
            name: "inconclusive",
            about: "One request in five seconds: in ten minutes at 10 % that is about ten requests of version 2, \
                    and the policy asks for 30.",
            scenario: Scenario {
                traffic: 0.2,
                ..counted("10%:10m", &[0.1])
            },
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "too little evidence")],
            says: &["30 are needed"],
        },
        Story {
            name: "starved",
            about: "Nine of ten requests of version 2 are throttled before they reach it: no errors, and no \
                    requests either. The policy says to go on with too little evidence, and still it does not: perhaps version 2 hangs.",
            scenario: Scenario {
                policy: json!({"plan": "10%:8m", "alarms": [ALARM], "evidence": {"inconclusive": "complete"}})
                    .to_string(),
                weights: vec![0.1],
                traffic: 20.0,
                ..with(
                    watched(),
                    vec![at(
                        1,
                        Act::Behaves {
                            version: 2,
                            failed: 0,
                            throttled: 900,
                        },
                    )],
                )
            },
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "")],
            says: &["where its weight makes"],
        },
    ]
}

fn alarms() -> Vec<Story> {
    vec![
        Story {
            name: "alarm-between-polls",
            about: "The alarm is in ALARM for two seconds, between two looks. Its history tells it.",
            scenario: with(watched(), vec![at(90, Act::Flap)]),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "Failed", "between two looks")],
            says: &[],
        },
        Story {
            name: "fix-during-an-incident",
            about: "Version 1 is broken, and the alarm rings before the release. Version 2 is the fix; the \
                    policy excepts the alarm until it has recovered.",
            scenario: Scenario {
                policy: json!({
                    "plan": "10%:2m, 50%:2m", "evidence": false,
                    "alarms": [{"name": ALARM, "ignore_if_already_in_alarm": true}],
                })
                .to_string(),
                ..with(watched(), vec![at(1, Act::Ring), at(200, Act::Calm)])
            },
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[
                "no weight without a look at the alarms",
                "no success without a look at the alarms",
            ],
            outcomes: &[HANDED_OVER, ALL_SHIFTED],
            says: &["is in ALARM"],
        },
        Story {
            name: "fix-that-fixes-nothing",
            about: "Version 1 is broken, and the alarm rings before the release; the policy excepts it until it \
                    has recovered, which is five minutes in OK. It recovers, and rings again: then it counts.",
            scenario: Scenario {
                policy: json!({
                    "plan": "10%:10m", "evidence": false,
                    "alarms": [{"name": ALARM, "ignore_if_already_in_alarm": true}],
                })
                .to_string(),
                weights: vec![0.1],
                ..with(
                    watched(),
                    vec![at(1, Act::Ring), at(95, Act::Calm), at(430, Act::Ring)],
                )
            },
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &["no weight without a look at the alarms"],
            outcomes: &[(
                PRE,
                "rolled_back",
                "Failed",
                "is in ALARM since 2027-01-15T08:07:10Z",
            )],
            says: &[],
        },
        Story {
            name: "alarm-before-the-release",
            about: "The alarm rings before the release, and the policy does not except it.",
            scenario: with(watched(), vec![at(1, Act::Ring)]),
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "refused", "Failed", "not started, nothing was changed")],
            says: &[],
        },
        Story {
            name: "rollback-deployment",
            about: "The alarm rings after the shift, while the release bakes: the deployment fails, CodeDeploy \
                    rolls it back, and the hooks of that deployment hold nothing up.",
            scenario: Scenario {
                policy:
                    json!({"plan": "10%:2m", "alarms": [ALARM], "evidence": false, "bake": "10m"})
                        .to_string(),
                weights: vec![0.1],
                ..with(watched(), vec![at(200, Act::Ring)])
            },
            deployment: "Failed",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[
                HANDED_OVER,
                (POST, "rolled_back", "Failed", "is in ALARM since"),
            ],
            says: &["this deployment is a rollback and goes on"],
        },
        Story {
            name: "guard",
            about: "CodeDeploy shifts 10 % for five minutes, and the guard watches. The alarm rings in time.",
            scenario: guarded(150),
            deployment: "Stopped",
            alias: "all traffic to 1",
            marked: false,
            exempt: &[],
            outcomes: &[(PRE, "rolled_back", "", "is in ALARM since")],
            says: &["rollback d-"],
        },
        Story {
            name: "guard-too-late",
            about: "CodeDeploy shifts 10 % for five minutes, and the guard watches. The alarm rings just before \
                    the shift ends, and the guard's next look comes five seconds late. The AppSpec has no \
                    post-traffic hook, so nothing keeps the deployment open for the guard's verdict.",
            scenario: too_late(guarded(300)),
            deployment: "Succeeded",
            alias: "all traffic to 2",
            marked: false,
            exempt: &[],
            outcomes: &[(
                PRE,
                "too_late",
                "",
                "too late, the deployment had succeeded",
            )],
            says: &["too late"],
        },
    ]
}

/// CodeDeploy shifts, the guard watches, and the alarm rings after so many seconds.
fn guarded(seconds: u32) -> Scenario {
    Scenario {
        way: Way::Guard,
        weights: vec![0.1],
        ..with(watched(), vec![at(seconds, Act::Ring)])
    }
}

fn too_late(mut scenario: Scenario) -> Scenario {
    // Before the guard's twentieth look there are the preflight and the checks.
    let late = Trouble::Invocation {
        handler: Word("stepper"),
        number: 21,
        fate: Fate::Late(5),
    };
    scenario.troubles.extend([late, Trouble::NoPostHook]);
    scenario
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
