//! The preflight by example: facts, and the refusals that they give.

use std::collections::BTreeMap;

use super::*;

fn version() -> VersionFacts {
    VersionFacts {
        state: Some("Active".into()),
        state_reason: None,
        role: "arn:aws:iam::1:role/a".into(),
        dead_letter: None,
        timeout: 3,
    }
}

fn facts() -> Facts {
    Facts {
        alias: AliasView {
            version: "1".into(),
            weights: BTreeMap::new(),
            description: "prod".into(),
            revision: "rev-1".into(),
        },
        stable: Some(version()),
        canary: Some(version()),
        stack: None,
        deployment: None,
    }
}

fn request() -> Request {
    Request {
        rollout: "r2".parse().unwrap(),
        canary: Version::new(2),
        shifts: true,
        watches: true,
        reach: None,
        detach: false,
    }
}

/// The refusals' kinds, in order.
fn kinds(facts: &Facts, request: &Request) -> Vec<String> {
    let Preflight::Refused(refusals) = preflight(facts, request) else {
        return vec![];
    };
    assert!(!refusals.is_empty());
    for refusal in &refusals {
        assert!(!refusal.to_string().is_empty());
    }
    let kind = |refusal| serde_json::to_value(refusal).unwrap()["kind"].clone();
    let kinds = refusals.iter().map(kind);
    kinds
        .map(|kind| kind.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_invocation_may_take_as_long_as_the_slower_version_lets_it() {
    for (stable, canary) in [(3, 60), (60, 3)] {
        let version = |timeout| {
            Some(VersionFacts {
                timeout,
                ..version()
            })
        };
        let facts = Facts {
            stable: version(stable),
            canary: version(canary),
            ..facts()
        };
        assert_eq!(facts.timeout(), 60);
    }
}

type Change = fn(&mut Facts, &mut Request);

fn canary(facts: &mut Facts) -> &mut VersionFacts {
    facts.canary.as_mut().unwrap()
}

fn weigh(facts: &mut Facts, version: &str, share: f64) {
    facts.alias.weights.insert(version.into(), share);
}

#[test]
fn each_fact_and_its_refusals() {
    let table: [(&[&str], Change); 28] = [
        (&[], |_, _| {}),
        (&[], |f, _| canary(f).state = None),
        (&[], |f, r| {
            f.stack = Some("s".into());
            r.detach = true;
        }),
        (&["weighted"], |f, _| weigh(f, "2", 0.1)),
        (&["weighted"], |f, _| weigh(f, "2", 0.0)),
        (&["weighted"], |f, _| {
            f.alias.version = "2".into();
            weigh(f, "1", 0.5);
        }),
        (&["marked"], |f, _| {
            f.alias.description = "prod [lambda-canary:r1:1]".into()
        }),
        (&["marked"], |f, _| {
            f.alias.description = "prod [lambda-canary:r2:1]".into()
        }),
        (&["marked"], |f, _| {
            f.alias.description = "[lambda-canary:r1:1]".into();
            weigh(f, "2", 0.1);
        }),
        (&["marked"], |f, _| {
            f.alias.version = "2".into();
            f.alias.description = "[lambda-canary:r1:1]".into();
        }),
        (&["alias_at_latest"], |f, _| {
            f.alias.version = "$LATEST".into();
            f.stable = None;
        }),
        (&["no_such_version"], |f, _| f.canary = None),
        (&["not_active"], |f, _| {
            canary(f).state = Some("Pending".into())
        }),
        (&["not_active"], |f, _| {
            canary(f).state = Some("Failed".into())
        }),
        (&["roles"], |f, _| canary(f).role = "other".into()),
        (&[], |f, r| {
            canary(f).role = "other".into();
            r.shifts = false;
        }),
        (&["dead_letters"], |f, _| {
            canary(f).dead_letter = Some("queue".into())
        }),
        (&[], |f, r| {
            canary(f).dead_letter = Some("queue".into());
            r.shifts = false;
        }),
        // 256 - 1 - "[lambda-canary:r2:99]"
        (&[], |f, _| f.alias.description = "ü".repeat(234)),
        (&["description_too_long"], |f, _| {
            f.alias.description = "ü".repeat(235)
        }),
        (&[], |f, r| {
            f.alias.description = "x".repeat(256);
            r.shifts = false;
        }),
        (&["nothing_watched"], |_, r| r.watches = false),
        (&["nothing_watched"], |_, r| {
            (r.watches, r.shifts) = (false, false)
        }),
        (&["managed_by_stack"], |f, _| f.stack = Some("s".into())),
        (&["deployment_in_flight"], |f, _| {
            f.deployment = Some("d-1".into())
        }),
        // Leaving a stack behind does not stop its deployment.
        (&["deployment_in_flight"], |f, r| {
            f.deployment = Some("d-1".into());
            f.stack = Some("s".into());
            r.detach = true;
        }),
        // So a rollout under CodeDeploy is not put back by `--recover`, which wants this alone.
        (&["marked", "deployment_in_flight"], |f, _| {
            f.alias.description = "[lambda-canary:d-1:1]".into();
            f.deployment = Some("d-1".into());
        }),
        (
            &[
                "weighted",
                "not_active",
                "roles",
                "dead_letters",
                "nothing_watched",
                "managed_by_stack",
            ],
            |f, r| {
                weigh(f, "3", 0.5);
                *canary(f) = VersionFacts {
                    state: Some("Inactive".into()),
                    state_reason: Some("idle".into()),
                    role: "other".into(),
                    dead_letter: Some("queue".into()),
                    timeout: 3,
                };
                r.watches = false;
                f.stack = Some("s".into());
            },
        ),
    ];
    for (index, (expected, change)) in table.into_iter().enumerate() {
        let (mut facts, mut request) = (facts(), request());
        change(&mut facts, &mut request);
        assert_eq!(kinds(&facts, &request), expected, "row {index}");
        let ready = matches!(preflight(&facts, &request), Preflight::Ready(_));
        assert_eq!(ready, expected.is_empty(), "row {index}");
    }
}

#[test]
fn an_alias_already_there_is_nothing_to_do_whatever_else_is_wrong() {
    let mut there = facts();
    there.alias.version = "2".into();
    there.canary = None;
    there.stack = Some("s".into());
    assert_eq!(preflight(&there, &request()), Preflight::NothingToDo);
}

#[test]
fn what_is_ready_names_both_versions_and_begins_on_the_revision_that_was_seen() {
    let Preflight::Ready(contenders) = preflight(&facts(), &request()) else {
        panic!("refused");
    };
    assert_eq!(
        (contenders.stable, contenders.canary),
        (Version::new(1), Version::new(2))
    );
    let state = begin(contenders, &facts().alias, jiff::Timestamp::UNIX_EPOCH);
    let revision = "rev-1".into();
    let announced = false;
    assert_eq!(
        state.phase,
        crate::rollout::Phase::Starting {
            revision,
            announced,
            lost: false
        }
    );
    assert_eq!(state.started_at, jiff::Timestamp::UNIX_EPOCH);
}

#[test]
fn every_refusal_says_what_and_what_to_do() {
    let text = String::new;
    let rollout: RolloutId = "r1".parse().unwrap();
    let version = Version::new(2);
    let all = [
        Refusal::Marked {
            rollout,
            found: text(),
        },
        Refusal::Weighted { found: text() },
        Refusal::AliasAtLatest,
        Refusal::NoSuchVersion { version },
        Refusal::NotActive {
            version,
            state: text(),
        },
        Refusal::Roles {
            stable: text(),
            canary: text(),
        },
        Refusal::DeadLetters {
            stable: None,
            canary: Some(text()),
        },
        Refusal::DescriptionTooLong {
            length: 1,
            longest: 0,
        },
        Refusal::NothingWatched,
        Refusal::ManagedByStack { stack: text() },
        Refusal::DeploymentInFlight { deployment: text() },
    ];
    for refusal in &all {
        assert!(refusal.to_string().len() > 20, "{refusal}");
    }
    for audience in [Audience::CommandLine, Audience::Hook] {
        let hints = all.iter().map(|refusal| refusal.hint(audience));
        let hints: std::collections::BTreeSet<String> = hints.collect();
        assert_eq!(hints.len(), all.len());
        assert!(hints.iter().all(|hint| hint.len() > 20), "{hints:?}");
    }
    let no_command = |hint: &String| !hint.contains("aws ");
    for hint in all
        .iter()
        .map(|refusal| refusal.hint(Audience::Hook))
        .filter(no_command)
    {
        assert!(!hint.contains("--"), "a hook has no options: {hint}");
    }
    assert!(all[6].to_string().contains("none"));
}
