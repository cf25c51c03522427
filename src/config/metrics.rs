//! `errors`, `latency` and `metrics`: what is counted of each version.

use jiff::SignedDuration;

use super::document::Value;
use super::limits::Range;
use super::mistakes::{MistakeKind, Mistakes, PolicyError, cut};
use super::name;
use super::numbers::Numbers;
use super::own_metric;
use super::share::{BELOW_ALL, Share};
use super::walk::{Fields, Place};
use crate::judge::measure::{MetricRule, OwnMetric, Source};

/// The most metrics besides errors and latency.
pub(super) const METRICS_MAX: usize = 5;

/// The names in reports of what `errors` and `latency` count.
pub(super) const ERRORS: &str = "errors";
pub(super) const LATENCY: &str = "latency";

/// Below 1 the canary would be asked to be better than the stable version. At 100 and more only an
/// outage is seen.
pub(super) const RATIO: Numbers = Numbers {
    least: 1.0,
    most: 100.0,
};

/// A canary has proportionally more first invocations, and these are slow.
pub(super) const LATENCY_RATIO: f64 = 1.2;

/// Lambda ends an invocation after 15 minutes.
const SLOWER_THAN: Range = Range {
    least: SignedDuration::from_millis(1),
    most: SignedDuration::from_mins(15),
};

/// What is tolerated of a metric that does not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    pub(super) ratio: f64,
    /// As a fraction.
    pub(super) increase: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        let MetricRule {
            ratio, increase, ..
        } = MetricRule::errors();
        Self { ratio, increase }
    }
}

impl Tolerance {
    /// What the fields say, and else this.
    pub(super) fn unless_said(self, fields: &Fields<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let ratio = fields.read("ratio", self.ratio, mistakes, |at, mistakes| {
            RATIO.read(at, mistakes)
        });
        let increase = fields.read("increase", self.increase, mistakes, |at, mistakes| {
            Share::read(at, &BELOW_ALL, mistakes)
        });
        Some(Self {
            ratio: ratio?,
            increase: increase?,
        })
    }
}

/// Reads the three keys: errors first, then latency, then the others.
pub(super) fn read(
    fields: &Fields<'_>,
    tolerance: Tolerance,
    mistakes: &mut Mistakes,
) -> Option<Vec<MetricRule>> {
    let errors = fields.read(ERRORS, Source::Errors, mistakes, errors);
    let errors = errors.map(|source| MetricRule {
        source,
        ratio: tolerance.ratio,
        increase: tolerance.increase,
        ..MetricRule::errors()
    });
    let latency = fields.read(LATENCY, None, mistakes, |at, mistakes| {
        slower_than(at, mistakes).map(Some)
    });
    let mut names = vec![ERRORS.to_owned()];
    names.extend(fields.get(LATENCY).map(|_| LATENCY.to_owned()));
    let others = fields.read("metrics", Vec::new(), mistakes, |at, mistakes| {
        others(at, tolerance, names, mistakes)
    });
    let mut metrics = vec![errors?];
    metrics.extend(latency?);
    metrics.extend(others?);
    Some(metrics)
}

/// The words of `errors`.
const LAMBDA: &[(&str, ())] = &[("lambda", ())];

fn errors(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Source> {
    if let Value::Text(_) = place.value() {
        return place.choice(LAMBDA, mistakes).map(|()| Source::Errors);
    }
    let expected = "\"lambda\" or an object with namespace, metric and dimensions";
    let fields = place.fields(expected, mistakes)?;
    let bad = own_metric::in_fields(&fields, mistakes);
    let total = total(&fields, bad.as_ref(), mistakes);
    Some(Source::Own {
        bad: bad?,
        total: total?,
    })
}

/// `total`, if it is there; it cannot be what is bad of it.
fn total(
    fields: &Fields<'_>,
    bad: Option<&OwnMetric>,
    mistakes: &mut Mistakes,
) -> Option<Option<OwnMetric>> {
    let Some(at) = fields.get("total") else {
        return Some(None);
    };
    let total = own_metric::read(at, mistakes)?;
    if bad == Some(&total) {
        let message = "this is the metric of what is bad: all would be bad, always";
        let error = at.error(MistakeKind::Contradiction, message);
        let hint = "count all of them here, or leave the key out for Lambda's Invocations";
        at.add(error.hint(hint), mistakes);
        return None;
    }
    Some(Some(total))
}

fn slower_than(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<MetricRule> {
    let fields = place.fields("an object with slower_than and share", mistakes)?;
    let bound = fields.needed("slower_than", r#""300ms""#, mistakes);
    let bound = bound.and_then(|at| bound_at(at, mistakes));
    let share = fields.needed("share", r#""1%""#, mistakes);
    let share = share.and_then(|at| Share::read(at, &BELOW_ALL, mistakes));
    let ratio = fields.read("ratio", LATENCY_RATIO, mistakes, |at, mistakes| {
        RATIO.read(at, mistakes)
    });
    let milliseconds = u32::try_from(bound?.as_millis()).ok()?;
    Some(MetricRule {
        name: LATENCY.to_owned(),
        source: Source::SlowerThan { milliseconds },
        ratio: ratio?,
        increase: share?,
    })
}

/// A number here most likely lacks its milliseconds, not seconds or minutes.
fn bound_at(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<SignedDuration> {
    let Value::Number(number) = at.value() else {
        return SLOWER_THAN.read(at, mistakes);
    };
    let error = at.wrong_type("a string with a duration such as \"300ms\"");
    let hint = format!("write the unit: \"{}ms\"", cut(number));
    let whole = number.bytes().all(|b| b.is_ascii_digit());
    at.add(if whole { error.hint(hint) } else { error }, mistakes);
    None
}

fn others(
    place: &Place<'_>,
    tolerance: Tolerance,
    mut names: Vec<String>,
    mistakes: &mut Mistakes,
) -> Option<Vec<MetricRule>> {
    let Value::Array(items) = place.value() else {
        let error = place.wrong_type("an array of metrics");
        let error = match place.value() {
            Value::Object(_) => error.hint("write it in brackets: [{…}]"),
            _ => error,
        };
        place.add(error, mistakes);
        return None;
    };
    if items.len() > METRICS_MAX {
        let count = items.len();
        let message = format!("{count} metrics are too many: at most {METRICS_MAX}");
        place.add(place.error(MistakeKind::TooMany, message), mistakes);
    }
    let mut rules = Some(Vec::new());
    for item in place.items(items) {
        let (name, rule) = other(&item, tolerance, mistakes);
        if let Some(name) = name {
            if names.contains(&name) {
                item.add(twice(&item, &name), mistakes);
            }
            names.push(name);
        }
        rules = rules.zip(rule).map(|(mut rules, rule)| {
            rules.push(rule);
            rules
        });
    }
    rules
}

fn twice(item: &Place<'_>, name: &str) -> PolicyError {
    match name {
        ERRORS | LATENCY => {
            let message = format!("the name {name:?} is taken by the built-in metric");
            let error = item.error(MistakeKind::Repeated, message);
            error.hint(format!(
                "choose another name; what the built-in one counts is said by the key {name:?}"
            ))
        }
        _ => {
            let message = format!("the metric {:?} is there twice", cut(name));
            item.error(MistakeKind::Repeated, message)
        }
    }
}

/// A metric, and its name also where the rest is wrong.
fn other(
    item: &Place<'_>,
    tolerance: Tolerance,
    mistakes: &mut Mistakes,
) -> (Option<String>, Option<MetricRule>) {
    let Some(fields) = item.fields("an object with name and bad", mistakes) else {
        return (None, None);
    };
    let name = fields.needed("name", r#""refused""#, mistakes);
    let name = name.and_then(|at| name::read(at, "metric", mistakes));
    let bad = fields.needed("bad", own_metric::EXAMPLE, mistakes);
    let bad = bad.and_then(|at| own_metric::read(at, mistakes));
    let total = total(&fields, bad.as_ref(), mistakes);
    let tolerance = tolerance.unless_said(&fields, mistakes);
    let whole = || {
        Some(MetricRule {
            name: name.clone()?,
            source: Source::Own {
                bad: bad?,
                total: total?,
            },
            ratio: tolerance?.ratio,
            increase: tolerance?.increase,
        })
    };
    let rule = whole();
    (name, rule)
}
