//! What strangers send is parsed without a panic, whatever it is, and what is accepted is sound.

use engine::event::envelope::NewEvent;
use engine::event::{EventType, Pattern, batch, cloudevents, envelope};
use proptest::prelude::*;

/// JSON-like text that goes wrong in interesting places.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\n",
        " ",
        "\"",
        "\\",
        "\\u0000",
        "\\ud800",
        "null",
        "true",
        "-",
        "0",
        "1e400",
        "\"eventType\"",
        "\"source\"",
        "\"payload\"",
        "\"eventId\"",
        "\"specversion\"",
        "\"1.0\"",
        "\"id\"",
        "\"type\"",
        "\"data\"",
        "\"data_base64\"",
        "\"time\"",
        "\"order.created\"",
        "\"shop\"",
        "é",
        "\u{0}",
        "\u{feff}",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

/// An event with some of its members changed for others.
fn nearly_an_event() -> impl Strategy<Value = String> {
    let value = || {
        prop::sample::select(vec![
            "\"order.created\"",
            "\"1.0\"",
            "\"shop\"",
            "\"\"",
            "null",
            "7",
            "{}",
            "[]",
            "\"a\\u0000b\"",
            "\"2026-01-31T09:41:07Z\"",
            "\"never\"",
            "\"aGk=\"",
            "{\"a\":[1,{\"b\":null}]}",
        ])
    };
    let name = prop::sample::select(vec![
        "eventType",
        "source",
        "payload",
        "eventId",
        "subject",
        "occurredAt",
        "specversion",
        "id",
        "type",
        "data",
        "data_base64",
        "datacontenttype",
        "time",
        "traceparent",
        "Upper",
    ]);
    prop::collection::vec((name, value()), 0..9).prop_map(|members| {
        let members = members.iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

fn check(event: &NewEvent) -> Result<(), TestCaseError> {
    prop_assert!(serde_json::from_str::<serde_json::Value>(&event.payload).is_ok());
    prop_assert!(EventType::parse(event.event_type.as_str()).is_ok());
    prop_assert!(!event.source.is_empty());
    let names = [Some(&event.source), event.event_id.as_ref(), event.subject.as_ref()];
    prop_assert!(names.into_iter().flatten().all(|name| !name.contains('\0')));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_of_any_kind(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(event) = envelope::parse(&body) { check(&event)?; }
        if let Ok(event) = cloudevents::structured(&body) { check(&event)?; }
        let _refused = batch::items(&body).is_err();
    }

    #[test]
    fn bodies_that_look_like_json(body in prop_oneof![nearly_json(), nearly_an_event()]) {
        if let Ok(event) = envelope::parse(body.as_bytes()) {
            check(&event)?;
            prop_assert!(body.contains(&event.payload), "the payload is kept byte for byte");
        }
        if let Ok(event) = cloudevents::structured(body.as_bytes()) { check(&event)?; }
        if let Ok(event) = batch::parse(body.as_bytes()) { check(&event)?; }
    }

    #[test]
    fn batches(events in prop::collection::vec(nearly_an_event(), 1..6), lines in any::<bool>()) {
        let body = match lines {
            true => events.join("\n"),
            false => format!("[{}]", events.join(" , ")),
        };
        let items = batch::items(body.as_bytes()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(items, events.iter().map(String::as_bytes).collect::<Vec<_>>());
    }

    #[test]
    fn headers_of_cloudevents(
        headers in prop::collection::vec(("(ce-)?[a-zA-Z0-9-]{0,12}", prop::collection::vec(any::<u8>(), 0..24)), 0..8),
        content_type in prop::option::of("[ -~]{0,24}"),
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let needed: [(&str, &[u8]); 4] =
            [("ce-specversion", b"1.0"), ("ce-id", b"1"), ("ce-source", b"shop"), ("ce-type", b"a.b")];
        let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
        for all in [given.clone().collect::<Vec<_>>(), needed.into_iter().chain(given).collect()] {
            if let Ok(event) = cloudevents::binary(all.into_iter(), content_type.as_deref(), &body) {
                check(&event)?;
            }
        }
    }

    #[test]
    fn patterns_and_types(text in prop_oneof!["[a-c.*]{0,20}", "\\PC{0,20}", any::<String>()]) {
        if let Ok(pattern) = Pattern::parse(&text) {
            prop_assert_eq!(pattern.as_str(), &text);
            prop_assert!(pattern.literal().is_none_or(|literal| literal == text));
        }
        if let (Ok(event_type), Ok(pattern)) = (EventType::parse(&text), Pattern::parse(&text)) {
            prop_assert!(pattern.matches(&event_type), "a type is a pattern for itself");
        }
    }
}
