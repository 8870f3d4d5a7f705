//! How a payload differs from another one: by structure, path for path. Pure.

use serde_json::{Map, Value};

/// A difference shows so many bytes of a value.
const SHOWN: usize = 160;

/// What is at a path on either side; absent where there is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The first `most` differences in the order of their paths, and how many there are.
pub fn compare(before: &Value, after: &Value, most: usize) -> (Vec<Difference>, usize) {
    let mut found = Found { differences: Vec::new(), count: 0, most };
    found.values(String::new(), Some(before), Some(after));
    (found.differences, found.count)
}

struct Found {
    differences: Vec<Difference>,
    count: usize,
    most: usize,
}

impl Found {
    fn values(&mut self, path: String, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                self.fields(&path, before, after);
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                for at in 0..before.len().max(after.len()) {
                    self.values(format!("{path}[{at}]"), before.get(at), after.get(at));
                }
            }
            (before, after) => {
                self.count += 1;
                if self.differences.len() < self.most {
                    let (before, after) = (before.map(shown), after.map(shown));
                    self.differences.push(Difference { path, before, after });
                }
            }
        }
    }

    fn fields(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        let new = after.keys().filter(|key| !before.contains_key(*key));
        let mut keys: Vec<&String> = before.keys().chain(new).collect();
        keys.sort_unstable();
        for key in keys {
            self.values(below(path, key), before.get(key), after.get(key));
        }
    }
}

/// As a filter would write it.
fn below(path: &str, key: &str) -> String {
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let name = begins && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match (name, path) {
        (true, "") => key.to_owned(),
        (true, _) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{}]", Value::from(key)),
    }
}

fn shown(value: &Value) -> String {
    let mut text = value.to_string();
    let end = text.floor_char_boundary(SHOWN);
    if end < text.len() {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, expected: &[(&str, Option<&str>, Option<&str>)]) {
        let (found, count) = compare(&before, &after, 100);
        let seen: Vec<_> = found
            .iter()
            .map(|it| (it.path.as_str(), it.before.as_deref(), it.after.as_deref()))
            .collect();
        assert_eq!((seen.as_slice(), count), (expected, expected.len()));
    }

    #[test]
    fn equal_payloads_do_not_differ_whatever_the_order_of_their_keys() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":[true]}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b":[true],"a":1}"#).unwrap();
        check(one, other, &[]);
    }

    #[test]
    fn what_is_added_removed_and_changed_has_its_path() {
        check(
            json!({ "id": 1, "gone": { "x": 1 }, "items": [{ "n": 1 }, { "n": 2 }], "a b": 1 }),
            json!({ "id": 2, "items": [{ "n": 1 }, { "n": 3 }, 4], "new": null, "a b": "1" }),
            &[
                ("[\"a b\"]", Some("1"), Some("\"1\"")),
                ("gone", Some("{\"x\":1}"), None),
                ("id", Some("1"), Some("2")),
                ("items[1].n", Some("2"), Some("3")),
                ("items[2]", None, Some("4")),
                ("new", None, Some("null")),
            ],
        );
        check(json!([1]), json!({}), &[("", Some("[1]"), Some("{}"))]);
    }

    #[test]
    fn many_and_long_differences_are_cut_and_counted() {
        let long = json!(vec!["é".repeat(500); 300]);
        let (found, count) = compare(&json!([]), &long, 100);
        assert_eq!((found.len(), count), (100, 300));
        let shown = found[0].after.as_ref().unwrap();
        assert!(shown.len() < 170 && shown.ends_with('…'), "{shown}");
    }
}
