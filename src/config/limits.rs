//! `limits`: poll interval and budgets.

use jiff::SignedDuration;

use super::mistakes::{MistakeKind, Mistakes, PolicyError};
use super::walk::Place;

/// The least and the greatest that a duration may be.
pub(super) struct Range {
    pub(super) least: SignedDuration,
    pub(super) most: SignedDuration,
}

/// Below a second it is not the poll that takes the time. Above five minutes a regression would
/// stand for longer than most alarms take to notice it; long plans need more than a minute, since
/// an execution of Step Functions ends after 25,000 events.
pub(super) const POLL: Range = Range {
    least: SignedDuration::from_secs(1),
    most: SignedDuration::from_mins(5),
};

/// Fifteen seconds: CloudWatch itself takes one to three minutes.
pub(super) const POLL_DEFAULT: SignedDuration = SignedDuration::from_secs(15);

/// A standard workflow of Step Functions lasts a year at most.
pub(super) const LONGEST: Range = Range {
    least: SignedDuration::from_secs(1),
    most: SignedDuration::from_hours(365 * 24),
};

/// Zero means that two failing looks in a row are too many. An hour without eyes is no canary.
pub(super) const ERROR_BUDGET: Range = Range {
    least: SignedDuration::ZERO,
    most: SignedDuration::from_hours(1),
};

/// Longer than a hiccup of AWS, shorter than an outage.
pub(super) const ERROR_BUDGET_DEFAULT: SignedDuration = SignedDuration::from_mins(2);

/// `bake`: the hook that watches after the shift has an hour, and gives up after 55 minutes.
pub(super) const BAKE: Range = Range {
    least: SignedDuration::ZERO,
    most: SignedDuration::from_mins(50),
};

/// `limits` as far as they are said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) poll: SignedDuration,
    pub(super) longest: Option<SignedDuration>,
    pub(super) error_budget: SignedDuration,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            poll: POLL_DEFAULT,
            longest: None,
            error_budget: ERROR_BUDGET_DEFAULT,
        }
    }
}

/// Reads `limits`.
pub(super) fn read(place: &Place<'_>, mistakes: &mut Mistakes) -> Option<Said> {
    let fields = place.fields("an object", mistakes)?;
    let silent = Said::default();
    let poll = fields.read("poll", silent.poll, mistakes, |at, mistakes| {
        POLL.read(at, mistakes)
    });
    let longest = fields.read("longest", silent.longest, mistakes, |at, mistakes| {
        LONGEST.read(at, mistakes).map(Some)
    });
    let budget = fields.read(
        "error_budget",
        silent.error_budget,
        mistakes,
        |at, mistakes| ERROR_BUDGET.read(at, mistakes),
    );
    Some(Said {
        poll: poll?,
        longest: longest?,
        error_budget: budget?,
    })
}

/// Twice the plan and half an hour: room for a hold or two, and an end in sight.
pub(super) fn longest_by_default(plan: SignedDuration) -> SignedDuration {
    plan.saturating_add(plan)
        .saturating_add(SignedDuration::from_mins(30))
        .min(LONGEST.most)
}

impl Range {
    /// What is wrong with a value at a path.
    pub(super) fn fault(&self, path: &str, value: SignedDuration) -> Option<PolicyError> {
        let message = self.message(value)?;
        Some(PolicyError::new(path, MistakeKind::OutOfRange, message))
    }

    /// Reads a duration within the range.
    pub(super) fn read(&self, at: &Place<'_>, mistakes: &mut Mistakes) -> Option<SignedDuration> {
        let value = at.duration(mistakes)?;
        if let Some(message) = self.message(value) {
            at.add(at.error(MistakeKind::OutOfRange, message), mistakes);
            return None;
        }
        Some(value)
    }

    fn message(&self, value: SignedDuration) -> Option<String> {
        let Self { least, most } = self;
        let outside = value < *least || value > *most;
        outside.then(|| format!("{value:#} is out of range: {least:#} to {most:#}"))
    }
}
