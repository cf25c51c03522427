//! What two verdicts come to together.

use super::*;

fn missing(alarm: &str) -> Verdict {
    let alarm = alarm.to_owned();
    Verdict::Fail(Regression::Missing { alarm })
}

fn doubts(alarms: &[&str]) -> Verdict {
    let doubt = |alarm: &&str| Doubt::NoData {
        alarm: (*alarm).to_owned(),
    };
    Verdict::Inconclusive(alarms.iter().map(doubt).collect())
}

#[test]
fn a_pass_takes_both_and_a_failure_one() {
    let (pass, a, b) = (|| Verdict::Pass, || missing("a"), || missing("b"));
    assert_eq!(pass().and(pass()), pass());
    for other in [pass(), doubts(&["c"]), doubts(&[])] {
        assert_eq!(other.clone().and(a()), a());
        assert_eq!(a().and(other), a());
    }
    assert_eq!(a().and(b()), a(), "the first one is said");
}

#[test]
fn a_doubt_of_one_is_a_doubt_of_both_and_none_is_left_out() {
    assert_eq!(doubts(&["a"]).and(Verdict::Pass), doubts(&["a"]));
    assert_eq!(Verdict::Pass.and(doubts(&["a"])), doubts(&["a"]));
    let both = doubts(&["a", "b"]).and(doubts(&["c"]));
    assert_eq!(both, doubts(&["a", "b", "c"]));
    // Nobody has looked: that is no pass either.
    assert_eq!(Verdict::Pass.and(doubts(&[])), doubts(&[]));
}
