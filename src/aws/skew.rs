//! How far this machine's clock is from AWS's.
//!
//! The SDK signs with AWS's time once it has seen that the clocks are apart, so a wrong clock does not
//! show in any error. But which minutes of CloudWatch belong to which weight, and which are old
//! enough to be judged, goes by AWS's time too.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::clock::Clock;

/// Less is no difference: `Date` has whole seconds, and an answer takes its time.
const NOTICEABLE: i64 = 5;

/// No answer has said yet what time it is.
const UNKNOWN: i64 = i64::MIN;

/// How far AWS's clock is ahead of this machine's, by the last answer of a client that this
/// listens to. Clones share it.
#[derive(Debug, Clone)]
pub struct Skew {
    clock: Clock,
    /// Seconds.
    ahead: Arc<AtomicI64>,
}

impl Default for Skew {
    fn default() -> Self {
        Self {
            clock: Clock::real(),
            ahead: Arc::new(AtomicI64::new(UNKNOWN)),
        }
    }
}

impl Skew {
    /// How far AWS's clock is ahead; negative if it is behind. `None` if the clocks agree to a few
    /// seconds, or no answer has come yet.
    #[must_use]
    pub fn ahead(&self) -> Option<SignedDuration> {
        match self.ahead.load(Ordering::Relaxed) {
            UNKNOWN => None,
            ahead if ahead.saturating_abs() < NOTICEABLE => None,
            ahead => Some(SignedDuration::from_secs(ahead)),
        }
    }

    fn heard(&self, date: &str, now: Timestamp) {
        // An answer without a date that can be read says nothing.
        if let Ok(date) = rfc2822::parse(date) {
            let ahead = date.timestamp().as_second() - now.as_second();
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }
}

impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.heard(date, self.clock.now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_seconds_are_no_difference_and_minutes_are() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let skew = Skew::default();
        assert_eq!(skew.ahead(), None);
        for (date, ahead) in [
            ("Sat, 21 Nov 2026 12:00:04 GMT", None),
            ("Sat, 21 Nov 2026 12:03:00 GMT", Some(180)),
            ("yesterday", Some(180)),
            ("Sat, 21 Nov 2026 11:59:00 GMT", Some(-60)),
            ("Sat, 21 Nov 2026 11:59:56 GMT", None),
        ] {
            skew.heard(date, now);
            assert_eq!(skew.ahead().map(|ahead| ahead.as_secs()), ahead, "{date}");
        }
    }
}
