//! Which is which, and when that cannot be told.

use jiff::Timestamp;

use super::*;

/// A midnight.
const ZERO: i64 = 30_000_000 - 30_000_000 % 1_440;

fn series(stretches: Requests<'_>) -> Series {
    let minutes = stretches
        .iter()
        .flat_map(|&(from, each, lasts)| (from..from + lasts).map(move |minute| (minute, each)));
    minutes
        .map(|(minute, each)| {
            let second = (ZERO + minute) * 60;
            (Timestamp::from_second(second).unwrap(), each)
        })
        .collect()
}

/// From which minute on, how many requests in each, for how long.
type Requests<'a> = &'a [(i64, f64, i64)];

fn versions(of: &[(&str, Requests<'_>)]) -> BTreeMap<String, Series> {
    of.iter()
        .map(|(version, stretches)| ((*version).to_owned(), series(stretches)))
        .collect()
}

#[track_caller]
fn told(found: &BTreeMap<String, Series>, stable: &str, canary: &str) {
    let versions = contenders(found, None, None).expect("they can be told");
    assert_eq!((&*versions.stable, &*versions.canary), (stable, canary));
}

#[test]
fn the_canary_is_who_came_later_or_has_the_smaller_part_at_first() {
    // Alone for long, whatever comes after, and whatever the numbers are.
    told(
        &versions(&[("7", &[(0, 100.0, 30)]), ("8", &[(10, 300.0, 20)])]),
        "7",
        "8",
    );
    told(
        &versions(&[("7", &[(10, 300.0, 20)]), ("8", &[(0, 100.0, 30)])]),
        "8",
        "7",
    );
    // Both from the first minute: the smaller part then, not later.
    let steps: Requests<'_> = &[(0, 60.0, 5), (5, 540.0, 20)];
    let rest: Requests<'_> = &[(0, 540.0, 5), (5, 60.0, 20)];
    told(&versions(&[("7", rest), ("8", steps)]), "7", "8");
    // A quiet function: the first request need not be the stable version's.
    let quiet = versions(&[("7", &[(1, 2.0, 40)]), ("8", &[(0, 1.0, 1), (9, 1.0, 3)])]);
    told(&quiet, "7", "8");
}

#[test]
fn equal_parts_tell_nothing() {
    let both = versions(&[("1", &[(0, 51.0, 9)]), ("2", &[(0, 49.0, 9)])]);
    let error = contenders(&both, None, None).unwrap_err();
    assert!(matches!(error, NotTwo::Alike(_)), "{error:?}");
    let said = error.to_string();
    assert!(
        said.contains("1 (459 requests, 00:00Z to 00:08Z), 2 (441"),
        "{said}"
    );
}

#[test]
fn what_is_named_is_taken_as_named() {
    let three = versions(&[("1", &[(0, 9.0, 9)]), ("2", &[(3, 1.0, 1)]), ("3", &[])]);
    let named = |stable: Option<&str>, canary: Option<&str>| {
        contenders(&three, stable, canary).map(|versions| (versions.stable, versions.canary))
    };
    let (one, two) = ("1".to_owned(), "2".to_owned());
    assert_eq!(named(Some("2"), None), Ok((two.clone(), one.clone())));
    assert_eq!(named(None, Some("2")), Ok((one, two)));
    assert_eq!(
        named(Some("4"), Some("3")),
        Ok(("4".to_owned(), "3".to_owned()))
    );
    let error = named(Some("3"), None).unwrap_err().to_string();
    assert!(
        error.contains("more than one version had requests there beside 3: 1 (81"),
        "{error}"
    );
    assert!(error.contains("2 (1 request, in 00:03Z)"), "{error}");
}

#[test]
fn fewer_or_more_than_two_are_said() {
    let kinds = [
        (versions(&[("1", &[])]), "no version had requests"),
        (
            versions(&[("1", &[(0, 3.0, 1)])]),
            "only version 1 (3 requests",
        ),
        (
            versions(&[
                ("1", &[(0, 3.0, 1)]),
                ("2", &[(0, 3.0, 1)]),
                ("3", &[(0, 3.0, 1)]),
            ]),
            "more than two versions",
        ),
    ];
    for (found, said) in kinds {
        let error = contenders(&found, None, None).unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
    let alone = versions(&[("1", &[(0, 3.0, 1)])]);
    let error = contenders(&alone, Some("1"), None).unwrap_err().to_string();
    assert_eq!(error, "no version but 1 had requests there");
}
