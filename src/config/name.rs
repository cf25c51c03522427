//! Names that a policy gives to its own parts, for reports.

use super::mistakes::{MistakeKind, Mistakes, cut};
use super::walk::Place;

/// The longest name, in characters.
pub(super) const NAME_MAX: usize = 64;

/// The name of `whose`, such as "check".
pub(super) fn read(at: &Place<'_>, whose: &str, mistakes: &mut Mistakes) -> Option<String> {
    let name = at.text(&format!("a string with the {whose}'s name"), mistakes)?;
    let length = name.chars().count();
    let (kind, message) = if name.trim().is_empty() {
        (MistakeKind::BadValue, format!("a {whose} has a name"))
    } else if length > NAME_MAX {
        let message = format!("{length} characters are too long: at most {NAME_MAX}");
        (MistakeKind::OutOfRange, message)
    } else if name.chars().any(char::is_control) {
        let message = format!("{:?} has control characters", cut(name));
        (MistakeKind::BadValue, message)
    } else {
        return Some(name.to_owned());
    };
    at.add(at.error(kind, message), mistakes);
    None
}
