//! Finding a function's policy in SSM Parameter Store.

use jiff::Timestamp;

use super::Session;
use super::error::{CallError, Kind};

/// A policy's text and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The parameter's name.
    pub parameter: String,
    /// Its value.
    pub text: String,
    /// Whether it is this alias' own, which goes before every other.
    pub own: bool,
    /// When it was last written.
    pub modified: Option<Timestamp>,
}

/// The policy of this alias, else the default policy of the account and region, else `None`: the
/// built-in default serves.
///
/// # Errors
/// Any failure but `ParameterNotFound`: without knowing its policy, a rollout must not start.
pub async fn find(
    session: &Session,
    function: &str,
    alias: &str,
) -> Result<Option<Found>, CallError> {
    let own = format!("/lambda-canary/{function}/{alias}/policy");
    for (own, parameter) in [
        (true, own),
        (false, "/lambda-canary/default/policy".to_owned()),
    ] {
        let answer = session.ssm.get_parameter().name(&parameter).send().await;
        match answer.map_err(|error| CallError::of("GetParameter", &error)) {
            Ok(answer) => {
                let found = answer.parameter.and_then(|found| {
                    let modified = found.last_modified_date;
                    Some(Found {
                        parameter,
                        text: found.value?,
                        own,
                        modified: modified.and_then(|at| Timestamp::from_second(at.secs()).ok()),
                    })
                });
                return Ok(found);
            }
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
