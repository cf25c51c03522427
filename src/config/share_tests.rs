//! Percentages as text, both ways.

use proptest::prelude::*;

use super::{NotAShare, Share};
use crate::rollout::Weight;

#[test]
fn texts_and_shares() {
    for (text, millionths) in [
        ("1%", 10_000),
        ("0.1%", 1_000),
        ("0.0001%", 1),
        (" 33.3300 % ", 333_300),
        ("0%", 0),
        ("000.50%", 5_000),
        ("99.9999%", 999_999),
        ("100%", 1_000_000),
    ] {
        assert_eq!(text.parse(), Ok(Share(millionths)), "{text}");
    }
    assert_eq!(Share(1_000).fraction(), 0.001);
    assert_eq!(Share(1_000).to_string(), "0.1%");
    assert_eq!(Share(120_000).to_string(), "12%");
}

#[test]
fn bad_texts_say_what_is_wrong() {
    let parse = |text: &str| text.parse::<Share>().unwrap_err();
    for form in [
        "", "%", "1", "ten%", "1e1%", "1.%", ".1%", "--1%", "+1%", "0,1%",
    ] {
        assert!(matches!(parse(form), NotAShare::Form(_)), "{form}");
    }
    for range in ["-1%", "-0%", "100.0001%", "99999999999%"] {
        assert!(matches!(parse(range), NotAShare::Range(_)), "{range}");
    }
    assert!(matches!(parse("0.00001%"), NotAShare::TooFine(_)));
}

proptest! {
    #[test]
    fn every_share_survives_text_and_is_the_nearest_fraction(millionths in 0u32..=1_000_000) {
        let share = Share(millionths);
        prop_assert_eq!(share.to_string().parse(), Ok(share));
        let literal: f64 = format!("0.{millionths:06}").parse().unwrap();
        if millionths < 1_000_000 {
            prop_assert_eq!(share.fraction(), literal);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text: String) {
        let _ = text.parse::<Share>();
    }

    /// One spelling for both: what is a weight is a share, and the same one.
    #[test]
    fn a_weight_is_a_share(text in "[-0-9. ]{0,6}%?") {
        match text.parse::<Weight>() {
            Ok(weight) => prop_assert_eq!(text.parse::<Share>().unwrap().fraction(), weight.fraction()),
            Err(_) => if let Ok(share) = text.parse::<Share>() {
                // Only what is too fine for a weight.
                prop_assert!(share.0 % 100 != 0);
            }
        }
    }
}
