//! The database may refuse any statement of the writer, whichever comes before it and after it. What was
//! acknowledged comes to its end within two leases from when it takes them again, and emits once; of what was not
//! acknowledged nothing is there.

use std::time::Duration;

use engine::Environment;
use engine::event::{EventFilter, EventStatus, Headers, Pattern, envelope, read};
use engine::id::SystemRandom;
use engine::intake;
use engine::store::{Accepted, Idempotency};
use engine::time::{ManualClock, Timestamp};
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(a_statement_that_is_refused_leaves_no_run_behind);

/// What the way of an event through its runs writes.
const STATEMENTS: [(&str, &str); 16] = [
    ("events", "INSERT"),
    ("event_bodies", "INSERT"),
    ("idempotency_keys", "INSERT"),
    ("runs", "INSERT"),
    ("turns", "INSERT"),
    ("turns", "UPDATE"),
    ("turns", "DELETE"),
    ("status_counts", "UPDATE"),
    ("event_rollups", "INSERT"),
    ("runs", "UPDATE"),
    ("step_attempts", "INSERT"),
    ("events", "UPDATE"),
    ("event_changes", "INSERT"),
    ("run_rollups", "INSERT"),
    ("latency_rollups", "INSERT"),
    ("type_latencies", "INSERT"),
];

/// Two leases, in milliseconds.
const TWO_LEASES: i64 = 60_000;
const SECOND: i64 = 1_000;

fn flow(url: &str) -> [String; 2] {
    let first = format!(
        "name: first\ntriggers: [{{ eventType: order.* }}]\nsteps:\n  \
         - {{ id: call, http: {{ url: \"{url}\" }}, retry: {{ attempts: 20, initial: 1s, max: 1s }} }}\n  \
         - {{ id: pass, emit: {{ eventType: passed.on }}, retry: {{ attempts: 20, initial: 1s, max: 1s }} }}\n"
    );
    let second = "name: second\ntriggers: [{ eventType: passed.* }]\nconcurrency: 1\n\
                  steps: [{ id: shape, transform: 1 }]";
    [first, second.to_owned()]
}

/// From now on the database refuses to do this to the table.
async fn refuse(database: &Database, running: &Running, table: &str, operation: &str) {
    let sql = match database.is_sqlite() {
        false => vec![
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'refused by the test'; END $$"
                .to_owned(),
            format!(
                "CREATE TRIGGER refused BEFORE {operation} ON {table}
                 FOR EACH ROW EXECUTE FUNCTION refuse()"
            ),
        ],
        true => vec![format!(
            "CREATE TRIGGER refused BEFORE {operation} ON {table}
             BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
        )],
    };
    running.execute(sql).await;
}

async fn allow(database: &Database, running: &Running, table: &str) {
    let on = if database.is_sqlite() { String::new() } else { format!(" ON {table}") };
    running.execute(vec![format!("DROP TRIGGER refused{on}")]).await;
}

/// Sends an order under an idempotency key; nothing when it was not acknowledged.
async fn order(running: &Running, number: usize) -> Option<Accepted> {
    let order =
        json!({ "eventType": "order.created", "source": format!("shop-{number}"), "payload": {} });
    let new = envelope::parse(order.to_string().as_bytes()).unwrap();
    let key = Idempotency { key: format!("k-{number}"), fingerprint: "f".into() };
    intake::ingest(&running.engine, &running.key, new, Headers::default(), Some(key)).await.ok()
}

async fn a_statement_that_is_refused_leaves_no_run_behind(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let environment = Environment::new(clock.clone(), SystemRandom);
    let (running, sink) = (database.start_with(environment).await, Sink::start().await);
    for workflow in flow(&sink.url) {
        running.apply(&workflow).await;
    }
    let (mut acknowledged, mut untouched) = (Vec::new(), Vec::new());
    for (number, (table, operation)) in STATEMENTS.into_iter().enumerate() {
        sink.hangs();
        let under_way = order(&running, 2 * number).await.unwrap().id;
        while sink.open() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        refuse(&database, &running, table, operation).await;
        sink.goes_on();
        let new = order(&running, 2 * number + 1).await;
        // Time for what is under way to meet the refusal.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ended = running.get(under_way).await.row.status == EventStatus::Processed;
        let all_there = emitted(&running).await == settled(&running, "order.**").await;
        if new.is_some() && ended && all_there {
            untouched.push((table, operation));
        }
        allow(&database, &running, table).await;
        for _ in 0..TWO_LEASES / SECOND {
            clock.turn(SECOND);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let events = [Some(under_way), new.map(|new| new.id)];
        for event in events.into_iter().flatten() {
            running.reaches(event, EventStatus::Processed).await;
            acknowledged.push(event);
        }
        for _ in 0..200 {
            if emitted(&running).await == acknowledged.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(emitted(&running).await, acknowledged.len(), "{table} {operation}");
    }
    assert_eq!(untouched, [], "none of these is written on the way");
    let (orders, all) =
        (settled(&running, "order.**").await, count(&running, "order.**", None).await);
    assert_eq!(orders, acknowledged.len());
    assert_eq!(all, acknowledged.len(), "what was refused has left nothing");
}

/// How many events of the second workflow are settled.
async fn emitted(running: &Running) -> usize {
    settled(running, "passed.**").await
}

async fn settled(running: &Running, pattern: &str) -> usize {
    count(running, pattern, Some(EventStatus::Processed)).await
}

async fn count(running: &Running, pattern: &str, status: Option<EventStatus>) -> usize {
    let event_type = Some(Pattern::parse(pattern).unwrap());
    let filter = EventFilter { event_type, status, ..EventFilter::default() };
    read::list(&running.engine, &filter, None, 500).await.unwrap().rows.len()
}
