//! Statistics by the names that CloudWatch gives them.

use super::aggregate::Aggregate;

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::sim) enum Statistic {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,
    /// `p99.9`, as a share.
    Percentile(f64),
    /// `TC(a:b)`: how many lie above `a` and up to `b`.
    Count {
        above: f64,
        up_to: f64,
    },
    /// `PR(a:b)`: which percentage lies above `a` and up to `b`.
    Rank {
        above: f64,
        up_to: f64,
    },
}

impl Statistic {
    /// Reads a name; `None` for one that is wrong or not simulated (trimmed and winsorized means).
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Sum" => Self::Sum,
            "Average" => Self::Average,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => return Self::parse_extended(name),
        })
    }

    /// Reads only the names of extended statistics.
    pub fn parse_extended(name: &str) -> Option<Self> {
        if let Some(percent) = name.strip_prefix('p') {
            let percent: f64 = percent.parse().ok()?;
            return (0.0..=100.0)
                .contains(&percent)
                .then_some(Self::Percentile(percent / 100.0));
        }
        let (kind, range) = name.strip_suffix(')')?.split_once('(')?;
        let (above, up_to) = range.split_once(':')?;
        let bound = |text: &str, open: f64| {
            if text.is_empty() {
                Some(open)
            } else {
                text.parse().ok()
            }
        };
        let (above, up_to) = (
            bound(above, f64::NEG_INFINITY)?,
            bound(up_to, f64::INFINITY)?,
        );
        match kind {
            "TC" => Some(Self::Count { above, up_to }),
            "PR" => Some(Self::Rank { above, up_to }),
            _ => None,
        }
    }

    /// The statistic's value, if it can be known.
    pub fn of(self, aggregate: &Aggregate) -> Option<f64> {
        match self {
            Self::SampleCount => Some(aggregate.count),
            Self::Sum => Some(aggregate.sum),
            Self::Average => Some(aggregate.sum / aggregate.count),
            Self::Minimum => Some(aggregate.minimum),
            Self::Maximum => Some(aggregate.maximum),
            Self::Percentile(share) => aggregate.percentile(share),
            Self::Count { above, up_to } => aggregate.count_between(above, up_to),
            Self::Rank { above, up_to } => aggregate
                .count_between(above, up_to)
                .map(|inside| 100.0 * inside / aggregate.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_cloudwatch_writes_them() {
        let open = f64::NEG_INFINITY;
        assert_eq!(Statistic::parse("Sum"), Some(Statistic::Sum));
        assert_eq!(
            Statistic::parse("p99.9"),
            Some(Statistic::Percentile(0.9990000000000001))
        );
        assert_eq!(
            Statistic::parse("TC(:300)"),
            Some(Statistic::Count {
                above: open,
                up_to: 300.0
            })
        );
        assert_eq!(
            Statistic::parse("PR(100:300)"),
            Some(Statistic::Rank {
                above: 100.0,
                up_to: 300.0
            })
        );
        for wrong in [
            "sum",
            "p101",
            "p",
            "TC(300)",
            "TC(10%:90%)",
            "TM(10%:90%)",
            "",
            "Sum)",
        ] {
            assert_eq!(Statistic::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_statistic_of_three_values() {
        let aggregate = Aggregate::of_values(vec![(1.0, 1.0), (4.0, 2.0)]).expect("not empty");
        let value = |name| Statistic::parse(name).and_then(|statistic| statistic.of(&aggregate));
        assert_eq!(value("SampleCount"), Some(3.0));
        assert_eq!(value("Sum"), Some(9.0));
        assert_eq!(value("Average"), Some(3.0));
        assert_eq!((value("Minimum"), value("Maximum")), (Some(1.0), Some(4.0)));
        assert_eq!((value("p50"), value("TC(:1)")), (Some(4.0), Some(1.0)));
        assert_eq!(value("PR(:1)"), Some(100.0 / 3.0));
    }
}
