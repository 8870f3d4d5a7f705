//! What is accepted, what is refused and how, and what counts as the same event.

use std::collections::HashSet;

use bench::http::{Answer, Request};
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::start::{setup, sluice};

const ROUTE: &str = "/api/webhooks/ingest";

fn post(key: &str) -> Request {
    Request::post(ROUTE).key(key).header("content-type", "application/json")
}

#[track_caller]
fn check_problem(case: &str, answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.text());
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("application/problem+json"), "{case}: {kind}");
    let problem = answer.json().unwrap();
    assert_eq!(problem["status"], status, "{case}: {problem}");
    for field in ["type", "title", "detail", "code"] {
        assert!(problem[field].as_str().is_some_and(|s| !s.is_empty()), "{case}: {problem}");
    }
    let instance = format!("urn:sluice:request:{}", answer.header("x-request-id").unwrap());
    assert_eq!(problem["instance"], instance, "{case}: {problem}");
    let detail = problem["detail"].as_str().unwrap().to_lowercase();
    assert!(detail.contains(&says.to_lowercase()), "{case}: `{detail}` does not say `{says}`");
}

/// An order without one of its fields.
fn without(field: &str) -> Value {
    let mut body = order(1);
    body.as_object_mut().unwrap().remove(field);
    body
}

fn with(field: &str, value: Value) -> Value {
    let mut body = order(1);
    body[field] = value;
    body
}

#[tokio::test]
async fn bad_input_is_refused_as_a_problem_and_leaves_nothing_behind() {
    let (sluice, key) = sluice().await;
    let large = with("payload", json!({ "note": "x".repeat(1024 * 1024) }));
    let text = Request::post(ROUTE).key(&key).header("content-type", "text/plain").bytes("hello");
    let cases = [
        ("malformed JSON", post(&key).bytes(r#"{"eventType": "#), 400, ""),
        ("no body", post(&key), 400, ""),
        ("not UTF-8", post(&key).bytes(b"{\"eventType\":\"\xff\"}".as_slice()), 400, ""),
        (
            "not UTF-8 where nobody looks",
            post(&key).bytes(
                b"{\"eventType\":\"a\",\"source\":\"s\",\"payload\":1,\"x\":\"\xff\"}".as_slice(),
            ),
            400,
            "UTF-8",
        ),
        (
            "a NUL in a name",
            Request::post(ROUTE).key(&key).json(&with("source", json!("shop\0"))),
            400,
            "NUL",
        ),
        (
            "an array",
            Request::post(ROUTE).key(&key).json(&json!(["order.created", "shop", {}])),
            422,
            "object",
        ),
        ("wrong content type", text, 415, "application/json"),
        ("no key", Request::post(ROUTE).json(&order(1)), 401, "x-api-key"),
        ("unknown key", Request::post(ROUTE).key("sk_unknown").json(&order(1)), 401, ""),
        (
            "no eventType",
            Request::post(ROUTE).key(&key).json(&without("eventType")),
            422,
            "eventType",
        ),
        ("no source", Request::post(ROUTE).key(&key).json(&without("source")), 422, "source"),
        ("no payload", Request::post(ROUTE).key(&key).json(&without("payload")), 422, "payload"),
        (
            "a number as type",
            Request::post(ROUTE).key(&key).json(&with("eventType", json!(7))),
            422,
            "eventType",
        ),
        (
            "an empty type",
            Request::post(ROUTE).key(&key).json(&with("eventType", json!(""))),
            422,
            "eventType",
        ),
        (
            "a time that is none",
            Request::post(ROUTE).key(&key).json(&with("occurredAt", json!("soon"))),
            422,
            "occurredAt",
        ),
        ("over 1 MiB", Request::post(ROUTE).key(&key).json(&large), 413, "1"),
        ("unknown route", Request::get("/api/v1/nothing-here").key(&key), 404, ""),
        ("unknown event", Request::get("/api/v1/events/evt_none").key(&key), 404, ""),
        ("wrong method", Request::new("PUT", ROUTE).key(&key).json(&order(1)), 405, ""),
    ];
    for (case, request, status, says) in cases {
        check_problem(case, &sluice.call(request).await.unwrap(), status, says);
    }
    assert_eq!(sluice.list(&key, |_| false).await.unwrap(), Vec::<Value>::new());
    assert!(!sluice.printed().contains("panicked"), "{}", sluice.printed());
    assert!(!sluice.printed().contains(&key), "a key is in the log");
}

/// As clients do that know nothing else: everything is sent before the answer is read.
#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_all_of_a_large_body_first() {
    let sluice = setup().set("SLUICE_INGEST_RATE_LIMIT", "3/h").start().await.unwrap();
    let key = sluice.key(&["ingest"]).await.unwrap();
    let address = sluice.address().unwrap();
    let large = vec![b' '; 4 * 1024 * 1024];
    let plain = |request: Request| request.header("content-type", "text/plain");
    let cases = [
        ("too large", post(&key), 413),
        ("without a key", Request::post(ROUTE), 401),
        ("of another type", plain(Request::post(ROUTE).key(&key)), 415),
        ("one too many", post(&key), 429),
    ];
    for (case, request, status) in cases {
        let bytes = request.bytes(large.clone()).to_bytes(address, true);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&bytes).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {answer}");
        assert!(answer.ends_with('}'), "{case}: {answer}");
    }
}

#[tokio::test]
async fn a_body_of_just_under_one_mebibyte_is_accepted() {
    let (sluice, key) = sluice().await;
    let body = with("payload", json!({ "note": "x".repeat(1024 * 1024 - 200) }));
    sluice.accept(&body, &key).await.unwrap();
}

#[tokio::test]
async fn an_accepted_event_says_where_it_is_and_keeps_what_was_sent() {
    let (sluice, key) = sluice().await;
    let body = json!({
        "eventType": "order.created", "source": "shop", "eventId": "order-1", "subject": "orders/1",
        "occurredAt": "2025-01-03T10:00:00.123Z", "payload": { "id": 1, "big": 1e300, "text": "ü\u{0}" },
    });
    let answer = sluice.ingest(&body, &key).await.unwrap();
    let told = answer.json().unwrap();
    assert_eq!(answer.status, 202, "{told}");
    assert_eq!((&told["eventId"], &told["duplicate"]), (&json!("order-1"), &json!(false)));
    let place = answer.header("location").expect("a Location");
    assert!(
        place.ends_with(&format!("/api/v1/events/{}", told["id"].as_str().unwrap())),
        "{place}"
    );
    let event = sluice.get(&format!("/api/v1/events/{}", told["id"].as_str().unwrap()), &key).await;
    let event = event.unwrap();
    for field in ["eventType", "source", "eventId", "subject", "occurredAt", "payload"] {
        assert_eq!(event[field], body[field], "{event}");
    }
    let item = &sluice.list(&key, |_| true).await.unwrap()[0];
    assert_eq!(item["occurredAt"], body["occurredAt"], "{item}");
    let received = event["receivedAt"].as_str().unwrap();
    assert!(
        received.len() == "2025-01-03T10:00:00.000Z".len() && received.ends_with('Z'),
        "{event}"
    );
    assert!(event["headers"].is_object(), "{event}");
    assert!(!event["headers"].to_string().contains(&key), "the key is shown among the headers");
}

#[tokio::test]
async fn the_short_names_of_cloudevents_are_accepted_too() {
    let (sluice, key) = sluice().await;
    let body =
        json!({ "type": "order.created", "source": "shop", "id": "a-1", "data": { "id": 1 } });
    let id = sluice.accept(&body, &key).await.unwrap();
    let event = sluice.get(&format!("/api/v1/events/{id}"), &key).await.unwrap();
    assert_eq!((&event["eventType"], &event["eventId"]), (&json!("order.created"), &json!("a-1")));
    assert_eq!(event["payload"], json!({ "id": 1 }));
}

async fn send_same(sluice: &Sluice, key: &str, body: &Value) -> (String, bool) {
    let answer = sluice.ingest(body, key).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let told = answer.json().unwrap();
    (told["id"].as_str().unwrap().to_owned(), told["duplicate"].as_bool().unwrap())
}

#[tokio::test]
async fn an_event_sent_twice_is_stored_once() {
    let (sluice, key) = sluice().await;
    let body = with("eventId", json!("order-1"));
    let (first, duplicate) = send_same(&sluice, &key, &body).await;
    assert!(!duplicate);
    assert_eq!(send_same(&sluice, &key, &body).await, (first.clone(), true));
    let mut elsewhere = body.clone();
    elsewhere["source"] = json!("another shop");
    let (other, duplicate) = send_same(&sluice, &key, &elsewhere).await;
    assert!(!duplicate && other != first, "the same eventId of another source is another event");
    assert_eq!(sluice.list(&key, |_| false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_event_sent_by_64_senders_at_once_is_stored_once() {
    let (sluice, key) = sluice().await;
    let address = sluice.address().unwrap();
    let mut senders = JoinSet::new();
    for _ in 0..64 {
        let request = Request::post(ROUTE).key(&key).json(&with("eventId", json!("order-1")));
        senders.spawn(async move { bench::http::send(address, &request).await.unwrap() });
    }
    let (mut ids, mut fresh) = (HashSet::new(), 0);
    while let Some(answer) = senders.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.text());
        let told = answer.json().unwrap();
        ids.insert(told["id"].as_str().unwrap().to_owned());
        fresh += u32::from(told["duplicate"] == json!(false));
    }
    assert_eq!((ids.len(), fresh), (1, 1));
    assert_eq!(sluice.list(&key, |_| false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_again_and_refuses_another_body() {
    let (sluice, key) = sluice().await;
    for (name, value) in [("x-idempotency-key", "a-1"), ("Idempotency-Key", "\"a-2\"")] {
        let send = |body: Value| Request::post(ROUTE).key(&key).header(name, value).json(&body);
        let first = sluice.call(send(order(1))).await.unwrap();
        let again = sluice.call(send(order(1))).await.unwrap();
        assert_eq!((first.status, again.status), (202, 202), "{}", again.text());
        assert_eq!(first.json().unwrap()["id"], again.json().unwrap()["id"]);
        let other = sluice.call(send(order(2))).await.unwrap();
        check_problem("another body", &other, 422, "key");
    }
    assert_eq!(sluice.list(&key, |_| false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_list_is_filtered_by_the_server() {
    let (sluice, key) = sluice().await;
    for kind in ["order.created", "order.item.added", "refund.created"] {
        sluice.accept(&with("eventType", json!(kind)), &key).await.unwrap();
    }
    let cases = [
        ("eventType=order.*", 1),
        ("eventType=order.**", 2),
        ("eventType=*", 3),
        ("source=shop", 3),
        ("source=nobody", 0),
        ("status=processed", 3),
        ("status=failed", 0),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
    ];
    for (query, expected) in cases {
        let page = sluice.get(&format!("/api/v1/events?{query}"), &key).await.unwrap();
        assert_eq!(page["items"].as_array().map(Vec::len), Some(expected), "{query}: {page}");
    }
    let page = sluice.get("/api/v1/events?limit=2", &key).await.unwrap();
    assert_eq!(page["items"][0]["eventType"], "refund.created", "newest first: {page}");
    assert!(page["nextCursor"].is_string(), "{page}");
    assert!(
        page["items"][0].get("payload").is_none() && page["items"][0]["payloadPreview"].is_string()
    );
}

#[tokio::test]
async fn a_key_with_a_limit_of_its_own_is_held_to_it() {
    let (sluice, free) = sluice().await;
    let create = ["keys", "create", "--name", "slow", "--rate-limit", "5/min", "--json"];
    let made: Value = serde_json::from_str(&sluice.command(&create, None).await.unwrap()).unwrap();
    let slow = made["key"].as_str().unwrap();
    let header = |answer: &Answer, name: &str| answer.header(name).unwrap_or_default().to_owned();

    let first = sluice.ingest(&order(1), slow).await.unwrap();
    assert_eq!(first.status, 202, "{}", first.text());
    assert_eq!(header(&first, "x-ratelimit-limit"), "5");
    assert_eq!(header(&first, "x-ratelimit-remaining"), "4");
    assert_eq!(header(&first, "ratelimit-policy"), "\"key\";q=5;w=60");
    assert_eq!(header(&first, "ratelimit"), "\"key\";r=4;t=12");

    // A batch counts as what is in it, and is taken whole or not at all.
    let batch = |count: u64| {
        let orders: Vec<Value> = (0..count).map(order).collect();
        Request::post("/api/webhooks/ingest/batch").key(slow).json(&orders)
    };
    assert_eq!(sluice.call(batch(3)).await.unwrap().status, 202);
    let refused = sluice.call(batch(2)).await.unwrap();
    check_problem("a batch too many", &refused, 429, "limited to 5/min");
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    assert_eq!(header(&refused, "x-ratelimit-reset"), wait.to_string());
    let never = sluice.call(batch(6)).await.unwrap();
    check_problem("more than the limit", &never, 422, "in parts");
    assert_eq!(never.json().unwrap()["code"], "batch_too_long", "{}", never.text());
    assert_eq!(never.header("retry-after"), None, "waiting would not help");

    assert_eq!(sluice.ingest(&order(5), slow).await.unwrap().status, 202);
    assert_eq!(sluice.ingest(&order(6), slow).await.unwrap().status, 429);
    let other = sluice.ingest(&order(7), &free).await.unwrap();
    assert_eq!((other.status, other.header("ratelimit")), (202, None));
    let stored = sluice.list(&free, |_| false).await.unwrap();
    assert_eq!(stored.len(), 6, "one, three, one, and the other key's");
}
