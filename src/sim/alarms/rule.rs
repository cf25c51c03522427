//! The rules of composite alarms: `ALARM("a") AND NOT (OK(b) OR TRUE)`.

use super::state::StateValue;

/// Parentheses and NOTs may nest so deep.
const DEPTH: usize = 64;

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    Constant(bool),
    /// The alarm of that name is in that state.
    State(StateValue, String),
    Not(Box<Rule>),
    All(Vec<Rule>),
    Any(Vec<Rule>),
}

impl Rule {
    /// Reads a rule. `NOT` binds closest, then `AND`, then `OR`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            rest: text.trim_start(),
            depth: 0,
        };
        let rule = parser.any()?;
        if parser.rest.is_empty() {
            Ok(rule)
        } else {
            Err(format!("unexpected '{}'", parser.rest))
        }
    }

    /// Whether the rule holds, given the state of each alarm.
    pub fn holds(&self, state: &impl Fn(&str) -> StateValue) -> bool {
        match self {
            Self::Constant(value) => *value,
            Self::State(value, name) => state(name) == *value,
            Self::Not(rule) => !rule.holds(state),
            Self::All(rules) => rules.iter().all(|rule| rule.holds(state)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(state)),
        }
    }

    /// The alarms that the rule names, in its order.
    pub fn children(&self) -> Vec<&str> {
        match self {
            Self::Constant(_) => Vec::new(),
            Self::State(_, name) => vec![name],
            Self::Not(rule) => rule.children(),
            Self::All(rules) | Self::Any(rules) => rules.iter().flat_map(Self::children).collect(),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Result<Rule, String> {
        let mut rules = vec![self.all()?];
        while self.word("OR") {
            rules.push(self.all()?);
        }
        Ok(only(rules, Rule::Any))
    }

    fn all(&mut self) -> Result<Rule, String> {
        let mut rules = vec![self.not()?];
        while self.word("AND") {
            rules.push(self.not()?);
        }
        Ok(only(rules, Rule::All))
    }

    fn not(&mut self) -> Result<Rule, String> {
        if !self.word("NOT") {
            return self.atom();
        }
        self.deeper()?;
        let rule = self.not()?;
        self.depth -= 1;
        Ok(Rule::Not(Box::new(rule)))
    }

    fn atom(&mut self) -> Result<Rule, String> {
        if self.sign('(') {
            self.deeper()?;
            let rule = self.any()?;
            self.depth -= 1;
            return self.closed(rule);
        }
        for (word, value) in [("TRUE", true), ("FALSE", false)] {
            if self.word(word) {
                return Ok(Rule::Constant(value));
            }
        }
        for value in [
            StateValue::Alarm,
            StateValue::Ok,
            StateValue::InsufficientData,
        ] {
            if self.word(value.as_str()) {
                if !self.sign('(') {
                    return Err(format!("'(' expected after {}", value.as_str()));
                }
                let name = self.name()?;
                return self.closed(Rule::State(value, name));
            }
        }
        Err(format!(
            "ALARM, OK, INSUFFICIENT_DATA, TRUE, FALSE, NOT or '(' expected at '{}'",
            self.rest
        ))
    }

    fn name(&mut self) -> Result<String, String> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|sign| *sign == '"' || *sign == '\'');
        let (name, rest) = match quote {
            Some(quote) => self.rest[1..]
                .split_once(quote)
                .ok_or("a quotation mark is missing")?,
            None => self
                .rest
                .split_at(self.rest.find(')').ok_or("')' expected")?),
        };
        let name = name.trim();
        if name.is_empty() {
            return Err("an alarm's name is missing".to_owned());
        }
        self.rest = rest.trim_start();
        // An ARN ends in the alarm's name, which may contain colons itself.
        let name = if name.starts_with("arn:") {
            name.splitn(7, ':').last().unwrap_or(name)
        } else {
            name
        };
        Ok(name.to_owned())
    }

    fn closed(&mut self, rule: Rule) -> Result<Rule, String> {
        if self.sign(')') {
            Ok(rule)
        } else {
            Err(format!("')' expected at '{}'", self.rest))
        }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            Err("the rule nests too deep".to_owned())
        } else {
            Ok(())
        }
    }

    fn sign(&mut self, sign: char) -> bool {
        let rest = self.rest.strip_prefix(sign).map(str::trim_start);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes a whole word, not the beginning of a longer one.
    fn word(&mut self, word: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(word) else {
            return false;
        };
        if rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }
}

fn only(mut rules: Vec<Rule>, join: fn(Vec<Rule>) -> Rule) -> Rule {
    match rules.len() {
        1 => rules.remove(0),
        _ => join(rules),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(text: &str) -> bool {
        let state = |name: &str| match name {
            "bad" | "bad one" => StateValue::Alarm,
            "good" => StateValue::Ok,
            _ => StateValue::InsufficientData,
        };
        Rule::parse(text)
            .unwrap_or_else(|problem| panic!("{text}: {problem}"))
            .holds(&state)
    }

    #[test]
    fn states_and_spellings_of_names() {
        for text in [
            "ALARM(bad)",
            "ALARM(\"bad one\")",
            "ALARM('bad')",
            "ALARM( bad )",
            "ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad)",
            "ALARM(\"arn:aws:cloudwatch:us-east-1:000000000000:alarm:bad one\")",
            "OK(good)",
            "INSUFFICIENT_DATA(new)",
            "TRUE",
        ] {
            assert!(holds(text), "{text}");
        }
        assert!(!holds("ALARM(good)") && !holds("OK(bad)") && !holds("FALSE"));
    }

    #[test]
    fn not_binds_closer_than_and_and_and_closer_than_or() {
        assert!(holds("TRUE OR FALSE AND FALSE"));
        assert!(!holds("(TRUE OR FALSE) AND FALSE"));
        assert!(holds("NOT FALSE AND TRUE"));
        assert!(!holds("NOT (FALSE OR TRUE)"));
        assert!(holds("NOT NOT ALARM(bad) AND NOT ALARM(good)"));
    }

    #[test]
    fn children_are_named_once_per_mention() {
        let rule = Rule::parse("ALARM(a) AND (OK(b) OR NOT ALARM(\"c d\"))").expect("a rule");
        assert_eq!(rule.children(), ["a", "b", "c d"]);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "ALARM",
            "ALARM(",
            "ALARM()",
            "ALARM(a",
            "ALARM(a) OK(b)",
            "AND",
            "ALARMS(a)",
            "(TRUE",
            "NOT",
            "ALARM(\"a)",
        ] {
            assert!(Rule::parse(text).is_err(), "{text}");
        }
        assert!(Rule::parse(&format!("{}TRUE{}", "(".repeat(5000), ")".repeat(5000))).is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "[A-Z()\"' _a]{0,60}") {
            let _ = Rule::parse(&text);
        }
    }
}
