//! The many spellings of a function's name.

use crate::sim::errors::AwsError;
use crate::sim::world::World;

const PATTERN: &str = "Member must satisfy regular expression pattern: \
    (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?\
    (function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";

/// A function's name and the qualifier that came with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FunctionName {
    /// The bare name.
    pub name: String,
    /// A version, `$LATEST` or an alias.
    pub qualifier: Option<String>,
}

impl FunctionName {
    /// Reads a name, partial ARN or full ARN, each with or without `:qualifier`. Another account
    /// or region is refused as AWS refuses it.
    pub fn parse(text: &str, world: &World) -> Result<Self, AwsError> {
        let refused = || AwsError::constraint(text, "functionName", PATTERN);
        let mut parts: Vec<&str> = text.split(':').collect();
        if parts[0] == "arn" {
            if parts.len() < 7 || !parts[1].starts_with("aws") || parts[2] != "lambda" {
                return Err(refused());
            }
            parts.drain(..3);
        }
        if parts.len() > 1 && is_region(parts[0]) {
            check_region(parts.remove(0), world)?;
        }
        if parts.len() > 1 && is_account(parts[0]) {
            check_account(parts.remove(0), world)?;
        }
        if parts.len() > 1 && parts[0] == "function" {
            parts.remove(0);
        }
        let (name, qualifier) = match parts[..] {
            [name] => (name, None),
            [name, qualifier] if qualifier == "$LATEST" || is_word(qualifier) => {
                (name, Some(qualifier.to_owned()))
            }
            _ => return Err(refused()),
        };
        if !is_word(name) || name.len() > 140 {
            return Err(refused());
        }
        Ok(Self {
            name: name.to_owned(),
            qualifier,
        })
    }

    /// The same with the request's own `Qualifier`, which must not contradict the name's.
    pub fn qualified(mut self, qualifier: Option<String>) -> Result<Self, AwsError> {
        if let Some(qualifier) = qualifier {
            if self.qualifier.as_ref().is_some_and(|own| *own != qualifier) {
                return Err(AwsError::invalid_parameter(
                    "The derived qualifier from the function name does not match the specified qualifier.",
                ));
            }
            self.qualifier = Some(qualifier);
        }
        Ok(self)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts[0].len() == 2
        && parts
            .last()
            .is_some_and(|last| last.len() == 1 && last.as_bytes()[0].is_ascii_digit())
}

fn check_region(region: &str, world: &World) -> Result<(), AwsError> {
    if region == world.region() {
        return Ok(());
    }
    let message = format!(
        "Functions from '{region}' are not reachable in this region ('{}')",
        world.region()
    );
    Err(AwsError::lambda("ResourceNotFoundException", 404, message))
}

fn check_account(account: &str, world: &World) -> Result<(), AwsError> {
    if account == world.account() {
        return Ok(());
    }
    let message = format!("User is not authorized to access functions of account {account}");
    Err(AwsError::new("AccessDeniedException", 403, message))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn parse(text: &str) -> Result<FunctionName, AwsError> {
        FunctionName::parse(text, &World::new(0, Timestamp::UNIX_EPOCH))
    }

    #[test]
    fn every_spelling_means_the_same_function() {
        for text in [
            "hello",
            "function:hello",
            "000000000000:function:hello",
            "us-east-1:000000000000:function:hello",
            "arn:aws:lambda:us-east-1:000000000000:function:hello",
        ] {
            let bare = FunctionName {
                name: "hello".to_owned(),
                qualifier: None,
            };
            assert_eq!(parse(text), Ok(bare), "{text}");
            let live = FunctionName {
                name: "hello".to_owned(),
                qualifier: Some("live".to_owned()),
            };
            assert_eq!(parse(&format!("{text}:live")), Ok(live), "{text}:live");
        }
    }

    #[test]
    fn other_places_and_impossible_names_are_refused() {
        let code = |text| parse(text).expect_err(text).code;
        assert_eq!(
            code("arn:aws:lambda:eu-west-1:000000000000:function:hello"),
            "ResourceNotFoundException"
        );
        assert_eq!(
            code("arn:aws:lambda:us-east-1:111111111111:function:hello"),
            "AccessDeniedException"
        );
        assert_eq!(code("hel lo"), "ValidationException");
        assert_eq!(code(""), "ValidationException");
        assert_eq!(code("a:b:c"), "ValidationException");
        assert_eq!(
            code("arn:aws:sqs:us-east-1:000000000000:function:hello"),
            "ValidationException"
        );
    }

    #[test]
    fn two_qualifiers_must_agree() {
        let name = || parse("hello:live").expect("a name");
        assert!(name().qualified(Some("live".to_owned())).is_ok());
        assert!(name().qualified(None).is_ok());
        assert!(name().qualified(Some("1".to_owned())).is_err());
    }
}
