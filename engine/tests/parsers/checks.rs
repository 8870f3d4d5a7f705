//! What holds for everything that strangers send. The property tests here, the saved corpus and the targets
//! in `fuzz/` all ask these; each panics where it does not hold.

use engine::event::envelope::NewEvent;
use engine::event::{EventType, Pattern, batch, cloudevents, envelope};
use engine::source::{Delivery, Kind, Source, signature};

/// The body of one event, as JSON or as a structured CloudEvent.
pub(crate) fn body(body: &[u8]) {
    if let Ok(event) = envelope::parse(body) {
        is_sound(&event);
        let (said, payload) = (String::from_utf8_lossy(body), &event.payload);
        assert!(said.contains(&**payload), "the payload is kept byte for byte");
    }
    if let Ok(event) = cloudevents::structured(body) {
        is_sound(&event);
    }
}

/// Many events in one body.
pub(crate) fn batch(body: &[u8]) {
    let Ok(items) = batch::items(body) else { return };
    assert!(items.len() <= batch::MOST);
    for item in items {
        if let Ok(event) = batch::parse(item) {
            is_sound(&event);
        }
    }
}

/// A CloudEvent in binary mode, written as in [`request`].
pub(crate) fn cloudevents_headers(text: &[u8]) {
    let (headers, body) = request(text);
    binary(&headers, body);
}

/// The same, taken apart.
pub(crate) fn binary(headers: &[(String, &[u8])], body: &[u8]) {
    let kind = headers.iter().find(|(name, _)| name == "content-type");
    let kind = kind.and_then(|(_, value)| std::str::from_utf8(value).ok());
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), *value));
    if let Ok(event) = cloudevents::binary(pairs, kind, body) {
        is_sound(&event);
    }
}

/// A delivery, written as in [`request`] after a line with the kind of its source: nothing is believed by
/// its looks.
pub(crate) fn signature_headers(text: &[u8]) {
    let kind = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(kind) = std::str::from_utf8(kind).ok().and_then(|kind| kind.parse::<Kind>().ok())
    else {
        return;
    };
    let (headers, body) = request(text);
    let lossy = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name, lossy(value))).collect();
    let source = Source::unstored(kind, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
    let delivery = Delivery { headers: &headers, body };
    for now in [Some(1_000), None] {
        assert!(signature::verify(&source, &delivery, now).is_err(), "{kind} believes {headers:?}");
    }
}

/// A pattern, or the type of an event.
pub(crate) fn pattern(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let pattern = Pattern::parse(text);
    if let Ok(pattern) = &pattern {
        assert_eq!(pattern.as_str(), text);
        assert!(pattern.literal().is_none_or(|literal| literal == text));
    }
    if let (Ok(event_type), Ok(pattern)) = (EventType::parse(text), pattern) {
        assert!(pattern.matches(&event_type), "a type is a pattern for itself");
    }
}

fn is_sound(event: &NewEvent) {
    // Not `Value`: half a surrogate pair (`\ud800`) is JSON, though no text can hold it.
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(&event.payload).is_ok());
    assert!(EventType::parse(event.event_type.as_str()).is_ok());
    assert!(!event.source.is_empty());
    let names = [Some(&event.source), event.event_id.as_ref(), event.subject.as_ref()];
    assert!(names.into_iter().flatten().all(|name| !name.contains('\0')));
}

/// Lines `name: value` up to an empty one, and the body after it; other lines say nothing.
fn request(text: &[u8]) -> (Vec<(String, &[u8])>, &[u8]) {
    let end = text.windows(2).position(|pair| pair == b"\n\n").unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let headers = head.split(|byte| *byte == b'\n').filter_map(|line| {
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':')?);
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        Some((name, value[1..].trim_ascii()))
    });
    (headers.collect(), rest.get(2..).unwrap_or_default())
}
