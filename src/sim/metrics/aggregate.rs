//! What is known of a metric in one span of time.

use std::cmp::Ordering;

/// Above so many different values they are rounded up to a grid of 0.8 %.
const EXACT_VALUES: usize = 256;

/// Mantissa bits that are dropped when values are rounded: 7 of 52 stay.
const DROPPED_BITS: u64 = 45;

/// Count, sum, extremes and (unless it came as a statistic set) the values themselves.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) struct Aggregate {
    pub count: f64,
    pub sum: f64,
    pub minimum: f64,
    pub maximum: f64,
    /// Values and how often each occurred, ascending.
    values: Vec<(f64, f64)>,
    /// False if some measurements came without their values.
    complete: bool,
}

impl Aggregate {
    /// Of values and how often each occurred, in any order; `None` of nothing.
    pub fn of_values(mut values: Vec<(f64, f64)>) -> Option<Self> {
        values.retain(|(_, count)| *count > 0.0);
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (first, last) = (values.first()?.0, values.last()?.0);
        let count = values.iter().map(|(_, count)| count).sum();
        let sum = values.iter().map(|(value, count)| value * count).sum();
        let mut aggregate = Self {
            count,
            sum,
            minimum: first,
            maximum: last,
            values: Vec::new(),
            complete: true,
        };
        aggregate.values = collapse(values);
        aggregate.coarsen();
        Some(aggregate)
    }

    /// Of a statistic set, whose values are not known unless they are all the same.
    pub fn of_statistics(count: f64, sum: f64, minimum: f64, maximum: f64) -> Self {
        #[expect(clippy::float_cmp, reason = "the same number given twice")]
        let same = minimum == maximum;
        let values = if same {
            vec![(minimum, count)]
        } else {
            Vec::new()
        };
        Self {
            count,
            sum,
            minimum,
            maximum,
            values,
            complete: same,
        }
    }

    /// Adds more measurements of the same span.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        self.complete &= other.complete;
        self.values = join(&self.values, &other.values);
        self.coarsen();
    }

    /// The value below or at which that share (0 to 1) of the measurements lies.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        if !self.complete {
            return None;
        }
        let rank = (share * self.count).max(f64::MIN_POSITIVE);
        let mut seen = 0.0;
        for (value, count) in &self.values {
            seen += count;
            // The sum of many counts may fall short of the whole by rounding.
            if seen >= rank - 1e-9 {
                return Some(value.clamp(self.minimum, self.maximum));
            }
        }
        Some(self.maximum)
    }

    /// How many measurements lie in `(above, up_to]`.
    pub fn count_between(&self, above: f64, up_to: f64) -> Option<f64> {
        let inside = |value: f64| value > above && value <= up_to;
        self.complete.then(|| {
            self.values
                .iter()
                .filter(|(value, _)| inside(*value))
                .map(|(_, count)| count)
                .sum()
        })
    }

    /// Rounds the values up to a grid once there are many. Up, so that a threshold on the grid
    /// (every whole number to 256, every second one to 512, …) still divides them exactly.
    fn coarsen(&mut self) {
        if self.values.len() > EXACT_VALUES {
            let values = std::mem::take(&mut self.values);
            self.values = collapse(values.into_iter().map(|(v, n)| (round_up(v), n)).collect());
        }
    }
}

/// Joins equal neighbours.
fn collapse(sorted: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut values: Vec<(f64, f64)> = Vec::with_capacity(sorted.len().min(EXACT_VALUES));
    for (value, count) in sorted {
        match values.last_mut() {
            Some(last) if last.0.total_cmp(&value).is_eq() => last.1 += count,
            _ => values.push((value, count)),
        }
    }
    values
}

/// Two ascending lists as one.
fn join(mut one: &[(f64, f64)], mut other: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut joined = Vec::with_capacity(one.len() + other.len());
    while let (Some(a), Some(b)) = (one.first(), other.first()) {
        let order = a.0.total_cmp(&b.0);
        joined.push(match order {
            Ordering::Less => *a,
            Ordering::Greater => *b,
            Ordering::Equal => (a.0, a.1 + b.1),
        });
        one = &one[usize::from(order.is_le())..];
        other = &other[usize::from(order.is_ge())..];
    }
    joined.extend_from_slice(one);
    joined.extend_from_slice(other);
    joined
}

fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return value;
    }
    let mask = (1_u64 << DROPPED_BITS) - 1;
    f64::from_bits((value.to_bits() + mask) & !mask)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred = Aggregate::of_values((1..=100).map(|n| (f64::from(n), 1.0)).collect())
            .expect("not empty");
        assert_eq!(hundred.percentile(0.5), Some(50.0));
        assert_eq!(hundred.percentile(0.99), Some(99.0));
        assert_eq!(hundred.percentile(1.0), Some(100.0));
        assert_eq!(hundred.count_between(f64::NEG_INFINITY, 30.0), Some(30.0));
        assert_eq!(hundred.count_between(10.0, 30.0), Some(20.0));
    }

    #[test]
    fn a_statistic_set_has_no_percentile() {
        let set = Aggregate::of_statistics(10.0, 50.0, 1.0, 9.0);
        assert_eq!(set.percentile(0.5), None);
        assert_eq!(set.count_between(0.0, 9.0), None);
        let mut mixed = Aggregate::of_values(vec![(5.0, 1.0)]).expect("not empty");
        mixed.merge(&set);
        assert_eq!(
            (mixed.count, mixed.minimum, mixed.percentile(0.5)),
            (11.0, 1.0, None)
        );
    }

    proptest! {
        #[test]
        fn merging_pieces_is_the_whole(values in prop::collection::vec(0.01_f64..10_000.0, 2..600), cut in 1_usize..600) {
            let cut = cut.min(values.len() - 1);
            let of = |part: &[f64]| Aggregate::of_values(part.iter().map(|v| (*v, 1.0)).collect()).expect("not empty");
            let whole = of(&values);
            let mut merged = of(&values[..cut]);
            merged.merge(&of(&values[cut..]));
            prop_assert_eq!(merged.count, whole.count);
            prop_assert!((merged.sum - whole.sum).abs() < 1e-6 * whole.sum);
            prop_assert_eq!((merged.minimum, merged.maximum), (whole.minimum, whole.maximum));
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(values.len() - 1) / 2];
            let median = merged.percentile(0.5).expect("values are known");
            prop_assert!(median >= exact * 0.999_999 && median <= exact * 1.02, "{} {}", median, exact);
            // A threshold on the grid divides exactly however the values were rounded.
            let below = values.iter().filter(|value| **value <= 128.0).count();
            prop_assert_eq!(merged.count_between(f64::NEG_INFINITY, 128.0), Some(below as f64));
        }
    }
}
