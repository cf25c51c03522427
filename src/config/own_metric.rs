//! A metric of the user's own in CloudWatch: namespace, name, and dimensions that tell the two
//! versions apart.

use super::mistakes::{MistakeKind, Mistakes, cut};
use super::walk::{Fields, Place};
use crate::judge::measure::OwnMetric;

/// What stands for the version's number in a dimension's value.
pub(super) const VERSION: &str = "{version}";

/// What CloudWatch takes, in characters.
pub(super) const NAME_MAX: usize = 255;
pub(super) const VALUE_MAX: usize = 1024;

/// The most dimensions of a metric in CloudWatch.
pub(super) const DIMENSIONS_MAX: usize = 30;

/// One, as it could be written.
pub(super) const EXAMPLE: &str =
    r#"{"namespace": "Shop", "metric": "Refused", "dimensions": {"Version": "{version}"}}"#;

/// Reads an object that is a metric and nothing else.
pub(super) fn read(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<OwnMetric> {
    let fields = place.fields("an object with namespace, metric and dimensions", mistakes)?;
    in_fields(&fields, mistakes)
}

/// Reads the fields of an object that is a metric, perhaps among others.
pub(super) fn in_fields(fields: &Fields<'_>, mistakes: &mut Mistakes) -> Option<OwnMetric> {
    let namespace = fields.needed("namespace", r#""Shop""#, mistakes);
    let namespace = namespace.and_then(|at| {
        let text = at.text("a string with the metric's namespace", mistakes)?;
        sound(at, text, NAMESPACE, mistakes)
    });
    let metric = fields.needed("metric", r#""Refused""#, mistakes);
    let metric = metric.and_then(|at| {
        let text = at.text("a string with the metric's name", mistakes)?;
        sound(at, text, METRIC, mistakes)
    });
    let example = r#"{"Version": "{version}"}"#;
    let dimensions = fields.needed("dimensions", example, mistakes);
    let dimensions = dimensions.and_then(|at| dimensions_at(at, mistakes));
    Some(OwnMetric {
        namespace: namespace?,
        metric: metric?,
        dimensions: dimensions?,
    })
}

/// What CloudWatch asks of a text.
#[derive(Debug, Clone, Copy)]
struct Form {
    what: &'static str,
    most: usize,
    ascii: bool,
    colon_first: bool,
}

const NAMESPACE: Form = Form {
    what: "a namespace",
    most: NAME_MAX,
    ascii: false,
    colon_first: false,
};
const METRIC: Form = Form {
    what: "a metric's name",
    colon_first: true,
    ..NAMESPACE
};
const DIMENSION: Form = Form {
    what: "a dimension's name",
    ascii: true,
    ..NAMESPACE
};
const VALUE: Form = Form {
    what: "a dimension's value",
    most: VALUE_MAX,
    ascii: true,
    colon_first: true,
};

/// The text, if it has the form.
fn sound(at: &Place<'_>, text: &str, form: Form, mistakes: &mut Mistakes) -> Option<String> {
    let Form { what, most, .. } = form;
    let length = text.chars().count();
    let bad = |fault: &str| (MistakeKind::BadValue, format!("{what} {fault}"));
    let (kind, message) = if text.trim().is_empty() {
        bad("cannot be empty")
    } else if length > most {
        let message = format!("{length} characters are too long for {what}: at most {most}");
        (MistakeKind::OutOfRange, message)
    } else if text.chars().any(char::is_control) {
        bad("cannot have control characters")
    } else if form.ascii && !text.is_ascii() {
        bad("can have ASCII characters only")
    } else if !form.colon_first && text.starts_with(':') {
        bad("cannot begin with a colon")
    } else {
        return Some(text.to_owned());
    };
    at.add(at.error(kind, message), mistakes);
    None
}

fn dimensions_at(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<(String, String)>> {
    let entries = at.entries("an object with dimensions and their values", mistakes)?;
    if entries.len() > DIMENSIONS_MAX {
        let count = entries.len();
        let message = format!("{count} dimensions are too many: at most {DIMENSIONS_MAX}");
        at.add(at.error(MistakeKind::TooMany, message), mistakes);
        return None;
    }
    let pairs = entries.iter().map(|(name, at)| {
        let name = sound(at, name, DIMENSION, mistakes);
        let value = at.text("a string with the dimension's value", mistakes);
        let value = value.and_then(|value| sound(at, value, VALUE, mistakes));
        name.zip(value)
    });
    // All of them, so that all mistakes are found.
    let pairs: Vec<Option<(String, String)>> = pairs.collect();
    let pairs: Vec<(String, String)> = pairs.into_iter().collect::<Option<_>>()?;
    if pairs.iter().any(|(_, value)| value.contains(VERSION)) {
        return Some(pairs);
    }
    let message = format!("no value has {VERSION} in it: both versions would be counted as one");
    let error = at.error(MistakeKind::BadValue, message);
    at.add(error.hint(hint(&pairs)), mistakes);
    None
}

/// What to write so that the versions are told apart.
fn hint(pairs: &[(String, String)]) -> String {
    let misspelt = |value: &str| {
        let value = value.to_lowercase();
        value.contains("version") && value.contains(['{', '$', '<', '%'])
    };
    match pairs.iter().find(|(_, value)| misspelt(value)) {
        Some((name, value)) => {
            format!("write {VERSION:?} in {:?}, not {:?}", cut(name), cut(value))
        }
        None => "add the dimension that has the version's number, such as \
                 \"Version\": \"{version}\""
            .to_owned(),
    }
}
