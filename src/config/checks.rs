//! `checks`: calls of the new version, and what is expected of them, before it gets any traffic.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::document::Value;
use super::limits::Range;
use super::mistakes::{MistakeKind, Mistakes, cut};
use super::name;
use super::numbers::whole;
use super::walk::{Fields, Place};
use crate::judge::acceptance::{Check, Expectation, Expectations, Expected, Pattern};

/// The most checks: they run one after the other, in one call of the stepper.
pub(super) const CHECKS_MAX: usize = 10;

/// How often a check may be called again.
pub(super) const RETRIES: RangeInclusive<u16> = 0..=5;

/// The statuses of HTTP.
pub(super) const STATUS: RangeInclusive<u16> = 100..=599;

/// A check is no load test: all of them, with their retries, have to fit into one call.
const AT_MOST: Range = Range {
    least: SignedDuration::from_millis(1),
    most: SignedDuration::from_mins(1),
};

/// What a function gets if the check does not say.
pub(super) const PAYLOAD_DEFAULT: &str = "{}";

/// Reads `checks`.
///
/// A payload has no limit of its own: the policy's 4,096 bytes are limit enough.
pub(super) fn read(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<Check>> {
    let Value::Array(items) = place.value() else {
        place.add(place.wrong_type("an array of checks"), mistakes);
        return None;
    };
    if items.len() > CHECKS_MAX {
        let message = format!("{} checks are too many: at most {CHECKS_MAX}", items.len());
        place.add(place.error(MistakeKind::TooMany, message), mistakes);
    }
    let mut names: Vec<String> = Vec::new();
    let mut checks = Vec::new();
    for item in place.items(items) {
        let (name, check) = check(&item, mistakes);
        if let Some(name) = name {
            if names.contains(&name) {
                let message = format!("the check {:?} is there twice", cut(&name));
                item.add(item.error(MistakeKind::Repeated, message), mistakes);
            }
            names.push(name);
        }
        checks.extend(check);
    }
    Some(checks)
}

/// A check, and its name also where the rest is wrong.
fn check(item: &Place<'_>, mistakes: &mut Mistakes) -> (Option<String>, Option<Check>) {
    let Some(fields) = item.fields("an object with name, payload and expect", mistakes) else {
        return (None, None);
    };
    let name = fields.needed("name", r#""health""#, mistakes);
    let name = name.and_then(|at| name::read(at, "check", mistakes));
    let payload = fields.read("payload", None, mistakes, |at, mistakes| {
        at.json(mistakes).map(Some)
    });
    let expect = fields.read("expect", Expectations::default(), mistakes, expect);
    let retries = fields.read("retries", 0, mistakes, |at, mistakes| {
        whole(at, &RETRIES, mistakes)
    });
    let whole = || {
        let payload = payload?.map(|json| json.to_string());
        Some(Check {
            name: name.clone()?,
            payload: payload.unwrap_or_else(|| PAYLOAD_DEFAULT.to_owned()),
            expect: expect?,
            retries: u8::try_from(retries?).ok()?,
        })
    };
    let check = whole();
    (name, check)
}

fn expect(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Expectations> {
    let fields = place.fields("an object with status, answer or at_most", mistakes)?;
    let status = fields.read("status", None, mistakes, |at, mistakes| {
        whole(at, &STATUS, mistakes).map(Some)
    });
    let answer = fields.read("answer", Vec::new(), mistakes, answer);
    let at_most = fields.read("at_most", None, mistakes, |at, mistakes| {
        AT_MOST.read(at, mistakes).map(Some)
    });
    Some(Expectations {
        status: status?,
        answer: answer?,
        at_most: at_most?,
    })
}

fn answer(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<Expectation>> {
    let Value::Array(items) = place.value() else {
        let error = place.wrong_type("an array of expected values");
        place.add(error, mistakes);
        return None;
    };
    let items = place.items(items).map(|item| expectation(&item, mistakes));
    // All of them, so that all mistakes are found.
    let items: Vec<Option<Expectation>> = items.collect();
    items.into_iter().collect()
}

fn expectation(item: &Place<'_>, mistakes: &mut Mistakes) -> Option<Expectation> {
    let fields = item.fields("an object with at and equals", mistakes)?;
    let at = fields.needed("at", r#""/body/ok""#, mistakes);
    let at = at.and_then(|at| {
        let text = at.text("a string with a JSON Pointer", mistakes)?;
        let pointer = text.parse();
        if let Err(error) = &pointer {
            let message = format!("{:?} is not a place: {error}", cut(text));
            at.add(at.error(MistakeKind::BadValue, message), mistakes);
        }
        pointer.ok()
    });
    let what = expected(item, &fields, mistakes);
    Some(Expectation {
        at: at?,
        what: what?,
    })
}

/// Exactly one of the three.
fn expected(item: &Place<'_>, fields: &Fields<'_>, mistakes: &mut Mistakes) -> Option<Expected> {
    const ANY: [&str; 3] = ["equals", "contains", "matches"];
    let said: Vec<&str> = ANY
        .into_iter()
        .filter(|key| fields.get(key).is_some())
        .collect();
    match said.as_slice() {
        [] => {
            let message = "one of equals, contains and matches is missing";
            let error = item.error(MistakeKind::MissingKey, message);
            item.add(error.hint("add \"equals\": true"), mistakes);
        }
        [_] => {}
        many => {
            let message = format!(
                "{} cannot be asked of one place at once",
                many.join(" and ")
            );
            let error = item.error(MistakeKind::Contradiction, message);
            item.add(error.hint("write an entry for each"), mistakes);
        }
    }
    let equals = fields.read("equals", None, mistakes, |at, mistakes| {
        at.json(mistakes).map(Expected::Equals).map(Some)
    });
    let contains = fields.read("contains", None, mistakes, |at, mistakes| {
        contains(at, mistakes).map(Some)
    });
    let matches = fields.read("matches", None, mistakes, |at, mistakes| {
        matches(at, mistakes).map(Some)
    });
    equals?.or(contains?).or(matches?)
}

fn contains(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<Expected> {
    let text = at.text("a string to look for", mistakes)?;
    if text.is_empty() {
        let message = "every text has the empty text in it";
        let error = at.error(MistakeKind::BadValue, message);
        at.add(error, mistakes);
        return None;
    }
    Some(Expected::Contains(text.to_owned()))
}

fn matches(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<Expected> {
    let text = at.text("a string with a regular expression", mistakes)?;
    match Pattern::new(text) {
        Ok(pattern) => Some(Expected::Matches(pattern)),
        Err(error) => {
            let message = format!("{:?} is {error}", cut(text));
            at.add(at.error(MistakeKind::BadValue, message), mistakes);
            None
        }
    }
}
