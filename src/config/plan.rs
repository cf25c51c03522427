//! `plan`: a name, a list of steps as text, or an array of steps.
//!
//! The rules are [`Plan`]'s own. It stops at the first mistake; here each step is shown to it
//! alone and after the one before, so that all mistakes are found.

use jiff::SignedDuration;

use super::document::Value;
use super::mistakes::{MistakeKind, Mistakes, PolicyError, cut};
use super::walk::Place;
use crate::rollout::plan::{PlanError, STEPS_MAX, nearest, parse_duration};
use crate::rollout::weight::NotAWeight;
use crate::rollout::{Plan, Step, Weight};

/// A step as far as it could be read.
struct Row<'a> {
    weight: Option<Weight>,
    weight_at: Place<'a>,
    bake: Option<SignedDuration>,
    bake_at: Place<'a>,
}

/// Reads `plan`.
pub(super) fn read(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Plan> {
    let rows = match place.value() {
        Value::Text(text) if Plan::named(text.trim()).is_some() => return Plan::named(text.trim()),
        Value::Text(text) => from_text(place, text, mistakes)?,
        Value::Array(items) => {
            let items = place.items(items);
            items.map(|item| from_object(&item, mistakes)).collect()
        }
        _ => {
            let error = place.wrong_type("a string or an array of steps");
            place.add(error, mistakes);
            return None;
        }
    };
    let count = match rows.len() {
        0 => Some(PlanError::Empty),
        many if many > STEPS_MAX => Some(PlanError::TooMany(many)),
        _ => None,
    };
    if let Some(error) = count {
        place.add(mistake(place, &error), mistakes);
        return None;
    }
    let plan = Plan::new(check(&rows, mistakes)?);
    if let Err(error) = &plan {
        place.add(mistake(place, error), mistakes);
    }
    plan.ok()
}

fn from_text<'a>(place: &Place<'a>, text: &str, mistakes: &mut Mistakes) -> Option<Vec<Row<'a>>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        place.add(unknown_name(place, text), mistakes);
        return None;
    }
    let rows = text.split(',').map(|step| {
        let mut note = |error| place.add(mistake(place, &error), mistakes);
        let (weight, bake) = match step.split_once(':') {
            Some((weight, bake)) => (
                cut(weight).parse().map_err(PlanError::Weight),
                parse_duration(&cut(bake)),
            ),
            None => {
                note(PlanError::Form(cut(step)));
                return row(place, None, place, None);
            }
        };
        let weight = weight.map_err(&mut note).ok();
        row(place, weight, place, bake.map_err(&mut note).ok())
    });
    Some(rows.collect())
}

fn from_object<'a>(item: &Place<'a>, mistakes: &mut Mistakes) -> Row<'a> {
    let Some(fields) = item.fields("an object with weight and bake", mistakes) else {
        return row(item, None, item, None);
    };
    let weight_at = fields.needed("weight", r#""10%""#, mistakes);
    let weight = weight_at.and_then(|at| weight(at, mistakes));
    let bake_at = fields.needed("bake", r#""5m""#, mistakes);
    let bake = bake_at.and_then(|at| at.duration(mistakes));
    row(
        weight_at.unwrap_or(item),
        weight,
        bake_at.unwrap_or(item),
        bake,
    )
}

fn row<'a>(
    weight_at: &Place<'a>,
    weight: Option<Weight>,
    bake_at: &Place<'a>,
    bake: Option<SignedDuration>,
) -> Row<'a> {
    Row {
        weight,
        weight_at: weight_at.clone(),
        bake,
        bake_at: bake_at.clone(),
    }
}

fn weight(at: &Place<'_>, mistakes: &mut Mistakes) -> Option<Weight> {
    let Value::Text(text) = at.value() else {
        let error = at.wrong_type("a string with a percentage such as \"10%\"");
        let error = match at.value() {
            Value::Number(number) => match format!("{number}%").parse::<Weight>() {
                Ok(weight) if !number.contains('.') => error.hint(format!("write \"{weight}\"")),
                _ => error.hint("write the weight in percent, such as \"0.25%\""),
            },
            _ => error,
        };
        at.add(error, mistakes);
        return None;
    };
    match cut(text).parse() {
        Ok(weight) => Some(weight),
        Err(error) => {
            at.add(mistake(at, &PlanError::Weight(error)), mistakes);
            None
        }
    }
}

/// All rows as steps, if each of them is one and stands in its right place.
fn check(rows: &[Row<'_>], mistakes: &mut Mistakes) -> Option<Vec<Step>> {
    let mut steps = Vec::with_capacity(rows.len());
    let mut sound = true;
    let mut before: Option<Weight> = None;
    for (index, row) in rows.iter().enumerate() {
        if let Some(weight) = row.weight {
            let pair = before.into_iter().chain([weight]);
            let bare = |weight| step(weight, SignedDuration::ZERO);
            if let Err(error) = Plan::new(pair.map(bare).collect()) {
                let error = renumbered(error, index + 1);
                let at = &row.weight_at;
                at.add(mistake(at, &error), mistakes);
                sound = false;
            }
            before = Some(weight);
        }
        if let Some(bake) = row.bake
            && let Err(error) = Plan::new(vec![step(Weight::ZERO, bake)])
        {
            let at = &row.bake_at;
            at.add(mistake(at, &error), mistakes);
            sound = false;
        }
        steps.extend(row.weight.zip(row.bake).map(|(w, b)| step(w, b)));
    }
    (sound && steps.len() == rows.len()).then_some(steps)
}

fn step(weight: Weight, bake: SignedDuration) -> Step {
    Step { weight, bake }
}

/// The same mistake, at the step's number in the whole plan.
fn renumbered(error: PlanError, step: usize) -> PlanError {
    match error {
        PlanError::Full(_) => PlanError::Full(step),
        PlanError::NotRising { weight, before, .. } => PlanError::NotRising {
            step,
            weight,
            before,
        },
        other => other,
    }
}

fn unknown_name(place: &Place<'_>, text: &str) -> PolicyError {
    let name = cut(text);
    let close = nearest(&name, Plan::names());
    let error = mistake(
        place,
        &PlanError::UnknownName {
            name,
            nearest: None,
        },
    );
    match close {
        Some(close) => error.hint(format!("did you mean {close:?}?")),
        None => {
            let names: Vec<&str> = Plan::names().collect();
            let names = names.join(", ");
            error.hint(format!("write steps such as \"10%:5m\", or one of {names}"))
        }
    }
}

fn mistake(place: &Place<'_>, error: &PlanError) -> PolicyError {
    place.error(kind(error), error)
}

/// Of which kind a mistake in a plan is.
pub(super) fn kind(error: &PlanError) -> MistakeKind {
    match error {
        PlanError::NotRising { .. } => MistakeKind::Contradiction,
        PlanError::Full(_) | PlanError::Bake(_) | PlanError::Weight(NotAWeight::Range(_)) => {
            MistakeKind::OutOfRange
        }
        PlanError::TooMany(_) => MistakeKind::TooMany,
        _ => MistakeKind::BadValue,
    }
}
