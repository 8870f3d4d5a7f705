//! Where in a payload something stands. Pure.
//!
//! A payload is read as the text that was sent: a value would lose a name that comes twice, and cannot hold
//! every number. What cannot be read at all is searched for the value, so that nothing is left out unseen.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::InvalidCriterion;

/// The longest path, in bytes.
pub(super) const LONGEST: usize = 500;

/// From the outside in. Arrays are gone through by names: `items.email` is the email of any item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    /// The item with this number, from 0 on.
    Item(usize),
    /// All items, or all members.
    Every,
}

impl Path {
    /// `customer.email`, `items[0].email`, `$.items[*]['e-mail']`.
    pub fn parse(text: &str) -> Result<Self, InvalidCriterion> {
        let text = text.trim();
        let steps = steps(text).filter(|_| text.len() <= LONGEST);
        let path = Self(steps.ok_or(InvalidCriterion::Path)?);
        // It is read again from how it is written.
        match path.to_string().len() > LONGEST {
            true => Err(InvalidCriterion::Path),
            false => Ok(path),
        }
    }

    /// Whether the value stands there in the payload.
    pub(super) fn leads_to(&self, payload: &str, wanted: &str) -> bool {
        leads_to(&self.0, payload, wanted).unwrap_or_else(|| mentions(payload, wanted))
    }
}

/// `None` where the text is no path.
fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = match text.strip_prefix('$') {
        // A name or bracket has to follow, or nothing.
        Some(rest) => rest,
        None if text.starts_with('[') => text,
        None => {
            let (step, rest) = name(text)?;
            steps.push(step);
            rest
        }
    };
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('.') {
            Some(rest) => name(rest)?,
            None => bracket(rest.strip_prefix('[')?)?,
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

/// A name as it is, up to the next step.
fn name(text: &str) -> Option<(Step, &str)> {
    let (name, rest) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    match name {
        "*" => Some((Step::Every, rest)),
        _ if name.is_empty() || name.contains([']', '$', '\0']) => None,
        _ => Some((Step::Name(name.to_owned()), rest)),
    }
}

/// What stands in brackets, after the first of them.
fn bracket(text: &str) -> Option<(Step, &str)> {
    let (step, rest) = match text.chars().next()? {
        '*' => (Step::Every, text.strip_prefix('*')?),
        quote @ ('\'' | '"') => quoted(text.strip_prefix(quote)?, quote)?,
        _ => {
            let (digits, rest) = text.split_at(text.find(']')?);
            let number = digits.bytes().all(|byte| byte.is_ascii_digit());
            (Step::Item(digits.parse().ok().filter(|_| number)?), rest)
        }
    };
    Some((step, rest.strip_prefix(']')?))
}

/// A name in quotes, after the first of them; a backslash takes the next letter as it is.
fn quoted(text: &str, quote: char) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut letters = text.chars();
    loop {
        match letters.next()? {
            '\0' => return None,
            '\\' => name.push(letters.next().filter(|letter| *letter != '\0')?),
            letter if letter == quote => return Some((Step::Name(name), letters.as_str())),
            letter => name.push(letter),
        }
    }
}

/// The same path is always written in the same way, which is how receipts name it.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Every => f.write_str("[*]")?,
                Step::Item(number) => write!(f, "[{number}]")?,
                Step::Name(name) if is_plain(name) => {
                    f.write_str(if at > 0 { "." } else { "" })?;
                    f.write_str(name)?;
                }
                Step::Name(name) => {
                    let escaped = name.replace('\\', "\\\\").replace('\'', "\\'");
                    write!(f, "['{escaped}']")?;
                }
            }
        }
        Ok(())
    }
}

/// Whether it can be written without quotes.
fn is_plain(name: &str) -> bool {
    let trimmed = name.trim() == name;
    trimmed && name != "*" && !name.is_empty() && !name.contains(['.', '[', ']', '$'])
}

/// `None` where the payload cannot be read.
fn leads_to(steps: &[Step], at: &str, wanted: &str) -> Option<bool> {
    let at = at.trim_matches([' ', '\t', '\n', '\r']);
    match (at.as_bytes().first()?, steps) {
        (b'[', [Step::Item(number), rest @ ..]) => {
            items(at)?.get(*number).map_or(Some(false), |item| leads_to(rest, item.get(), wanted))
        }
        (b'[', [Step::Every, rest @ ..]) => in_any(items(at)?, |item| leads_to(rest, item, wanted)),
        (b'[', _) => in_any(items(at)?, |item| leads_to(steps, item, wanted)),
        (b'{', [Step::Every, rest @ ..]) => {
            let members = members(at)?.into_iter().map(|(_, member)| member);
            in_any(members, |member| leads_to(rest, member, wanted))
        }
        (b'{', [Step::Name(name), rest @ ..]) => {
            let members = members(at)?.into_iter().filter(|(known, _)| known == name);
            in_any(members.map(|(_, member)| member), |member| leads_to(rest, member, wanted))
        }
        (b'"', []) => serde_json::from_str::<String>(at).ok().map(|text| text == wanted),
        (b'n' | b'{', []) | (_, [_, ..]) => Some(false),
        // A number as it was sent, or as it is usually written.
        (_, []) => {
            let usual = || serde_json::from_str::<serde_json::Value>(at).map(|it| it.to_string());
            Some(at == wanted || usual().is_ok_and(|usual| usual == wanted))
        }
    }
}

/// Whether it leads to the value in any of them; `None` where it does in none, and one cannot be read.
fn in_any<'p>(
    all: impl IntoIterator<Item = &'p RawValue>,
    leads: impl Fn(&'p str) -> Option<bool>,
) -> Option<bool> {
    let mut found = Some(false);
    for each in all {
        match leads(each.get()) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

fn items(array: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(array).ok()
}

type Member<'p> = (String, &'p RawValue);

/// The members of an object, each as often as it is there.
fn members(object: &str) -> Option<Vec<Member<'_>>> {
    struct Members;

    impl<'p> Visitor<'p> for Members {
        type Value = Vec<Member<'p>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(object).deserialize_map(Members).ok()
}

/// Whether the value stands anywhere in a text that cannot be read, as it is or as JSON writes it.
fn mentions(payload: &str, wanted: &str) -> bool {
    let written = serde_json::Value::from(wanted).to_string();
    let inside = written.get(1..written.len() - 1);
    payload.contains(wanted) || inside.is_some_and(|inside| payload.contains(inside))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(path: &str, value: &str, payload: &Value, fits: bool) {
        check_text(path, value, &payload.to_string(), fits);
    }

    #[track_caller]
    fn check_text(path: &str, value: &str, payload: &str, fits: bool) {
        let path = Path::parse(path).unwrap();
        assert_eq!(path.leads_to(payload, value), fits, "{path} = {value}: {payload}");
    }

    #[test]
    fn a_path_leads_through_objects_and_arrays_to_a_value() {
        let order = json!({ "customer": { "email": "a@b.c", "id": 7, "vip": true } });
        check("customer.email", "a@b.c", &order, true);
        check("customer.email", "A@b.c", &order, false);
        check("customer.id", "7", &order, true);
        check("customer.vip", "true", &order, true);
        check("customer", "a@b.c", &order, false);
        check("email", "a@b.c", &order, false);
        check("customer.email.x", "a@b.c", &order, false);
        let many = json!({ "items": [{ "to": "x" }, { "to": ["y", "a@b.c"] }] });
        check("items.to", "a@b.c", &many, true);
        check("items.to", "z", &many, false);
        check("email", "a@b.c", &json!([{ "email": "a@b.c" }]), true);
        check("email", "null", &json!({ "email": null }), false);
    }

    #[test]
    fn a_path_is_written_as_json_path_too() {
        let many =
            json!({ "items": [{ "to": "x" }, { "to": ["y", "a@b.c"] }], "a.b": { "$c": 1 } });
        for path in [
            "$.items.to",
            "$.items[*].to",
            "$['items'][1]['to'][1]",
            "items[1].to",
            "items.*.to.*",
            "[\"items\"][*].to",
        ] {
            check(path, "a@b.c", &many, true);
        }
        check("$.items[0].to", "a@b.c", &many, false);
        check("items[1].to[0]", "a@b.c", &many, false);
        check("items[2].to", "a@b.c", &many, false);
        check("$['a.b']['$c']", "1", &many, true);
        check("$.*.to", "x", &many, true);
        check("$", "x", &json!("x"), true);
        check("$[1]", "x", &json!(["y", "x"]), true);
    }

    #[test]
    fn the_same_path_is_written_in_one_way_and_read_again() {
        for (path, written) in [
            ("$.customer.email", "customer.email"),
            ("$['customer'][\"email\"]", "customer.email"),
            (" items[*].to ", "items[*].to"),
            ("items.*.to", "items[*].to"),
            ("$[0]['a.b'].c", "[0]['a.b'].c"),
            ("$", "$"),
            ("['it\\'s']", "it's"),
            ("['it\\'s $']", "['it\\'s $']"),
            ("a b.c", "a b.c"),
        ] {
            let parsed = Path::parse(path).unwrap();
            assert_eq!(parsed.to_string(), written);
            assert_eq!(Path::parse(written).unwrap(), parsed);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in [
            "",
            " ",
            ".",
            "a.",
            ".a",
            "a..b",
            "$..a",
            "$.",
            "$a",
            "a$",
            "a.$b",
            "a[",
            "a]",
            "a[]",
            "a[-1]",
            "a[x]",
            "a[0:2]",
            "a[?(@.b)]",
            "a[0]b",
            "a.[0]",
            "['a','b']",
            "['a",
            "['a'",
            "a[+1]",
            "a\0",
            "['\0']",
            "a[99999999999999999999999]",
        ] {
            assert_eq!(Path::parse(path), Err(InvalidCriterion::Path), "{path}");
        }
        assert_eq!(Path::parse(&"x".repeat(LONGEST + 1)), Err(InvalidCriterion::Path));
    }

    #[test]
    fn what_a_value_cannot_hold_is_found_all_the_same() {
        check_text("email", "a@b.c", r#"{ "total": 1e400, "email": "a@b.c" }"#, true);
        check_text("total", "1e400", r#"{ "total": 1e400 }"#, true);
        check_text("id", "12345678901234567890123", r#"{"id":12345678901234567890123}"#, true);
        check_text("rate", "1.50", r#"{"rate":1.50}"#, true);
        check_text("rate", "1.5", r#"{"rate":1.50}"#, true);
        check_text("email", "a@b.c", r#"{"email":"a@b.c","email":"x"}"#, true);
        check_text("email", "a@b.c", r#"{"email":"\u0061@b.c"}"#, true);
    }

    #[test]
    fn what_cannot_be_read_is_searched() {
        let broken = r#"{"\ud800":1,"to":"a@b.c"}"#;
        check_text("to", "a@b.c", broken, true);
        check_text("to", "b@b.c", broken, false);
        check_text("to", "say \"no\"", r#"{"\ud800":1,"to":"say \"no\""}"#, true);
        let unread = r#"{"to":["\ud800", "a@b.c"]}"#;
        check_text("to", "a@b.c", unread, true);
    }

    /// A payload, and the steps to each of its values.
    fn payload() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::btree_map("[^\0]{0,6}", inner, 1..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn leaves(at: &Value, way: &[Step], found: &mut Vec<(Vec<Step>, String)>) {
        let on = |step: Step| [way, &[step]].concat();
        match at {
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    leaves(item, &on(Step::Item(number)), found);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    leaves(member, &on(Step::Name(name.clone())), found);
                }
            }
            Value::String(text) => found.push((way.to_vec(), text.clone())),
            other => found.push((way.to_vec(), other.to_string())),
        }
    }

    proptest! {
        #[test]
        fn every_value_is_found_at_its_own_path_however_that_is_written(payload in payload()) {
            let mut found = Vec::new();
            leaves(&payload, &[], &mut found);
            let text = payload.to_string();
            for (steps, value) in found {
                let exact = Path(steps.clone());
                prop_assert_eq!(Path::parse(&exact.to_string()), Ok(exact.clone()));
                prop_assert!(exact.leads_to(&text, &value), "{} = {}: {}", exact, value, text);
                let every = steps.iter().map(|step| match step {
                    Step::Item(_) => Step::Every,
                    other => other.clone(),
                });
                let every = Path(every.collect());
                prop_assert!(every.leads_to(&text, &value), "{} = {}: {}", every, value, text);
                // Arrays are gone through by names alone.
                let names = steps.into_iter().filter(|step| matches!(step, Step::Name(_)));
                let names = Path(names.collect());
                prop_assert!(names.leads_to(&text, &value), "{} = {}: {}", names, value, text);
            }
        }
    }
}
