//! Secrets and signing secrets, by the command line and by REST: set, used, masked, rotated, forgotten.

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use serde_json::{Value, json};

use crate::start::sluice;

const VALUE: &str = "tok-9f8e7d6c5b4a";

fn workflow(url: &str) -> String {
    format!(
        "name: Signs\ntriggers: [{{ eventType: order.* }}]\nsteps:\n  - id: call\n    http:\n      \
         url: \"{url}/hook\"\n      sign: true\n      headers: {{ x-token: \"${{secret.TOKEN}}\" }}\n    \
         retry: {{ attempts: 1 }}\n"
    )
}

#[tokio::test]
async fn a_secret_is_set_used_and_forgotten_and_never_shown() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    let refused = sluice.apply(&workflow(&sink.url()), &key).await.unwrap_err().to_string();
    assert!(refused.contains("steps.call.http.headers.x-token: there is no secret"), "{refused}");

    let put = |name: &str, value: &str| {
        let request = Request::new("PUT", format!("/api/v1/secrets/{name}")).key(&key);
        sluice.call(request.json(&json!({ "value": value })))
    };
    assert_eq!(put("2nd", VALUE).await.unwrap().status, 400);
    assert_eq!(put("TOKEN", "short").await.unwrap().status, 400);
    assert_eq!(put("TOKEN", "another value").await.unwrap().status, 204);
    sluice.command(&["secrets", "set", "TOKEN", "--value", VALUE], None).await.unwrap();
    sluice.apply(&workflow(&sink.url()), &key).await.unwrap();
    let listed = sluice.get("/api/v1/secrets", &key).await.unwrap();
    assert_eq!(listed["items"][0]["usedBy"], json!(["Signs"]), "{listed}");
    assert!(sluice.command(&["secrets", "list"], None).await.unwrap().contains("TOKEN"));

    let id = sluice.accept(&order(1), &key).await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["status"], "processed", "{event}");
    assert_eq!(sink.seen()[0].header("x-token"), Some(VALUE));
    let everything = format!("{event} {listed} {}", sluice.printed());
    assert!(everything.contains("•••") && !everything.contains(VALUE), "{everything}");
    let database = std::fs::read(sluice.database().unwrap()).unwrap();
    let found = database.windows(VALUE.len()).any(|bytes| bytes == VALUE.as_bytes());
    assert!(!found, "the value lies in the database as it is");

    let gone = Request::new("DELETE", "/api/v1/secrets/TOKEN").key(&key);
    assert_eq!(sluice.call(gone).await.unwrap().status, 204);
    let id = sluice.accept(&order(2), &key).await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["status"], "failed", "{event}");
}

#[tokio::test]
async fn the_signing_secret_is_shown_to_managers_and_rotates_with_both_in_force() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.command(&["secrets", "set", "TOKEN", "--value", VALUE], None).await.unwrap();
    sluice.apply(&workflow(&sink.url()), &key).await.unwrap();
    let show = ["workflows", "secret", "Signs"];
    let first = sluice.command(&show, Some(&key)).await.unwrap();
    assert!(first.starts_with("whsec_"), "{first}");
    let read = sluice.key(&["read"]).await.unwrap();
    assert!(sluice.command(&show, Some(&read)).await.is_err(), "reading does not show it");

    let rotate = ["workflows", "secret", "Signs", "--rotate", "--json"];
    let rotated: Value =
        serde_json::from_str(&sluice.command(&rotate, Some(&key)).await.unwrap()).unwrap();
    assert_ne!(rotated["secret"], json!(first.trim()));
    assert!(rotated["previousUntil"].is_string(), "{rotated}");
    let id = sluice.accept(&order(1), &key).await.unwrap();
    sluice.settled(&id, &key).await.unwrap();
    let seen = sink.seen();
    assert_eq!(seen[0].header("webhook-id"), seen[0].header("idempotency-key"));
    assert_eq!(seen[0].header("webhook-signature").unwrap().split(' ').count(), 2);
}
