//! `alarms`: which alarms are watched.

use super::document::Value;
use super::mistakes::{MistakeKind, Mistakes, PolicyError, cut};
use super::walk::Place;
use crate::judge::alarms::AlarmRule;

/// The most alarms: what one DescribeAlarms call returns by name.
pub(super) const ALARMS_MAX: usize = 100;

/// The longest name of an alarm that CloudWatch takes, in characters.
pub(super) const NAME_MAX: usize = 255;

/// Reads `alarms`.
pub(super) fn read(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Vec<AlarmRule>> {
    let Value::Array(items) = place.value() else {
        let error = place.wrong_type("an array of alarm names");
        let error = match place.value() {
            Value::Text(name) => error.hint(format!("write [{:?}]", cut(name))),
            _ => error,
        };
        place.add(error, mistakes);
        return None;
    };
    if items.len() > ALARMS_MAX {
        place.add(
            place.error(MistakeKind::TooMany, too_many(items.len())),
            mistakes,
        );
    }
    let mut rules: Vec<AlarmRule> = Vec::new();
    let mut sound = true;
    for item in place.items(items) {
        let Some((rule, at)) = rule(&item, mistakes) else {
            sound = false;
            continue;
        };
        let error = match fault(&rule.name) {
            Some(fault) => fault.at(&at),
            None if rules.iter().any(|other| other.name == rule.name) => {
                let message = format!("the alarm {:?} is there twice", cut(&rule.name));
                at.error(MistakeKind::Repeated, message)
            }
            None => {
                rules.push(rule);
                continue;
            }
        };
        at.add(error, mistakes);
        sound = false;
    }
    sound.then_some(rules)
}

/// Why a text is no name of an alarm.
pub(super) struct Fault {
    kind: MistakeKind,
    message: String,
    hint: Option<String>,
}

/// What is wrong with a name.
pub(super) fn fault(name: &str) -> Option<Fault> {
    let length = name.chars().count();
    let (kind, message) = if name.is_empty() {
        (MistakeKind::BadValue, "an alarm has a name".to_owned())
    } else if name.starts_with("arn:") {
        let message = format!("{:?} is an ARN: alarms are named by their names", cut(name));
        (MistakeKind::BadValue, message)
    } else if length > NAME_MAX {
        let message = format!("{length} characters are too long: at most {NAME_MAX}");
        (MistakeKind::OutOfRange, message)
    } else if name.chars().any(|c| c.is_ascii_control()) {
        let message = format!("{:?} has control characters", cut(name));
        (MistakeKind::BadValue, message)
    } else {
        return None;
    };
    Some(Fault {
        kind,
        message,
        hint: name_in_arn(name).map(|name| format!("write {:?}", cut(name))),
    })
}

impl Fault {
    fn at(self, place: &Place<'_>) -> PolicyError {
        self.hinted(place.error(self.kind, &self.message))
    }

    /// The same as a mistake at a path.
    pub(super) fn at_path(self, path: &str) -> PolicyError {
        self.hinted(PolicyError::new(path, self.kind, &self.message))
    }

    fn hinted(&self, error: PolicyError) -> PolicyError {
        match &self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What to say of too many alarms.
pub(super) fn too_many(count: usize) -> String {
    format!("{count} alarms are too many: at most {ALARMS_MAX}, as one call can read")
}

fn rule<'a>(item: &Place<'a>, mistakes: &mut Mistakes) -> Option<(AlarmRule, Place<'a>)> {
    let rule = |name: &str, ignore_if_already_in_alarm| AlarmRule {
        name: name.to_owned(),
        ignore_if_already_in_alarm,
    };
    if let Value::Text(name) = item.value() {
        return Some((rule(name, false), item.clone()));
    }
    let fields = item.fields("an alarm's name or an object with name", mistakes)?;
    let at = fields.needed("name", r#""my-function-errors""#, mistakes);
    let name = at.and_then(|at| at.text("a string with an alarm's name", mistakes));
    let ignore = fields.read(
        "ignore_if_already_in_alarm",
        false,
        mistakes,
        Place::boolean,
    );
    Some((rule(name?, ignore?), at?.clone()))
}

/// `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:NAME`, where the name may have colons.
fn name_in_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(7, ':');
    let mut part = || parts.next();
    let alarm = (part()? == "arn")
        & part()?.starts_with("aws")
        & (part()? == "cloudwatch")
        & part().zip(part()).is_some()
        & (part()? == "alarm");
    part().filter(|name| alarm && !name.is_empty())
}
