//! One value of the definition, by its place: what a field of the form shows and changes. All else stays
//! as it is. Pure, but for [`Lens`].

use leptos::prelude::*;
use serde_json::{Map, Value};

use super::text::Text;

/// A place of the definition, as in `/steps/0/http/url`.
#[derive(Clone, Copy)]
pub struct Lens {
    text: Text,
    place: StoredValue<String>,
}

impl Lens {
    pub fn new(text: Text, place: String) -> Self {
        Self { text, place: StoredValue::new(place) }
    }

    pub fn get(self) -> Option<Value> {
        self.text.document.with(|document| document.pointer(&self.place.get_value()).cloned())
    }

    /// A text as it is, anything else as JSON.
    pub fn text(self) -> String {
        self.get().as_ref().map(shown).unwrap_or_default()
    }

    /// Nothing takes the field away.
    pub fn set(self, value: Option<Value>) {
        let place = self.place.get_value();
        self.text.formed(move |document| put(document, &place, value));
    }
}

pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

/// What was typed where any JSON may stand: JSON where it looks like it, or else a text with `${…}`.
/// Nothing when it is blank, the error when it looks like JSON and is none.
pub fn typed(text: &str) -> Result<Option<Value>, String> {
    let text = text.trim();
    match text.chars().next() {
        None => Ok(None),
        Some('{' | '[' | '"') => {
            serde_json::from_str(text).map(Some).map_err(|error| error.to_string())
        }
        Some(_) => {
            Ok(Some(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))))
        }
    }
}

/// Puts `value` at the place, with the objects that lead there. One that holds nothing any more goes too.
pub fn put(document: &mut Value, place: &str, value: Option<Value>) {
    let Some((way, last)) = place.rsplit_once('/') else { return };
    let mut at = &mut *document;
    for key in way.split('/').skip(1) {
        at = match at {
            Value::Array(items) => {
                let Some(item) = key.parse::<usize>().ok().and_then(|at| items.get_mut(at)) else {
                    return;
                };
                item
            }
            Value::Object(fields) => fields.entry(key).or_insert_with(|| Map::new().into()),
            _ => return,
        };
    }
    let Value::Object(fields) = at else { return };
    match value {
        Some(value) => {
            fields.insert(last.to_owned(), value);
        }
        None => {
            fields.remove(last);
            if fields.is_empty() {
                put(document, way, None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_changed_and_all_else_stays() {
        let mut document = json!({ "order": { "key": "a" }, "steps": [{ "id": "s", "x": 1 }] });
        put(&mut document, "/steps/0/retry/attempts", Some(json!(3)));
        put(&mut document, "/steps/0/id", Some(json!("t")));
        put(&mut document, "/steps/7/id", Some(json!("u")));
        put(&mut document, "/steps/0/when", None);
        let expected = json!({
            "order": { "key": "a" },
            "steps": [{ "id": "t", "x": 1, "retry": { "attempts": 3 } }],
        });
        assert_eq!(document, expected);
        put(&mut document, "/steps/0/retry", None);
        assert_eq!(document["steps"][0], json!({ "id": "t", "x": 1 }));
        put(&mut document, "/order/key", None);
        assert_eq!(document, json!({ "steps": [{ "id": "t", "x": 1 }] }));
    }

    #[test]
    fn what_is_typed_is_json_or_a_text() {
        assert_eq!(typed(" "), Ok(None));
        assert_eq!(typed("${input}"), Ok(Some(json!("${input}"))));
        assert_eq!(typed("12"), Ok(Some(json!(12))));
        assert_eq!(typed(r#"{"a": "${input.b}"}"#), Ok(Some(json!({ "a": "${input.b}" }))));
        assert!(typed("{ a: 1 }").is_err());
        for value in [json!("${input}"), json!({ "a": [1] }), json!(true)] {
            assert_eq!(typed(&shown(&value)), Ok(Some(value)));
        }
    }
}
