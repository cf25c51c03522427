//! The state that datapoints mean, some of which are missing: CloudWatch's documented tables.

use super::definition::MissingData;
use super::state::StateValue;

/// The state that the datapoints mean, or `None` where the alarm keeps the one it has.
///
/// `breaching` is the evaluation range, newest first: whether each datapoint breaches, `None` for
/// a missing one. `m` of the newest `n` existing ones must breach. Missing ones count only if
/// fewer than `n` exist, and only so many of them as are needed to make `n`.
pub(in crate::sim) fn verdict(
    breaching: &[Option<bool>],
    m: usize,
    n: usize,
    treat: MissingData,
) -> Option<StateValue> {
    let existing: Vec<bool> = breaching.iter().copied().flatten().take(n).collect();
    let bad = existing.iter().filter(|breaches| **breaches).count();
    let filled = n - existing.len();
    if bad >= m {
        return Some(StateValue::Alarm);
    }
    if filled == 0 || treat == MissingData::NotBreaching {
        return Some(StateValue::Ok);
    }
    if treat == MissingData::Breaching {
        return Some(if bad + filled >= m {
            StateValue::Alarm
        } else {
            StateValue::Ok
        });
    }
    if bad < existing.len() {
        return Some(StateValue::Ok);
    }
    // Nothing but breaching datapoints, too few of them, or nothing at all.
    if treat == MissingData::Ignore {
        return None;
    }
    let oldest = breaching
        .iter()
        .rposition(|datapoint| *datapoint == Some(true));
    // An alarm does not go off early: the oldest breach must be as old as M periods.
    let old_enough = oldest.is_some_and(|position| position + 1 >= m);
    Some(if old_enough {
        StateValue::Alarm
    } else {
        StateValue::InsufficientData
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OK: Option<StateValue> = Some(StateValue::Ok);
    const ALARM: Option<StateValue> = Some(StateValue::Alarm);
    const INSUFFICIENT: Option<StateValue> = Some(StateValue::InsufficientData);
    const RETAIN: Option<StateValue> = None;

    /// As in CloudWatch's documentation: oldest first, `0` good, `X` breaching, `-` missing.
    fn range(drawn: &str) -> Vec<Option<bool>> {
        let datapoint = |sign| match sign {
            '0' => Some(false),
            'X' => Some(true),
            _ => None,
        };
        drawn
            .chars()
            .filter(|sign| !sign.is_whitespace())
            .map(datapoint)
            .rev()
            .collect()
    }

    fn check(m: usize, n: usize, rows: &[(&str, [Option<StateValue>; 4])]) {
        let treatments = [
            MissingData::Missing,
            MissingData::Ignore,
            MissingData::Breaching,
            MissingData::NotBreaching,
        ];
        for (drawn, expected) in rows {
            for (treat, expected) in treatments.into_iter().zip(expected) {
                assert_eq!(
                    verdict(&range(drawn), m, n, treat),
                    *expected,
                    "{m} of {n}: {drawn} {treat:?}"
                );
            }
        }
    }

    #[test]
    fn the_documented_table_for_three_of_three() {
        check(
            3,
            3,
            &[
                ("0 - X - X", [OK, OK, OK, OK]),
                ("- - - - 0", [OK, OK, OK, OK]),
                ("- - - - -", [INSUFFICIENT, RETAIN, ALARM, OK]),
                ("0 X X - X", [ALARM, ALARM, ALARM, ALARM]),
                ("- - X - -", [ALARM, RETAIN, ALARM, OK]),
                ("- - - - X", [INSUFFICIENT, RETAIN, ALARM, OK]),
            ],
        );
    }

    #[test]
    fn the_documented_table_for_two_of_three() {
        check(
            2,
            3,
            &[
                ("0 - X - X", [ALARM, ALARM, ALARM, ALARM]),
                ("0 0 X 0 X", [ALARM, ALARM, ALARM, ALARM]),
                ("0 - X - -", [OK, OK, ALARM, OK]),
                ("- - - - 0", [OK, OK, ALARM, OK]),
                ("- - - X -", [ALARM, RETAIN, ALARM, OK]),
                ("- - - - X", [INSUFFICIENT, RETAIN, ALARM, OK]),
            ],
        );
    }

    #[test]
    fn one_of_one_follows_the_newest_datapoint() {
        check(
            1,
            1,
            &[
                ("0 0 X", [ALARM, ALARM, ALARM, ALARM]),
                ("X X 0", [OK, OK, OK, OK]),
                ("X - -", [ALARM, ALARM, ALARM, ALARM]),
                ("- - -", [INSUFFICIENT, RETAIN, ALARM, OK]),
            ],
        );
    }

    proptest! {
        /// Without missing datapoints it is plain M of N, whatever the treatment.
        #[test]
        fn plain_m_of_n(range in prop::collection::vec(any::<bool>(), 1..8), m in 1_usize..8) {
            let n = range.len();
            let m = m.min(n);
            let expected = range.iter().filter(|breaches| **breaches).count() >= m;
            let range: Vec<_> = range.into_iter().map(Some).collect();
            for treat in [MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching] {
                prop_assert_eq!(verdict(&range, m, n, treat), if expected { ALARM } else { OK });
            }
        }

        /// Taking missing data for breaching never alarms less than taking it for good.
        #[test]
        fn breaching_is_the_strictest(range in prop::collection::vec(any::<Option<bool>>(), 5..=5), m in 1_usize..=3) {
            let strict = verdict(&range, m, 3, MissingData::Breaching);
            if verdict(&range, m, 3, MissingData::NotBreaching) == ALARM {
                prop_assert_eq!(strict, ALARM);
            }
            prop_assert!(strict.is_some() && strict != INSUFFICIENT);
        }
    }
}
