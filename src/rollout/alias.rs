//! The alias as a rollout sees it, and what stands there.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    mark::{Mark, RolloutId},
    plan::{Plan, Step},
    version::Version,
    weight::Weight,
};

/// An alias as Lambda shows it at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AliasView {
    /// The version that gets what the weights leave: a number, or `$LATEST`.
    pub version: String,
    /// Share of the traffic by additional version, 0.0–1.0.
    pub weights: BTreeMap<String, f64>,
    /// Empty where the alias has none.
    pub description: String,
    /// Lambda's optimistic lock: a write that names it fails if anything was changed since.
    pub revision: String,
}

/// What a rollout writes; every write names both version and weights, since Lambda leaves what
/// is not named as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AliasWrite {
    /// The alias' version.
    pub version: Version,
    /// The canary and its weight; `None` takes all weights away.
    pub canary: Option<(Version, Weight)>,
    /// The whole description.
    pub description: String,
    /// The write fails if the alias is not at this revision any more.
    pub revision: String,
}

/// The two versions and the name of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contenders {
    /// The rollout's name, part of its mark.
    pub rollout: RolloutId,
    /// The version that has the traffic before the rollout.
    pub stable: Version,
    /// The version that is tried.
    pub canary: Version,
}

/// What a look at the alias means for a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Our own write of the step with this index (from 0) stands.
    AtStep(usize),
    /// At stable without weights.
    AtStable,
    /// At the canary without weights.
    AtCanary,
    /// Somebody else's edit.
    Foreign,
}

impl Contenders {
    /// What stands at the alias, seen from this rollout.
    ///
    /// A step is ours if it carries our mark *and* exactly the weight that the marked generation
    /// wrote: a person who changes only the weights leaves our mark in the description.
    #[must_use]
    pub fn standing(&self, view: &AliasView, plan: &Plan) -> Standing {
        if view.version == self.canary.to_string() && view.weights.is_empty() {
            return Standing::AtCanary;
        }
        if view.version != self.stable.to_string() {
            return Standing::Foreign;
        }
        match self.marked_step(view, plan) {
            Some((index, step)) if self.carries(view, step.weight) => Standing::AtStep(index),
            _ if view.weights.is_empty() => Standing::AtStable,
            _ => Standing::Foreign,
        }
    }

    /// Whether the weights that stand there are what the write with this rollout's mark put there.
    /// Under the same mark anything else is the edit of somebody who left the description alone.
    #[must_use]
    pub fn wrote(&self, view: &AliasView, plan: &Plan) -> bool {
        let marked = self.marked_step(view, plan);
        marked.is_some_and(|(_, step)| self.carries(view, step.weight))
    }

    /// The step of the plan that this rollout's mark names.
    fn marked_step(&self, view: &AliasView, plan: &Plan) -> Option<(usize, Step)> {
        let mark = view.mark().filter(|mark| mark.rollout == self.rollout)?;
        let index = usize::try_from(mark.generation).ok()?.checked_sub(1)?;
        Some((index, plan.step(index)?))
    }

    /// The canary's share of the traffic, where the rest of it goes to the stable version; none
    /// where anything else stands.
    #[must_use]
    pub fn canary_share(&self, view: &AliasView) -> Weight {
        let (stable, canary) = (self.stable.to_string(), self.canary.to_string());
        if view.version == canary && view.weights.is_empty() {
            return Weight::FULL;
        }
        let mut weights = view.weights.iter();
        match (weights.next(), weights.next()) {
            (Some((version, share)), None) if view.version == stable && *version == canary => {
                Weight::from_fraction(*share).unwrap_or(Weight::ZERO)
            }
            _ => Weight::ZERO,
        }
    }

    fn carries(&self, view: &AliasView, weight: Weight) -> bool {
        let canary = self.canary.to_string();
        let mut weights = view.weights.iter();
        match (weights.next(), weights.next()) {
            // A dark stage is written as {canary: 0.0}; whether Lambda keeps that entry is not
            // documented, so both forms are ours.
            (None, _) => weight == Weight::ZERO,
            (Some((version, share)), None) => {
                *version == canary && Weight::from_fraction(*share) == Some(weight)
            }
            _ => false,
        }
    }

    /// The write that brings the alias to a step.
    pub(crate) fn shift(&self, view: &AliasView, index: usize, weight: Weight) -> AliasWrite {
        let mark = Mark {
            rollout: self.rollout.clone(),
            // A plan has at most 99 steps.
            generation: index as u32 + 1,
        };
        AliasWrite {
            version: self.stable,
            canary: Some((self.canary, weight)),
            description: mark.join(view.others_description()),
            revision: view.revision.clone(),
        }
    }

    /// The write that gives the canary all traffic and removes the mark.
    pub(crate) fn promote(&self, view: &AliasView) -> AliasWrite {
        self.without_weights(self.canary, view)
    }

    /// The write that gives stable all traffic and removes the mark.
    pub(crate) fn restore(&self, view: &AliasView) -> AliasWrite {
        self.without_weights(self.stable, view)
    }

    fn without_weights(&self, version: Version, view: &AliasView) -> AliasWrite {
        AliasWrite {
            version,
            canary: None,
            description: view.others_description().to_owned(),
            revision: view.revision.clone(),
        }
    }
}

/// The write that takes weights and mark away from an alias, whoever put them there; `None` if
/// there are none. The version stays: during a rollout it is the stable one.
#[must_use]
pub fn put_back_write(view: &AliasView) -> Option<AliasWrite> {
    if view.weights.is_empty() && view.mark().is_none() {
        return None;
    }
    Some(AliasWrite {
        // Lambda allows neither weights on an alias at $LATEST nor any other name.
        version: view.version.parse().ok()?,
        canary: None,
        description: view.others_description().to_owned(),
        revision: view.revision.clone(),
    })
}

impl AliasView {
    /// The mark of a rollout, whichever it is.
    pub fn mark(&self) -> Option<Mark> {
        Mark::split(&self.description).1
    }

    /// The description without a rollout's mark.
    pub fn others_description(&self) -> &str {
        Mark::split(&self.description).0
    }
}

impl fmt::Display for AliasView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at version {}", self.version)?;
        if self.weights.is_empty() {
            return f.write_str(" without weights");
        }
        for (version, share) in &self.weights {
            match Weight::from_fraction(*share) {
                Some(weight) => write!(f, " with {weight} to {version}")?,
                None => write!(f, " with a share of {share} to {version}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contenders() -> Contenders {
        Contenders {
            rollout: "r1".parse().unwrap(),
            stable: Version::new(1),
            canary: Version::new(2),
        }
    }

    fn view(version: &str, weights: &[(&str, f64)], description: &str) -> AliasView {
        AliasView {
            version: version.into(),
            weights: weights.iter().map(|(v, w)| ((*v).into(), *w)).collect(),
            description: description.into(),
            revision: "a".into(),
        }
    }

    #[test]
    fn what_stands_at_the_alias() {
        let plan: Plan = "0%:1m,10%:5m,50%:5m".parse().unwrap();
        let ours = |g: u32| format!("prod [lambda-canary:r1:{g}]");
        let theirs = "prod [lambda-canary:r2:2]";
        for (expected, version, weights, description) in [
            (Standing::AtStable, "1", &[][..], "prod"),
            (Standing::AtStable, "1", &[], &ours(2)),
            (Standing::AtCanary, "2", &[], "prod"),
            (Standing::AtCanary, "2", &[], &ours(1)),
            (Standing::AtStep(0), "1", &[("2", 0.0)], &ours(1)),
            (Standing::AtStep(0), "1", &[], &ours(1)),
            (Standing::AtStep(1), "1", &[("2", 0.1)], &ours(2)),
            (Standing::AtStep(2), "1", &[("2", 0.5)], &ours(3)),
            // Somebody re-weighted it under our mark, or wrote their own.
            (Standing::Foreign, "1", &[("2", 0.2)], &ours(2)),
            (Standing::Foreign, "1", &[("2", 0.1)], &ours(3)),
            (Standing::Foreign, "1", &[("2", 0.1)], &ours(0)),
            (Standing::Foreign, "1", &[("2", 0.1)], &ours(9)),
            (Standing::Foreign, "1", &[("3", 0.1)], &ours(2)),
            (Standing::Foreign, "1", &[("2", 0.1)], "prod"),
            (Standing::Foreign, "1", &[("2", 0.1)], theirs),
            (Standing::Foreign, "1", &[("2", f64::NAN)], &ours(2)),
            (Standing::Foreign, "3", &[], "prod"),
            (Standing::Foreign, "$LATEST", &[], "prod"),
            (Standing::Foreign, "2", &[("1", 0.1)], "prod"),
        ] {
            let view = view(version, weights, description);
            assert_eq!(contenders().standing(&view, &plan), expected, "{view:?}");
        }
    }

    #[test]
    fn weights_under_the_mark_are_ours_only_as_the_plan_wrote_them() {
        let plan: Plan = "0%:1m,10%:5m,50%:5m".parse().unwrap();
        let ours = |g: u32| format!("prod [lambda-canary:r1:{g}]");
        for (wrote, version, weights, description) in [
            (true, "1", &[("2", 0.1)][..], &*ours(2)),
            (true, "1", &[], &ours(1)),
            (true, "1", &[("2", 0.0)], &ours(1)),
            // Another version under our weights is no reason to let those stand.
            (true, "3", &[("2", 0.1)], &ours(2)),
            (false, "1", &[("2", 0.3)], &ours(2)),
            (false, "1", &[("2", 0.5)], &ours(2)),
            (false, "1", &[("3", 0.1)], &ours(2)),
            (false, "1", &[("2", 0.1), ("3", 0.1)], &ours(2)),
            (false, "1", &[("2", 0.1)], &ours(9)),
            (false, "1", &[("2", 0.1)], &ours(0)),
            (false, "1", &[("2", 0.1)], "prod"),
            (false, "1", &[("2", 0.1)], "prod [lambda-canary:r2:2]"),
        ] {
            let view = view(version, weights, description);
            assert_eq!(contenders().wrote(&view, &plan), wrote, "{view:?}");
        }
    }

    #[test]
    fn the_share_is_the_canarys_where_the_rest_is_the_stable_versions() {
        for (expected, version, weights) in [
            (0, "1", &[][..]),
            (1_000, "1", &[("2", 0.1)]),
            (0, "1", &[("2", 0.0)]),
            (10_000, "2", &[]),
            (0, "2", &[("1", 0.1)]),
            (0, "3", &[("2", 0.1)]),
            (0, "1", &[("3", 0.1)]),
            (0, "1", &[("2", f64::NAN)]),
        ] {
            let view = view(version, weights, "");
            let share = contenders().canary_share(&view).basis_points();
            assert_eq!(share, expected, "{view:?}");
        }
    }

    #[test]
    fn the_last_write_keeps_what_others_wrote_in_the_description() {
        let marked = view("1", &[("2", 0.1)], "edited meanwhile [lambda-canary:r1:2]");
        let write = contenders().restore(&marked);
        assert_eq!(write.description, "edited meanwhile");
        assert_eq!((write.version, write.canary), (Version::new(1), None));
    }
}
