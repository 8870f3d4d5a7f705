//! SIGKILL at any point: what was acknowledged is there afterwards and goes on.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use bench::trials::{flaky, kill};
use serde_json::Value;

use crate::start::{binary, notify, sluice};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_doubled_by_kills_under_load() {
    let options = kill::Options {
        times: 3,
        connections: 64,
        matched_every: 16,
        pending: 0,
        ready: Duration::from_secs(10),
    };
    let report = kill::run(&binary(), options, |_| {}).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_succeeds_under_one_key_however_flaky_the_receiver_and_the_server() {
    let options = flaky::Options { kills: 4, events: 100, seed: 7 };
    let report = flaky::run(&binary(), options, |_| {}).await.unwrap();
    assert!(report.holds, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_in_flight_at_a_kill_are_finished_after_the_restart() {
    let (mut sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sink.slow(Duration::from_millis(300));
    let retry = "{ attempts: 5, initial: 50ms, max: 200ms }";
    sluice.apply(&notify(&sink.url(), retry), &key).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(sluice.accept(&order(number), &key).await.unwrap());
    }
    sluice.kill().await.unwrap();
    sink.answer(200);
    sluice.start().await.unwrap();
    for id in &ids {
        let event = sluice.settled(id, &key).await.unwrap();
        assert_eq!(event["status"], "processed", "{event}");
        assert_eq!(event["runs"].as_array().map(Vec::len), Some(1), "{event}");
    }
    let mut keys = HashMap::<u64, HashSet<String>>::new();
    for call in sink.seen() {
        let order = call.json().unwrap()["orderId"].as_u64().unwrap();
        let key = call.header("idempotency-key").unwrap().to_owned();
        keys.entry(order).or_default().insert(key);
    }
    assert_eq!(keys.len(), ids.len(), "each order reached the receiver");
    assert!(keys.values().all(|keys| keys.len() == 1), "an order ran under two keys: {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_after_its_last_finished_step() {
    let (mut sluice, key) = sluice().await;
    let (first, second) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    second.slow(Duration::from_secs(60));
    let (one, two) = (first.url(), second.url());
    let definition = format!(
        r#"name: Two steps
triggers: [{{ eventType: "order.*" }}]
steps:
  - id: one
    http: {{ method: POST, url: "{one}", body: "first" }}
  - id: two
    http: {{ method: POST, url: "{two}", body: "second" }}
"#
    );
    sluice.apply(&definition, &key).await.unwrap();
    let id = sluice.accept(&order(1), &key).await.unwrap();
    for _ in 0..1000 {
        if !second.seen().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(second.seen().len(), 1, "the second step is under way");
    sluice.kill().await.unwrap();
    second.answer(200);
    sluice.start().await.unwrap();
    let event = sluice.settled(&id, &key).await.unwrap();
    assert_eq!(event["status"], "processed", "{event}");
    assert_eq!(first.seen().len(), 1, "the finished step was not repeated");
    let keys: HashSet<_> =
        second.seen().iter().map(|c| c.header("idempotency-key").unwrap().to_owned()).collect();
    assert_eq!((second.seen().len(), keys.len()), (2, 1), "{keys:?}");
}

#[tokio::test]
async fn dead_letters_keys_and_workflows_survive_a_kill() {
    let (mut sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sink.answer(500);
    sluice.apply(&notify(&sink.url(), "{ attempts: 1 }"), &key).await.unwrap();
    let id = sluice.accept(&order(1), &key).await.unwrap();
    assert_eq!(sluice.settled(&id, &key).await.unwrap()["status"], "failed");
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    let letters = sluice.get("/api/v1/dead-letters", &key).await.unwrap();
    assert_eq!(letters["items"].as_array().map(Vec::len), Some(1), "{letters}");
    sink.answer(200);
    let retry = Request::post(format!("/api/v1/dead-letters/{id}/retry")).key(&key);
    assert!(matches!(sluice.call(retry).await.unwrap().status, 200 | 202));
    let processed = |event: &Value| event["status"] == "processed";
    sluice.event_when(&id, &key, processed).await.unwrap();
}
