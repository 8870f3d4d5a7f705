//! What strangers send is parsed without a panic, whatever it is, and what is accepted is sound.

use engine::event::batch;
use proptest::prelude::*;

mod checks;
mod corpus;

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_of_any_kind(body in prop::collection::vec(any::<u8>(), 0..200)) {
        checks::body(&body);
        checks::batch(&body);
        checks::cloudevents_headers(&body);
    }

    #[test]
    fn bodies_that_look_like_json(body in prop_oneof![nearly_json(), nearly_an_event()]) {
        checks::body(body.as_bytes());
        checks::batch(body.as_bytes());
    }

    #[test]
    fn batches(events in prop::collection::vec(nearly_an_event(), 1..6), lines in any::<bool>()) {
        let body = match lines {
            true => events.join("\n"),
            false => format!("[{}]", events.join(" , ")),
        };
        checks::batch(body.as_bytes());
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
        let kind = content_type.iter().map(|kind| ("content-type", kind.as_bytes()));
        let given = headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).chain(kind);
        for all in [given.clone().collect::<Vec<_>>(), needed.into_iter().chain(given).collect()] {
            let all: Vec<_> = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            checks::binary(&all, &body);
        }
    }

    #[test]
    fn patterns_and_types(text in prop_oneof!["[a-c.*]{0,20}", "\\PC{0,20}", any::<String>()]) {
        checks::pattern(text.as_bytes());
    }
}

#[test]
fn what_no_value_can_hold_is_taken_as_it_is() {
    for payload in [r#"{"data":1e400}"#, r#"{"data":"\ud83d"}"#] {
        let body = format!(r#"{{"eventType":"a.b","source":"s","payload":{payload}}}"#);
        let event = engine::event::envelope::parse(body.as_bytes()).unwrap();
        assert_eq!(&*event.payload, payload);
        assert!(serde_json::from_str::<serde_json::Value>(payload).is_err(), "{payload}");
        let cloud =
            format!(r#"{{"specversion":"1.0","id":"1","source":"s","type":"a","data":{payload}}}"#);
        let event = engine::event::cloudevents::structured(cloud.as_bytes()).unwrap();
        assert_eq!(&*event.payload, payload);
    }
}
