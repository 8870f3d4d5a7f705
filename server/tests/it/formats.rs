//! The forms in which events come: CloudEvents in their three modes, batches, compressed bodies.

use std::io::Write;

use bench::http::{Answer, Request};
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};

use crate::start::sluice;

const ROUTE: &str = "/api/webhooks/ingest";
const BATCH: &str = "/api/webhooks/ingest/batch";

fn cloud_event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "com.example.sold", "source": "/shop", "id": id,
        "subject": "orders/1", "time": "2026-01-31T09:41:07.088Z", "priority": 3,
        "datacontenttype": "application/json", "data": { "total": 120 },
    })
}

fn post(route: &str, key: &str, kind: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::post(route).key(key).header("content-type", kind).bytes(body)
}

async fn stored(sluice: &Sluice, key: &str, answer: &Answer) -> Value {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
    sluice.get(&format!("/api/v1/events/{id}"), key).await.unwrap()
}

#[track_caller]
fn check_cloud_event(event: &Value) {
    assert_eq!(event["eventType"], "com.example.sold", "{event}");
    assert_eq!((&event["source"], &event["eventId"]), (&json!("/shop"), &json!("A-1")));
    assert_eq!(event["subject"], "orders/1", "{event}");
    assert_eq!(event["occurredAt"], "2026-01-31T09:41:07.088Z", "{event}");
    assert_eq!(event["payload"], json!({ "total": 120 }), "{event}");
    assert_eq!(event["headers"]["ce-priority"], "3", "{event}");
}

#[tokio::test]
async fn a_cloudevent_is_the_same_event_in_structured_and_binary_mode() {
    let (sluice, key) = sluice().await;
    let kind = "application/cloudevents+json; charset=utf-8";
    let structured = post(ROUTE, &key, kind, cloud_event("A-1").to_string());
    check_cloud_event(&stored(&sluice, &key, &sluice.call(structured).await.unwrap()).await);

    let binary = post(ROUTE, &key, "application/json", r#"{ "total": 120 }"#)
        .header("ce-specversion", "1.0")
        .header("ce-type", "com.example.sold")
        .header("ce-source", "/shop")
        .header("ce-id", "A-1")
        .header("ce-subject", "orders%2F1")
        .header("ce-priority", "3");
    let answer = sluice.call(binary).await.unwrap();
    assert_eq!(answer.json().unwrap()["duplicate"], true, "source and id name an event");
    check_cloud_event(&stored(&sluice, &key, &answer).await);
}

#[tokio::test]
async fn an_incomplete_cloudevent_is_refused_by_field() {
    let (sluice, key) = sluice().await;
    let mut event = cloud_event("A-1");
    event.as_object_mut().unwrap().remove("source");
    event["specversion"] = json!("0.3");
    let kind = "application/cloudevents+json";
    let answer = sluice.call(post(ROUTE, &key, kind, event.to_string())).await.unwrap();
    let problem = answer.json().unwrap();
    assert_eq!((answer.status, &problem["code"]), (422, &json!("invalid_event")), "{problem}");
    assert_eq!(problem["errors"][0]["field"], "specversion", "{problem}");
    assert_eq!(problem["errors"][1]["field"], "source", "{problem}");
    let avro = post(ROUTE, &key, "application/cloudevents+avro", "x");
    assert_eq!(sluice.call(avro).await.unwrap().status, 415);
}

#[tokio::test]
async fn a_batch_answers_for_each_of_its_items() {
    let (sluice, key) = sluice().await;
    let body = json!([order(1), { "eventType": "no.source" }, cloud_event("A-1")]);
    let answer = sluice.call(post(BATCH, &key, "application/json", body.to_string())).await;
    let answer = answer.unwrap();
    let told = answer.json().unwrap();
    assert_eq!(answer.status, 207, "{told}");
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), 3, "{told}");
    assert!(items[0]["id"].as_str().unwrap().starts_with("evt_"), "{told}");
    assert_eq!(items[1]["error"]["code"], "invalid_event", "{told}");
    assert_eq!(items[2]["eventId"], "A-1", "{told}");
    assert_eq!(sluice.list(&key, |_| true).await.unwrap().len(), 2);

    let lines = format!("{}\n{}\n", order(2), order(3));
    let answer = sluice.call(post(BATCH, &key, "application/x-ndjson", lines)).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());

    let batch = json!([cloud_event("A-1"), cloud_event("A-2")]).to_string();
    let kind = "application/cloudevents-batch+json";
    let answer = sluice.call(post(ROUTE, &key, kind, batch)).await.unwrap();
    let told = answer.json().unwrap();
    assert_eq!(answer.status, 202, "{told}");
    assert_eq!(told["items"][0]["duplicate"], true, "{told}");
    assert_eq!(told["items"][1]["duplicate"], false, "{told}");
}

#[tokio::test]
async fn a_batch_sent_again_under_its_idempotency_key_stores_nothing_new() {
    let (sluice, key) = sluice().await;
    let send = |body: Value| {
        post(BATCH, &key, "application/json", body.to_string()).header("idempotency-key", "b-1")
    };
    let first = sluice.call(send(json!([order(1), order(2)]))).await.unwrap().json().unwrap();
    let again = sluice.call(send(json!([order(1), order(2)]))).await.unwrap().json().unwrap();
    for at in 0..2 {
        assert_eq!(first["items"][at]["id"], again["items"][at]["id"], "{again}");
    }
    let other = sluice.call(send(json!([order(1), order(9)]))).await.unwrap();
    let told = other.json().unwrap();
    assert_eq!(other.status, 207, "{told}");
    assert_eq!(told["items"][1]["error"]["code"], "idempotency_key_reused", "{told}");
    assert_eq!(sluice.list(&key, |_| true).await.unwrap().len(), 2);
}

/// In binary mode the event is in the headers, and the body may well be the same.
#[tokio::test]
async fn an_idempotency_key_stands_for_the_headers_of_a_binary_event_too() {
    let (sluice, key) = sluice().await;
    let send = |id: &str, kind: &str| {
        let request = post(ROUTE, &key, kind, "{}").header("idempotency-key", "b-1");
        let request = request.header("ce-specversion", "1.0").header("ce-type", "order.created");
        request.header("ce-source", "/shop").header("ce-id", id)
    };
    let first = sluice.call(send("A-1", "application/json")).await.unwrap();
    assert_eq!(first.status, 202, "{}", first.text());
    let again = sluice.call(send("A-1", "application/json")).await.unwrap();
    assert_eq!(again.status, 202, "{}", again.text());
    assert_eq!(again.json().unwrap()["id"], first.json().unwrap()["id"]);
    for other in [send("A-2", "application/json"), send("A-1", "text/plain")] {
        let answer = sluice.call(other).await.unwrap();
        let told = answer.json().unwrap();
        assert_eq!(
            (answer.status, &told["code"]),
            (422, &json!("idempotency_key_reused")),
            "{told}"
        );
    }
    assert_eq!(sluice.list(&key, |_| true).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_batch_in_which_nothing_is_right_is_refused_as_its_first_item_would_be() {
    let (sluice, key) = sluice().await;
    for (body, status) in [
        ("[{}]", 422),
        ("[1,2", 400),
        ("not json\n{}", 400),
        (&format!("[{}0]", "0,".repeat(1_000)), 422),
    ] {
        let answer = sluice.call(post(BATCH, &key, "application/json", body)).await.unwrap();
        assert_eq!(answer.status, status, "{body:.20}: {}", answer.text());
    }
    let empty = sluice.call(post(BATCH, &key, "application/json", "[]")).await.unwrap();
    assert_eq!((empty.status, empty.json().unwrap()), (202, json!({ "items": [] })));
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_bodies_are_inflated_up_to_the_limit() {
    let (sluice, key) = sluice().await;
    let send = |encoding: &str, body: Vec<u8>| {
        post(ROUTE, &key, "application/json", body).header("content-encoding", encoding)
    };
    let plain = order(1).to_string();
    let zstd = |plain: &[u8]| zstd::encode_all(plain, 3).unwrap();
    for request in [send("gzip", gzip(plain.as_bytes())), send("zstd", zstd(plain.as_bytes()))] {
        let event = stored(&sluice, &key, &sluice.call(request).await.unwrap()).await;
        assert_eq!(event["payload"], order(1)["payload"], "{event}");
    }
    // 32 MiB that take a few kilobytes on the way.
    let bomb = format!("{{\"a\":\"{}\"}}", "0".repeat(32 * 1024 * 1024));
    for (case, request, status) in [
        ("gzip bomb", send("gzip", gzip(bomb.as_bytes())), 413),
        ("zstd bomb", send("zstd", zstd(bomb.as_bytes())), 413),
        ("not gzip", send("gzip", plain.clone().into_bytes()), 400),
        ("unknown encoding", send("br", plain.clone().into_bytes()), 415),
    ] {
        let answer = sluice.call(request).await.unwrap();
        assert_eq!(answer.status, status, "{case}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_payload_without_bottom_is_refused() {
    let (sluice, key) = sluice().await;
    let payload = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"eventType":"a","source":"s","payload":{payload}}}"#);
    let answer = sluice.call(post(ROUTE, &key, "application/json", body)).await.unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(answer.json().unwrap()["code"], "too_deep");
}
