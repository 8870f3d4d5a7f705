//! The main job: an event comes in, a workflow runs, a failure can be retried.

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};

use crate::start::{ONCE, notify, sluice};

async fn with_workflow(retry: &str) -> (Sluice, String, Sink) {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), retry), &key).await.unwrap();
    (sluice, key, sink)
}

async fn dead_letters(sluice: &Sluice, key: &str) -> Vec<Value> {
    sluice.get("/api/v1/dead-letters", key).await.unwrap()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_matching_event_runs_its_workflow_and_the_receiver_sees_the_mapped_body() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    let id = sluice.accept(&order(7), &key).await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["status"], "processed", "{event}");
    assert_eq!(event["runs"].as_array().map(Vec::len), Some(1), "{event}");
    assert_eq!(event["runs"][0]["status"], "succeeded", "{event}");
    assert_eq!(event["runs"][0]["workflow"]["name"], "Notify", "{event}");
    assert_eq!(event["payload"], order(7)["payload"], "{event}");
    assert!(event["processedAt"].is_string(), "{event}");
    let seen = sink.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/hook");
    assert_eq!(seen[0].json().unwrap(), json!({ "orderId": 7, "note": "from shop" }));
    assert!(seen[0].header("idempotency-key").is_some_and(|key| key.contains(':')), "{seen:?}");
}

#[tokio::test]
async fn an_event_that_no_trigger_matches_is_processed_at_once_without_a_run() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    let mut cheap = order(1);
    cheap["payload"]["total"] = json!(100);
    let mut other = order(2);
    other["eventType"] = json!("order.item.added");
    let mut without = order(3);
    without["payload"] = json!({ "id": 3 });
    for body in [cheap, other, without] {
        let id = sluice.accept(&body, &key).await.unwrap();
        let event = sluice.settled(&id, &key).await.unwrap();
        assert_eq!(event["status"], "processed", "{event}");
        assert_eq!(event["runs"], json!([]), "{event}");
    }
    assert!(sink.seen().is_empty());
}

#[tokio::test]
async fn it_is_explained_why_a_trigger_did_or_did_not_match() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    let explained = async |body: &Value| {
        let id = sluice.accept(body, &key).await.unwrap();
        let told = sluice.get(&format!("/api/v1/events/{id}/explain"), &key).await.unwrap();
        told["items"][0].clone()
    };
    let matched = explained(&order(1)).await;
    assert_eq!((&matched["matched"], &matched["reason"]), (&json!(true), &json!("matched")));
    assert_eq!(matched["workflow"]["name"], "Notify", "{matched}");

    let mut cheap = order(2);
    cheap["payload"]["total"] = json!(100);
    let filtered = explained(&cheap).await;
    assert_eq!(filtered["clause"], "event.payload.total > 100", "{filtered}");
    assert_eq!(filtered["saw"]["value"], 100, "{filtered}");

    let mut other = order(3);
    other["eventType"] = json!("order.item.added");
    assert_eq!(explained(&other).await["reason"], "eventType");
    drop(sink);
}

#[tokio::test]
async fn a_failing_step_ends_in_the_dead_letters_and_a_retry_brings_it_back() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    sink.answer(500);
    let id = sluice.accept(&order(7), &key).await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["status"], "failed", "{event}");
    assert!(event["error"].to_string().contains("500"), "{event}");
    let letters = dead_letters(&sluice, &key).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["id"], *id);
    sink.answer(200);
    let retry = Request::post(format!("/api/v1/dead-letters/{id}/retry")).key(&key);
    let answer = sluice.call(retry).await.unwrap();
    assert!(matches!(answer.status, 200 | 202), "{}", answer.text());
    let event = sluice.event_when(&id, &key, |e| e["status"] == "processed").await.unwrap();
    assert_eq!(event["runs"][0]["status"], "succeeded", "{event}");
    assert!(dead_letters(&sluice, &key).await.is_empty());
}

#[tokio::test]
async fn a_step_is_tried_as_often_as_its_policy_says_under_one_idempotency_key() {
    let (sluice, key, sink) = with_workflow("{ attempts: 3, initial: 50ms, max: 100ms }").await;
    sink.answer_times(503, 2);
    let id = sluice.accept(&order(1), &key).await.unwrap();
    assert_eq!(sluice.settled(&id, &key).await.unwrap()["status"], "processed");
    let keys: Vec<_> =
        sink.seen().iter().map(|call| call.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    sink.forget();
    sink.answer(503);
    let id = sluice.accept(&order(2), &key).await.unwrap();
    assert_eq!(sluice.settled(&id, &key).await.unwrap()["status"], "failed");
    assert_eq!(sink.seen().len(), 3);
}

#[tokio::test]
async fn a_replay_is_a_new_event_that_names_the_first_and_runs_again() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    let id = sluice.accept(&order(7), &key).await.unwrap();
    sluice.settled(&id, &key).await.unwrap();
    let replay = Request::post(format!("/api/v1/events/{id}/replay")).key(&key);
    let answer = sluice.call(replay).await.unwrap();
    assert!(matches!(answer.status, 200..=202), "{}", answer.text());
    let items = sluice.list(&key, |_| false).await.unwrap();
    let again = items.iter().find(|item| item["replayOf"] == *id).expect("a second event");
    let again = sluice.settled(again["id"].as_str().unwrap(), &key).await.unwrap();
    assert_eq!(again["payload"], order(7)["payload"]);
    assert_eq!(sink.seen().len(), 2);
}

#[tokio::test]
async fn every_matching_workflow_gets_its_own_run() {
    let (sluice, key, sink) = with_workflow(ONCE).await;
    let second = notify(&sink.url(), ONCE).replace("name: Notify", "name: Second");
    sluice.apply(&second, &key).await.unwrap();
    let id = sluice.accept(&order(7), &key).await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["runs"].as_array().map(Vec::len), Some(2), "{event}");
    assert_eq!(sink.seen().len(), 2);
}

#[tokio::test]
async fn a_definition_that_cannot_work_is_refused_with_its_place() {
    let (sluice, key) = sluice().await;
    let broken = notify("http://127.0.0.1:9", ONCE).replace("> 100", "> > 100");
    let refused = sluice.apply(&broken, &key).await.unwrap_err().to_string();
    assert!(refused.contains("filter"), "{refused}");
    assert!(!refused.contains("panicked"), "{refused}");
}
