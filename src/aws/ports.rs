//! The driver's ports for one alias.

use super::{Session, alarms, alias, counts};
use crate::driver::{Act, AlarmsAnswer, Observe};
use crate::judge::alarms::Question;
use crate::judge::measure::{CountsAnswer, CountsQuestion};
use crate::rollout::{AliasReading, AliasWrite, Unapplied};

/// The driver's ports for one alias, through the AWS SDK.
#[derive(Debug, Clone)]
pub struct AwsPorts {
    session: Session,
    function: String,
    alias: String,
}

impl AwsPorts {
    /// The ports for this alias of this function (its plain name).
    pub fn new(session: Session, function: &str, alias: &str) -> Self {
        Self {
            session,
            function: function.to_owned(),
            alias: alias.to_owned(),
        }
    }
}

impl Observe for AwsPorts {
    async fn alias(&self) -> AliasReading {
        alias::reading(alias::get(&self.session.lambda, &self.function, &self.alias).await)
    }

    async fn alarms(&self, question: &Question) -> Result<AlarmsAnswer, String> {
        alarms::read(&self.session.cloudwatch, question, alarms::LONGEST)
            .await
            .map_err(|error| error.to_string())
    }

    async fn counts(&self, question: &CountsQuestion) -> Result<CountsAnswer, String> {
        let reading = counts::read(
            &self.session.cloudwatch,
            &self.function,
            &self.alias,
            question,
        );
        match tokio::time::timeout(counts::LONGEST, reading).await {
            Ok(read) => read.map_err(|error| counts::explained(&error)),
            Err(_) => Err(format!(
                "GetMetricData did not come to an end in {} seconds",
                counts::LONGEST.as_secs()
            )),
        }
    }
}

impl Act for AwsPorts {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        alias::update(&self.session.lambda, &self.function, &self.alias, write)
            .await
            .map_err(|error| alias::unapplied(&error))
    }
}
