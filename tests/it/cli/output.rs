//! What is printed, and what becomes of a result that nobody can have.

use std::fs::File;

use super::*;

/// With an stdout that takes nothing, as a full disk.
fn onto_a_full_disk(mut command: Command) -> Command {
    let full = File::options().write(true).open("/dev/full");
    command.stdout(full.expect("Linux has it"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_is_an_error() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, b"{}").expect("it is written");
    let mut counts = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut counts, b"540,1,4860,3\n").expect("it is written");
    let counts = counts.path().display().to_string();
    for arguments in [
        "policy schema",
        &format!("policy check {}", file.path().display()),
        "plan --rps 5 --weight 10%",
        "plan --rps 5 --weight 10% --json",
        &format!("judge {counts}"),
        &format!("judge --json {counts}"),
        "demo --json --speed 120 --scenario good",
        "local --port 0",
        "--help",
        "run --help",
    ] {
        let ended = finish(onto_a_full_disk(canary(arguments))).await;
        ended
            .exits(1)
            .says("could not be written to stdout")
            .says("No space left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollouts_lost_result_stands_on_stderr_and_is_no_success() {
    let stage = Stage::new().await;
    let run = onto_a_full_disk(stage.run("--alarm hello-live-errors --plan 10%:1s"));
    let ended = finish(run).await;
    ended
        .exits(1)
        .says("could not be written to stdout")
        .says("promoted");
    stage.is_clean_at("2");

    // Any other code says more than this one.
    let stage = Stage::new().await;
    let run = start(onto_a_full_disk(
        stage.run("--alarm hello-live-errors --plan 10%:5m"),
    ));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    run.ended().await.exits(2).says("rolled back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_what_it_wanted_is_no_failure() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = canary("policy schema");
    command.stdout(writer);
    let ended = finish(command).await;
    assert_eq!(ended.exits(0).said(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_verbs_that_meet_aws_offer_its_options() {
    let options = ["--profile", "--region", "--endpoint-url"];
    for verb in ["", "demo", "local", "policy", "policy check"] {
        let help = finish(canary(&format!("{verb} --help"))).await.printed();
        for option in options {
            assert!(!help.contains(option), "{verb}: {help}");
        }
    }
    for verb in ["run", "rollback"] {
        let help = finish(canary(&format!("{verb} --help"))).await.printed();
        assert!(options.iter().all(|option| help.contains(option)), "{help}");
        assert!(!help.contains("Which AWS"), "the verb's own words: {help}");
    }
    finish(canary("demo --region eu-west-1"))
        .await
        .exits(64)
        .says("--region");
}
