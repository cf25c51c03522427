//! The steps of a rollout, valid by construction.
//!
//! A plan is written as one of CodeDeploy's names (`Canary10Percent5Minutes`), or as a list of
//! steps (`10%:5m, 50%:10m`). After the last step's bake the canary is promoted to all traffic.

use std::{fmt, str::FromStr};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::weight::{NotAWeight, Weight};

/// The most steps a plan may have: a linear plan by single percents fits.
pub const STEPS_MAX: usize = 99;

/// One weight and the least time at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The canary's share while this step lasts; below 100 %.
    pub weight: Weight,
    /// The least time at this weight.
    pub bake: SignedDuration,
}

/// The steps before promotion: strictly rising weights, each below 100 %.
///
/// No steps at all is `AllAtOnce`: the canary is promoted as soon as the checks before the start
/// pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Plan(Vec<Step>);

/// Why something is not a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A step list that has no form.
    #[error("\"{0}\" is not a step: write weight:bake, such as 10%:5m")]
    Form(String),
    /// A weight in it is wrong.
    #[error(transparent)]
    Weight(#[from] NotAWeight),
    /// A bake in it is wrong.
    #[error("\"{0}\" is not a duration: write 30s, 5m or 1h30m")]
    Duration(String),
    /// A bake below zero or above Step Functions' year.
    #[error("a bake of {0:#} is out of range: 0s to 365 days")]
    Bake(SignedDuration),
    /// Weights that do not rise.
    #[error("step {step} has {weight} after {before}: weights must rise from step to step")]
    NotRising {
        /// Counted from 1.
        step: usize,
        /// Its weight.
        weight: Weight,
        /// The weight of the step before.
        before: Weight,
    },
    /// 100 % as a step.
    #[error("step {0} has 100%: the promotion after the last step does that")]
    Full(usize),
    /// More steps than anybody reads.
    #[error("{0} steps are too many: at most {STEPS_MAX}")]
    TooMany(usize),
    /// An empty step list.
    #[error("the plan has no steps; AllAtOnce is the plan without steps")]
    Empty,
    /// Looks like a CodeDeploy name, but is none.
    #[error("\"{name}\" is not a CodeDeploy configuration for Lambda{}", hint(.nearest))]
    UnknownName {
        /// What was written.
        name: String,
        /// The most similar name that exists.
        nearest: Option<String>,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean {name}?"))
        .unwrap_or_default()
}

impl Plan {
    /// The plan with these steps.
    ///
    /// # Errors
    /// If the weights do not rise strictly, reach 100 %, or a bake is out of range.
    pub fn new(steps: Vec<Step>) -> Result<Self, PlanError> {
        if steps.len() > STEPS_MAX {
            return Err(PlanError::TooMany(steps.len()));
        }
        let mut before: Option<Weight> = None;
        for (index, step) in steps.iter().enumerate() {
            let number = index + 1;
            if step.weight == Weight::FULL {
                return Err(PlanError::Full(number));
            }
            if let Some(before) = before.filter(|before| *before >= step.weight) {
                let weight = step.weight;
                return Err(PlanError::NotRising {
                    step: number,
                    weight,
                    before,
                });
            }
            if step.bake.is_negative() || step.bake > SignedDuration::from_hours(365 * 24) {
                return Err(PlanError::Bake(step.bake));
            }
            before = Some(step.weight);
        }
        Ok(Self(steps))
    }

    /// Promote at once.
    pub const fn all_at_once() -> Self {
        Self(Vec::new())
    }

    /// The plan of a CodeDeploy configuration for Lambda, with or without the prefix
    /// `CodeDeployDefault.Lambda` (CodeDeploy user guide, "Predefined deployment configurations
    /// for an AWS Lambda compute platform").
    pub fn named(name: &str) -> Option<Self> {
        let short = name.strip_prefix("CodeDeployDefault.").unwrap_or(name);
        let short = short.strip_prefix("Lambda").unwrap_or(short);
        NAMES
            .iter()
            .find(|(known, _)| *known == short)
            .map(|(_, shape)| shape.plan())
    }

    /// The names that [`Plan::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The steps, first to last.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The step with this index, from 0.
    pub fn step(&self, index: usize) -> Option<Step> {
        self.0.get(index).copied()
    }

    /// All bakes together: the shortest time that the rollout takes.
    pub fn duration(&self) -> SignedDuration {
        self.0.iter().fold(SignedDuration::ZERO, |sum, step| {
            sum.saturating_add(step.bake)
        })
    }
}

#[derive(Clone, Copy)]
enum Shape {
    AllAtOnce,
    Canary { minutes: i64 },
    Linear { minutes: i64 },
}

const NAMES: [(&str, Shape); 9] = [
    ("AllAtOnce", Shape::AllAtOnce),
    ("Canary10Percent5Minutes", Shape::Canary { minutes: 5 }),
    ("Canary10Percent10Minutes", Shape::Canary { minutes: 10 }),
    ("Canary10Percent15Minutes", Shape::Canary { minutes: 15 }),
    ("Canary10Percent30Minutes", Shape::Canary { minutes: 30 }),
    ("Linear10PercentEvery1Minute", Shape::Linear { minutes: 1 }),
    ("Linear10PercentEvery2Minutes", Shape::Linear { minutes: 2 }),
    ("Linear10PercentEvery3Minutes", Shape::Linear { minutes: 3 }),
    (
        "Linear10PercentEvery10Minutes",
        Shape::Linear { minutes: 10 },
    ),
];

impl Shape {
    fn plan(self) -> Plan {
        let (tenths, minutes): (std::ops::RangeInclusive<u16>, i64) = match self {
            Shape::AllAtOnce => return Plan::all_at_once(),
            Shape::Canary { minutes } => (1..=1, minutes),
            Shape::Linear { minutes } => (1..=9, minutes),
        };
        let step = |tenth: u16| Step {
            weight: Weight::percent(tenth * 10),
            bake: SignedDuration::from_mins(minutes),
        };
        Plan(tenths.map(step).collect())
    }
}

/// A duration as people write it: `30s`, `5m`, `1h30m`, `1h 30m`.
///
/// jiff reads many more spellings (`5 minutes ago`, `PT5M`, `00:05:00`). They are refused, so that
/// one short pattern in the policy's JSON Schema says exactly what is taken.
///
/// # Errors
/// If the text is anything else than whole hours, minutes, seconds and milliseconds, each at most
/// once and in this order.
pub fn parse_duration(text: &str) -> Result<SignedDuration, PlanError> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, 'h' | 'm' | 's' | ' ');
    // A minus is read, so that the answer can be that the duration is out of range.
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let parsed = unsigned.chars().all(plain).then(|| text.parse().ok());
    parsed
        .flatten()
        .filter(|duration: &SignedDuration| duration.is_negative() == text.starts_with('-'))
        .ok_or_else(|| PlanError::Duration(text.to_owned()))
}

impl FromStr for Step {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let (weight, bake) = text
            .split_once(':')
            .ok_or_else(|| PlanError::Form(text.trim().to_owned()))?;
        Ok(Self {
            weight: weight.trim().parse()?,
            bake: parse_duration(bake)?,
        })
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let text = text.trim();
        if let Some(plan) = Self::named(text) {
            return Ok(plan);
        }
        if text.is_empty() {
            return Err(PlanError::Empty);
        }
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(PlanError::UnknownName {
                name: text.to_owned(),
                nearest: nearest(text, Self::names()),
            });
        }
        let count = text.split(',').count();
        if count > STEPS_MAX {
            return Err(PlanError::TooMany(count));
        }
        let steps = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Self::new(steps)
    }
}

/// A longer word is no slip of the finger, and comparing takes the longer the longer it is.
const SLIP_MAX: usize = 200;

/// The candidate most similar to `word`, if any is similar enough to be a slip of the finger.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    if word.len() > SLIP_MAX {
        return None;
    }
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

impl TryFrom<Vec<Step>> for Plan {
    type Error = PlanError;

    fn try_from(steps: Vec<Step>) -> Result<Self, PlanError> {
        Self::new(steps)
    }
}

impl From<Plan> for Vec<Step> {
    fn from(plan: Plan) -> Self {
        plan.0
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            write!(f, "{} for {:#}, ", step.weight, step.bake)?;
        }
        f.write_str("100%")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codedeploy_name_is_a_plan() {
        for name in Plan::names() {
            let plan: Plan = name.parse().unwrap();
            let long = format!("CodeDeployDefault.Lambda{name}");
            let expected = (name != "AllAtOnce").then_some(Weight::percent(10));
            assert_eq!(plan.step(0).map(|step| step.weight), expected);
            // AllAtOnce has the prefix without `Lambda` repeated: CodeDeployDefault.LambdaAllAtOnce.
            assert_eq!(long.parse(), Ok(plan));
        }
    }

    #[test]
    fn a_linear_plan_has_nine_steps_before_the_last_tenth() {
        let plan: Plan = "Linear10PercentEvery3Minutes".parse().unwrap();
        assert_eq!(plan.steps().len(), 9);
        assert_eq!(plan.duration(), SignedDuration::from_mins(27));
        assert_eq!(plan.step(8).unwrap().weight, Weight::percent(90));
    }

    #[test]
    fn step_lists() {
        let plan: Plan = "0%:1m, 10%:5m,50%:1h30m".parse().unwrap();
        assert_eq!(
            plan.to_string(),
            "0% for 1m, 10% for 5m, 50% for 1h 30m, 100%"
        );
        assert_eq!(plan.duration(), SignedDuration::from_mins(96));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |s: &str| s.parse::<Plan>().unwrap_err();
        assert!(matches!(error("10%"), PlanError::Form(_)));
        assert!(matches!(error(""), PlanError::Empty));
        assert!(matches!(error("10%:5"), PlanError::Duration(_)));
        assert!(matches!(error("10%:5 minutes"), PlanError::Duration(_)));
        assert!(matches!(error("10%:PT5M"), PlanError::Duration(_)));
        assert!(matches!(error("10%:1.5h"), PlanError::Duration(_)));
        assert!(matches!(error("10%:5m1h"), PlanError::Duration(_)));
        assert!(matches!(error("10%:-5m"), PlanError::Bake(_)));
        assert!(matches!(error("10%:9000h"), PlanError::Bake(_)));
        assert!(matches!(error("200%:5m"), PlanError::Weight(_)));
        assert!(matches!(error("100%:5m"), PlanError::Full(1)));
        assert!(matches!(
            error("50%:5m,10%:5m"),
            PlanError::NotRising { step: 2, .. }
        ));
        assert!(matches!(
            error("10%:5m,10%:5m"),
            PlanError::NotRising { step: 2, .. }
        ));
        assert!(matches!(
            error(&"1%:1s,".repeat(200)),
            PlanError::TooMany(201) | PlanError::Weight(_) | PlanError::Form(_)
        ));
        assert_eq!(
            error("Canary10Percent5Minute").to_string(),
            "\"Canary10Percent5Minute\" is not a CodeDeploy configuration for Lambda; \
             did you mean Canary10Percent5Minutes?"
        );
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = text.parse::<Plan>();
        }

        #[test]
        fn a_parsed_plan_is_valid(text in "[0-9]{1,3}%:[0-9]{1,3}[smh](,[0-9]{1,3}%:[0-9]{1,3}[smh]){0,4}") {
            if let Ok(plan) = text.parse::<Plan>() {
                proptest::prop_assert!(plan.steps().windows(2).all(|w| w[0].weight < w[1].weight));
                proptest::prop_assert!(plan.steps().iter().all(|s| s.weight < Weight::FULL));
                let json = serde_json::to_string(&plan).unwrap();
                proptest::prop_assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
            }
        }
    }
}
