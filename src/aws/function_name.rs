//! A function's name, as people write it: name, partial ARN or full ARN.

use std::{fmt, str::FromStr};

use crate::rollout::preflight::Audience;

/// A function's plain name, with the account and region that were named with it, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    name: String,
    account: Option<String>,
    region: Option<String>,
}

/// Why a text names no function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFunctionName {
    /// No known form.
    #[error(
        "\"{0}\" is not a function: write its name, 123456789012:function:NAME, or its full ARN"
    )]
    Form(String),
    /// With a version or alias.
    #[error("\"{0}\" names a version or alias; name the function alone")]
    Qualified(String),
    /// In another region than the session's.
    #[error("the function is in {named}, but this session works in {session}")]
    Region {
        /// In the ARN.
        named: String,
        /// The session's.
        session: String,
    },
    /// In another account than the session's.
    #[error(
        "the function's ARN names account {named}, but these credentials reach account {session}"
    )]
    Account {
        /// In the ARN.
        named: String,
        /// Where the function was found.
        session: String,
    },
}

impl BadFunctionName {
    /// What those who read it can do about it, where that can be said.
    #[must_use]
    pub fn hint(&self, audience: Audience) -> Option<String> {
        match (self, audience) {
            (Self::Region { named, .. }, Audience::CommandLine) => {
                Some(format!("pass --region {named}"))
            }
            (Self::Account { named, .. }, Audience::CommandLine) => Some(format!(
                "choose credentials of account {named}, for instance with --profile"
            )),
            (Self::Region { .. } | Self::Account { .. }, Audience::Hook) => Some(
                "the hooks release functions of their own account and region: install the stack there"
                    .to_owned(),
            ),
            (Self::Form(_) | Self::Qualified(_), _) => None,
        }
    }
}

impl FromStr for FunctionName {
    type Err = BadFunctionName;

    fn from_str(text: &str) -> Result<Self, BadFunctionName> {
        let form = || BadFunctionName::Form(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let (name, account, region, rest) = match parts.as_slice() {
            [
                "arn",
                partition,
                "lambda",
                region,
                account,
                "function",
                name,
                rest @ ..,
            ] if partition.starts_with("aws") => (name, Some(account), Some(region), rest),
            [account, "function", name, rest @ ..] => (name, Some(account), None, rest),
            [name, rest @ ..] if rest.len() <= 1 => (name, None, None, rest),
            _ => return Err(form()),
        };
        if !rest.is_empty() {
            return Err(BadFunctionName::Qualified(text.to_owned()));
        }
        let name_fits = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let account_fits =
            account.is_none_or(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()));
        if !name_fits || !account_fits {
            return Err(form());
        }
        Ok(Self {
            name: (*name).to_owned(),
            account: account.map(|account| (*account).to_owned()),
            region: region.map(|region| (*region).to_owned()),
        })
    }
}

impl FunctionName {
    /// The plain name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Refuses a function that was named in another region than the session's.
    ///
    /// # Errors
    /// [`BadFunctionName::Region`].
    pub fn check_region(&self, session: &str) -> Result<(), BadFunctionName> {
        match &self.region {
            Some(named) if named != session => Err(BadFunctionName::Region {
                named: named.clone(),
                session: session.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a function that was found under this ARN, but named in another account.
    ///
    /// # Errors
    /// [`BadFunctionName::Account`].
    pub fn check_account(&self, found_arn: &str) -> Result<(), BadFunctionName> {
        let found = found_arn.split(':').nth(4).unwrap_or_default();
        match &self.account {
            Some(named) if named != found => Err(BadFunctionName::Account {
                named: named.clone(),
                session: found.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:hello";

    #[test]
    fn names_in_all_three_forms() {
        for text in ["hello", "123456789012:function:hello", ARN] {
            assert_eq!(text.parse::<FunctionName>().unwrap().as_str(), "hello");
        }
    }

    #[test]
    fn what_names_no_function() {
        for text in [
            "",
            "a b",
            "x:y:z",
            "arn:aws:s3:::bucket",
            "12:function:f",
            &"n".repeat(65),
        ] {
            assert!(
                matches!(text.parse::<FunctionName>(), Err(BadFunctionName::Form(_))),
                "{text}"
            );
        }
        for text in ["hello:live", &format!("{ARN}:7")] {
            assert!(matches!(
                text.parse::<FunctionName>(),
                Err(BadFunctionName::Qualified(_))
            ));
        }
    }

    #[test]
    fn another_region_or_account_is_refused() {
        let name: FunctionName = ARN.parse().unwrap();
        assert!(name.check_region("eu-west-1").is_ok());
        assert!(matches!(
            name.check_region("us-east-1"),
            Err(BadFunctionName::Region { .. })
        ));
        assert!(name.check_account(ARN).is_ok());
        let other = "arn:aws:lambda:eu-west-1:999999999999:function:hello";
        assert!(matches!(
            name.check_account(other),
            Err(BadFunctionName::Account { .. })
        ));
    }

    #[test]
    fn a_hint_speaks_of_options_only_where_there_are_some() {
        let (named, session) = ("eu-west-1".to_owned(), "us-east-1".to_owned());
        let region = BadFunctionName::Region { named, session };
        let (named, session) = ("1".to_owned(), "2".to_owned());
        let account = BadFunctionName::Account { named, session };
        let hint = region.hint(Audience::CommandLine);
        assert_eq!(hint.as_deref(), Some("pass --region eu-west-1"));
        for error in [region, account] {
            assert!(error.hint(Audience::CommandLine).unwrap().contains("--"));
            let hint = error.hint(Audience::Hook).unwrap();
            assert!(!hint.contains("--") && !error.to_string().contains("--"));
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = text.parse::<FunctionName>();
        }
    }
}
