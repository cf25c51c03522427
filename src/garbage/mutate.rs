//! Good documents with something wrong in them: a value of another type, a number at an edge, a key
//! twice, a piece missing, text cut off.

use proptest::prelude::*;
use serde_json::{Value, json};

/// What is done to a document, in this order.
#[derive(Debug, Clone)]
pub struct Mutations {
    document: usize,
    changes: Vec<Change>,
}

/// One change: what, where (as a part of all places), and with which of the hostile values.
#[derive(Debug, Clone)]
struct Change {
    what: What,
    place: u16,
    with: u16,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// One value of the JSON by another.
    Replace,
    /// A number of the JSON by one at an edge.
    Number,
    /// A text of the JSON by one at an edge.
    Text,
    /// A member of an object, or an item of a list, goes.
    Remove,
    /// A member is there twice.
    Twice,
    /// A value of the JSON by another one of the same document.
    Move,
    /// The text ends early.
    Cut,
    /// A byte becomes another.
    Flip,
    /// Something is put between.
    Insert,
    /// A number in the text, in whatever format, by one at an edge.
    Digits,
    /// A piece of the text comes again.
    Repeat,
}

/// Changes of one of so many documents: mostly one or two.
pub fn mutations(documents: usize) -> impl Strategy<Value = Mutations> {
    use What::*;
    let what = proptest::sample::select(vec![
        Replace, Replace, Number, Number, Number, Text, Text, Remove, Twice, Move, Cut, Flip,
        Insert, Digits, Digits, Repeat,
    ]);
    let change = (what, any::<u16>(), any::<u16>()).prop_map(|(what, place, with)| Change {
        what,
        place,
        with,
    });
    (0..documents, proptest::collection::vec(change, 1..5))
        .prop_map(|(document, changes)| Mutations { document, changes })
}

impl Mutations {
    /// The broken document.
    pub fn applied(&self, documents: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = documents[self.document].clone();
        for change in &self.changes {
            bytes = change.applied(bytes);
        }
        bytes
    }
}

impl Change {
    fn applied(&self, bytes: Vec<u8>) -> Vec<u8> {
        let json = serde_json::from_slice::<Value>(&bytes).ok();
        match (self.what, json) {
            (What::Replace, Some(json)) => self.put(json, |_| true, &any_value(self.with)),
            (What::Number, Some(json)) => self.put(json, Value::is_number, &number(self.with)),
            (What::Text, Some(json)) => self.put(json, Value::is_string, &string(self.with)),
            (What::Remove, Some(json)) => self.remove(json),
            (What::Twice, Some(json)) => self.twice(json),
            (What::Move, Some(json)) => {
                let mut all = Vec::new();
                places(&json, String::new(), &mut all);
                let other = all[usize::from(self.with) % all.len()].clone();
                let other = json.pointer(&other).cloned().unwrap_or_default();
                self.put(json, |_| true, &other)
            }
            (What::Cut, _) => bytes[..self.at(bytes.len())].to_vec(),
            (What::Digits, _) => self.digits(bytes),
            (What::Repeat, _) => self.repeat(bytes),
            (What::Flip, _) if !bytes.is_empty() => {
                let mut bytes = bytes;
                let at = self.at(bytes.len() - 1);
                bytes[at] = self.with.to_le_bytes()[0];
                bytes
            }
            _ => {
                let at = self.at(bytes.len());
                let token = TOKENS[usize::from(self.with) % TOKENS.len()].as_bytes();
                [&bytes[..at], token, &bytes[at..]].concat()
            }
        }
    }

    /// A place among 0 to `last`.
    fn at(&self, last: usize) -> usize {
        usize::from(self.place) * (last + 1) / (usize::from(u16::MAX) + 1)
    }

    /// One of the places that fit.
    fn pick(&self, json: &Value, fits: fn(&Value) -> bool) -> Option<String> {
        let mut all = Vec::new();
        places(json, String::new(), &mut all);
        all.retain(|place| json.pointer(place).is_some_and(fits));
        let last = all.len().checked_sub(1)?;
        Some(all.swap_remove(self.at(last)))
    }

    fn put(&self, mut json: Value, fits: fn(&Value) -> bool, with: &Value) -> Vec<u8> {
        let place = self.pick(&json, fits).unwrap_or_default();
        if let Some(value) = json.pointer_mut(&place) {
            // JSON within a text is a document of its own, every other time.
            let inside = value
                .as_str()
                .and_then(|text| serde_json::from_str(text).ok());
            *value = match inside {
                Some(inside @ Value::Object(_)) if self.with.is_multiple_of(2) => {
                    let deeper = Self {
                        what: self.what,
                        place: self.place.wrapping_mul(31),
                        with: self.with / 2,
                    };
                    let inside = deeper.put(inside, |_| true, with);
                    json!(String::from_utf8_lossy(&inside))
                }
                _ => with.clone(),
            };
        }
        json.to_string().into_bytes()
    }

    fn remove(&self, mut json: Value) -> Vec<u8> {
        let place = self.pick(&json, |_| true).unwrap_or_default();
        let (parent, key) = place.rsplit_once('/').unwrap_or_default();
        match json.pointer_mut(parent) {
            Some(Value::Object(members)) => {
                members.remove(key);
            }
            Some(Value::Array(items)) => {
                if let Some(index) = key.parse().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            _ => {}
        }
        json.to_string().into_bytes()
    }

    fn twice(&self, mut json: Value) -> Vec<u8> {
        const HERE: &str = "the place of an object";
        let full: fn(&Value) -> bool =
            |value| value.as_object().is_some_and(|members| !members.is_empty());
        let Some(place) = self.pick(&json, full) else {
            return json.to_string().into_bytes();
        };
        let object = json
            .pointer_mut(&place)
            .map(|value| std::mem::replace(value, json!(HERE)));
        let object = object.unwrap_or_default();
        let members = object.as_object().cloned().unwrap_or_default();
        let first = members
            .iter()
            .nth(usize::from(self.with) % members.len().max(1));
        let again = first.map(|(name, value)| format!("{}:{value},", json!(name)));
        let text = object.to_string();
        let text = format!("{{{}{}", again.unwrap_or_default(), &text[1..]);
        json.to_string()
            .replace(&json!(HERE).to_string(), &text)
            .into_bytes()
    }

    fn digits(&self, bytes: Vec<u8>) -> Vec<u8> {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let starts = (0..bytes.len()).filter(|at| digit(*at) && (*at == 0 || !digit(at - 1)));
        let starts: Vec<usize> = starts.collect();
        let Some(last) = starts.len().checked_sub(1) else {
            return bytes;
        };
        let from = starts[self.at(last)];
        let to = (from..bytes.len())
            .find(|at| !digit(*at))
            .unwrap_or(bytes.len());
        let number = DIGITS[usize::from(self.with) % DIGITS.len()];
        [&bytes[..from], number.as_bytes(), &bytes[to..]].concat()
    }

    fn repeat(&self, bytes: Vec<u8>) -> Vec<u8> {
        let from = self.at(bytes.len());
        let to = (from + usize::from(self.with % 64)).min(bytes.len());
        let times = usize::from(self.with / 64 % 40);
        [
            &bytes[..from],
            &bytes[from..to].repeat(times),
            &bytes[from..],
        ]
        .concat()
    }
}

/// All places of a document, as JSON pointers.
fn places(json: &Value, at: String, all: &mut Vec<String>) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(value, format!("{at}/{name}"), all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
    all.push(at);
}

fn any_value(with: u16) -> Value {
    let which = with / 4;
    match with % 4 {
        0 => number(which),
        1 => string(which),
        2 => [
            json!(null),
            json!(true),
            json!(false),
            json!([]),
            json!({}),
            json!([[]]),
            json!({"": {}}),
        ][usize::from(which) % 7]
            .clone(),
        _ => {
            let deep = (0..which % 120).fold(json!(1), |inside, _| json!([inside]));
            if which.is_multiple_of(2) {
                deep
            } else {
                json!({"a": deep})
            }
        }
    }
}

/// A number at an edge.
fn number(with: u16) -> Value {
    let all = [
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(59),
        json!(60),
        json!(10_000),
        json!(10_001),
        json!(i8::MIN),
        json!(u8::MAX),
        json!(i16::MAX),
        json!(u16::MAX),
        json!(i32::MAX),
        json!(i32::MIN),
        json!(u32::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(i64::MAX - 1),
        json!(u64::MAX - 1),
        json!(1_u64 << 53),
        json!((1_u64 << 53) + 1),
        json!(153_722_867_280_912_930_i64),
        json!(-153_722_867_280_912_931_i64),
        json!(253_402_207_200_i64),
        json!(-377_705_023_201_i64),
        json!(8_640_000_000_000_i64),
        json!(99_999_999),
        json!(31_536_000),
        json!(1_799_999_980),
        json!(1_800_000_060),
        json!(0.0),
        json!(-0.0),
        json!(0.5),
        json!(1.0),
        json!(-1.5),
        json!(1e-300),
        json!(5e-324),
        json!(1e15),
        json!(1e16),
        json!(9.3e18),
        json!(-9.3e18),
        json!(1.9e19),
        json!(1e300),
        json!(1.7e308),
        json!(-1.7e308),
        json!(0.999_999_999_999),
        json!(1.000_000_000_1),
    ];
    all[usize::from(with) % all.len()].clone()
}

/// A text at an edge, some of them of the forms that are read here.
fn string(with: u16) -> Value {
    let all = [
        json!(""),
        json!(" "),
        json!("\0"),
        json!("\u{feff}"),
        json!("🦀"),
        json!("e\u{301}\u{202e}"),
        json!("x".repeat(300)),
        json!("🦀".repeat(5_000)),
        json!("\n\r\t\u{1b}[2J"),
        json!("NaN"),
        json!("Infinity"),
        json!("-Infinity"),
        json!("null"),
        json!("-0"),
        json!("0x10"),
        json!("1e999"),
        json!("9".repeat(400)),
        json!("-1"),
        json!("+1"),
        json!("01"),
        json!("1.5"),
        json!("9223372036854775807"),
        json!("18446744073709551615"),
        json!("18446744073709551616"),
        json!("0%"),
        json!("100%"),
        json!("99.99%"),
        json!("0.01%"),
        json!("-5%"),
        json!("1e2%"),
        json!("0s"),
        json!("-1s"),
        json!("1ns"),
        json!("8760h"),
        json!("8760h1s"),
        json!("365d"),
        json!("9223372036854775807s"),
        json!("-9223372036854775807s"),
        json!("2562047788015215h"),
        json!("-9223372036854775808s"),
        json!("9223372036854775807s 999999999ns"),
        json!("PT9223372036854775807.999999999S"),
        json!("-PT9223372036854775808.999999999S"),
        json!("-PT9223372036854775808S"),
        json!("PT0.000000001S"),
        json!("-PT1S"),
        json!("P1Y"),
        json!("9999-12-30T22:00:00.999999999Z"),
        json!("-009999-01-02T01:59:59Z"),
        json!("0000-01-01T00:00:00Z"),
        json!("1969-12-31T23:59:59.999999999Z"),
        json!("2027-01-15T08:00:00Z"),
        json!("2027-01-15T08:00:60Z"),
        json!("+999999-01-01T00:00:00Z"),
        json!("2027-02-30T00:00:00Z"),
        json!("$LATEST"),
        json!("$"),
        json!("$$"),
        json!("$..*"),
        json!("$.a"),
        json!("$[9223372036854775807]"),
        json!("*"),
        json!("[lambda-canary:r1:4294967295]"),
        json!("[lambda-canary:r1:0]"),
        json!("[lambda-canary:r1:1]"),
        json!("d-"),
        json!("d-ABC123XYZ"),
        json!("d-1-pre-4294967295"),
        json!("ALARM"),
        json!("OK"),
        json!("rollback"),
        json!("hold"),
        json!("complete"),
        json!("advise"),
        json!("{\"a\":"),
        json!("[[[["),
        json!("arn:aws:lambda:::function:"),
        json!("(((((a*)*)*)*)*)*$"),
        json!("(a{999}){999}"),
        json!("\\p{L}"),
        json!("/a/~2"),
        json!("/-1"),
    ];
    all[usize::from(with) % all.len()].clone()
}

const TOKENS: &[&str] = &[
    "\0",
    "\u{feff}",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "--- ",
    "...",
    "&a ",
    "*a ",
    "!!int ",
    "? ",
    "- ",
    "\t",
    "\r",
    "\n",
    "%",
    "$",
    "$.",
    "[0]",
    "1e999",
    "NaN",
    "null",
    "//",
    "/*",
    "'",
    "(",
    ")",
    "NOT ",
    " AND ",
    " OR ",
    "999999999999999999999",
    "-",
    "+",
    ".",
    "..",
    "s",
    "h",
    "#",
    "\u{2028}",
    "🦀",
];

const DIGITS: &[&str] = &[
    "",
    "0",
    "00",
    "1",
    "-1",
    "99",
    "100",
    "101",
    "255",
    "256",
    "65535",
    "65536",
    "10000",
    "10001",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e309",
    "1e-400",
    "0.0000000000001",
    "0.1",
    "1.5",
    "NaN",
    "inf",
    "153722867280912931",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
];
