//! Evidence from counts: is the canary worse than the stable version in the same minutes?
//!
//! A sequential test with two sides. The *rollback side* bets that an error lands on the canary
//! more often than its share of the traffic explains; the *accept side* bets that the canary fails
//! less often than by `eps` more. A side's wealth starts at 1, and under its null hypothesis it
//! does not grow on the average, whatever the error rates are and however they change. So it ever
//! reaches 1/`alpha` with a chance of at most `alpha`: one may look after every poll and stop at
//! any time. The formulas, their sources and what this cannot see are in `docs/judge.md`.
//!
//! It refuses to know where counts come from, which minutes are settled, and what becomes of a
//! finding. Start at [`Evidence::take`]. [`planner`] says beforehand what can be found at all,
//! [`dispersion`] how bursty the errors are.

pub mod dispersion;
pub mod figures;
pub mod planner;

mod counts;
mod crossing;
mod lines;
pub(super) mod poisson;
mod settings;
mod summary;

use serde::{Deserialize, Serialize};

use lines::Lines;

pub use counts::{Counts, Tally, TooManyErrors};
pub use settings::{OutOfRange, Settings, SettingsError};
pub use summary::Summary;

/// How many bets the rollback side spreads its wealth over.
pub const BETS: usize = 9;
/// How many bets the accept side spreads its wealth over.
pub const ACCEPT_BETS: usize = 21;

/// The rollback side's bets: how much likelier than under the null an error lands on the canary.
/// 0 bets nothing, and so keeps a ninth of the wealth from every loss.
const BET: [f64; BETS] = [0.0, 0.125, 0.5, 1.0, 2.0, 4.0, 16.0, 64.0, 256.0];
/// A share 1/(64 + n) of the wealth is dealt anew after the n-th poll with errors.
const FIRST_DEAL: f64 = 64.0;

/// All that is known of both sides: 33 numbers, under 1 KB as JSON. Comes back from JSON bit by
/// bit, and never holds an infinity or a not-a-number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Evidence {
    /// Logarithms of the wealth on each of the rollback side's bets.
    log_wealth_by_q: [f64; BETS],
    /// How often the wealth was dealt anew.
    n: u64,
    /// What the stable version's errors give to each of the accept side's bets.
    #[serde(rename = "G")]
    stable_gain: [f64; ACCEPT_BETS],
    /// The canary's errors.
    #[serde(rename = "Xc")]
    canary_errors: u64,
    /// The canary's invocations.
    #[serde(rename = "Nc")]
    canary_invocations: u64,
}

impl Default for Evidence {
    /// No data: both sides at the wealth they start with.
    fn default() -> Self {
        Self {
            log_wealth_by_q: [-(BETS as f64).ln(); BETS],
            n: 0,
            stable_gain: [0.0; ACCEPT_BETS],
            canary_errors: 0,
            canary_invocations: 0,
        }
    }
}

impl Evidence {
    /// Takes one poll's counts. The settings have to be in range and the same in every poll.
    ///
    /// A poll without traffic on one of the versions says nothing to the rollback side, since
    /// there is nothing to compare; the canary's clean invocations count for the accept side.
    pub fn take(&mut self, settings: &Settings, counts: &Counts) {
        let (canary, stable) = (counts.canary, counts.stable);
        self.canary_invocations = self.canary_invocations.saturating_add(canary.invocations());
        self.canary_errors = self.canary_errors.saturating_add(canary.errors());
        if stable.invocations() == 0 {
            return;
        }
        // A ratio that is too large for a number stays one, lest its parts become infinite.
        let ratio = canary.invocations() as f64 / stable.invocations() as f64;
        let odds = (settings.rho * ratio).min(f64::MAX);
        if stable.errors() > 0 {
            for (gain, bet) in self.stable_gain.iter_mut().zip(accept_bets()) {
                *gain += stable.errors() as f64 * (bet * odds).ln_1p();
            }
        }
        if canary.invocations() > 0 {
            self.bet(settings, counts, odds);
        }
    }

    fn bet(&mut self, settings: &Settings, counts: &Counts, odds: f64) {
        let (canary, stable) = (counts.canary, counts.stable);
        let tolerated = canary.invocations() as f64 * settings.delta;
        for (log_wealth, bet) in self.log_wealth_by_q.iter_mut().zip(BET) {
            let terms = Terms::of(bet, odds);
            let won = canary.errors() as f64 * terms.gain - stable.errors() as f64 * terms.loss;
            *log_wealth += (won - tolerated * terms.toll) / settings.phi;
        }
        if canary.errors() > 0 || stable.errors() > 0 {
            self.deal_anew();
        }
    }

    /// Takes a share of all wealth and spreads it evenly over the bets; the sum stays the same.
    /// So a bet that lost everything in an outage finds a fault that comes later.
    fn deal_anew(&mut self) {
        let share = 1.0 / (FIRST_DEAL + self.n as f64);
        let dealt = share.ln() - (BETS as f64).ln() + self.log_e_rollback();
        let kept = (-share).ln_1p();
        for log_wealth in &mut self.log_wealth_by_q {
            *log_wealth = log_sum_exp(&[*log_wealth + kept, dealt]);
        }
        self.n = self.n.saturating_add(1);
    }

    /// The log of the evidence that the canary is worse than tolerated: how much the rollback
    /// side has made of a wealth of 1. 0 without data.
    #[must_use]
    pub fn log_e_rollback(&self) -> f64 {
        log_sum_exp(&self.log_wealth_by_q)
    }

    /// The log of the evidence that the canary's excess is below the settings' `eps`.
    #[must_use]
    pub fn log_e_accept(&self, settings: &Settings) -> f64 {
        self.log_e_accept_at(settings, settings.eps)
    }

    /// The log of the evidence that the canary's excess is below `eps`, a share of its
    /// invocations: a finite number, growing with `eps`. 0 without data.
    #[must_use]
    pub fn log_e_accept_at(&self, settings: &Settings, eps: f64) -> f64 {
        self.lines(settings, &self.stable_gain).at(eps)
    }

    /// Whether the canary is blamed now. A crossing counts when it happens: one who acts on it
    /// need not ask again, for the evidence may shrink afterwards.
    #[must_use]
    pub fn regressed(&self, settings: &Settings) -> bool {
        self.log_e_rollback() >= settings.log_needed_to_blame()
    }

    /// Whether the canary is shown to be worse by less than `eps`.
    #[must_use]
    pub fn accepted(&self, settings: &Settings) -> bool {
        self.log_e_accept(settings) >= settings.log_needed_to_accept()
    }

    /// By how much the canary's mean error rate is at most above `rho` times the stable
    /// version's: a share of its invocations, 0 to 1. Holds at all times at once but for a chance
    /// of `alpha_accept`. 1 without data.
    #[must_use]
    pub fn upper_excess(&self, settings: &Settings) -> f64 {
        let lines = self.lines(settings, &self.stable_gain);
        lines.reaches(settings.log_needed_to_accept())
    }

    /// What the canary's mean error rate is at most, by itself, 0 to 1. Holds like
    /// [`upper_excess`](Self::upper_excess). 1 without data.
    #[must_use]
    pub fn upper_absolute(&self, settings: &Settings) -> f64 {
        let lines = self.lines(settings, &[0.0; ACCEPT_BETS]);
        lines.reaches(settings.log_needed_to_accept())
    }

    fn lines(&self, settings: &Settings, stable_gain: &[f64; ACCEPT_BETS]) -> Lines {
        let errors = self.canary_errors as f64;
        let invocations = self.canary_invocations as f64;
        let mut lines = Lines {
            at_zero: [0.0; ACCEPT_BETS],
            slope: [0.0; ACCEPT_BETS],
        };
        for (j, bet) in accept_bets().enumerate() {
            // The first bet loses everything at the first error; 0 times infinity is no number.
            let lost = if self.canary_errors == 0 {
                0.0
            } else {
                errors * (-bet).ln_1p()
            };
            lines.at_zero[j] = accept_share(j).ln() + (lost + stable_gain[j]) / settings.phi;
            lines.slope[j] = bet * invocations / settings.phi;
        }
        lines
    }
}

/// What an error changes in the log of the wealth on one bet of the rollback side. Under the null
/// the bet is fair, whatever the base rate.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Won for an error of the canary.
    gain: f64,
    /// Lost for an error of the stable version.
    loss: f64,
    /// Lost for an error of the canary that `delta` expects.
    toll: f64,
}

impl Terms {
    /// `odds`: the canary's tolerated errors to the stable version's, `rho * n_c / n_b`.
    fn of(bet: f64, odds: f64) -> Self {
        // Both shares from the odds: 1 minus the other would lose digits.
        let (canary_share, stable_share) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
        let toll = bet * stable_share / (1.0 + canary_share * bet);
        Self {
            // ln(1 + bet) - ln(1 + canary_share * bet), without losing digits either.
            gain: toll.ln_1p(),
            loss: (canary_share * bet).ln_1p(),
            toll,
        }
    }
}

/// 1, 1/2, 1/4, … 2^-20.
fn accept_bets() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(1.0), |bet| Some(bet / 2.0)).take(ACCEPT_BETS)
}

/// The share of the accept side's wealth that bet `j` starts with; they add up to 1.
fn accept_share(j: usize) -> f64 {
    if j + 1 == ACCEPT_BETS {
        1.0 / ACCEPT_BETS as f64
    } else {
        1.0 / ((j + 1) * (j + 2)) as f64
    }
}

/// The log of the evidence of several metrics together: the mean of their wealths, and so held
/// against one `alpha`. No metrics: no evidence, 0.
#[must_use]
pub fn combined(log_e: &[f64]) -> f64 {
    if log_e.is_empty() {
        return 0.0;
    }
    log_sum_exp(log_e) - (log_e.len() as f64).ln()
}

/// The log of the sum of exponentials, without leaving the range of numbers on the way.
fn log_sum_exp(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_infinite() {
        return most;
    }
    let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
    most + sum.ln()
}

/// Evidence as it comes from JSON, before it is believed.
#[derive(Deserialize)]
struct Stored {
    log_wealth_by_q: [f64; BETS],
    n: u64,
    #[serde(rename = "G")]
    stable_gain: [f64; ACCEPT_BETS],
    #[serde(rename = "Xc")]
    canary_errors: u64,
    #[serde(rename = "Nc")]
    canary_invocations: u64,
}

/// Stored numbers that no evidence can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotEvidence {
    #[error("the stored evidence holds a number that is not finite")]
    NotFinite,
    #[error("the stored evidence: {0}")]
    Counts(#[from] TooManyErrors),
}

impl TryFrom<Stored> for Evidence {
    type Error = NotEvidence;

    fn try_from(stored: Stored) -> Result<Self, NotEvidence> {
        Tally::new(stored.canary_invocations, stored.canary_errors)?;
        let mut numbers = stored.log_wealth_by_q.iter().chain(&stored.stable_gain);
        if !numbers.all(|number| number.is_finite()) {
            return Err(NotEvidence::NotFinite);
        }
        Ok(Self {
            log_wealth_by_q: stored.log_wealth_by_q,
            n: stored.n,
            stable_gain: stored.stable_gain,
            canary_errors: stored.canary_errors,
            canary_invocations: stored.canary_invocations,
        })
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
