//! The sentence for a person, word by word.

use super::*;
use crate::judge::evidence::Tally;

fn tally(invocations: u64, errors: u64) -> Tally {
    Tally::new(invocations, errors).expect("in order")
}

fn summary() -> Summary {
    Summary {
        counts: Counts {
            canary: tally(3012, 7),
            stable: tally(27_180, 4),
        },
        log_e: 412.3_f64.ln(),
        alpha: 0.01,
        upper: 0.003_05,
        confidence: 0.95,
    }
}

#[test]
fn a_finding_is_one_sentence() {
    assert_eq!(
        summary().to_string(),
        "canary failed 7 of 3,012 (0.23 %), stable 4 of 27,180 (0.015 %) in the same minutes; \
         evidence 412:1, needed 100:1; at most 0.31 % worse (95 %)"
    );
}

#[test]
fn what_is_not_known_is_said() {
    let mut unknown = summary();
    unknown.upper = 1.0;
    let text = unknown.to_string();
    assert!(
        text.ends_with("how much worse it may be is not known"),
        "{text}"
    );
    unknown.counts.stable = Tally::default();
    let text = unknown.to_string();
    assert!(text.contains("stable was not called"), "{text}");
    unknown.counts.canary = Tally::default();
    let text = unknown.to_string();
    assert!(text.contains("the canary was not called"), "{text}");
}

#[test]
fn a_summary_takes_its_numbers_from_the_evidence() {
    let settings = Settings::default();
    let counts = Counts {
        canary: tally(3611, 0),
        stable: tally(32_499, 0),
    };
    let mut evidence = Evidence::default();
    evidence.take(&settings, &counts);
    assert_eq!(
        Summary::of(&evidence, &settings, counts).to_string(),
        "canary failed 0 of 3,611 (0 %), stable 0 of 32,499 (0 %) in the same minutes; \
         evidence 1:1, needed 100:1; at most 0.1 % worse (95 %)"
    );
}
