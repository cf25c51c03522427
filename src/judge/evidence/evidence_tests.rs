//! The judge against numbers that were computed to 25 digits, against exact enumeration, and
//! against what has to hold for all counts. What it does over many rollouts is in `simulated`.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[path = "enumerated_tests.rs"]
mod enumerated;
#[path = "simulated_tests.rs"]
mod simulated;

const VECTORS: &str = include_str!("../../../tests/data/judge-vectors.json");

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    min_clean_requests: std::collections::BTreeMap<String, u64>,
    exact_operating_characteristics: Vec<enumerated::Characteristics>,
    exact_one_poll_expectation: Vec<enumerated::Expectation>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    params: Parameters,
    polls: Vec<[u64; 4]>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Parameters {
    alpha: String,
    alpha_accept: String,
    rho: String,
    delta: String,
    phi: String,
    eps: String,
}

#[derive(Deserialize)]
struct Expected {
    per_poll: Vec<PerPoll>,
    first_rollback_poll: Option<usize>,
    first_accept_poll: Option<usize>,
    upper_excess: String,
    upper_absolute: String,
    final_state: FinalState,
}

#[derive(Deserialize)]
struct PerPoll {
    log_e_rollback: String,
    log_e_accept: String,
}

#[derive(Deserialize)]
struct FinalState {
    log_wealth_by_q: Vec<String>,
    #[serde(rename = "G")]
    stable_gain: Vec<String>,
    #[serde(rename = "Xc")]
    canary_errors: u64,
    #[serde(rename = "Nc")]
    canary_invocations: u64,
}

fn vectors() -> Vectors {
    serde_json::from_str(VECTORS).expect("the vectors are in order")
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

impl Parameters {
    fn settings(&self) -> Settings {
        let settings = Settings {
            alpha: number(&self.alpha),
            alpha_accept: number(&self.alpha_accept),
            rho: number(&self.rho),
            delta: number(&self.delta),
            phi: number(&self.phi),
            eps: number(&self.eps),
        };
        settings.check().expect("in range");
        settings
    }
}

fn counts([n_c, x_c, n_b, x_b]: [u64; 4]) -> Counts {
    Counts {
        canary: Tally::new(n_c, x_c).expect("in order"),
        stable: Tally::new(n_b, x_b).expect("in order"),
    }
}

fn evidence(settings: &Settings, polls: &[[u64; 4]]) -> Evidence {
    let mut evidence = Evidence::default();
    for poll in polls {
        evidence.take(settings, &counts(*poll));
    }
    evidence
}

#[track_caller]
fn near(found: f64, expected: &str, what: &str) {
    let expected = number(expected);
    let off = (found - expected).abs() / expected.abs().max(1.0);
    assert!(off <= 1e-9, "{what}: {found}, not {expected}");
}

#[test]
fn every_vector() {
    let vectors = vectors();
    assert_eq!(vectors.cases.len(), 32);
    for case in vectors.cases {
        let (name, settings) = (&case.name, case.params.settings());
        let mut evidence = Evidence::default();
        let (mut blamed, mut accepted) = (None, None);
        assert_eq!(case.polls.len(), case.expected.per_poll.len());
        for (at, (poll, expected)) in case.polls.iter().zip(&case.expected.per_poll).enumerate() {
            evidence.take(&settings, &counts(*poll));
            near(evidence.log_e_rollback(), &expected.log_e_rollback, name);
            near(
                evidence.log_e_accept(&settings),
                &expected.log_e_accept,
                name,
            );
            if evidence.regressed(&settings) {
                blamed = blamed.or(Some(at + 1));
            }
            if evidence.accepted(&settings) {
                accepted = accepted.or(Some(at + 1));
            }
        }
        let expected = &case.expected;
        assert_eq!(blamed, expected.first_rollback_poll, "{name}");
        assert_eq!(accepted, expected.first_accept_poll, "{name}");
        near(
            evidence.upper_excess(&settings),
            &expected.upper_excess,
            name,
        );
        near(
            evidence.upper_absolute(&settings),
            &expected.upper_absolute,
            name,
        );
        ends_as(&evidence, &expected.final_state, name);
    }
}

#[track_caller]
fn ends_as(evidence: &Evidence, expected: &FinalState, name: &str) {
    let pairs = evidence.log_wealth_by_q.iter();
    let pairs = pairs.zip(&expected.log_wealth_by_q);
    let gains = evidence.stable_gain.iter().zip(&expected.stable_gain);
    assert_eq!(
        expected.log_wealth_by_q.len() + expected.stable_gain.len(),
        30
    );
    for (found, expected) in pairs.chain(gains) {
        near(*found, expected, name);
    }
    assert_eq!(evidence.canary_errors, expected.canary_errors, "{name}");
    let invocations = evidence.canary_invocations;
    assert_eq!(invocations, expected.canary_invocations, "{name}");
}

#[test]
fn acceptance_needs_exactly_so_many_clean_requests() {
    let expected = vectors().min_clean_requests;
    assert_eq!(expected.len(), 9);
    for (name, needed) in expected {
        let (eps, alpha) = name.split_once(' ').expect("two numbers");
        let settings = Settings {
            eps: number(eps.trim_start_matches("eps=")),
            alpha_accept: number(alpha.trim_start_matches("alpha=")),
            ..Settings::default()
        };
        assert_eq!(
            planner::min_clean_requests(&settings),
            Some(needed),
            "{name}"
        );
        for (clean, accepted) in [(needed, true), (needed - 1, false)] {
            let evidence = evidence(&settings, &[[clean, 0, 9 * clean, 0]]);
            assert_eq!(evidence.accepted(&settings), accepted, "{name}, {clean}");
        }
    }
}

#[test]
fn a_canary_without_a_baseline_is_not_blamed() {
    let settings = Settings::default();
    let evidence = evidence(&settings, &[[100, 100, 0, 0]]);
    assert!(!evidence.regressed(&settings) && !evidence.accepted(&settings));
    assert_eq!(
        evidence.log_e_rollback(),
        Evidence::default().log_e_rollback()
    );
}

#[test]
fn a_canary_far_better_is_bounded_by_zero() {
    let settings = Settings::default();
    let evidence = evidence(&settings, &[[10_000, 0, 10_000, 5000]]);
    assert!(evidence.upper_excess(&settings) < 1e-18);
}

#[test]
fn several_metrics_share_one_alpha() {
    assert_eq!(combined(&[]), 0.0);
    assert_eq!(combined(&[3.5]), 3.5);
    let both = combined(&[7.0_f64.ln(), 3.0_f64.ln()]);
    assert!((both - 5.0_f64.ln()).abs() < 1e-12, "{both}");
    // A metric that lost everything costs the other its half, and no more.
    let huge = combined(&[2000.0, f64::NEG_INFINITY]);
    assert!((huge - (2000.0 - 2.0_f64.ln())).abs() < 1e-9, "{huge}");
    assert_eq!(combined(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
}

#[test]
fn stored_numbers_that_no_evidence_can_have_are_refused() {
    let json = serde_json::to_string(&Evidence::default()).expect("JSON");
    let reads = |json: &str| serde_json::from_str::<Evidence>(json);
    assert!(reads(&json).is_ok());
    assert!(reads(&json.replace("\"Xc\":0", "\"Xc\":1")).is_err());
    assert!(reads(&json.replacen("0.0", "null", 1)).is_err());
    assert!(reads(&json.replacen("0.0", "1e999", 1)).is_err());
    assert!(reads(&json.replacen("0.0,", "", 1)).is_err());
}

/// Any counts up to 1e9, small ones as often as large ones.
fn a_number() -> impl Strategy<Value = u64> {
    prop_oneof![0..20_u64, 0..5000_u64, 0..=1_000_000_000_u64]
}

fn a_poll() -> impl Strategy<Value = [u64; 4]> {
    let side = || (a_number(), a_number()).prop_map(|(a, b)| (a.max(b), a.min(b)));
    (side(), side()).prop_map(|((n_c, x_c), (n_b, x_b))| [n_c, x_c, n_b, x_b])
}

fn polls() -> impl Strategy<Value = Vec<[u64; 4]>> {
    prop::collection::vec(a_poll(), 0..20)
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let rho = prop_oneof![Just(1.0), 0.5..3.0, Just(1e-300), Just(1e300)];
    let delta = prop_oneof![Just(0.0), 0.0..0.1, Just(0.999)];
    (rho, delta, 1.0..=10.0, 1e-6..0.5).prop_map(|(rho, delta, phi, eps)| Settings {
        rho,
        delta,
        phi,
        eps,
        ..Settings::default()
    })
}

proptest! {
    #[test]
    fn no_counts_make_anything_but_numbers(settings in any_settings(), polls in polls()) {
        let evidence = evidence(&settings, &polls);
        for number in evidence.log_wealth_by_q.iter().chain(&evidence.stable_gain) {
            prop_assert!(number.is_finite());
        }
        prop_assert!(evidence.log_e_rollback().is_finite());
        prop_assert!(evidence.log_e_accept(&settings).is_finite());
        for bound in [evidence.upper_excess(&settings), evidence.upper_absolute(&settings)] {
            prop_assert!((0.0..=1.0).contains(&bound));
        }
        prop_assert!(evidence.upper_excess(&settings) <= evidence.upper_absolute(&settings));
    }

    #[test]
    fn comes_back_from_json_bit_by_bit(settings in any_settings(), polls in polls()) {
        let evidence = evidence(&settings, &polls);
        let json = serde_json::to_string(&evidence).expect("JSON");
        prop_assert!(json.len() < 1024, "{}", json.len());
        let back: Evidence = serde_json::from_str(&json).expect("it reads itself");
        let bits = |evidence: &Evidence| {
            let numbers = evidence.log_wealth_by_q.iter().chain(&evidence.stable_gain);
            numbers.map(|number| number.to_bits()).collect::<Vec<_>>()
        };
        prop_assert_eq!(bits(&back), bits(&evidence));
        prop_assert_eq!(back, evidence);
    }

    /// At delta 0 the rollback side's wealth after a poll is what it was before it was dealt anew.
    #[test]
    fn dealing_anew_keeps_the_total(settings in any_settings(), polls in polls()) {
        let mut evidence = evidence(&settings, &polls);
        let before = evidence.log_e_rollback();
        let deals = evidence.n;
        evidence.deal_anew();
        let after = evidence.log_e_rollback();
        prop_assert!((after - before).abs() <= 1e-12 * before.abs().max(1.0));
        prop_assert_eq!(evidence.n, deals + 1);
        // Each bet has at least its part of the share that was dealt.
        let least = after - ((64.0 + deals as f64) * 9.0).ln() - 1e-9 * after.abs().max(1.0);
        prop_assert!(evidence.log_wealth_by_q.iter().all(|log| *log >= least));
    }

    #[test]
    fn one_more_canary_error_is_worse(
        settings in any_settings(),
        polls in polls(),
        [n_c, x_c, n_b, x_b] in a_poll(),
    ) {
        prop_assume!(x_c < n_c && n_b > 0);
        let with = |errors| {
            let mut evidence = evidence(&settings, &polls);
            evidence.take(&settings, &counts([n_c, errors, n_b, x_b]));
            evidence
        };
        let (fewer, more) = (with(x_c), with(x_c + 1));
        let rounding = 1e-12 * fewer.log_e_rollback().abs().max(1.0);
        prop_assert!(more.log_e_rollback() >= fewer.log_e_rollback() - rounding);
        let rounding = 1e-12 * fewer.log_e_accept(&settings).abs().max(1.0);
        prop_assert!(more.log_e_accept(&settings) <= fewer.log_e_accept(&settings) + rounding);
        let (less, worse) = (fewer.upper_excess(&settings), more.upper_excess(&settings));
        prop_assert!(worse >= less - 1e-12, "{} {}", worse, less);
    }

    /// The accept side knows sums only, and so no order of polls of one split.
    #[test]
    fn acceptance_knows_no_order(settings in any_settings(), polls in polls()) {
        let forth = evidence(&settings, &polls);
        let back: Vec<_> = polls.into_iter().rev().collect();
        let back = evidence(&settings, &back);
        // What rounding can do to the terms, which may cancel.
        let terms = forth.stable_gain[0] + 14.0 * forth.canary_errors as f64;
        let rounding = 1e-14 * (1.0 + terms + forth.canary_invocations as f64);
        let (forth, back) = (forth.log_e_accept(&settings), back.log_e_accept(&settings));
        prop_assert!((forth - back).abs() <= rounding, "{} {}", forth, back);
    }

    /// A poll is a sum: which of its requests came first makes no difference, not to the last bit.
    #[test]
    fn a_poll_knows_no_order_inside(
        settings in any_settings(),
        before in polls(),
        requests in prop::collection::vec((any::<bool>(), any::<bool>()), 0..60),
        turn in any::<prop::sample::Index>(),
    ) {
        let taken = |requests: &[(bool, bool)]| {
            let request = |(canary, failed): &(bool, bool)| match canary {
                true => counts([1, u64::from(*failed), 0, 0]),
                false => counts([0, 0, 1, u64::from(*failed)]),
            };
            let all = requests.iter().map(request);
            let mut evidence = evidence(&settings, &before);
            evidence.take(&settings, &all.fold(Counts::default(), Counts::plus));
            evidence
        };
        let mut turned = requests.clone();
        turned.reverse();
        turned.rotate_left(turn.index(requests.len().max(1)).min(requests.len()));
        let number = |canary: bool, failed: bool| {
            let same = |it: &&(bool, bool)| it.0 == canary && (!failed || it.1);
            requests.iter().filter(same).count() as u64
        };
        let sum = [
            number(true, false), number(true, true), number(false, false), number(false, true),
        ];
        let mut at_once = evidence(&settings, &before);
        at_once.take(&settings, &counts(sum));
        prop_assert_eq!(&taken(&requests), &at_once);
        prop_assert_eq!(&taken(&turned), &at_once);
    }

    /// Polls without traffic on either version change nothing on the rollback side.
    #[test]
    fn nothing_to_compare_changes_nothing(settings in any_settings(), polls in polls(), n in a_number()) {
        let before = evidence(&settings, &polls);
        for idle in [[n, n / 2, 0, 0], [0, 0, n, n / 2]] {
            let mut after = before.clone();
            after.take(&settings, &counts(idle));
            prop_assert_eq!(after.log_wealth_by_q, before.log_wealth_by_q);
            prop_assert_eq!(after.stable_gain, before.stable_gain);
            prop_assert_eq!(after.n, before.n);
        }
    }
}
