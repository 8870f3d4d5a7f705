//! What payloads look like is learnt behind intake, and what changes it is told with its event.

use std::time::Duration;

use engine::alert::rule::{self, NewRule};
use engine::alert::{Condition, Window, watch};
use engine::event::EventStatus;
use engine::shape::read::{self, TypeDetail};
use serde_json::{Value, json};

use crate::databases::{Database, Running};
use crate::on_both;

on_both!(
    a_change_is_told_with_the_event_that_brought_it,
    a_restart_goes_on_where_it_was_and_learns_nothing_twice,
    a_type_has_its_figures,
    a_rule_fires_when_payloads_look_different,
);

async fn send(running: &Running, event_type: &str, payload: Value) -> String {
    let event = json!({ "eventType": event_type, "source": "shop", "payload": payload });
    running.send(event).await.id.to_string()
}

/// The type once so many of its events have been learnt from.
async fn learnt(running: &Running, name: &str, events: i64) -> TypeDetail {
    for _ in 0..1_000 {
        let found = read::get(&running.engine, name).await.unwrap();
        if let Some(found) = found.filter(|found| found.events >= events) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {events}: {:?}", read::get(&running.engine, name).await.unwrap());
}

async fn a_change_is_told_with_the_event_that_brought_it(database: Database) {
    let running = database.start().await;
    for number in 0..6 {
        send(&running, "order.created", json!({ "id": number, "to": { "zip": "1000" } })).await;
    }
    send(&running, "other", json!("text")).await;
    let changed = send(&running, "order.created", json!({ "id": "7", "to": { "zip": "1" } })).await;
    let fewer = send(&running, "order.created", json!({ "id": 8, "note": "x" })).await;
    let found = learnt(&running, "order.created", 8).await;
    let told: Vec<_> = found
        .drifts
        .iter()
        .rev()
        .map(|it| (it.path.as_str(), it.turn.as_str(), it.event.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("id", "changed", changed.as_str()),
            ("note", "appeared", fewer.as_str()),
            ("to", "disappeared", fewer.as_str()),
        ]
    );
    assert_eq!(found.line.drifts, 3);
    let fields: Vec<_> =
        found.fields.iter().map(|it| (it.path.as_str(), it.kinds.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("$", "object"),
            ("id", "number or string"),
            ("note", "string"),
            ("to", "object"),
            ("to.zip", "string")
        ]
    );
    assert_eq!(found.fields[0].share, 1.0);
    assert_eq!(found.fields[3].share, 7.0 / 8.0);
    assert!(read::get(&running.engine, "never.sent").await.unwrap().is_none());
}

async fn a_restart_goes_on_where_it_was_and_learns_nothing_twice(database: Database) {
    let running = database.start().await;
    for number in 0..40 {
        send(&running, "a.b", json!({ "n": number })).await;
    }
    running.engine.stop().await;
    drop(running);
    let running = database.start().await;
    for number in 0..20 {
        send(&running, "a.b", json!({ "n": number })).await;
    }
    let mark = send(&running, "mark", json!(1)).await;
    learnt(&running, "mark", 1).await;
    let found = learnt(&running, "a.b", 60).await;
    assert_eq!(found.events, 60, "each once");
    assert!(found.drifts.is_empty(), "{mark}: {:?}", found.drifts);
}

async fn a_type_has_its_figures(database: Database) {
    let running = database.start().await;
    running
        .apply("name: Fail\ntriggers: [{ eventType: \"order.*\", filter: event.payload.id > 2 }]\nsteps:\n  - id: no\n    fail: { message: no }\n")
        .await;
    for number in 0..4 {
        let accepted = running.order(number).await;
        let status = if number > 2 { EventStatus::Failed } else { EventStatus::Processed };
        running.reaches(accepted.id, status).await;
    }
    send(&running, "stock.counted", json!({ "text": "x".repeat(5_000) })).await;
    learnt(&running, "stock.counted", 1).await;
    learnt(&running, "order.created", 4).await;
    let all = read::list(&running.engine).await.unwrap();
    let names: Vec<_> = all.iter().map(|line| line.event_type.as_str()).collect();
    assert_eq!(names, ["order.created", "stock.counted"], "the most frequent first");
    let (order, stock) = (&all[0], &all[1]);
    assert_eq!((order.accepted, order.processed, order.failed), (4, 3, 1));
    assert!(
        order.latency.is_some() && stock.latency.is_none(),
        "only events with runs settle late"
    );
    assert!(stock.average_bytes > 5_000 && stock.largest_bytes == stock.average_bytes);
    assert!(order.first_seen <= order.last_seen);
}

async fn a_rule_fires_when_payloads_look_different(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let window = Window(Duration::from_secs(3_600));
    let condition = Condition::SchemaDrift { window, event_type: Some("order.*".into()) };
    let new = NewRule { name: "Drift".into(), condition, repeat: Duration::from_secs(3_600) };
    let made = rule::create(engine, new).await.unwrap();
    for number in 0..6 {
        send(&running, "order.created", json!({ "id": number })).await;
        send(&running, "stock.counted", json!({ "id": number })).await;
    }
    send(&running, "stock.counted", json!({ "id": "x" })).await;
    learnt(&running, "stock.counted", 7).await;
    learnt(&running, "order.created", 6).await;
    watch::evaluate(engine).await.unwrap();
    assert_eq!(rule::find(engine, made.id).await.unwrap().value, Some(0.0), "of another type");
    send(&running, "order.created", json!({ "id": "x" })).await;
    learnt(&running, "order.created", 7).await;
    watch::evaluate(engine).await.unwrap();
    let found = rule::find(engine, made.id).await.unwrap();
    assert_eq!((found.state, found.value), (engine::alert::State::Firing, Some(1.0)));
}
