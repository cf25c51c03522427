//! Profiles that are there and those that are not.

use std::fs;

use super::*;

/// Looks for a profile where the two files have these texts.
fn look(name: &str, config: &str, credentials: &str) -> Result<(), NoSuchProfile> {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join(".aws");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("config"), config).expect("written");
    fs::write(folder.join("credentials"), credentials).expect("written");
    let home = home.path().display().to_string();
    find(name, |variable| (variable == "HOME").then(|| home.clone()))
}

#[test]
fn a_profile_in_either_file_is_found_however_it_is_written() {
    for (config, credentials) in [
        ("[profile prod]\nregion = eu-west-1\n", ""),
        ("  [ profile   \"prod\" ]  # the shop\n", ""),
        ("[profile other]\n", "[prod]\naws_access_key_id = a\n"),
    ] {
        assert_eq!(look("prod", config, credentials), Ok(()), "{config}");
    }
}

#[test]
fn an_unknown_profile_is_named_with_the_places_and_what_is_there() {
    let text = "[default]\n[profile profiled]\nx = [profile prod\n# [profile prod]\n";
    let error = look("prod", text, "").expect_err("no section of that name");
    let said = error.to_string();
    for part in [
        "there is no profile \"prod\"",
        ".aws/config (which has default, profiled)",
        ".aws/credentials (which has none)",
    ] {
        assert!(said.contains(part), "no {part} in {said}");
    }
}

#[test]
fn variables_name_other_files_and_absent_ones_are_said_to_be() {
    let error = find("prod", |variable| match variable {
        "AWS_CONFIG_FILE" => Some("/nonexistent/config".to_owned()),
        "AWS_SHARED_CREDENTIALS_FILE" => Some("~/keys".to_owned()),
        "HOME" => Some("/nonexistent/home".to_owned()),
        _ => None,
    });
    let said = error.expect_err("no file is there").to_string();
    assert!(
        said.ends_with(
            "looked in /nonexistent/config (which is not there) \
             and /nonexistent/home/keys (which is not there)"
        ),
        "{said}"
    );
}
