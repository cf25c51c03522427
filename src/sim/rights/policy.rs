//! The statements of an identity-based policy, and what they say to an action on a resource.

use serde::Deserialize;
use serde_json::Value;

/// A role's statements, in order.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(default)]
    sid: String,
    effect: Effect,
    action: OneOrMore,
    resource: OneOrMore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Policy {
    /// Reads a list of statements; else says which one is wrong, and how.
    pub fn read(statements: &Value) -> Result<Self, String> {
        let Value::Array(list) = statements else {
            return Err("the statements are not a list".to_owned());
        };
        let mut read = Vec::new();
        for (number, value) in list.iter().enumerate() {
            let number = number + 1;
            let mut statement = Statement::deserialize(value)
                .map_err(|problem| format!("statement {number}: {problem}"))?;
            if statement.sid.is_empty() {
                statement.sid = number.to_string();
            }
            read.push(statement);
        }
        Ok(Self { statements: read })
    }

    /// The first statement that allows the action on anything.
    pub fn allows_somewhere(&self, action: &str) -> Option<&str> {
        let mut all = self.statements.iter();
        let found = all.find(|one| one.effect == Effect::Allow && one.names(action));
        found.map(|one| one.sid.as_str())
    }

    /// The statement that allows the action on the resource, unless one denies it.
    pub fn allows(&self, action: &str, resource: &str) -> Option<&str> {
        let about = |effect| {
            let mut all = self.statements.iter();
            all.find(|one| one.effect == effect && one.is_about(action, resource))
        };
        match about(Effect::Deny) {
            Some(_) => None,
            None => about(Effect::Allow).map(|one| one.sid.as_str()),
        }
    }
}

impl Statement {
    fn names(&self, action: &str) -> bool {
        // Actions are compared without regard to case, resources with.
        let action = action.to_ascii_lowercase();
        let mut actions = self.action.list().iter();
        actions.any(|one| matches(&one.to_ascii_lowercase(), &action))
    }

    fn is_about(&self, action: &str, resource: &str) -> bool {
        self.names(action) && (self.resource.list().iter()).any(|one| matches(one, resource))
    }
}

impl OneOrMore {
    fn list(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// Whether a pattern, in which `*` stands for any characters and `?` for one, takes the whole text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    // Where the last star stands, and how much of the text it takes so far.
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(one) if *one == '?' || *one == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                at = place + 1;
                seen = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|one| *one == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stars_and_question_marks_take_what_iams_take() {
        for (pattern, text, taken) in [
            ("*", "", true),
            ("*", "*", true),
            ("a:*", "*", false),
            ("function:hello", "function:hello", true),
            ("function:hello", "function:hello:live", false),
            ("function:hello:*", "function:hello", false),
            ("function:hello*", "function:hello:live", true),
            ("function:shop-*:*", "function:shop-cart:7", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*ab", "aab", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), taken, "{pattern} {text}");
        }
    }

    #[test]
    fn what_nothing_allows_is_refused_and_a_denial_beats_every_permission() {
        let policy = Policy::read(&json!([
            {"Sid": "Read", "Effect": "Allow", "Action": ["lambda:GetAlias", "lambda:List*"], "Resource": "*"},
            {"Effect": "Allow", "Action": "lambda:UpdateAlias", "Resource": ["f:a", "f:b"]},
            {"Sid": "Never", "Effect": "Deny", "Action": "*", "Resource": "f:secret"},
        ]))
        .expect("a policy");
        assert_eq!(policy.allows("lambda:GetAlias", "f:a"), Some("Read"));
        assert_eq!(policy.allows("lambda:listtags", "f:a"), Some("Read"));
        assert_eq!(policy.allows("lambda:UpdateAlias", "f:b"), Some("2"));
        assert_eq!(policy.allows("lambda:UpdateAlias", "f:c"), None);
        assert_eq!(policy.allows("lambda:UpdateAlias", "F:b"), None);
        assert_eq!(policy.allows("lambda:GetAlias", "f:secret"), None);
        assert_eq!(policy.allows("sns:Publish", "f:a"), None);
        assert_eq!(policy.allows_somewhere("lambda:UpdateAlias"), Some("2"));
        assert_eq!(policy.allows_somewhere("sns:Publish"), None);
    }

    #[test]
    fn what_is_not_understood_is_no_policy() {
        for statement in [
            json!({"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {}}),
            json!({"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}),
            json!({"Effect": "Maybe", "Action": "a:B", "Resource": "*"}),
            json!({"Effect": "Allow", "Action": "a:B"}),
        ] {
            let problem = Policy::read(&json!([statement])).expect_err("refused");
            assert!(problem.starts_with("statement 1: "), "{problem}");
        }
        assert!(Policy::read(&json!({"Effect": "Allow"})).is_err());
    }
}
