//! `Retry` and `Catch` of a Task state.

use jiff::SignedDuration;
use rand::RngExt;

use super::failure::ALL;
use super::fields::{Fields, LONGEST, Mistake};
use super::paths::Path;
use crate::sim::streams::Stream;

/// What is tried again, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// The names of the errors.
    pub errors: Vec<String>,
    /// How often at most.
    pub attempts: i64,
    interval: i64,
    rate: f64,
    longest: Option<i64>,
    full_jitter: bool,
}

/// Where errors go.
#[derive(Debug, Clone, PartialEq)]
pub struct Catcher {
    /// The names of the errors.
    pub errors: Vec<String>,
    /// Where in the state's input the error is put; `None` drops it.
    pub result_path: Option<Path>,
    /// The state that goes on.
    pub next: String,
}

impl Retrier {
    /// Reads the `Retry` of a state.
    pub fn parse_all(state: &Fields<'_>) -> Result<Vec<Self>, Mistake> {
        let retriers = items(state, "Retry")?
            .iter()
            .map(Self::parse)
            .collect::<Result<Vec<_>, _>>()?;
        check_order(state, "Retry", retriers.iter().map(|one| &one.errors))?;
        Ok(retriers)
    }

    fn parse(fields: &Fields<'_>) -> Result<Self, Mistake> {
        let known = [
            "Comment",
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
        ];
        fields.only(&[&known], "a retrier")?;
        let interval = fields.whole("IntervalSeconds", 1..=LONGEST)?.unwrap_or(1);
        let longest = fields.whole("MaxDelaySeconds", 1..=31_622_400)?;
        if longest.is_some_and(|longest| longest <= interval) {
            let what = "Field 'MaxDelaySeconds' must be greater than 'IntervalSeconds'";
            return Err(fields.mistake("MaxDelaySeconds", what));
        }
        let rate = match fields.get("BackoffRate") {
            None => 2.0,
            Some(rate) => rate.as_f64().filter(|rate| *rate >= 1.0).ok_or_else(|| {
                let what = "Field 'BackoffRate' must be a number of at least 1";
                fields.mistake("BackoffRate", what)
            })?,
        };
        let full_jitter = match fields.text("JitterStrategy")? {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                let what = "Field 'JitterStrategy' must be FULL or NONE";
                return Err(fields.mistake("JitterStrategy", what));
            }
        };
        Ok(Self {
            errors: errors(fields)?,
            attempts: fields.whole("MaxAttempts", 0..=LONGEST)?.unwrap_or(3),
            interval,
            rate,
            longest,
            full_jitter,
        })
    }

    /// How long before the next attempt, after that many retries.
    pub fn delay(&self, retries: i64, stream: &mut Stream) -> SignedDuration {
        let exponent = i32::try_from(retries).unwrap_or(i32::MAX);
        let longest = self.longest.unwrap_or(LONGEST) as f64;
        let delay = (self.interval as f64 * self.rate.powi(exponent)).min(longest);
        let delay = if self.full_jitter {
            delay * stream.random::<f64>()
        } else {
            delay
        };
        SignedDuration::from_millis((delay * 1_000.0).round() as i64)
    }
}

impl Catcher {
    /// Reads the `Catch` of a state.
    pub fn parse_all(state: &Fields<'_>) -> Result<Vec<Self>, Mistake> {
        let catchers = items(state, "Catch")?
            .iter()
            .map(Self::parse)
            .collect::<Result<Vec<_>, _>>()?;
        check_order(state, "Catch", catchers.iter().map(|one| &one.errors))?;
        Ok(catchers)
    }

    fn parse(fields: &Fields<'_>) -> Result<Self, Mistake> {
        let known = ["Comment", "ErrorEquals", "ResultPath", "Next"];
        fields.only(&[&known], "a catcher")?;
        Ok(Self {
            errors: errors(fields)?,
            result_path: fields.destination("ResultPath")?,
            next: fields.required_text("Next")?.to_owned(),
        })
    }
}

fn items<'a>(state: &Fields<'a>, name: &str) -> Result<Vec<Fields<'a>>, Mistake> {
    let Some(value) = state.get(name) else {
        return Ok(Vec::new());
    };
    let list = value
        .as_array()
        .ok_or_else(|| state.mistake(name, format!("Field '{name}' must be a list")))?;
    list.iter()
        .enumerate()
        .map(|(index, item)| Fields::of(item, format!("{}[{index}]", state.at(name))))
        .collect()
}

fn errors(fields: &Fields<'_>) -> Result<Vec<String>, Mistake> {
    let must = || fields.mistake("ErrorEquals", "Field 'ErrorEquals' must list error names");
    fields
        .list("ErrorEquals")?
        .iter()
        .map(|name| name.as_str().map(str::to_owned).ok_or_else(must))
        .collect()
}

/// `States.ALL` stands alone and last: nothing after it would ever be reached.
fn check_order<'a>(
    state: &Fields<'_>,
    name: &str,
    all: impl ExactSizeIterator<Item = &'a Vec<String>>,
) -> Result<(), Mistake> {
    let last = all.len().saturating_sub(1);
    for (index, errors) in all.enumerate() {
        if errors.iter().any(|error| error == ALL) && (errors.len() > 1 || index < last) {
            let what = format!("{ALL} must be alone in the last item of '{name}'");
            return Err(state.mistake(&format!("{name}[{index}]"), what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sim::streams::stream;

    fn retriers(retry: &Value) -> Result<Vec<Retrier>, String> {
        let state = json!({ "Retry": retry });
        Fields::of(&state, "/States/A")
            .and_then(|state| Retrier::parse_all(&state))
            .map_err(|mistake| mistake.to_string())
    }

    fn delays(retry: &Value, count: i64) -> Vec<i128> {
        let retrier = &retriers(&json!([retry])).expect("a retrier")[0];
        let mut stream = stream(1, "jitter");
        let delay = |retries| retrier.delay(retries, &mut stream).as_millis();
        (0..count).map(delay).collect()
    }

    #[test]
    fn delays_grow_to_their_longest() {
        let plain = json!({"ErrorEquals": ["E"]});
        assert_eq!(delays(&plain, 3), [1_000, 2_000, 4_000]);
        let steady = json!({"ErrorEquals": ["E"], "IntervalSeconds": 5, "BackoffRate": 1});
        assert_eq!(delays(&steady, 3), [5_000, 5_000, 5_000]);
        let capped = json!({"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3.5, "MaxDelaySeconds": 20});
        assert_eq!(delays(&capped, 4), [2_000, 7_000, 20_000, 20_000]);
    }

    #[test]
    fn after_a_million_retries_the_delay_is_still_a_number() {
        let retrier = &retriers(&json!([{"ErrorEquals": ["E"]}])).expect("valid")[0];
        let delay = retrier.delay(1_000_000, &mut stream(1, "jitter"));
        assert_eq!(delay, SignedDuration::from_secs(LONGEST));
    }

    #[test]
    fn full_jitter_draws_from_nothing_to_the_delay() {
        let jittered = json!({"ErrorEquals": ["E"], "IntervalSeconds": 100, "BackoffRate": 1, "JitterStrategy": "FULL"});
        let drawn = delays(&jittered, 200);
        assert!(drawn.iter().all(|delay| (0..=100_000).contains(delay)));
        assert!(drawn.iter().any(|delay| *delay < 20_000));
        assert!(drawn.iter().any(|delay| *delay > 80_000));
        assert_eq!(drawn, delays(&jittered, 200), "the stream is seeded");
    }

    #[test]
    fn impossible_retriers_are_refused() {
        for (retry, part) in [
            (json!({}), "'Retry' must be a list"),
            (json!([{}]), "Missing field 'ErrorEquals'"),
            (json!([{"ErrorEquals": []}]), "must be a list with an item"),
            (json!([{"ErrorEquals": [1]}]), "must list error names"),
            (
                json!([{"ErrorEquals": ["E"], "Backoff": 1}]),
                "'Backoff' is not supported in a retrier",
            ),
            (
                json!([{"ErrorEquals": ["E"], "BackoffRate": 0.5}]),
                "at least 1",
            ),
            (
                json!([{"ErrorEquals": ["E"], "IntervalSeconds": 0}]),
                "from 1 to",
            ),
            (
                json!([{"ErrorEquals": ["E"], "IntervalSeconds": 1.5}]),
                "whole number",
            ),
            (
                json!([{"ErrorEquals": ["E"], "MaxAttempts": -1}]),
                "from 0 to",
            ),
            (
                json!([{"ErrorEquals": ["E"], "IntervalSeconds": 9, "MaxDelaySeconds": 9}]),
                "greater than",
            ),
            (
                json!([{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}]),
                "FULL or NONE",
            ),
            (
                json!([{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]),
                "alone in the last",
            ),
            (
                json!([{"ErrorEquals": ["E", "States.ALL"]}]),
                "alone in the last",
            ),
        ] {
            let message = retriers(&retry).expect_err("refused");
            assert!(message.contains(part), "{retry}: {message}");
            assert!(message.contains("/States/A"), "{message}");
        }
    }
}
