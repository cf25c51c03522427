//! What speaks against a version, or does not: alarms and counts.

use serde_json::json;

use super::{ALARM, HANDED_OVER, POST, PRE, Story, at, fails, passes, watched, with};
use crate::model::{AlarmKind, Scenario, Way};
use crate::trouble::{Act, Fate, Trouble, Word};

/// What only counts of both versions show.
pub fn evidence() -> Vec<Story> {
    vec![
        Story {
            scenario: Scenario {
                errors: 0.02,
                ..counted("10%:10m, 50%:10m", &[0.1, 0.5])
            },
            outcomes: &[(PRE, "rolled_back", "Failed", "the canary is worse by errors")],
            ..fails(
                "subtle-regression",
                "Version 2 fails two of a hundred requests, version 1 none. At 10 % that is two or three \
                    errors a minute; the alarm wants thirty. Only the counts of both versions show it.",
            )
        },
        Story {
            scenario: Scenario {
                traffic: 0.2,
                ..counted("10%:10m", &[0.1])
            },
            outcomes: &[(PRE, "rolled_back", "Failed", "too little evidence")],
            says: &["30 are needed"],
            ..fails(
                "inconclusive",
                "One request in five seconds: in ten minutes at 10 % that is about ten requests of version 2, \
                    and the policy asks for 30.",
            )
        },
        Story {
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
            outcomes: &[(PRE, "rolled_back", "Failed", "")],
            says: &["where its weight makes"],
            ..fails(
                "starved",
                "Nine of ten requests of version 2 are throttled before they reach it: no errors, and no \
                    requests either. The policy says to go on with too little evidence, and still it does not: perhaps version 2 hangs.",
            )
        },
    ]
}

/// What alarms show.
pub fn alarms() -> Vec<Story> {
    vec![
        Story {
            scenario: with(watched(), vec![at(90, Act::Flap)]),
            outcomes: &[(PRE, "rolled_back", "Failed", "between two looks")],
            ..fails(
                "alarm-between-polls",
                "The alarm is in ALARM for two seconds, between two looks. Its history tells it.",
            )
        },
        Story {
            scenario: Scenario {
                policy: json!({
                    "plan": "10%:2m, 50%:2m", "evidence": false,
                    "alarms": [{"name": ALARM, "ignore_if_already_in_alarm": true}],
                })
                .to_string(),
                ..with(watched(), vec![at(1, Act::Ring), at(200, Act::Calm)])
            },
            exempt: &[
                "no weight without a look at the alarms",
                "no success without a look at the alarms",
            ],
            says: &["is in ALARM"],
            ..passes(
                "fix-during-an-incident",
                "Version 1 is broken, and the alarm rings before the release. Version 2 is the fix; the \
                    policy excepts the alarm until it has recovered.",
            )
        },
        Story {
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
            exempt: &["no weight without a look at the alarms"],
            outcomes: &[(
                PRE,
                "rolled_back",
                "Failed",
                "is in ALARM since 2027-01-15T08:07:10Z",
            )],
            ..fails(
                "fix-that-fixes-nothing",
                "Version 1 is broken, and the alarm rings before the release; the policy excepts it until it \
                    has recovered, which is five minutes in OK. It recovers, and rings again: then it counts.",
            )
        },
        Story {
            scenario: with(watched(), vec![at(1, Act::Ring)]),
            outcomes: &[(PRE, "refused", "Failed", "not started, nothing was changed")],
            ..fails(
                "alarm-before-the-release",
                "The alarm rings before the release, and the policy does not except it.",
            )
        },
        Story {
            scenario: Scenario {
                policy:
                    json!({"plan": "10%:2m", "alarms": [ALARM], "evidence": false, "bake": "10m"})
                        .to_string(),
                weights: vec![0.1],
                ..with(watched(), vec![at(200, Act::Ring)])
            },
            outcomes: &[
                HANDED_OVER,
                (POST, "rolled_back", "Failed", "is in ALARM since"),
            ],
            says: &["this deployment is a rollback and goes on"],
            ..fails(
                "rollback-deployment",
                "The alarm rings after the shift, while the release bakes: the deployment fails, CodeDeploy \
                    rolls it back, and the hooks of that deployment hold nothing up.",
            )
        },
        Story {
            scenario: guarded(150),
            deployment: "Stopped",
            outcomes: &[(PRE, "rolled_back", "", "is in ALARM since")],
            says: &["rollback d-"],
            ..fails(
                "guard",
                "CodeDeploy shifts 10 % for five minutes, and the guard watches. The alarm rings in time.",
            )
        },
        Story {
            scenario: too_late(guarded(300)),
            outcomes: &[(
                PRE,
                "too_late",
                "",
                "too late, the deployment had succeeded",
            )],
            says: &["too late"],
            ..passes(
                "guard-too-late",
                "CodeDeploy shifts 10 % for five minutes, and the guard watches. The alarm rings just before \
                    the shift ends, and the guard's next look comes five seconds late. The AppSpec has no \
                    post-traffic hook, so nothing keeps the deployment open for the guard's verdict.",
            )
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
