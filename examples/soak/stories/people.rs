//! Releases that go well, and those that somebody takes a hand in.

use serde_json::json;

use super::{ALARM, HANDED_OVER, POST, PRE, Story, at, fails, passes, watched, with};
use crate::model::{AlarmKind, Scenario};
use crate::trouble::Act;

/// Releases that pass.
pub fn passing() -> Vec<Story> {
    vec![
        Story {
            scenario: Scenario {
                policy: json!({"plan": "10%:5m, 50%:5m", "alarms": [ALARM], "bake": "5m"})
                    .to_string(),
                alarm: AlarmKind::Live,
                traffic: 20.0,
                ..watched()
            },
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
            ..passes(
                "good-release",
                "Version 2 is as good as version 1. Both versions' requests are counted, and the alarm \
                    stays quiet; after the shift the release bakes for five minutes.",
            )
        },
        Story {
            scenario: with(
                watched(),
                vec![at(70, Act::HookAgain), at(400, Act::HookAgain)],
            ),
            ..passes(
                "hook-twice",
                "CodeDeploy's event of the pre-traffic hook comes a second time in the middle of the \
                    rollout, and a third time when everything is over. One execution goes on; nothing \
                    happens twice.",
            )
        },
    ]
}

/// Edits of the alias, and what is stopped by hand.
pub fn stopping() -> Vec<Story> {
    vec![
        Story {
            scenario: with(watched(), vec![at(95, Act::OtherVersion)]),
            alias: "all traffic to 3",
            marked: true,
            outcomes: &[(PRE, "failed", "Failed", "somebody else edited the alias")],
            says: &["points the alias to version 3"],
            ..fails(
                "foreign-edit",
                "Somebody points the alias to version 3 during the rollout. That is left alone.",
            )
        },
        Story {
            scenario: with(
                watched(),
                vec![at(95, Act::StopDeployment { rollback: true })],
            ),
            deployment: "Stopped",
            outcomes: &[(PRE, "aborted", "", "aborted by CodeDeploy")],
            says: &["rollback d-"],
            ..fails(
                "stopped-deployment",
                "Somebody stops the deployment in CodeDeploy's console, with rollback.",
            )
        },
        Story {
            scenario: with(watched(), vec![at(95, Act::StopExecution)]),
            outcomes: &[(PRE, "rolled_back", "Failed", "recovered: the execution")],
            says: &["ABORTED"],
            ..fails(
                "stopped-execution",
                "Somebody stops the rollout's execution in Step Functions' console. No state of it runs \
                    any more, so nobody of the rollout cleans up; an event rule starts the recovery.",
            )
        },
        Story {
            scenario: with(watched(), vec![at(95, Act::WeightsGone)]),
            outcomes: &[(PRE, "aborted", "Failed", "aborted by an edit of the alias")],
            says: &["takes the weights off the alias"],
            ..fails(
                "weights-taken-away",
                "Somebody who sees trouble takes the weights off the alias by hand, and tells nobody.",
            )
        },
    ]
}
