//! CodeDeploy's words for a deployment: its id, its status, its hooks, and the executions that
//! serve them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{mark::RolloutId, state::brief};

/// A deployment's id: `d-` and 1 to 38 of `A-Za-z0-9`, since it also names a rollout, which takes
/// 40 characters. CodeDeploy's have nine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentId {
    id: String,
    rollout: RolloutId,
}

/// A text that is no deployment's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{:?} is not a deployment's id: that is d- and 1 to 38 letters and digits", brief(.0))]
pub struct NotADeploymentId(String);

impl DeploymentId {
    /// The name of the deployment's rollout, for the mark: the id in lower case. CodeDeploy's own
    /// ids are all in upper case, so no two of them get the same name.
    pub fn rollout(&self) -> &RolloutId {
        &self.rollout
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.id
    }
}

impl FromStr for DeploymentId {
    type Err = NotADeploymentId;

    fn from_str(text: &str) -> Result<Self, NotADeploymentId> {
        let fault = || NotADeploymentId(text.to_owned());
        let rest = text.strip_prefix("d-").ok_or_else(fault)?;
        if rest.is_empty() || !rest.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(fault());
        }
        Ok(Self {
            id: text.to_owned(),
            rollout: text.to_ascii_lowercase().parse().map_err(|_| fault())?,
        })
    }
}

impl TryFrom<String> for DeploymentId {
    type Error = NotADeploymentId;

    fn try_from(text: String) -> Result<Self, NotADeploymentId> {
        text.parse()
    }
}

impl From<DeploymentId> for String {
    fn from(id: DeploymentId) -> Self {
        id.id
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id)
    }
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeploymentStatus {
    /// Accepted.
    Created,
    /// Waits for another one.
    Queued,
    /// Under way.
    InProgress,
    /// Watched after the shift.
    Baking,
    /// Waits for a person; not used for Lambda.
    Ready,
    /// All traffic went to the new version.
    Succeeded,
    /// A hook, an alarm or CodeDeploy itself failed it.
    Failed,
    /// Somebody stopped it: a person, an alarm, or the guard.
    Stopped,
}

/// A status that CodeDeploy did not have when this was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("CodeDeploy's status {:?} is not known here", brief(.0))]
pub struct UnknownStatus(String);

impl DeploymentStatus {
    const ALL: [Self; 8] = [
        Self::Created,
        Self::Queued,
        Self::InProgress,
        Self::Baking,
        Self::Ready,
        Self::Succeeded,
        Self::Failed,
        Self::Stopped,
    ];

    /// Whether nothing can happen to it any more.
    pub fn ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

impl FromStr for DeploymentStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let known = Self::ALL.into_iter();
        let mut same = known.filter(|status| status.to_string() == text);
        same.next().ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // CodeDeploy's words are the variants' names.
        fmt::Debug::fmt(self, f)
    }
}

/// The two lifecycle events of a Lambda deployment that run a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    /// Before any traffic is shifted: `BeforeAllowTraffic`.
    PreTraffic,
    /// After all traffic is shifted: `AfterAllowTraffic`.
    PostTraffic,
}

impl Hook {
    const ALL: [Self; 2] = [Self::PreTraffic, Self::PostTraffic];

    /// CodeDeploy's name of the lifecycle event.
    pub fn lifecycle_event(self) -> &'static str {
        match self {
            Self::PreTraffic => "BeforeAllowTraffic",
            Self::PostTraffic => "AfterAllowTraffic",
        }
    }

    /// The hook of a lifecycle event, if it has one.
    pub fn of_lifecycle_event(name: &str) -> Option<Self> {
        let mut hooks = Self::ALL.into_iter();
        hooks.find(|hook| hook.lifecycle_event() == name)
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::PreTraffic => "pre",
            Self::PostTraffic => "post",
        }
    }
}

/// The name of an execution that serves a hook: `<deployment id>-pre` or `-post`, and `-2`, `-3` …
/// behind it where it continues another one. The same hook of the same deployment always gets the
/// same name, so that a second start finds the first.
///
/// At most 56 of the 80 characters that Step Functions takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionName {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The hook that started it.
    pub hook: Hook,
    /// Which in the row of those that continue each other, from 1.
    pub part: u32,
}

/// A text that no execution of ours for a hook is named by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{:?} does not name an execution of a hook: that is a deployment's id and -pre or -post", brief(.0))]
pub struct NotAnExecutionName(String);

impl ExecutionName {
    /// The first execution of a hook.
    pub fn first(deployment: DeploymentId, hook: Hook) -> Self {
        Self {
            deployment,
            hook,
            part: 1,
        }
    }

    /// The one that continues this one.
    #[must_use]
    pub fn next(&self) -> Self {
        Self {
            part: self.part.saturating_add(1),
            ..self.clone()
        }
    }
}

impl FromStr for ExecutionName {
    type Err = NotAnExecutionName;

    fn from_str(text: &str) -> Result<Self, NotAnExecutionName> {
        let parsed = || {
            let mut parts = text.splitn(4, '-');
            let id = format!("{}-{}", parts.next()?, parts.next()?);
            let suffix = parts.next()?;
            let hook = Hook::ALL.into_iter().find(|h| h.suffix() == suffix)?;
            let part = parts.next().map_or(Some(1), |part| part.parse().ok())?;
            let name = Self {
                deployment: id.parse().ok()?,
                hook,
                part,
            };
            // Only the exact text that we write: neither -1 nor -02.
            (part > 0 && name.to_string() == text).then_some(name)
        };
        parsed().ok_or_else(|| NotAnExecutionName(text.to_owned()))
    }
}

impl fmt::Display for ExecutionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.deployment, self.hook.suffix())?;
        match self.part {
            1 => Ok(()),
            part => write!(f, "-{part}"),
        }
    }
}

/// The name of the execution that only puts right what another one left, where a single attempt did
/// not: `<deployment id>-pre-recover` or `-post-recover`. One a hook, so that a second start finds
/// the first.
///
/// At most 53 of the 80 characters that Step Functions takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryName {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The hook whose execution left something.
    pub hook: Hook,
}

impl fmt::Display for RecoveryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-recover", self.deployment, self.hook.suffix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_rollout_in_lower_case() {
        let id: DeploymentId = "d-AB12CD34E".parse().unwrap();
        assert_eq!(id.rollout().to_string(), "d-ab12cd34e");
        assert_eq!(id.to_string(), "d-AB12CD34E");
        let longest = format!("d-{}", "A".repeat(38));
        assert!(longest.parse::<DeploymentId>().is_ok());
        let too_long = format!("{longest}A");
        for bad in [
            "", "d-", "D-AB", "AB12", "d-A B", "d-A-B", "d-é", "d-A\n", &too_long,
        ] {
            let fault = NotADeploymentId(bad.to_owned());
            assert_eq!(bad.parse::<DeploymentId>(), Err(fault.clone()));
            assert!(!fault.to_string().contains('\n'));
        }
        assert!(serde_json::from_str::<DeploymentId>("\"x\"").is_err());
    }

    #[test]
    fn the_words_are_codedeploys() {
        for (word, ended) in [
            ("Created", false),
            ("Queued", false),
            ("InProgress", false),
            ("Baking", false),
            ("Ready", false),
            ("Succeeded", true),
            ("Failed", true),
            ("Stopped", true),
        ] {
            let status: DeploymentStatus = word.parse().unwrap();
            assert_eq!((status.to_string().as_str(), status.ended()), (word, ended));
        }
        let unknown = "SUCCEEDED".parse::<DeploymentStatus>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "CodeDeploy's status \"SUCCEEDED\" is not known here"
        );
        for hook in Hook::ALL {
            assert_eq!(Hook::of_lifecycle_event(hook.lifecycle_event()), Some(hook));
        }
        assert_eq!(Hook::of_lifecycle_event("AllowTraffic"), None);
        let json = serde_json::to_string(&Hook::ALL).unwrap();
        assert_eq!(json, r#"["pre_traffic","post_traffic"]"#);
    }

    #[test]
    fn an_execution_is_named_by_deployment_hook_and_part() {
        let id: DeploymentId = "d-AB12CD34E".parse().unwrap();
        let pre = ExecutionName::first(id.clone(), Hook::PreTraffic);
        assert_eq!(pre.to_string(), "d-AB12CD34E-pre");
        assert_eq!(pre.next().to_string(), "d-AB12CD34E-pre-2");
        assert_eq!(pre.next().next().to_string(), "d-AB12CD34E-pre-3");
        let post = ExecutionName::first(id, Hook::PostTraffic);
        assert_eq!(post.to_string(), "d-AB12CD34E-post");
        for name in [pre.clone(), pre.next(), post.next().next()] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for bad in [
            "",
            "d-A",
            "d-A-",
            "d-A-mid",
            "d-A-pre-",
            "d-A-pre-1",
            "d-A-pre-02",
            "d-A-pre-0",
            "d-A-pre-2-3",
            "x-A-pre",
            "nightly",
        ] {
            let fault = NotAnExecutionName(bad.to_owned());
            assert_eq!(bad.parse::<ExecutionName>(), Err(fault));
        }
        let longest = ExecutionName {
            deployment: format!("d-{}", "A".repeat(38)).parse().unwrap(),
            hook: Hook::PostTraffic,
            part: u32::MAX,
        };
        assert_eq!(longest.to_string().len(), 56);
        assert_eq!(longest.next(), longest);
    }

    #[test]
    fn a_recovery_is_named_like_nothing_else() {
        for (hook, name) in [
            (Hook::PreTraffic, "d-AB12CD34E-pre-recover"),
            (Hook::PostTraffic, "d-AB12CD34E-post-recover"),
        ] {
            let deployment = "d-AB12CD34E".parse().unwrap();
            assert_eq!(RecoveryName { deployment, hook }.to_string(), name);
            assert!(name.parse::<ExecutionName>().is_err(), "it has no parts");
        }
    }
}
