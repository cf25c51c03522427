//! Releases whose calls, processes and services fail them.

use lambda_canary::sim::{Effect, FaultKind, Service};
use serde_json::json;

use super::{PRE, Story, at, fails, passes, watched, with};
use crate::model::{Scenario, Way};
use crate::trouble::{Act, Mishap, Trouble, Word};

/// Answers that are lost, and a process that is killed.
pub fn lost_replies() -> Vec<Story> {
    vec![
        Story {
            scenario: with(watched(), vec![lost(1)]),
            says: &["its answer is lost", "whether it was written is not known"],
            ..passes(
                "lost-reply-at-a-step",
                "The write that raises the weight to 50 % takes effect, and its answer is lost. Two seconds \
                    later the rollout looks again, finds its own mark beside the new weight, and goes on; \
                    nothing is written twice.",
            )
        },
        Story {
            scenario: with(watched(), vec![lost(2)]),
            says: &["its answer is lost"],
            ..passes(
                "lost-reply-at-the-hand-over",
                "The write that puts the alias back before CodeDeploy shifts takes effect, and its \
                    answer is lost.",
            )
        },
        Story {
            scenario: Scenario {
                way: Way::Alone,
                ..with(watched(), vec![lost(2)])
            },
            deployment: "",
            alias: "all traffic to 2",
            outcomes: &[],
            says: &["its answer is lost", "canary run   ended: "],
            ..fails(
                "lost-reply-at-the-promotion",
                "Somebody runs canary run, without CodeDeploy. The write that gives all traffic to \
                    version 2 takes effect, and its answer is lost.",
            )
        },
        Story {
            scenario: with(watched(), vec![at(150, Act::Ring), lost(2)]),
            outcomes: &[(PRE, "rolled_back", "Failed", "is in ALARM since")],
            says: &["its answer is lost"],
            ..fails(
                "lost-reply-at-the-rollback",
                "The alarm rings at 50 %. The write that puts the alias back takes effect, and its \
                    answer is lost.",
            )
        },
        Story {
            scenario: with(watched(), vec![write(1, Mishap::Dies(Effect::AfterEffect))]),
            says: &["the process that asked is killed"],
            ..passes(
                "killed-stepper",
                "The stepper's process is killed right after it has raised the weight to 50 %: nothing \
                    of that tick is written down. Step Functions tries the tick again, and it finds its \
                    own mark.",
            )
        },
    ]
}

/// Services that do not work for a while.
pub fn outages() -> Vec<Story> {
    vec![
        Story {
            scenario: with(
                watched(),
                vec![outage(
                    Service::CloudWatch,
                    FaultKind::InternalError,
                    90,
                    80,
                )],
            ),
            says: &[
                "of the bake left; the alarms could not be read",
                "CloudWatch works again",
            ],
            ..passes(
                "outage-of-cloudwatch",
                "CloudWatch does not answer for 80 seconds: shorter than limits.error_budget, 2 minutes. \
                    The weight does not rise meanwhile.",
            )
        },
        Story {
            scenario: with(
                watched(),
                vec![outage(
                    Service::CloudWatch,
                    FaultKind::InternalError,
                    90,
                    600,
                )],
            ),
            outcomes: &[(PRE, "rolled_back", "Failed", "calls to AWS have failed for")],
            ..fails(
                "long-outage-of-cloudwatch",
                "CloudWatch does not answer for ten minutes: longer than limits.error_budget, 2 minutes.",
            )
        },
        Story {
            scenario: with(
                watched(),
                [Service::Lambda, Service::CloudWatch, Service::CodeDeploy]
                    .map(|service| outage(service, FaultKind::Throttle, 120, 10))
                    .to_vec(),
            ),
            says: &["Lambda works again"],
            ..passes(
                "throttled-briefly",
                "The account's calls to Lambda, CloudWatch and CodeDeploy are throttled for ten seconds: a tick \
                    is tried again, and the rollout goes on.",
            )
        },
        Story {
            scenario: with(
                watched(),
                [Service::Lambda, Service::CloudWatch, Service::CodeDeploy]
                    .map(|service| outage(service, FaultKind::Throttle, 110, 300))
                    .to_vec(),
            ),
            outcomes: &[(PRE, "rolled_back", "Failed", "TooManyRequestsException")],
            says: &["Lambda works again"],
            ..fails(
                "throttled-account",
                "The account's calls to Lambda, CloudWatch and CodeDeploy are throttled for five minutes, the \
                    stepper's own invocations among them. Step Functions tries a tick again for about two; \
                    then nobody looks any more, and the alias is put back as soon as it can be.",
            )
        },
        Story {
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
            exempt: &[
                "no weight without a look at the alarms",
                "no success without a look at the alarms",
            ],
            says: &["version 1 fails 33.3 %", "version 2 fails 33.3 %"],
            ..passes(
                "both-versions-fail",
                "A database is down for three minutes, and a third of all requests fail, whichever version \
                    they reach. The policy names no alarm; counts of the same minutes blame nobody.",
            )
        },
    ]
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

/// Both versions fail so many of a thousand requests from then on.
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
