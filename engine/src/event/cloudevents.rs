//! CloudEvents 1.0 as they come by HTTP (binding 1.0.2): structured, binary, and several in a batch,
//! which are structured ones in an array.
//!
//! `type`, `source`, `id`, `subject` and `time` become the event's own fields. All other attributes
//! are kept under the names that binary mode gives them, `ce-…`, so that an event looks the same
//! however it came.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::EventType;
use super::envelope::{
    self, FieldError, InvalidEnvelope, MISSING, NewEvent, as_json, name, optional, refuse,
    required, text,
};
use crate::time::Timestamp;

/// The attributes of an event, checked apart from its data.
struct Attributes {
    event_type: EventType,
    source: String,
    id: String,
    subject: Option<String>,
    time: Option<Timestamp>,
}

impl Attributes {
    fn with(self, payload: String, kept: Vec<(String, String)>) -> NewEvent {
        let Self { event_type, source, id, subject, time } = self;
        NewEvent {
            event_type,
            source,
            payload: payload.into(),
            event_id: Some(id),
            subject,
            occurred_at: time,
            attributes: kept,
        }
    }
}

/// What an event must and may say, from wherever `value` finds it.
fn attributes<'v>(
    mut value: impl FnMut(&'static str, &mut Vec<FieldError>) -> Option<Cow<'v, str>>,
    errors: &mut Vec<FieldError>,
) -> Option<Attributes> {
    let mut needed = |field: &'static str, errors: &mut Vec<FieldError>| {
        let known = errors.len();
        let found = value(field, errors);
        if found.is_none() && errors.len() == known && REQUIRED.contains(&field) {
            refuse(field, MISSING, errors);
        }
        found
    };
    let version = needed("specversion", errors);
    if version.is_some_and(|version| version != "1.0") {
        refuse("specversion", "must be \"1.0\"", errors);
    }
    let event_type =
        needed("type", errors).and_then(|text| envelope::event_type("type", &text, errors));
    let source = needed("source", errors).and_then(|text| name("source", text, errors));
    let id = needed("id", errors).and_then(|text| name("id", text, errors));
    let subject = needed("subject", errors).and_then(|text| name("subject", text, errors));
    let time = needed("time", errors).and_then(|text| {
        Timestamp::parse(&text).map_err(|error| refuse("time", error, errors)).ok()
    });
    Some(Attributes { event_type: event_type?, source: source?, id: id?, subject, time })
}

const REQUIRED: [&str; 4] = ["specversion", "type", "source", "id"];
/// Those that become fields of the event; the rest is kept beside it.
const OWN: [&str; 5] = ["type", "source", "id", "subject", "time"];

/// One event as a JSON object (`application/cloudevents+json`).
pub fn structured(body: &[u8]) -> Result<NewEvent, InvalidEnvelope> {
    // Values stay raw, so that a wrong type is reported by field and the data keeps its bytes.
    let members: BTreeMap<Cow<'_, str>, &RawValue> = envelope::object(body)?;
    let mut errors = Vec::new();
    let read = |field: &'static str, errors: &mut Vec<FieldError>| {
        let value = members.get(field).copied();
        if REQUIRED.contains(&field) {
            required(field, value, errors)
        } else {
            optional(field, value, errors)
        }
    };
    let attributes = attributes(read, &mut errors);
    let mut kept = Vec::new();
    for (member, value) in &members {
        if OWN.contains(&&**member) || matches!(&**member, "data" | "data_base64") {
            continue;
        }
        match attribute_text(value) {
            Some(value) if is_attribute_name(member) => kept.push((format!("ce-{member}"), value)),
            None if value.get() == "null" => {}
            _ => refuse("attributes", attribute_rule(member), &mut errors),
        }
    }
    let content_type = members.get("datacontenttype").and_then(|value| attribute_text(value));
    let payload = match (members.get("data"), members.get("data_base64")) {
        (Some(_), Some(_)) => {
            refuse("data_base64", "cannot stand beside `data`", &mut errors);
            None
        }
        (Some(data), None) => Some(data.get().to_owned()),
        (None, Some(encoded)) => text("data_base64", encoded, &mut errors).and_then(|encoded| {
            let decoded = BASE64_STANDARD.decode(&*encoded);
            let decoded =
                decoded.map_err(|error| refuse("data_base64", error, &mut errors)).ok()?;
            as_json(content_type.as_deref(), &decoded)
                .map_err(|error| refuse("data_base64", error, &mut errors))
                .ok()
        }),
        (None, None) => Some("null".to_owned()),
    };
    finish(attributes, payload, kept, errors)
}

/// One event whose attributes are `ce-` headers and whose data is the body. `headers` are names in
/// lower case with their values as they came.
pub fn binary<'h>(
    headers: impl Iterator<Item = (&'h str, &'h [u8])>,
    content_type: Option<&str>,
    body: &[u8],
) -> Result<NewEvent, InvalidEnvelope> {
    let mut errors = Vec::new();
    let mut given = BTreeMap::new();
    for (header, value) in headers {
        let Some(attribute) = header.strip_prefix("ce-") else { continue };
        match header_text(value) {
            Some(value) if is_attribute_name(attribute) && attribute != "datacontenttype" => {
                given.insert(attribute, value);
            }
            _ if attribute == "datacontenttype" => {
                refuse("datacontenttype", "is the content-type header in binary mode", &mut errors);
            }
            _ => refuse("attributes", attribute_rule(attribute), &mut errors),
        }
    }
    let read = |field: &'static str, _: &mut Vec<FieldError>| {
        given.get(field).map(|value| Cow::Owned(value.clone()))
    };
    let attributes = attributes(read, &mut errors);
    let payload = as_json(content_type, body)?;
    // The headers of the request are kept anyway.
    finish(attributes, Some(payload), Vec::new(), errors)
}

fn finish(
    attributes: Option<Attributes>,
    payload: Option<String>,
    kept: Vec<(String, String)>,
    errors: Vec<FieldError>,
) -> Result<NewEvent, InvalidEnvelope> {
    match (attributes, payload) {
        (Some(attributes), Some(payload)) if errors.is_empty() => {
            attributes.with(payload, kept).checked()
        }
        _ => Err(envelope::refused(errors)),
    }
}

fn is_attribute_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn attribute_rule(name: &str) -> String {
    format!(
        "`{}` must be named by lower-case letters and digits and hold a string, number or boolean",
        name.chars().take(64).collect::<String>()
    )
}

/// The canonical string of a string, number or boolean.
fn attribute_text(value: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Attribute {
        Text(String),
        Number(serde_json::Number),
        Boolean(bool),
    }
    Some(match serde_json::from_str(value.get()).ok()? {
        Attribute::Text(text) => text,
        Attribute::Number(number) => number.to_string(),
        Attribute::Boolean(boolean) => boolean.to_string(),
    })
}

/// The value of a `ce-` header: taken out of quotes, then percent-decoded once (binding 3.1.3.2).
fn header_text(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let unquoted = match value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) {
        Some(quoted) => {
            let mut plain = Vec::with_capacity(quoted.len());
            let mut bytes = quoted.iter();
            while let Some(byte) = bytes.next() {
                plain.push(if *byte == b'\\' { *bytes.next()? } else { *byte });
            }
            Cow::Owned(plain)
        }
        None => Cow::Borrowed(value),
    };
    let decoded = percent_encoding::percent_decode(&unquoted);
    decoded.decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(result: Result<NewEvent, InvalidEnvelope>) -> Vec<&'static str> {
        match result {
            Err(InvalidEnvelope::Fields(errors)) => errors.iter().map(|e| e.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_structured_event_keeps_its_data_and_its_extensions() {
        let event = structured(
            br#"{"specversion":"1.0","type":"com.example.sold","source":"/shop","id":"A-1",
                "subject":"42","time":"2026-01-31T09:41:07Z","datacontenttype":"application/json",
                "priority":3,"urgent":true,"data":{ "total" : 1.50 }}"#,
        )
        .unwrap();
        assert_eq!(&*event.payload, r#"{ "total" : 1.50 }"#);
        assert_eq!((event.source.as_str(), event.event_id.as_deref()), ("/shop", Some("A-1")));
        let kept: Vec<_> = event.attributes.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        let all = [
            "ce-datacontenttype: application/json",
            "ce-priority: 3",
            "ce-specversion: 1.0",
            "ce-urgent: true",
        ];
        assert_eq!(kept, all);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(fields(structured(b"{}")), ["specversion", "type", "source", "id"]);
        let wrong = br#"{"specversion":"0.3","type":"a","source":"s","id":"1","Upper":"x",
            "data":1,"data_base64":"MQ=="}"#;
        assert_eq!(fields(structured(wrong)), ["specversion", "attributes", "data_base64"]);
        assert_eq!(fields(binary([].into_iter(), None, b"1")), REQUIRED);
        assert_eq!(fields(structured(b"[]")), ["body"]);
        let nul: [(&str, &[u8]); 4] = [
            ("ce-specversion", b"1.0"),
            ("ce-type", b"a"),
            ("ce-source", b"s"),
            ("ce-id", b"1%00"),
        ];
        assert!(matches!(binary(nul.into_iter(), None, b"1"), Err(InvalidEnvelope::Nul(_))));
    }

    #[test]
    fn data_is_json_whatever_it_was() {
        let data = |kind: &str, data: &[u8]| as_json(Some(kind), data).unwrap();
        assert_eq!(data("application/json; charset=utf-8", b" [1] "), "[1]");
        assert_eq!(data("text/plain", b"say \"hi\""), r#""say \"hi\"""#);
        assert_eq!(data("image/png", b"\xff\x00"), r#""/wA=""#);
        assert_eq!(data("application/json", b""), "null");
        let encoded = br#"{"specversion":"1.0","type":"a","source":"s","id":"1",
            "datacontenttype":"application/json","data_base64":"eyJhIjoxfQ=="}"#;
        assert_eq!(structured(encoded).unwrap().payload.as_ref(), r#"{"a":1}"#);
    }

    #[test]
    fn header_values_are_decoded_once() {
        let headers: [(&str, &[u8]); 6] = [
            ("ce-specversion", b"1.0"),
            ("ce-type", b"a.b"),
            ("ce-source", b"\"/sh\\\"op\""),
            ("ce-id", b"Euro%20%E2%82%AC%2520"),
            ("ce-comment", b"x"),
            ("content-type", b"text/plain"),
        ];
        let event = binary(headers.into_iter(), Some("text/plain"), b"hello").unwrap();
        assert_eq!(event.source, "/sh\"op");
        assert_eq!(event.event_id.as_deref(), Some("Euro \u{20ac}%20"));
        assert_eq!(&*event.payload, r#""hello""#);
        let invalid: [(&str, &[u8]); 1] = [("ce-id", b"%ff")];
        assert!(fields(binary(invalid.into_iter(), None, b"")).contains(&"attributes"));
    }
}
