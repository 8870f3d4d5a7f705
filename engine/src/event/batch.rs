//! Several events in one body.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::cloudevents;
use super::envelope::{self, InvalidEnvelope, NewEvent};

/// How many events one request may bring.
pub const MOST: usize = 1_000;

/// The items of a batch, a JSON array or one item a line (NDJSON), each to be parsed by itself.
pub fn items(body: &[u8]) -> Result<Vec<&[u8]>, InvalidEnvelope> {
    let items: Vec<&[u8]> = if body.trim_ascii_start().starts_with(b"[") {
        let items: Vec<&RawValue> =
            serde_json::from_slice(body).map_err(InvalidEnvelope::Malformed)?;
        items.into_iter().map(|item| item.get().as_bytes()).collect()
    } else {
        let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.filter(|line| !line.is_empty()).collect()
    };
    if items.len() > MOST { Err(InvalidEnvelope::TooMany(MOST)) } else { Ok(items) }
}

/// An item of a batch: a CloudEvent when it says so by `specversion`, otherwise as [`envelope::parse`] reads it.
pub fn parse(item: &[u8]) -> Result<NewEvent, InvalidEnvelope> {
    #[derive(Deserialize)]
    struct Kind {
        specversion: Option<serde::de::IgnoredAny>,
    }
    let kind: Kind = envelope::object(item)?;
    if kind.specversion.is_some() { cloudevents::structured(item) } else { envelope::parse(item) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_array_or_lines() {
        let texts = |body: &str| -> Vec<String> {
            let items = items(body.as_bytes()).unwrap();
            items.iter().map(|item| String::from_utf8_lossy(item).into_owned()).collect()
        };
        assert_eq!(texts(" [ {\"a\":1} , 2 ] "), ["{\"a\":1}", "2"]);
        assert_eq!(texts("{\"a\":1}\r\n\n2\n"), ["{\"a\":1}", "2"]);
        assert!(texts("[]").is_empty() && texts("").is_empty());
        assert!(matches!(items(b"[1,"), Err(InvalidEnvelope::Malformed(_))));
        let many = "1\n".repeat(MOST + 1);
        assert!(matches!(items(many.as_bytes()), Err(InvalidEnvelope::TooMany(MOST))));
    }

    #[test]
    fn an_item_says_itself_whether_it_is_a_cloudevent() {
        let own = parse(br#"{"type":"a","source":"s","data":{"specversion":"1.0"}}"#).unwrap();
        assert_eq!(own.event_id, None);
        let event = parse(br#"{"specversion":"1.0","type":"a","source":"s","id":"1"}"#).unwrap();
        assert_eq!((event.event_id.as_deref(), &*event.payload), (Some("1"), "null"));
    }
}
