//! The live stream: arrivals and changes as they happen, and no gap after a break.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use bench::sse::{self, Message, Stream};
use serde_json::{Value, json};

use crate::start::{ONCE, accept_many, notify, sluice};

const SOON: Duration = Duration::from_secs(10);

async fn watch(sluice: &Sluice, key: &str, query: &str, after: Option<&str>) -> Stream {
    let request = Request::get(format!("/api/v1/stream{query}")).key(key);
    let request = match after {
        Some(cursor) => request.header("last-event-id", cursor),
        None => request,
    };
    sse::open(sluice.address().unwrap(), request).await.unwrap()
}

fn is(message: &Message, id: &str, status: &str) -> bool {
    message.event == "event"
        && message.json().is_ok_and(|data| data["id"] == *id && data["status"] == *status)
}

#[tokio::test]
async fn an_arrival_and_each_change_of_its_status_are_pushed() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sink.slow(Duration::from_millis(400));
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let mut stream = watch(&sluice, &key, "", None).await;
    let id = sluice.accept(&order(1), &key).await.unwrap();
    let seen = stream.until(SOON, |message| is(message, &id, "processed")).await.unwrap();
    let early = |message: &Message| is(message, &id, "pending") || is(message, &id, "processing");
    assert!(seen.iter().any(early), "no arrival before the end: {seen:?}");
    let events = seen.iter().filter(|message| message.event == "event");
    assert!(events.clone().all(|message| !message.id.is_empty()), "without a cursor: {seen:?}");
    let data = seen.last().unwrap().json().unwrap();
    let page = sluice.get("/api/v1/events", &key).await.unwrap();
    assert_eq!(data, page["items"][0], "the stream and the list show the same object");
}

#[tokio::test]
async fn runs_are_pushed_as_the_list_has_them() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let mut all = watch(&sluice, &key, "?topics=run", None).await;
    let mut other = watch(&sluice, &key, "?topics=run,event&source=elsewhere", None).await;
    let id = sluice.accept(&order(1), &key).await.unwrap();
    let ended = |message: &Message| {
        message.event == "run" && message.json().is_ok_and(|run| run["status"] == "succeeded")
    };
    let seen = all.until(SOON, ended).await.unwrap();
    assert!(seen.iter().all(|message| message.event != "event"), "not asked for: {seen:?}");
    let run = seen.last().unwrap().json().unwrap();
    assert_eq!(run["event"]["id"], *id);
    assert_eq!(run["workflow"]["version"], 1);
    let page = sluice.get("/api/v1/runs", &key).await.unwrap();
    assert_eq!(run, page["items"][0], "the stream and the list show the same object");

    let mut elsewhere = order(2);
    elsewhere["source"] = json!("elsewhere");
    let id = sluice.accept(&elsewhere, &key).await.unwrap();
    let seen = other.until(SOON, ended).await.unwrap();
    let runs = seen.iter().filter(|message| message.event == "run");
    let events: Vec<_> = runs.map(|run| run.json().unwrap()["event"]["id"].clone()).collect();
    assert!(events.iter().all(|event| *event == *id), "of another source: {events:?}");
}

#[tokio::test]
async fn a_filter_is_applied_by_the_server() {
    let (sluice, key) = sluice().await;
    let mut stream = watch(&sluice, &key, "?eventType=order.*", None).await;
    let mut refund = order(1);
    refund["eventType"] = json!("refund.created");
    sluice.accept(&refund, &key).await.unwrap();
    let id = sluice.accept(&order(2), &key).await.unwrap();
    let seen = stream.until(SOON, |message| is(message, &id, "processed")).await.unwrap();
    let foreign = |data: &Value| data["eventType"] == "refund.created";
    assert!(
        !seen.iter().any(|message| message.json().is_ok_and(|data| foreign(&data))),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_status_is_a_filter_like_any_other_unless_who_leaves_it_is_wanted() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let mut failed = watch(&sluice, &key, "?topics=event&status=failed", None).await;
    let mut with_left = watch(&sluice, &key, "?topics=event&status=failed&left=true", None).await;
    let well = sluice.accept(&order(1), &key).await.unwrap();
    with_left.until(SOON, |message| is(message, &well, "processed")).await.unwrap();
    sink.answer(500);
    let lost = sluice.accept(&order(2), &key).await.unwrap();
    with_left.until(SOON, |message| is(message, &lost, "failed")).await.unwrap();
    let seen = failed.until(SOON, |message| is(message, &lost, "failed")).await.unwrap();
    assert_eq!(seen.iter().filter(|message| message.event == "event").count(), 1, "{seen:?}");

    let marked = Request::post(format!("/api/v1/events/{lost}/processed")).key(&key);
    assert_eq!(sluice.call(marked).await.unwrap().status, 200);
    with_left.until(SOON, |message| is(message, &lost, "processed")).await.unwrap();
}

#[tokio::test]
async fn of_a_burst_of_runs_each_is_told_of_as_it_ends() {
    const RUNS: u64 = 1_000;
    let (sluice, key) = sluice().await;
    let text = "name: Note\ntriggers: [{ eventType: order.* }]\nsteps: [{ id: a, transform: 1 }]\n";
    sluice.apply(text, &key).await.unwrap();
    let mut stream = watch(&sluice, &key, "?topics=run", None).await;
    accept_many(&sluice, &key, RUNS - 1).await;
    let ended = RefCell::<BTreeSet<String>>::default();
    let all = stream.until(Duration::from_secs(60), |message| {
        let run = message.json().unwrap_or_default();
        if message.event == "run" && run["status"] == "succeeded" {
            ended.borrow_mut().insert(run["id"].to_string());
        }
        ended.borrow().len() == RUNS as usize
    });
    let seen = all.await.unwrap();
    assert!(seen.iter().all(|message| message.event != "resync"), "nothing was missed");
}

/// Accepts 20 events; their ids.
async fn accept_some(sluice: &Sluice, key: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(sluice.accept(&order(number), key).await.unwrap());
    }
    ids
}

async fn check_all_come(stream: &mut Stream, ids: &[String]) {
    let mut missing: Vec<_> = ids.iter().collect();
    let last = ids.last().unwrap();
    let seen = stream.until(SOON, |message| is(message, last, "processed")).await.unwrap();
    missing.retain(|id| !seen.iter().any(|message| is(message, id, "processed")));
    assert!(missing.is_empty(), "a gap: {missing:?} of {}", ids.len());
}

#[tokio::test]
async fn a_broken_stream_resumes_without_a_gap() {
    let (sluice, key) = sluice().await;
    let mut stream = watch(&sluice, &key, "", None).await;
    let first = sluice.accept(&order(0), &key).await.unwrap();
    let seen = stream.until(SOON, |message| is(message, &first, "processed")).await.unwrap();
    let cursor = seen.last().unwrap().id.clone();
    drop(stream);
    let missed = accept_some(&sluice, &key).await;
    let mut stream = watch(&sluice, &key, "", Some(&cursor)).await;
    check_all_come(&mut stream, &missed).await;
}

#[tokio::test]
async fn a_stream_resumes_without_a_gap_across_a_kill_and_restart() {
    let (mut sluice, key) = sluice().await;
    let mut stream = watch(&sluice, &key, "", None).await;
    let first = sluice.accept(&order(0), &key).await.unwrap();
    let seen = stream.until(SOON, |message| is(message, &first, "processed")).await.unwrap();
    let cursor = seen.last().unwrap().id.clone();
    let missed = accept_some(&sluice, &key).await;
    drop(stream);
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    let mut stream = watch(&sluice, &key, "", Some(&cursor)).await;
    check_all_come(&mut stream, &missed).await;
    let later = accept_some(&sluice, &key).await;
    check_all_come(&mut stream, &later).await;
}

fn ids(seen: &[Message]) -> Vec<String> {
    let events = seen.iter().filter(|message| message.event == "event");
    events.map(|event| event.json().unwrap()["id"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn check_each_once(seen: &[String], sent: &[String]) {
    let [mut seen, mut sent] = [seen.to_vec(), sent.to_vec()];
    seen.sort();
    sent.sort();
    assert_eq!(seen, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_every_event_gets_it_however_late_it_reads_and_from_wherever_it_stopped() {
    let (sluice, key) = sluice().await;
    let mut all = watch(&sluice, &key, "?topics=event&fold=false", None).await;
    let mut some = watch(&sluice, &key, "?topics=event&fold=false&source=shop", None).await;
    let mut none = watch(&sluice, &key, "?topics=event&fold=false&source=elsewhere", None).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.extend(accept_many(&sluice, &key, 1_000).await);
    }
    let last = sent.last().unwrap();
    let seen = all.until(SOON, |message| is(message, last, "processed")).await.unwrap();
    let order_of_commits = ids(&seen);
    check_each_once(&order_of_commits, &sent);
    let other = |message: &Message| !["hello", "event", "seen"].contains(&message.event.as_str());
    assert!(!seen.iter().any(other), "something was left out");
    let filtered = some.until(SOON, |message| is(message, last, "processed")).await.unwrap();
    assert_eq!(ids(&filtered), order_of_commits);

    let events = seen.iter().filter(|message| message.event == "event");
    let cursor = events.map(|event| event.id.clone()).nth(1_234).unwrap();
    let mut resumed = watch(&sluice, &key, "?topics=event&fold=false", Some(&cursor)).await;
    let seen = resumed.until(SOON, |message| is(message, last, "processed")).await.unwrap();
    assert_eq!(ids(&seen), order_of_commits[1_235..]);

    // What is not shown moves the cursor on as well.
    let mut elsewhere = order(1);
    elsewhere["source"] = json!("elsewhere");
    let id = sluice.accept(&elsewhere, &key).await.unwrap();
    let seen = none.until(SOON, |message| is(message, &id, "processed")).await.unwrap();
    assert_eq!(ids(&seen), [id]);
    assert!(seen.iter().any(|message| message.event == "seen"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_back_gets_up_to_a_thousand_events_and_then_loads_afresh() {
    let (sluice, key) = sluice().await;
    let mut stream = watch(&sluice, &key, "?topics=event", None).await;
    let hello = stream.next().await.unwrap().unwrap();
    drop(stream);
    let sent = accept_many(&sluice, &key, 999).await;
    let mut stream = watch(&sluice, &key, "?topics=event", Some(&hello.id)).await;
    let last = sent.last().unwrap();
    let seen = stream.until(SOON, |message| is(message, last, "processed")).await.unwrap();
    check_each_once(&ids(&seen), &sent);
    assert!(seen.iter().all(|message| message.event == "event"), "nothing is folded");

    sluice.accept(&order(1), &key).await.unwrap();
    let mut stream = watch(&sluice, &key, "?topics=event", Some(&hello.id)).await;
    assert_eq!(stream.next().await.unwrap().unwrap().event, "resync");
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_watch_each_is_told_of_every_event_or_of_how_many_were_folded() {
    const EVENTS: u64 = 600;
    let (sluice, key) = sluice().await;
    let mut watchers = Vec::new();
    for number in 0..40 {
        let query = if number % 2 == 0 { "?topics=event" } else { "?topics=event&source=shop" };
        watchers.push(watch(&sluice, &key, query, None).await);
    }
    let orders = (0..EVENTS).map(order).collect::<Vec<_>>();
    for some in orders.chunks(100) {
        futures::future::join_all(some.iter().map(|order| sluice.accept(order, &key))).await;
    }
    // Nothing that was sent before is left to be gathered once this has come.
    let last = sluice.accept(&order(EVENTS), &key).await.unwrap();
    for watcher in &mut watchers {
        let seen = watcher.until(SOON, |message| is(message, &last, "processed")).await.unwrap();
        assert!(seen.iter().all(|message| message.event != "resync"), "{seen:?}");
        let of = |kind: &'static str| seen.iter().filter(move |message| message.event == kind);
        let ids: std::collections::HashSet<_> =
            of("event").map(|message| message.json().unwrap()["id"].to_string()).collect();
        let folded: u64 =
            of("folded").filter_map(|message| message.json().unwrap()["count"].as_u64()).sum();
        assert_eq!(ids.len() as u64 + folded, EVENTS + 1);
    }
}
