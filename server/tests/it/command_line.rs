//! Commands beside a running server: events, dead letters, sources.

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use serde_json::{Value, json};

use crate::start::{ONCE, notify, sluice};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn events_are_listed_shown_as_they_came_and_replayed() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let body = r#"{"eventType":"order.paid","source":"shop","payload":{ "total": 1.50 }}"#;
    let post = Request::post("/api/webhooks/ingest").key(&key);
    let post = post.header("content-type", "application/json").bytes(body);
    let id = sluice.call(post).await.unwrap().json().unwrap()["id"].as_str().unwrap().to_owned();
    sluice.accept(&order(1), &key).await.unwrap();

    let listed = run(&["events", "list", "--type", "order.paid", "--json"]).await;
    assert_eq!(parsed(&listed)["items"].as_array().unwrap().len(), 1, "{listed}");
    assert!(run(&["events", "list", "--status", "processed"]).await.contains(&id));
    let shown = run(&["events", "get", &id, "--json"]).await;
    assert!(shown.contains(r#"{ "total": 1.50 }"#), "{shown}");
    let again = parsed(&run(&["events", "replay", &id, "--json"]).await);
    assert_eq!(again["replayOf"], json!(id), "{again}");

    let unknown = sluice.run(&["events", "get", "evt_none"], Some(&key)).await.unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    let wrong = sluice.run(&["events", "replay"], Some(&key)).await.unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test]
async fn dead_letters_are_retried_resolved_and_deleted() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    sink.answer(500);
    let mut failed = Vec::new();
    for number in 1..=3 {
        let id = sluice.accept(&order(number), &key).await.unwrap();
        assert_eq!(sluice.settled(&id, &key).await.unwrap()["status"], "failed");
        failed.push(id);
    }
    sink.answer(200);
    assert!(run(&["dlq", "list"]).await.contains(&failed[0]));
    run(&["dlq", "retry", &failed[0]]).await;
    let retried = sluice.settled(&failed[0], &key).await.unwrap();
    assert_eq!((&retried["status"], &retried["error"]), (&json!("processed"), &Value::Null));
    run(&["dlq", "resolve", &failed[1]]).await;
    run(&["dlq", "delete", &failed[2], "--json"]).await;
    assert_eq!(parsed(&run(&["dlq", "list", "--json"]).await)["items"], json!([]));
}

#[tokio::test]
async fn a_source_is_made_listed_and_removed_and_only_then_unknown() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.run(arguments, None).await.unwrap();
    let create = ["sources", "create", "--name", "hub", "--kind", "github", "--secret", "s3cret"];
    let deliver = async || {
        let delivery = Request::post("/api/webhooks/hub").json(&json!({}));
        sluice.call(delivery).await.unwrap()
    };
    assert_eq!(deliver().await.status, 404);
    assert_eq!(run(&create).await.status.code(), Some(0));
    assert_eq!(run(&create).await.status.code(), Some(1), "a name is taken once");
    let unsigned = deliver().await;
    assert_eq!(unsigned.status, 401, "{}", unsigned.text());
    assert_eq!(unsigned.json().unwrap()["code"], "invalid_signature");
    let listed = sluice.get("/api/v1/sources", &key).await.unwrap();
    assert_eq!(listed["items"][0]["path"], "/api/webhooks/hub", "{listed}");
    assert!(!listed.to_string().contains("s3cret"), "{listed}");
    for (name, kind) in [("ingest", "hmac"), ("Hub", "hmac"), ("hub2", "svn")] {
        let refused =
            run(&["sources", "create", "--name", name, "--kind", kind, "--secret", "x"]).await;
        assert!(!refused.status.success(), "{name} {kind}");
    }
    assert_eq!(run(&["sources", "delete", "hub"]).await.status.code(), Some(0));
    // A running server knows within seconds.
    for _ in 0..100 {
        if deliver().await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("a deleted source still takes deliveries after ten seconds");
}
