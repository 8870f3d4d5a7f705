//! Payloads are searched through every door: the list, the live stream and the command line.

use std::time::Duration;

use bench::http::Request;
use bench::sluice::Sluice;
use bench::sse;
use serde_json::{Value, json};

use crate::start::sluice;

/// Waits until the index has come to all that was sent.
async fn indexed(sluice: &Sluice, key: &str) {
    for _ in 0..200 {
        let stats = sluice.get("/api/v1/stats", key).await.unwrap();
        if stats["searchBehind"] == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the index does not catch up");
}

fn about(note: &str, total: f64) -> Value {
    json!({ "eventType": "order.created", "source": "shop", "payload": { "note": note, "total": total } })
}

#[tokio::test]
async fn payloads_are_searched_in_the_list_and_on_the_command_line() {
    let (sluice, key) = sluice().await;
    let boxes = sluice.accept(&about("Two boxes", 12.5), &key).await.unwrap();
    sluice.accept(&about("a lid", 7.0), &key).await.unwrap();
    indexed(&sluice, &key).await;
    let list = async |search: &str| {
        let query = form_urlencoded::byte_serialize(search.as_bytes()).collect::<String>();
        let page = sluice.get(&format!("/api/v1/events?search={query}"), &key).await.unwrap();
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for found in ["two", "boxes", "total = 12.5", "note = \"two boxes\"", "TWO total=12.5"] {
        assert_eq!(list(found).await, [boxes.as_str()], "{found}");
    }
    assert!(list("total = 12").await.is_empty());
    let refused =
        sluice.call(Request::get("/api/v1/events?search=total%3D").key(&key)).await.unwrap();
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.text().contains("a value is missing"), "{}", refused.text());

    let arguments = ["events", "list", "--search", "total = 12.5", "--json"];
    let listed = sluice.command(&arguments, Some(&key)).await.unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["items"][0]["id"], *boxes);
}

#[tokio::test]
async fn the_stream_sends_what_is_searched_for_before_it_is_indexed() {
    let (sluice, key) = sluice().await;
    let request = Request::get("/api/v1/stream?topics=event&search=total%3D12").key(&key);
    let mut stream = sse::open(sluice.address().unwrap(), request).await.unwrap();
    sluice.accept(&about("other", 7.0), &key).await.unwrap();
    let id = sluice.accept(&about("this", 12.0), &key).await.unwrap();
    let is_event = |message: &sse::Message| message.event == "event";
    let seen = stream.until(Duration::from_secs(10), is_event).await.unwrap();
    assert_eq!(seen.last().unwrap().json().unwrap()["id"], *id);
}
