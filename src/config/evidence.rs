//! `evidence`: how much it takes to say something of the two versions.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use super::document::Value;
use super::limits::Range;
use super::metrics::{self, ERRORS, LATENCY, Tolerance};
use super::mistakes::{MistakeKind, Mistakes, PolicyError};
use super::numbers::{Numbers, whole};
use super::share::{SOME, Share};
use super::walk::{Fields, Place};
use crate::judge::measure::{Accept, EvidenceRules, Inconclusive};
use crate::rollout::hook;

/// The chance of a wrong answer. Above one half a coin would do as well.
pub(super) const ALPHA: Numbers = Numbers {
    least: 0.0,
    most: 0.5,
};

/// The chance of taking a canary that is worse, if `accept` does not say.
pub(super) const ACCEPT_ALPHA: f64 = 0.05;

/// How many failed requests are too many.
pub(super) const MAX_ERRORS: RangeInclusive<u64> = 0..=REQUESTS_MAX;

/// How many requests are enough.
pub(super) const MIN_REQUESTS: RangeInclusive<u64> = 1..=REQUESTS_MAX;

/// Ten thousand requests a second for a day.
const REQUESTS_MAX: u64 = 1_000_000_000;

/// CloudWatch publishes a minute within the next one or two. After a quarter of an hour Lambda has
/// ended every invocation.
const SETTLE: Range = Range {
    least: SignedDuration::from_mins(1),
    most: SignedDuration::from_mins(15),
};

/// Of a hook's time so much may be over when its bake begins.
const A_START: SignedDuration = SignedDuration::from_mins(1);

/// `evidence` as far as it is said. The metrics are keys of their own.
struct Said {
    tolerance: Tolerance,
    rules: EvidenceRules,
}

/// Whether no key says anything of evidence.
pub(super) fn is_unsaid(fields: &Fields<'_>) -> bool {
    let keys = ["evidence", ERRORS, LATENCY, "metrics"];
    keys.iter().all(|key| fields.get(key).is_none())
}

/// Reads `evidence` and the keys that say what is counted. `None`: nothing is to be counted,
/// nothing is said, or something is wrong.
pub(super) fn read(fields: &Fields<'_>, mistakes: &mut Mistakes) -> Option<EvidenceRules> {
    if is_unsaid(fields) {
        return None;
    }
    let silent = Some(Said::default());
    let said = match fields.get("evidence") {
        None => silent,
        Some(at) => match at.value() {
            Value::Boolean(false) => None,
            // What could not be read contradicts nothing.
            _ => read_object(at, mistakes).or(silent),
        },
    };
    let tolerance = said.as_ref().map(|said| said.tolerance);
    let metrics = metrics::read(fields, tolerance.unwrap_or_default(), mistakes);
    let Some(said) = said else {
        for key in [ERRORS, LATENCY, "metrics"] {
            if let Some(at) = fields.get(key) {
                let message = "nothing is counted, since \"evidence\" is false";
                let error = at.error(MistakeKind::Contradiction, message);
                at.add(error.hint("remove one of the two"), mistakes);
            }
        }
        return None;
    };
    Some(EvidenceRules {
        metrics: metrics?,
        ..said.rules
    })
}

fn read_object(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Said> {
    if !matches!(place.value(), Value::Object(_) | Value::Null) {
        let error = place.wrong_type("false or an object");
        let hint = "write {} to count with its defaults, false to count nothing";
        place.add(error.hint(hint), mistakes);
        return None;
    }
    let fields = place.fields("false or an object", mistakes)?;
    let Said { tolerance, rules } = Said::default();
    let alpha = fields.read("alpha", rules.alpha, mistakes, |at, mistakes| {
        ALPHA.read(at, mistakes)
    });
    let tolerance = tolerance.unless_said(&fields, mistakes);
    let accept = fields.read("accept", rules.accept, mistakes, |at, mistakes| {
        accept(at, mistakes).map(Some)
    });
    let max_errors = fields.read("max_errors", rules.max_errors, mistakes, |at, mistakes| {
        whole(at, &MAX_ERRORS, mistakes).map(Some)
    });
    let least = fields.read(
        "min_requests",
        rules.min_requests,
        mistakes,
        |at, mistakes| whole(at, &MIN_REQUESTS, mistakes),
    );
    let settle = fields.read("settle", rules.settle, mistakes, settle);
    let without = fields.read(
        "inconclusive",
        rules.inconclusive,
        mistakes,
        |at, mistakes| at.choice(INCONCLUSIVE, mistakes).map(Some),
    );
    Some(Said {
        tolerance: tolerance?,
        rules: EvidenceRules {
            metrics: Vec::new(),
            alpha: alpha?,
            accept: accept?,
            max_errors: max_errors?,
            min_requests: least?,
            settle: settle?,
            inconclusive: without?,
        },
    })
}

/// The words, as serde and the schema spell them.
const INCONCLUSIVE: &[(&str, Inconclusive)] = &[
    ("complete", Inconclusive::Complete),
    ("hold", Inconclusive::Hold),
    ("rollback", Inconclusive::Rollback),
];

fn accept(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Accept> {
    let fields = place.fields("an object with excess", mistakes)?;
    let excess = fields.needed("excess", r#""0.1%""#, mistakes);
    let excess = excess.and_then(|at| Share::read(at, &SOME, mistakes));
    let alpha = fields.read("alpha", ACCEPT_ALPHA, mistakes, |at, mistakes| {
        ALPHA.read(at, mistakes)
    });
    Some(Accept {
        excess: excess?,
        alpha: alpha?,
    })
}

fn settle(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<u32> {
    let duration = SETTLE.read(at, mistakes)?;
    if duration.subsec_nanos() != 0 {
        let message = format!("{duration:#} is finer than a second");
        at.add(at.error(MistakeKind::BadValue, message), mistakes);
        return None;
    }
    u32::try_from(duration.as_secs()).ok()
}

/// What cannot both be meant.
///
/// A canary is taken early once each metric is shown to exceed by at most `excess`, or by what it
/// may exceed anyway if that is more: an excess below all of these would never be asked for.
pub(super) fn contradiction(rules: &EvidenceRules) -> Option<PolicyError> {
    let excess = rules.accept?.excess;
    let mut metrics = rules.metrics.iter();
    let message = "every metric may increase by more than this, so it would never be asked for";
    let error = PolicyError::new(
        "evidence.accept.excess",
        MistakeKind::Contradiction,
        message,
    );
    let never = metrics.all(|metric| metric.increase > excess);
    never.then(|| error.hint("raise it, or lower \"increase\""))
}

/// A bake with a limit ends when its last minute has settled, and a hook has an hour.
pub(super) fn endless(rules: &EvidenceRules, bake: SignedDuration) -> Option<PolicyError> {
    rules.max_errors?;
    let (settling, most) = (rules.settling(), hook::GIVE_UP_AFTER - A_START);
    let never = !bake.is_zero() && bake.saturating_add(settling) > most;
    let message = format!(
        "{bake:#}, and {settling:#} for its last minute to settle, are longer than the {most:#} that a \
         hook has"
    );
    let error = PolicyError::new("bake", MistakeKind::Contradiction, message);
    never.then(|| error.hint("shorten it, or \"evidence.settle\""))
}

impl Default for Said {
    fn default() -> Self {
        Self {
            tolerance: Tolerance::default(),
            rules: EvidenceRules::standard(),
        }
    }
}
