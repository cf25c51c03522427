//! A small HTTP service to release and to break.
//!
//! `ERROR_RATE` (0 to 1) of its requests fail, each takes `LATENCY_MS` longer. Which ones fail
//! follows from the request's id, so the same requests fail again. A request whose `Authorization`
//! header is `Bearer fail-on-purpose` fails always: so a person can send error traffic to a
//! healthy version.

use std::time::Duration;

use serde_json::{Value, json};

use super::failure::Failure;

/// What the marked header says.
pub const FAIL_ON_PURPOSE: &str = "Bearer fail-on-purpose";

/// How this version behaves, from its environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Behaviour {
    /// The share of requests that fail.
    pub error_rate: f64,
    /// How much longer each takes.
    pub latency: Duration,
}

impl Behaviour {
    /// What `ERROR_RATE` and `LATENCY_MS` say; what is absent or no number is none.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name| {
            let value = variable(name).and_then(|text| text.trim().parse().ok());
            value
                .filter(|n: &f64| n.is_finite() && *n >= 0.0)
                .unwrap_or(0.0)
        };
        Self {
            error_rate: number("ERROR_RATE").min(1.0),
            // Longer than any timeout is long enough.
            latency: Duration::from_secs_f64(number("LATENCY_MS").min(900_000.0) / 1000.0),
        }
    }

    /// Whether the request of this id fails by itself.
    #[must_use]
    pub fn fails(&self, request_id: &str) -> bool {
        // FNV-1a, and the upper half of it mixed down: ids that differ in one digit are apart.
        let hash = request_id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let share = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
        share < self.error_rate
    }
}

/// Answers an HTTP request.
///
/// # Errors
/// On purpose: for the marked header, and for the share of requests that the environment asks for.
pub async fn answer(
    behaviour: Behaviour,
    request_id: &str,
    version: &str,
    event: &Value,
) -> Result<Value, Failure> {
    tokio::time::sleep(behaviour.latency).await;
    if is_marked(event) {
        return Err(Failure::OnPurpose("the request asked for it"));
    }
    if behaviour.fails(request_id) {
        return Err(Failure::OnPurpose("ERROR_RATE asks for it"));
    }
    let body = json!({ "ok": true, "version": version });
    Ok(json!({
        "statusCode": 200,
        "headers": { "content-type": "application/json" },
        "body": body.to_string(),
    }))
}

fn is_marked(event: &Value) -> bool {
    let headers = event.get("headers").and_then(Value::as_object);
    headers.into_iter().flatten().any(|(name, value)| {
        name.eq_ignore_ascii_case("authorization") && value.as_str() == Some(FAIL_ON_PURPOSE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behaviour(error_rate: &str) -> Behaviour {
        Behaviour::read(|name| (name == "ERROR_RATE").then(|| error_rate.to_owned()))
    }

    #[test]
    fn the_share_of_failures_is_the_one_asked_for() {
        let failing = behaviour("0.05");
        let ids = (0..20_000).map(|n| format!("8f5a2c1e-0000-4000-8000-{n:012}"));
        let failed = ids.filter(|id| failing.fails(id)).count();
        assert!((900..1_100).contains(&failed), "{failed} of 20,000");
    }

    #[test]
    fn nonsense_in_the_environment_is_no_failure() {
        for text in ["", "x", "NaN", "-1", "inf"] {
            assert_eq!(behaviour(text).error_rate, 0.0, "{text}");
        }
        assert_eq!(behaviour("7").error_rate, 1.0);
    }

    #[test]
    fn only_the_marked_header_asks_for_a_failure() {
        for (name, value, marked) in [
            ("authorization", FAIL_ON_PURPOSE, true),
            ("Authorization", FAIL_ON_PURPOSE, true),
            ("authorization", "Bearer of-good-news", false),
            ("x-authorization", FAIL_ON_PURPOSE, false),
        ] {
            assert_eq!(
                is_marked(&json!({"headers": {name: value}})),
                marked,
                "{name}: {value}"
            );
        }
        assert!(!is_marked(&json!([])));
    }
}
