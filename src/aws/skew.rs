//! How far this machine's clock is from AWS's.
//!
//! The SDK signs with AWS's time once it has seen that the clocks are apart, so a wrong clock does not
//! show in any error. But which minutes of CloudWatch belong to which weight, and which are old
//! enough to be judged, goes by AWS's time too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use crate::clock::Clock;

/// Less is no difference: `Date` has whole seconds, and an answer takes its time.
const NOTICEABLE: i64 = 5;

/// AWS's time, by the answers of a client that this listens to. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Skew {
    first: Arc<Mutex<Option<Heard>>>,
}

/// What the first answer said.
#[derive(Debug)]
struct Heard {
    /// Shows AWS's time from then on.
    clock: Clock,
    /// How far it was ahead of this machine's; negative if it was behind. `None`: they agreed.
    ahead: Option<SignedDuration>,
}

impl Skew {
    /// How far AWS's clock is ahead; negative if it is behind. `None` if the clocks agree to a few
    /// seconds, or no answer has come yet.
    #[must_use]
    pub fn ahead(&self) -> Option<SignedDuration> {
        self.lock().as_ref()?.ahead
    }

    /// A clock that shows AWS's time; this machine's, as long as no answer has come. A machine that
    /// sleeps stops its clock: each answer moves it on to where AWS's is. It never goes back.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let heard = self.lock();
        heard
            .as_ref()
            .map_or_else(Clock::real, |heard| heard.clock.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Heard>> {
        // Nothing that holds the lock panics.
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self, date: &str, now: Timestamp) {
        // An answer without a date that can be read says nothing.
        let Ok(date) = rfc2822::parse(date) else {
            return;
        };
        let date = date.timestamp();
        let apart = |from: Timestamp| date.as_second() - from.as_second();
        let mut heard = self.lock();
        if let Some(heard) = heard.as_ref() {
            if apart(heard.clock.now()) >= NOTICEABLE {
                heard.clock.skip_to(date);
            }
            return;
        }
        let agree = apart(now).abs() < NOTICEABLE;
        *heard = Some(Heard {
            clock: Clock::scaled(if agree { now } else { date }, 1.0),
            ahead: (!agree).then(|| SignedDuration::from_secs(apart(now))),
        });
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
            self.heard(date, Clock::real().now());
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
        for (date, ahead) in [
            ("Sat, 21 Nov 2026 12:00:04 GMT", None),
            ("Sat, 21 Nov 2026 12:03:00 GMT", Some(180)),
            ("yesterday", None),
            ("Sat, 21 Nov 2026 11:59:00 GMT", Some(-60)),
            ("Sat, 21 Nov 2026 11:59:56 GMT", None),
        ] {
            let skew = Skew::default();
            assert_eq!(skew.ahead(), None);
            skew.heard(date, now);
            assert_eq!(skew.ahead().map(|ahead| ahead.as_secs()), ahead, "{date}");
        }
    }

    /// As after a sleep: this machine's own clock has stood still.
    #[test]
    fn every_answer_moves_it_on_and_none_back() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let skew = Skew::default();
        skew.heard("Sat, 21 Nov 2026 12:03:00 GMT", now);
        let clock = skew.clock();
        let shows = |minutes: i64| {
            let since = clock.now().duration_since(now).as_secs();
            assert!((minutes * 60..minutes * 60 + 4).contains(&since), "{since}");
        };
        shows(3);
        skew.heard("Sat, 21 Nov 2026 12:03:03 GMT", now);
        shows(3);
        skew.heard("Sat, 21 Nov 2026 12:33:00 GMT", now);
        shows(33);
        skew.heard("Sat, 21 Nov 2026 12:10:00 GMT", now);
        shows(33);
        assert_eq!(skew.ahead().map(|ahead| ahead.as_mins()), Some(3));
    }
}
