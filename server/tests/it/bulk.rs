//! One action for many events, from outside: planned, started, watched, killed, cancelled.

use std::time::{Duration, Instant};

use bench::http::{Answer, Request};
use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use bench::sse;
use serde_json::{Value, json};

use crate::start::{ONCE, notify, sluice};

const BROKEN: &str = r#"
name: Broken
triggers: [{ eventType: "order.*" }]
steps:
  - id: check
    fail: { message: "no stock for order ${event.payload.id}" }
"#;

async fn post(sluice: &Sluice, key: &str, path: &str, body: &Value) -> Answer {
    sluice.call(Request::post(path).key(key).json(body)).await.unwrap()
}

/// Sends so many orders in batches, and waits until all have failed.
async fn failed_orders(sluice: &Sluice, key: &str, count: u64) {
    let numbers: Vec<u64> = (0..count).collect();
    for some in numbers.chunks(500) {
        let batch: Vec<Value> = some.iter().map(|number| order(*number)).collect();
        let answer = post(sluice, key, "/api/webhooks/ingest/batch", &json!(batch)).await;
        assert!(matches!(answer.status, 200..=207), "{}", answer.text());
    }
    counts(sluice, key, |stats| stats["failed"] == count).await;
}

/// Waits until the figures are as wanted.
async fn counts(sluice: &Sluice, key: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let stats = sluice.get("/api/v1/stats", key).await.unwrap();
        if wanted(&stats["counts"]) || wanted(&stats) {
            return stats;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {stats}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn start(sluice: &Sluice, key: &str, body: &Value) -> String {
    let answer = post(sluice, key, "/api/v1/bulk", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let operation = answer.json().unwrap();
    let id = operation["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), Some(format!("/api/v1/bulk/{id}").as_str()));
    id
}

/// The operation once `wanted` holds for it.
async fn when(sluice: &Sluice, key: &str, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let operation = sluice.get(&format!("/api/v1/bulk/{id}"), key).await.unwrap();
        if wanted(&operation) {
            return operation;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "never: {operation}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_plan_counts_an_operation_is_watched_and_a_key_that_reads_starts_none() {
    let (sluice, key) = sluice().await;
    sluice.apply(BROKEN, &key).await.unwrap();
    failed_orders(&sluice, &key, 20).await;
    let groups = sluice.get("/api/v1/dead-letters/groups", &key).await.unwrap();
    let group = &groups["items"][0];
    assert_eq!((&group["count"], &group["workflow"]), (&json!(20), &json!("Broken")), "{groups}");
    assert_eq!(group["message"], "no stock for order #");
    let group = group["id"].as_str().unwrap();
    let letters = sluice.get(&format!("/api/v1/dead-letters?group={group}"), &key).await.unwrap();
    assert_eq!(letters["items"].as_array().unwrap().len(), 20);

    let mut body = json!({
        "action": "resolve", "filter": { "group": group }, "dryRun": true, "note": "sold out",
    });
    let plan = post(&sluice, &key, "/api/v1/bulk", &body).await;
    assert_eq!(plan.status, 200, "{}", plan.text());
    let plan = plan.json().unwrap();
    assert_eq!((&plan["total"], &plan["dryRun"]), (&json!(20), &json!(true)), "{plan}");
    assert_eq!(plan["byType"], json!([{ "eventType": "order.created", "count": 20 }]));
    assert_eq!(plan["byGroup"][0]["count"], 20);
    assert_eq!(sluice.get("/api/v1/bulk", &key).await.unwrap()["items"], json!([]));

    let reader = sluice.key(&["read"]).await.unwrap();
    for path in ["/api/v1/bulk", "/api/v1/bulk/blk_none/resume"] {
        assert_eq!(post(&sluice, &reader, path, &body).await.status, 403, "{path}");
    }
    let cancel = Request::new("DELETE", "/api/v1/bulk/blk_none");
    assert_eq!(sluice.call(cancel.key(&reader)).await.unwrap().status, 403);
    body["dryRuns"] = json!(true);
    assert_eq!(post(&sluice, &key, "/api/v1/bulk", &body).await.status, 400);
    body["dryRuns"].take();
    for (filter, word) in [
        (json!({ "colour": "red" }), "colour"),
        (json!({ "eventType": "a b" }), "eventType"),
        (json!({ "ids": ["evt_1"] }), "ids"),
        (json!({ "from": "yesterday" }), "from"),
    ] {
        let asked = json!({ "action": "retry", "filter": filter });
        let refused = post(&sluice, &key, "/api/v1/bulk", &asked).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains(word), "{}", refused.text());
    }

    let request = Request::get("/api/v1/stream?topics=bulk").key(&key);
    let mut stream = sse::open(sluice.address().unwrap(), request).await.unwrap();
    let body = json!({ "action": "resolve", "filter": { "group": group }, "note": "sold out" });
    let id = start(&sluice, &key, &body).await;
    let ended = |message: &sse::Message| {
        message.event == "bulk" && message.json().is_ok_and(|data| data["state"] == "finished")
    };
    let seen = stream.until(Duration::from_secs(20), ended).await.unwrap();
    assert_eq!(seen.last().unwrap().json().unwrap()["id"], *id);
    let operation = when(&sluice, &reader, &id, |it| it["state"] == "finished").await;
    assert_eq!((&operation["succeeded"], &operation["total"]), (&json!(20), &json!(20)));
    let event = letters["items"][0]["id"].as_str().unwrap();
    let event = sluice.get(&format!("/api/v1/events/{event}"), &key).await.unwrap();
    assert_eq!(event["status"], "processed");
    assert_eq!(event["notes"][0]["note"], "sold out", "{event}");
    assert!(event["notes"][0]["author"].is_string());
    let late = Request::new("DELETE", format!("/api/v1/bulk/{id}")).key(&key);
    assert_eq!(sluice.call(late).await.unwrap().status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_neither_repeats_nor_leaves_out_an_event_and_ingest_goes_on() {
    const COUNT: u64 = 3_000;
    let (mut sluice, key) = sluice().await;
    sluice.apply(BROKEN, &key).await.unwrap();
    failed_orders(&sluice, &key, COUNT).await;
    let body = json!({ "action": "replay", "filter": { "status": "failed" } });
    let id = start(&sluice, &key, &body).await;
    when(&sluice, &key, &id, |it| it["done"].as_u64() > Some(COUNT / 10)).await;
    // Events come in meanwhile, and are answered in time.
    let mut slowest = Duration::ZERO;
    for number in 0..50 {
        let begun = Instant::now();
        let mut other = order(number);
        other["eventType"] = json!("invoice.paid");
        sluice.accept(&other, &key).await.unwrap();
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "an event waited {slowest:?}");
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    let open = sluice.get(&format!("/api/v1/bulk/{id}"), &key).await.unwrap();
    assert!(open["done"].as_u64() < Some(COUNT), "it was over before it was killed: {open}");
    let ended = when(&sluice, &key, &id, |it| it["state"] == "finished").await;
    assert_eq!((&ended["done"], &ended["succeeded"]), (&json!(COUNT), &json!(COUNT)), "{ended}");
    assert_eq!(ended["skipped"], 0);
    // Those of the replay fail as well: they match the filter, but came after the plan.
    counts(&sluice, &key, |stats| stats["failed"] == 2 * COUNT).await;
    let items = sluice.list(&key, |_| false).await.unwrap();
    let mut first: Vec<_> = items.iter().filter_map(|item| item["replayOf"].as_str()).collect();
    assert_eq!(first.len() as u64, COUNT);
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len() as u64, COUNT, "each once");
    let ended = sluice.get(&format!("/api/v1/bulk/{id}"), &key).await.unwrap();
    assert_eq!(ended["failedAgain"], json!(COUNT));
}

#[tokio::test]
async fn what_is_cancelled_on_the_way_stays_half_done() {
    let (sluice, key) = sluice().await;
    sluice.apply(BROKEN, &key).await.unwrap();
    failed_orders(&sluice, &key, 1_500).await;
    let body = json!({ "action": "delete", "filter": { "eventType": "order.**" } });
    let id = start(&sluice, &key, &body).await;
    when(&sluice, &key, &id, |it| it["done"].as_u64() > Some(0)).await;
    let cancel = Request::new("DELETE", format!("/api/v1/bulk/{id}")).key(&key);
    let answer = sluice.call(cancel).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cancelled = answer.json().unwrap();
    assert_eq!(cancelled["state"], "cancelled");
    let done = cancelled["done"].as_u64().unwrap();
    assert!(done < 1_500, "{cancelled}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let later = sluice.get(&format!("/api/v1/bulk/{id}"), &key).await.unwrap();
    assert_eq!(later["done"], done, "nothing is done after that");
    counts(&sluice, &key, |stats| stats["failed"] == 1_500 - done).await;
}

#[tokio::test]
async fn the_command_line_plans_asks_watches_and_says_why_it_stopped() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.run(arguments, Some(&key)).await.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    sink.answer(422);
    failed_orders(&sluice, &key, 15).await;

    let groups = run(&["dlq", "groups", "--json"]).await;
    let groups: Value = serde_json::from_slice(&groups.stdout).unwrap();
    let group = groups["items"][0]["id"].as_str().unwrap();
    assert_eq!(groups["items"][0]["httpStatus"], 422, "{groups}");
    let plan = run(&["dlq", "retry", "--group", group, "--dry-run"]).await;
    assert!(said(&plan.stdout).starts_with("15 events to retry"), "{}", said(&plan.stdout));
    let unasked = run(&["dlq", "retry", "--all"]).await;
    assert_eq!(unasked.status.code(), Some(1));
    assert!(said(&unasked.stderr).contains("--yes"), "{}", said(&unasked.stderr));
    assert_eq!(run(&["dlq", "retry"]).await.status.code(), Some(2));

    let stopped = run(&["dlq", "retry", "--all", "--canary", "--yes"]).await;
    assert_eq!(stopped.status.code(), Some(1));
    assert!(said(&stopped.stderr).contains("the first event failed again"));
    let listed = run(&["bulk", "list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let operation = &listed["items"][0];
    assert_eq!((&operation["state"], &operation["done"]), (&json!("stopped"), &json!(1)));
    let id = operation["id"].as_str().unwrap();
    sink.answer(200);
    let resumed = run(&["bulk", "resume", id]).await;
    assert_eq!(resumed.status.code(), Some(0), "{}", said(&resumed.stderr));
    assert!(said(&resumed.stdout).contains("finished: 15 of 15"), "{}", said(&resumed.stdout));
    counts(&sluice, &key, |stats| stats["processed"] == 15).await;

    let event = sluice.accept(&order(99), &key).await.unwrap();
    sluice.settled(&event, &key).await.unwrap();
    let marked = run(&["events", "update-status", &event, "failed"]).await;
    assert_eq!(marked.status.code(), Some(0), "{}", said(&marked.stderr));
    let resolved = run(&["dlq", "resolve", &event, "--note", "by phone"]).await;
    assert_eq!(resolved.status.code(), Some(0), "{}", said(&resolved.stderr));
    let shown = sluice.get(&format!("/api/v1/events/{event}"), &key).await.unwrap();
    assert_eq!(
        (&shown["status"], &shown["notes"][0]["note"]),
        (&json!("processed"), &json!("by phone"))
    );
    let deleted = run(&["events", "delete", "--type", "order.*", "--yes", "--json"]).await;
    assert_eq!(deleted.status.code(), Some(0), "{}", said(&deleted.stderr));
    assert_eq!(sluice.get("/api/v1/events", &key).await.unwrap()["items"], json!([]));
}

#[tokio::test]
async fn an_export_is_a_line_for_each_event_with_its_payload_as_sent() {
    let (sluice, key) = sluice().await;
    let payload = "{\n  \"total\": 1.50,\r\n  \"text\": \"a\\nb\"\n}";
    let body = format!(r#"{{"eventType":"a.b","source":"s","payload":{payload}}}"#);
    let request = Request::post("/api/webhooks/ingest").key(&key);
    let request = request.header("content-type", "application/json").bytes(body);
    let request = request.header("x-way", "one").header("x-way", "other");
    assert_eq!(sluice.call(request).await.unwrap().status, 202);
    sluice.accept(&order(1), &key).await.unwrap();
    let export = async |path: &str| sluice.call(Request::get(path).key(&key)).await.unwrap();
    let answer = export("/api/v1/events/export").await;
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let text = answer.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].contains(r#"{   "total": 1.50,    "text": "a\nb" }"#), "{text}");
    let lines: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines[1]["headers"]["x-way"], "one, other");
    assert_eq!(export("/api/v1/events/export?eventType=a.*").await.text().lines().count(), 1);
    let none = export("/api/v1/dead-letters/export").await;
    assert_eq!((none.status, none.text().as_str()), (200, ""));
    assert_eq!(export("/api/v1/events/export?from=x").await.status, 400);
}
