//! The policy: defaults filled in, and its parts checked against each other.

use jiff::SignedDuration;

use super::alarms::{self, ALARMS_MAX};
use super::checks;
use super::document;
use super::evidence;
use super::limits::{self, BAKE, LONGEST, POLL, Said, longest_by_default};
use super::mistakes::{MistakeKind, Mistakes, PolicyError, PolicyErrors};
use super::plan;
use super::walk::Place;
use crate::judge::acceptance::Check;
use crate::judge::alarms::{AlarmRule, AlarmRules, InsufficientData};
use crate::judge::measure::{EvidenceRules, Inconclusive, MIXED};
use crate::rollout::{Finish, Limits, Mode, Plan, Rules, Step, Weight};

/// The name of the plan if the policy has none.
pub(super) const PLAN_DEFAULT: &str = "Canary10Percent5Minutes";

/// What a rollout of a function goes by: checked, and with nothing left to be filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Steps, limits and mode.
    pub rules: Rules,
    /// The alarms to watch, and how.
    pub alarms: AlarmRules,
    /// What is counted of each version during the plan, and how much it takes to say something.
    /// `None`: nothing. If the policy does not say: the built-in rules, where the plan's steps
    /// are long enough to compare anything.
    pub evidence: Option<EvidenceRules>,
    /// The calls that the new version must answer as expected before it gets any traffic.
    pub checks: Vec<Check>,
    /// How long the alarms are watched on after CodeDeploy has shifted all traffic.
    pub bake: SignedDuration,
    /// What a regression leads to.
    pub on_regression: OnRegression,
    /// `limits.longest` if it was said; else it follows the plan.
    longest: Option<SignedDuration>,
    /// Whether the policy leaves it open if anything is counted.
    evidence_unsaid: bool,
}

/// What a regression leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, schemars::JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub enum OnRegression {
    /// The alias is put back as it was found.
    #[default]
    Rollback,
}

impl Default for Policy {
    /// The built-in policy: `Canary10Percent5Minutes`, `insufficient_data: hold`, a look every 15
    /// seconds, no alarms, both versions' errors compared.
    fn default() -> Self {
        let plan = Plan::named(PLAN_DEFAULT).unwrap_or_else(Plan::all_at_once);
        Self::resolve(
            plan,
            Said::default(),
            Mode::default(),
            AlarmRules::default(),
        )
    }
}

impl Policy {
    /// The policy that a JSON text describes.
    ///
    /// # Errors
    /// All mistakes of the text together, in its order.
    pub fn parse(text: &str) -> Result<Self, PolicyErrors> {
        let mut mistakes = Mistakes::default();
        let root = document::read(text, &mut mistakes);
        let policy = root.and_then(|root| read(&Place::root(&root), &mut mistakes));
        mistakes.unless_any(policy)
    }

    /// Whether there is anything that could stop the canary, an alarm or evidence: without, a
    /// rollout is only a timer.
    #[must_use]
    pub fn watches(&self) -> bool {
        !self.alarms.alarms.is_empty() || self.compares() || self.counts_errors()
    }

    /// Whether so many failed requests of the canary are too many, in whichever minutes, and it gets
    /// any.
    fn counts_errors(&self) -> bool {
        let limited = |rules: &EvidenceRules| rules.max_errors.is_some();
        let mut steps = self.rules.plan.steps().iter();
        let traffic = steps.any(|step| step.weight > Weight::ZERO && !step.bake.is_zero());
        self.evidence.as_ref().is_some_and(limited) && traffic
    }

    /// Whether both versions' counts will ever be held against each other: evidence is asked for,
    /// and some step gives the canary traffic for long enough that a whole minute can be judged.
    #[must_use]
    pub fn compares(&self) -> bool {
        self.evidence.is_some() && self.plan_compares()
    }

    /// What is counted where somebody else shifts, and not by this policy's plan; `compares`:
    /// the versions then share the traffic for long enough.
    #[must_use]
    pub fn evidence_where(&self, compares: bool) -> Option<EvidenceRules> {
        match self.evidence_unsaid {
            true => compares.then(EvidenceRules::standard),
            false => self.evidence.clone(),
        }
    }

    /// Whether there is evidence, or would be, and no step is long enough for it. Then nothing is
    /// counted if the policy leaves it open; else hardly any minute can be judged.
    #[must_use]
    pub fn is_too_short_to_compare(&self) -> bool {
        let counts = self.evidence_unsaid || self.evidence.is_some();
        counts && !self.rules.plan.steps().is_empty() && !self.plan_compares()
    }

    /// What to add to a hint where a plan takes too long: its minutes need time to settle although
    /// nobody asked for evidence.
    #[must_use]
    pub fn without_evidence(&self) -> &'static str {
        match self.evidence_unsaid && !self.settling().is_zero() {
            true => "; or say \"evidence\": false, and only alarms watch, without time to settle",
            false => "",
        }
    }

    fn plan_compares(&self) -> bool {
        let shows = |step: &Step| {
            step.weight > Weight::ZERO && step.bake >= crate::judge::measure::SHORTEST
        };
        self.rules.plan.steps().iter().any(shows)
    }

    /// How much longer than its bakes the plan may take, because the last minutes of each step have to
    /// settle before they are counted.
    #[must_use]
    pub fn settling(&self) -> SignedDuration {
        // A step without a whole minute at its weight has none to wait for.
        let whole = SignedDuration::from_secs(60 + MIXED);
        let waits = |step: &&Step| step.weight > Weight::ZERO && step.bake >= whole;
        let steps = self.rules.plan.steps().iter().filter(waits).count();
        let steps = i32::try_from(steps).unwrap_or(i32::MAX);
        let step = self.evidence.as_ref();
        let step = step.map_or(SignedDuration::ZERO, EvidenceRules::settling);
        step.saturating_mul(steps)
    }

    /// This policy with another plan. Unless it was said, the longest duration follows the plan.
    ///
    /// # Errors
    /// If the plan does not fit the limits.
    pub fn with_plan(mut self, plan: Plan) -> Result<Self, PolicyErrors> {
        self.rules.plan = plan;
        self.evidence = self.evidence_where(self.plan_compares());
        self.rules.limits.longest = self.longest();
        let faults = contradiction(&self).into_iter().collect();
        self.unless(faults)
    }

    /// This policy with these alarms besides its own; a name that it has already stays as it is.
    ///
    /// # Errors
    /// If a name is none, or if there are too many.
    pub fn with_alarms<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, PolicyErrors> {
        let mut faults = Vec::new();
        let alarms = &mut self.alarms.alarms;
        for name in names {
            let name = name.into();
            if alarms.iter().all(|rule| rule.name != name) {
                let path = format!("alarms[{}]", alarms.len());
                faults.extend(alarms::fault(&name).map(|fault| fault.at_path(&path)));
                alarms.push(AlarmRule {
                    name,
                    ignore_if_already_in_alarm: false,
                });
            }
        }
        if alarms.len() > ALARMS_MAX {
            let message = alarms::too_many(alarms.len());
            faults.push(PolicyError::new("alarms", MistakeKind::TooMany, message));
        }
        self.unless(faults)
    }

    /// This policy with another poll interval.
    ///
    /// # Errors
    /// If it is out of range.
    pub fn with_poll(mut self, poll: SignedDuration) -> Result<Self, PolicyErrors> {
        self.rules.limits.poll = poll;
        let faults = POLL.fault("limits.poll", poll).into_iter().collect();
        self.unless(faults)
    }

    /// The longest duration: as said, else by the plan.
    fn longest(&self) -> SignedDuration {
        self.longest.unwrap_or_else(|| {
            longest_by_default(self.rules.plan.duration())
                .saturating_add(self.settling())
                .min(LONGEST.most)
        })
    }

    fn unless(self, faults: Vec<PolicyError>) -> Result<Self, PolicyErrors> {
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(PolicyErrors(faults))
        }
    }

    /// Where nothing is said of evidence.
    fn resolve(plan: Plan, said: Said, mode: Mode, alarms: AlarmRules) -> Self {
        let limits = Limits {
            poll: said.poll,
            longest: SignedDuration::ZERO,
            error_budget: said.error_budget,
        };
        let mut policy = Self {
            rules: Rules {
                plan,
                limits,
                mode,
                finish: Finish::Promote,
                inconclusive: Inconclusive::Hold,
            },
            alarms,
            evidence: None,
            checks: Vec::new(),
            bake: SignedDuration::ZERO,
            on_regression: OnRegression::Rollback,
            longest: said.longest,
            evidence_unsaid: true,
        };
        policy.evidence = policy.evidence_where(policy.plan_compares());
        policy.rules.limits.longest = policy.longest();
        policy
    }
}

fn read(root: &Place<'_>, mistakes: &mut Mistakes) -> Option<Policy> {
    let fields = root.fields("an object", mistakes)?;
    if let Some(schema) = fields.get("$schema") {
        schema.text("a string with the schema's address", mistakes);
    }
    let default = Policy::default();
    let plan = fields.read("plan", default.rules.plan, mistakes, plan::read);
    let bake = fields.read("bake", default.bake, mistakes, |at, mistakes| {
        BAKE.read(at, mistakes)
    });
    let checks = fields.read("checks", Vec::new(), mistakes, checks::read);
    let alarms = fields.read("alarms", Vec::new(), mistakes, alarms::read);
    let insufficient_data = fields.choice("insufficient_data", INSUFFICIENT_DATA, mistakes);
    let evidence_unsaid = evidence::is_unsaid(&fields);
    let evidence = evidence::read(&fields, mistakes);
    let limits = fields.read("limits", Said::default(), mistakes, limits::read);
    fields.choice("on_regression", ON_REGRESSION, mistakes);
    let mode = fields.choice("mode", MODE, mistakes);

    // What could not be read contradicts nothing; anything else that is wrong is taken down.
    let alarms = AlarmRules {
        alarms: alarms.unwrap_or_default(),
        insufficient_data,
    };
    let silent = Policy::resolve(plan?, limits?, mode, alarms);
    let mut policy = Policy {
        evidence: evidence.or_else(|| silent.evidence.clone().filter(|_| evidence_unsaid)),
        checks: checks.unwrap_or_default(),
        bake: bake.unwrap_or_default(),
        evidence_unsaid,
        ..silent
    };
    policy.rules.limits.longest = policy.longest();
    let contradictions = [
        contradiction(&policy),
        policy.evidence.as_ref().and_then(evidence::contradiction),
        policy
            .evidence
            .as_ref()
            .and_then(|rules| evidence::endless(rules, policy.bake)),
    ];
    for fault in contradictions.into_iter().flatten() {
        mistakes.add(root.position(&fault.path), fault);
    }
    Some(policy)
}

/// The words, as serde and the schema spell them.
const INSUFFICIENT_DATA: &[(&str, InsufficientData)] = &[
    ("hold", InsufficientData::Hold),
    ("ok", InsufficientData::Ok),
    ("fail", InsufficientData::Fail),
];
const ON_REGRESSION: &[(&str, OnRegression)] = &[("rollback", OnRegression::Rollback)];
const MODE: &[(&str, Mode)] = &[("enforce", Mode::Enforce), ("advise", Mode::Advise)];

/// What cannot both be meant.
///
/// A poll interval longer than a bake can be: a bake is never outwaited, since the tick then waits
/// only for what is left of it, and looks at the alarms at its end.
fn contradiction(policy: &Policy) -> Option<PolicyError> {
    let (rules, settling) = (&policy.rules, policy.settling());
    let (bakes, longest, most) = (rules.plan.duration(), rules.limits.longest, LONGEST.most);
    let takes = bakes.saturating_add(settling);
    if takes > most {
        let message = if settling.is_zero() {
            format!("the bakes take {bakes:#} in all, longer than {most:#}")
        } else {
            format!(
                "the bakes take {bakes:#} in all, and their last minutes {settling:#} to settle, longer than {most:#}"
            )
        };
        return Some(PolicyError::new("plan", MistakeKind::OutOfRange, message));
    }
    let message = if settling.is_zero() {
        format!("{longest:#} is shorter than the plan, whose bakes take {bakes:#}")
    } else {
        format!(
            "{longest:#} is shorter than the plan, whose bakes take {bakes:#}, and its last minutes \
             {settling:#} to settle"
        )
    };
    let error = PolicyError::new("limits.longest", MistakeKind::Contradiction, message);
    let by_default = longest_by_default(bakes).saturating_add(settling).min(most);
    let hint = if settling.is_zero() {
        format!("leave the key out for twice the bakes and 30 minutes: {by_default:#}")
    } else {
        let or = policy.without_evidence();
        format!("leave the key out for {by_default:#}{or}")
    };
    (longest < takes).then(|| error.hint(hint))
}
