//! The keys of a policy, and where each of them belongs.

/// The keys of each object of a policy: its path without indices, and what may stand in it.
///
/// One table, so that a key in the wrong place can be told where it belongs. The first object that
/// has a key is the one that is named.
pub(super) const KEYS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "plan",
            "bake",
            "checks",
            "alarms",
            "insufficient_data",
            "errors",
            "latency",
            "metrics",
            "evidence",
            "limits",
            "on_regression",
            "mode",
            "$schema",
        ],
    ),
    ("plan", &["weight", "bake"]),
    ("checks", &["name", "payload", "expect", "retries"]),
    ("checks.expect", &["status", "answer", "at_most"]),
    (
        "checks.expect.answer",
        &["at", "equals", "contains", "matches"],
    ),
    ("alarms", &["name", "ignore_if_already_in_alarm"]),
    ("limits", &["poll", "longest", "error_budget"]),
    (
        "evidence",
        &[
            "alpha",
            "ratio",
            "increase",
            "accept",
            "max_errors",
            "min_requests",
            "settle",
            "inconclusive",
        ],
    ),
    ("evidence.accept", &["excess", "alpha"]),
    ("latency", &["slower_than", "share", "ratio"]),
    ("metrics", &["name", "bad", "total", "ratio", "increase"]),
    ("metrics.bad", OWN_METRIC),
    ("metrics.total", OWN_METRIC),
    ("errors", &["namespace", "metric", "dimensions", "total"]),
    ("errors.total", OWN_METRIC),
];

const OWN_METRIC: &[&str] = &["namespace", "metric", "dimensions"];

/// What may stand in the object at a path.
pub(super) fn keys(path: &str) -> &'static [&'static str] {
    let object = without_indices(path);
    KEYS.iter()
        .find(|(known, _)| *known == object)
        .map_or(&[], |(_, keys)| keys)
}

/// The object that has a key which the object at a path has not.
pub(super) fn elsewhere(key: &str, path: &str) -> Option<&'static str> {
    let here = without_indices(path);
    KEYS.iter()
        .find(|(_, keys)| keys.contains(&key))
        .map(|(object, _)| *object)
        .filter(|object| *object != here)
}

/// What has to be there wherever its object is, although no array is on the way.
const NEEDED: &[&str] = &[
    "errors.namespace",
    "errors.metric",
    "errors.dimensions",
    "errors.total.",
    "latency.slower_than",
    "latency.share",
    "evidence.accept.excess",
];

/// Whether the value at a path may be left out for a default. An array's items may not, nor what
/// is inside of them: few of these keys have one.
pub(super) fn has_default(path: &str) -> bool {
    let needed = NEEDED.iter().any(|needed| path.starts_with(needed));
    !path.is_empty() && !path.contains('[') && !needed
}

/// `checks[0].expect` as `checks.expect`.
pub(super) fn without_indices(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| match part.split_once(']') {
        Some((_, rest)) => path + rest,
        None => path,
    })
}
