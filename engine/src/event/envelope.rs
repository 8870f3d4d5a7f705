//! The JSON body of an ingest request, parsed into a [`NewEvent`] or refused with every field that
//! is wrong.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::EventType;
use crate::time::Timestamp;

/// What a sender said, checked.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub event_type: EventType,
    pub source: String,
    pub payload: Arc<str>,
    pub event_id: Option<String>,
    pub subject: Option<String>,
    pub occurred_at: Option<Timestamp>,
    /// What else the sender said about the event; kept with its headers.
    pub attributes: Vec<(String, String)>,
}

impl NewEvent {
    /// The last check that every way in shares.
    pub(crate) fn checked(self) -> Result<Self, InvalidEnvelope> {
        if nests_deeper(&self.payload, DEEPEST) {
            return Err(InvalidEnvelope::TooDeep);
        }
        Ok(self)
    }
}

/// How many arrays and objects may lie inside one another.
const DEEPEST: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum InvalidEnvelope {
    #[error("the body is not JSON: {0}")]
    Malformed(#[source] serde_json::Error),
    #[error("the body is not UTF-8: {0}")]
    NotUtf8(#[source] std::str::Utf8Error),
    #[error("the event is not complete: {}", list(.0))]
    Fields(Vec<FieldError>),
    /// Postgres keeps no text with one, so nothing is called that anywhere.
    #[error("no name can have a NUL character: {}", list(.0))]
    Nul(Vec<FieldError>),
    #[error("the payload nests more than {DEEPEST} arrays and objects: send it flatter")]
    TooDeep,
    #[error("a batch has at most {0} events; this one has more: send it in parts")]
    TooMany(usize),
}

/// One field that does not fit, named as in the body.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    pub field: &'static str,
    pub message: String,
}

fn list(errors: &[FieldError]) -> String {
    let each = |error: &FieldError| format!("`{}` {}", error.field, error.message);
    errors.iter().map(each).collect::<Vec<_>>().join("; ")
}

/// The body as it may come. Values stay raw here, so that a wrong type is reported by field.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, rename = "eventType", alias = "type")]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default, alias = "data", deserialize_with = "present")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventId", alias = "id")]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subject: Option<&'a RawValue>,
    #[serde(borrow, rename = "occurredAt", alias = "time")]
    occurred_at: Option<&'a RawValue>,
}

/// `null` is a payload like any other; serde would take it for a missing one.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The body's text as an object; `T` takes its members as they came.
pub(super) fn object<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, InvalidEnvelope> {
    // First, and all of it: members that nobody asks for would not be looked at.
    let text = std::str::from_utf8(body).map_err(InvalidEnvelope::NotUtf8)?;
    // Structs would be read from arrays too, by place.
    if !text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(InvalidEnvelope::Malformed)?;
        let mut errors = Vec::new();
        refuse("body", "must be a JSON object", &mut errors);
        return Err(InvalidEnvelope::Fields(errors));
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => {
            let mut errors = Vec::new();
            refuse("body", format!("does not fit: {error}"), &mut errors);
            InvalidEnvelope::Fields(errors)
        }
        _ => InvalidEnvelope::Malformed(error),
    })
}

/// Parses `{"eventType","source","payload","eventId"?,"subject"?,"occurredAt"?}`; `type`, `data`
/// and `id` are understood too.
pub fn parse(body: &[u8]) -> Result<NewEvent, InvalidEnvelope> {
    let body: Body<'_> = object(body)?;
    let mut errors = Vec::new();

    let event_type = required("eventType", body.event_type, &mut errors)
        .and_then(|text| event_type("eventType", &text, &mut errors));
    let source = required("source", body.source, &mut errors)
        .and_then(|text| name("source", text, &mut errors));
    let event_id = optional("eventId", body.event_id, &mut errors)
        .and_then(|text| name("eventId", text, &mut errors));
    let subject = optional("subject", body.subject, &mut errors)
        .and_then(|text| name("subject", text, &mut errors));
    let occurred_at = optional("occurredAt", body.occurred_at, &mut errors).and_then(|text| {
        Timestamp::parse(&text).map_err(|error| refuse("occurredAt", error, &mut errors)).ok()
    });
    let payload = body.payload.map(|raw| Arc::from(raw.get()));
    if payload.is_none() {
        errors.push(FieldError { field: "payload", message: MISSING.into() });
    }

    match (event_type, source, payload) {
        (Some(event_type), Some(source), Some(payload)) if errors.is_empty() => {
            let attributes = Vec::new();
            NewEvent { event_type, source, payload, event_id, subject, occurred_at, attributes }
                .checked()
        }
        _ => Err(refused(errors)),
    }
}

/// Why an event with these errors is refused.
pub(crate) fn refused(errors: Vec<FieldError>) -> InvalidEnvelope {
    match errors.iter().any(|error| error.message == NUL) {
        true => InvalidEnvelope::Nul(errors),
        false => InvalidEnvelope::Fields(errors),
    }
}

/// Data as JSON: JSON as it is, other text as a string, bytes as a string in base64.
pub(crate) fn as_json(content_type: Option<&str>, data: &[u8]) -> Result<String, InvalidEnvelope> {
    let kind = content_type.unwrap_or("application/json").split(';').next().unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if data.is_empty() {
        return Ok("null".into());
    }
    if kind == "application/json" || kind == "text/json" || kind.ends_with("+json") {
        let json = serde_json::from_slice::<&RawValue>(data).map_err(InvalidEnvelope::Malformed)?;
        return Ok(json.get().to_owned());
    }
    let text = match std::str::from_utf8(data) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(BASE64_STANDARD.encode(data)),
    };
    Ok(serde_json::Value::from(&*text).to_string())
}

/// Whether JSON text has more than `most` arrays and objects inside one another.
fn nests_deeper(json: &str, most: usize) -> bool {
    // Nearly all have fewer in all, and this is counted many bytes at a time.
    if json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= most {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

pub(super) const MISSING: &str = "is missing";
pub(crate) const NUL: &str = "contains a NUL character";
const LONGEST_NAME: usize = 255;

pub(super) fn refuse(field: &'static str, message: impl ToString, errors: &mut Vec<FieldError>) {
    errors.push(FieldError { field, message: message.to_string() });
}

pub(super) fn required<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
    errors: &mut Vec<FieldError>,
) -> Option<Cow<'a, str>> {
    if raw.is_none() {
        refuse(field, MISSING, errors);
    }
    text(field, raw?, errors)
}

pub(super) fn optional<'a>(
    field: &'static str,
    raw: Option<&'a RawValue>,
    errors: &mut Vec<FieldError>,
) -> Option<Cow<'a, str>> {
    let raw = raw.filter(|raw| raw.get() != "null")?;
    text(field, raw, errors)
}

pub(super) fn text<'a>(
    field: &'static str,
    raw: &'a RawValue,
    errors: &mut Vec<FieldError>,
) -> Option<Cow<'a, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    match serde_json::from_str::<Text<'a>>(raw.get()) {
        Ok(Text(text)) => Some(text),
        Err(_) => {
            refuse(field, "must be a string", errors);
            None
        }
    }
}

pub(crate) fn event_type(
    field: &'static str,
    text: &str,
    errors: &mut Vec<FieldError>,
) -> Option<EventType> {
    match EventType::parse(text) {
        Ok(event_type) => return Some(event_type),
        Err(_) if text.contains('\0') => refuse(field, NUL, errors),
        Err(error) => refuse(field, error, errors),
    }
    None
}

pub(super) fn name(
    field: &'static str,
    text: Cow<'_, str>,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let message = if text.is_empty() {
        "cannot be empty"
    } else if text.len() > LONGEST_NAME {
        "has at most 255 bytes"
    } else if text.contains('\0') {
        NUL
    } else if text.chars().any(char::is_control) {
        "cannot contain control characters"
    } else {
        return Some(text.into_owned());
    };
    refuse(field, message, errors);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_keeps_its_bytes() {
        let body = br#"{"type":"order.created","source":"shop","data":{ "a" : 1.0, "a":1e2, "z":"\u00e9" }}"#;
        let event = parse(body).unwrap();
        assert_eq!(&*event.payload, r#"{ "a" : 1.0, "a":1e2, "z":"\u00e9" }"#);
        assert_eq!(event.event_type.as_str(), "order.created");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let InvalidEnvelope::Fields(errors) =
            parse(br#"{"eventType":"a b","source":7,"occurredAt":"noon","subject":""}"#)
                .unwrap_err()
        else {
            panic!("not a list of fields")
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["eventType", "source", "subject", "occurredAt", "payload"]);
    }

    #[test]
    fn malformed_json_is_told_apart_from_wrong_fields() {
        assert!(matches!(parse(b"{\"eventType\":"), Err(InvalidEnvelope::Malformed(_))));
        assert!(matches!(parse(b"[1,"), Err(InvalidEnvelope::Malformed(_))));
    }

    #[test]
    fn only_an_object_is_an_event() {
        let by_place = br#"["order.created","shop",{"a":1},null,null,null]"#;
        for body in [&by_place[..], b"[]", b" 7", b"null", b"\"text\""] {
            let refused = parse(body).unwrap_err().to_string();
            assert_eq!(refused, "the event is not complete: `body` must be a JSON object");
        }
        let twice = br#"{"source":"shop","source":"shop"}"#;
        let refused = parse(twice).unwrap_err();
        assert!(matches!(&refused, InvalidEnvelope::Fields(_)), "{refused:?}");
        let said = refused.to_string();
        assert!(said.contains("duplicate field `source` at line 1 column 25"), "{said}");
    }

    #[test]
    fn all_of_the_body_is_utf8_and_no_name_has_a_nul() {
        for body in
            [&b"{\"a\":\xff}"[..], b"{\"type\":\"a\",\"source\":\"s\",\"data\":1,\"x\":\"\xff\"}"]
        {
            assert!(matches!(parse(body), Err(InvalidEnvelope::NotUtf8(_))), "{body:?}");
        }
        for field in ["type", "source", "id", "subject"] {
            let mut event = serde_json::json!({ "type": "a", "source": "s", "data": "kept: \0" });
            assert_eq!(
                parse(event.to_string().as_bytes()).unwrap().payload.as_ref(),
                r#""kept: \u0000""#
            );
            event[field] = "a\0b".into();
            let refused = parse(event.to_string().as_bytes());
            assert!(matches!(&refused, Err(InvalidEnvelope::Nul(_))), "{field}: {refused:?}");
        }
    }

    #[test]
    fn a_payload_has_a_bottom() {
        let nested = |depth: usize| {
            let payload = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            parse(format!(r#"{{"type":"a","source":"s","data":{payload}}}"#).as_bytes())
        };
        assert!(nested(DEEPEST).is_ok());
        assert!(matches!(nested(DEEPEST + 1), Err(InvalidEnvelope::TooDeep)));
        let text = format!(r#"{{"type":"a","source":"s","data":"\\\"{}"}}"#, "[".repeat(100));
        assert!(parse(text.as_bytes()).is_ok(), "brackets in texts do not count");
    }

    #[test]
    fn a_null_payload_is_a_payload() {
        let event = parse(br#"{"eventType":"a","source":"s","payload":null}"#);
        assert_eq!(&*event.unwrap().payload, "null");
    }
}
