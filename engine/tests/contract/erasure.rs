//! What there is about somebody goes with all that belongs to it, nothing else does, and the receipt does
//! not say about whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use engine::erasure::{Criterion, Erasure, ErasureError, State, manage};
use engine::event::repair::{Repair, repair, repair_noting};
use engine::event::{EventFilter, EventStatus, Headers, error_group, hold, read};
use engine::id::{ErasureId, EventId};
use engine::source::manage::{self as sources, NewSource};
use engine::source::quarantine::{self, HeldFilter};
use engine::source::{self, Delivery, Kind};
use engine::{audit, stats};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    all_events_of_a_subject_go_with_all_that_belongs_to_them,
    a_value_in_the_payload_is_found_wherever_it_is,
    a_standard_path_finds_it_and_so_does_one_in_what_a_value_cannot_hold,
    a_plan_counts_and_changes_nothing,
    a_held_event_stays_and_is_counted,
    what_is_under_way_is_erased_too,
    who_waited_for_what_is_erased_has_its_turn,
    a_restart_goes_on_and_leaves_nothing_out,
    a_receipt_does_not_say_about_whom,
    pages_that_were_moved_about_hold_nothing_either,
    what_was_put_off_is_cleaned_at_the_next_start,
);

const ADA: &str = "ada@example.test";
const MARK: &str = "Lovelace-7731";

const WORK: &str = r#"
name: Work
triggers: [{ eventType: "order.*" }]
steps:
  - id: call
    http: { url: "SINK", method: POST, body: { who: "${event.payload.customer.email}", name: "${event.payload.customer.name}" } }
  - id: tell
    emit: { eventType: told.order, payload: { to: "${event.payload.customer.name}" } }
  - id: check
    when: event.payload.id < 100
    fail: { message: "no stock for ${event.payload.customer.email}" }
"#;

fn order(id: i64, email: &str, name: &str) -> Value {
    let payload = json!({ "id": id, "customer": { "email": email, "name": name } });
    json!({ "eventType": "order.created", "source": "shop", "subject": email, "payload": payload })
}

fn of_subject(subject: &str) -> Criterion {
    Criterion::parse(Some(subject), None, None).unwrap()
}

fn of_email(email: &str) -> Criterion {
    Criterion::parse(None, Some("customer.email"), Some(email)).unwrap()
}

async fn finished(running: &Running, id: ErasureId) -> Erasure {
    for _ in 0..1_000 {
        let erasure = manage::get(&running.engine, id).await.unwrap();
        if erasure.state == State::Finished {
            return erasure;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never finished: {:?}", manage::get(&running.engine, id).await.unwrap());
}

async fn erase(running: &Running, criterion: &Criterion) -> Erasure {
    let started = manage::start(&running.engine, criterion).await.unwrap();
    finished(running, started.id).await
}

async fn all(running: &Running) -> Vec<(EventId, String)> {
    let page = read::list(&running.engine, &EventFilter::default(), None, 500).await.unwrap();
    page.rows.into_iter().map(|row| (row.id, row.event_type.to_string())).collect()
}

/// How many rows of the tables that hold what events say have this text in them.
async fn rows_with(running: &Running, text: &str) -> i64 {
    let found = Arc::new(AtomicI64::new(0));
    let (seen, text) = (Arc::clone(&found), text.to_owned());
    // The writer's own eyes: whatever the pools may see, this is what is stored.
    let change = engine::store::Change::new(move |transaction| {
        let (seen, text) = (Arc::clone(&seen), text.clone());
        Box::pin(async move {
            let columns = [
                ("events", "COALESCE(subject, '') || payload_preview || COALESCE(error, '')"),
                ("event_bodies", "payload || headers"),
                ("event_notes", "note"),
                ("runs", "state || COALESCE(error, '')"),
                (
                    "step_attempts",
                    "COALESCE(request, '') || COALESCE(response, '') || COALESCE(error, '')",
                ),
                ("error_groups", "message"),
                ("quarantine", "body || headers"),
                ("turns", "COALESCE(order_key, '')"),
                ("erasures", "COALESCE(sealed, '') || COALESCE(path, '') || value_hash"),
                ("audit_entries", "detail"),
            ];
            let mut count = 0;
            for (table, columns) in columns {
                let sql = format!(
                    "SELECT COUNT(*) AS count FROM {table} WHERE {columns} LIKE '%{text}%'"
                );
                let backend = transaction.get_database_backend();
                let statement = sea_orm::Statement::from_string(backend, sql);
                let row = transaction.query_one_raw(statement).await?.unwrap();
                count += row.try_get::<i64>("", "count")?;
            }
            seen.store(count, Ordering::SeqCst);
            Ok(())
        })
    });
    running.engine.store.writer.change(change).await.unwrap();
    found.load(Ordering::SeqCst)
}

/// Orders of Ada among those of others, worked on, half of them failed.
async fn busy(running: &Running, sink: &Sink) -> Vec<EventId> {
    running.apply(&WORK.replace("SINK", &sink.url)).await;
    let mut hers = Vec::new();
    for number in 0..60 {
        let sent = match number % 3 {
            0 => running.send(order(number * 4, ADA, MARK)).await,
            _ => running.send(order(number * 4, "bob@example.test", "Bob")).await,
        };
        if number % 3 == 0 {
            hers.push(sent.id);
        }
    }
    for (id, _) in all(running).await {
        for _ in 0..1_000 {
            let status = running.get(id).await.row.status;
            if matches!(status, EventStatus::Processed | EventStatus::Failed) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    hers
}

async fn all_events_of_a_subject_go_with_all_that_belongs_to_them(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    let engine = &running.engine;
    let hers = busy(&running, &sink).await;
    repair_noting(engine, hers[0], Repair::MarkFailed, None).await.unwrap();
    repair_noting(engine, hers[0], Repair::MarkProcessed, Some(format!("called {MARK}")))
        .await
        .unwrap();
    let failed = stats::current(engine).await.unwrap().failed;
    assert!(failed > 10, "{failed} failed");
    assert!(rows_with(&running, MARK).await > 50, "payloads, journals, notes and emitted events");
    assert!(rows_with(&running, ADA).await > 50);

    let done = erase(&running, &of_subject(ADA)).await;
    assert_eq!(done.counts.events, 40, "each with the one that its run emitted: {done:?}");
    assert_eq!(done.counts.runs, 20);
    assert!(done.counts.bytes > 1_000 && done.counts.held == 0, "{done:?}");
    assert_eq!(rows_with(&running, MARK).await, 0);
    assert_eq!(rows_with(&running, ADA).await, 0);
    assert_eq!(all(&running).await.len(), 80, "40 orders of others, and what they told");
    let counted = stats::current(engine).await.unwrap();
    assert_eq!(counted.processed + counted.failed, 80, "the counters follow");
    let groups = error_group::list(engine).await.unwrap();
    assert!(groups.iter().all(|group| !group.group.message.contains("ada")), "{groups:?}");
    let grouped: i64 = groups.iter().map(|group| group.count).sum();
    assert_eq!(grouped, counted.failed);

    if database.is_sqlite() {
        for text in [ADA, MARK] {
            assert_eq!(database.files_with(text), Vec::<String>::new(), "{text} is in a file");
        }
        assert!(
            !database.files_with("bob@example.test").is_empty(),
            "the search finds what is there"
        );
        // Nor when what is left has been written to the database and closed.
        engine.stop().await;
        for text in [ADA, MARK] {
            assert_eq!(database.files_with(text), Vec::<String>::new(), "{text} is in a file");
        }
    }
}

async fn a_value_in_the_payload_is_found_wherever_it_is(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let send = async |payload: Value| {
        let event = json!({ "eventType": "a.b", "source": "shop", "payload": payload });
        running.send(event).await.id
    };
    let deep = send(json!({ "order": [{ "to": { "email": ADA } }, 1] })).await;
    let elsewhere = send(json!({ "email": ADA })).await;
    let escaped = running.send(json!({ "eventType": "a.b", "source": "s", "payload": 0 })).await.id;
    let new = NewSource {
        name: "till".into(),
        kind: Kind::Hmac,
        secret: "s3cret".into(),
        signature_header: None,
    };
    sources::create(&engine.store, &engine.vault, &engine.environment, new).await.unwrap();
    for (kind, body) in [
        ("application/json", r#"{"order":{"to":{"email":"ada@example.test"}}}"#.to_owned()),
        ("application/json", r#"{"order":{"to":{"email":"bob@example.test"}}}"#.to_owned()),
    ] {
        let headers = [("content-type".to_owned(), kind.to_owned())];
        let delivery = Delivery { headers: &headers, body: body.as_bytes() };
        assert!(source::deliver(engine, "till", delivery).await.is_err());
    }
    let criterion = Criterion::parse(None, Some("order.to.email"), Some(ADA)).unwrap();
    let done = erase(&running, &criterion).await;
    assert_eq!((done.counts.events, done.counts.deliveries), (1, 1), "{done:?}");
    assert!(read::get(engine, deep).await.is_err());
    running.get(elsewhere).await;
    running.get(escaped).await;
    let left = quarantine::list(engine, HeldFilter::default(), None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(String::from_utf8_lossy(&left[0].body).contains("bob@"));
}

async fn a_standard_path_finds_it_and_so_does_one_in_what_a_value_cannot_hold(database: Database) {
    let running = database.start().await;
    let plain = running.send(order(1, ADA, "Ada")).await.id;
    let other = running.send(order(2, "bob@example.test", "Bob")).await.id;
    let payload = format!(r#"{{"customer":{{"email":"{ADA}","spent":1e400}}}}"#);
    let body = format!(r#"{{"eventType":"order.created","source":"shop","payload":{payload}}}"#);
    let huge = engine::event::envelope::parse(body.as_bytes()).unwrap();
    let huge =
        engine::intake::ingest(&running.engine, &running.key, huge, Headers::default(), None);
    let huge = huge.await.unwrap().id;
    let criterion = Criterion::parse(None, Some("$.customer['email']"), Some(ADA)).unwrap();
    let erasure = erase(&running, &criterion).await;
    assert_eq!((erasure.counts.events, erasure.path.as_deref()), (2, Some("customer.email")));
    for gone in [plain, huge] {
        assert!(read::get(&running.engine, gone).await.is_err());
    }
    running.get(other).await;
}

async fn a_plan_counts_and_changes_nothing(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    busy(&running, &sink).await;
    let planned = manage::plan(&running.engine, &of_email(ADA)).await.unwrap();
    assert_eq!((planned.events, planned.runs, planned.held), (40, 20, 0));
    assert_eq!(all(&running).await.len(), 120);
    assert!(manage::list(&running.engine, None, 10).await.unwrap().is_empty());
    let done = erase(&running, &of_email(ADA)).await;
    assert_eq!(done.counts, planned, "it was as planned");
    let again = manage::plan(&running.engine, &of_email(ADA)).await.unwrap();
    assert_eq!(again, engine::erasure::Counts::default());
}

async fn a_held_event_stays_and_is_counted(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let held = running.send(order(1, ADA, MARK)).await.id;
    let other = running.send(order(2, ADA, MARK)).await.id;
    hold::hold(engine, held, None).await.unwrap();
    assert_eq!(manage::plan(engine, &of_subject(ADA)).await.unwrap().held, 1);
    let done = erase(&running, &of_subject(ADA)).await;
    assert_eq!((done.counts.events, done.counts.held), (1, 1));
    running.get(held).await;
    assert!(read::get(engine, other).await.is_err());
    hold::release(engine, held, None).await.unwrap();
    assert_eq!(erase(&running, &of_subject(ADA)).await.counts.events, 1);
}

async fn what_is_under_way_is_erased_too(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    running
        .apply("name: Wait\ntriggers: [{ eventType: \"order.*\" }]\nsteps:\n  - id: wait\n    delay: { for: 1h }\n")
        .await;
    let id = running.send(order(1, ADA, MARK)).await.id;
    running.reaches(id, EventStatus::Processing).await;
    let done = erase(&running, &of_subject(ADA)).await;
    assert_eq!((done.counts.events, done.counts.runs), (1, 1));
    assert_eq!(rows_with(&running, MARK).await, 0);
    let counted = stats::current(engine).await.unwrap();
    assert_eq!((counted.pending, counted.processing), (0, 0));
    // Sent again, it is a new event: what was remembered of the first is gone too.
    let again = running.send(order(1, ADA, MARK)).await;
    assert!(!again.duplicate);
    running.get(again.id).await;
}

async fn who_waited_for_what_is_erased_has_its_turn(database: Database) {
    let running = database.start().await;
    running
        .apply("name: One\nconcurrency: 1\ntriggers: [{ eventType: \"order.*\" }]\nsteps:\n  - id: wait\n    delay: { for: 1h }\n")
        .await;
    let first = running.send(order(1, ADA, MARK)).await.id;
    running.reaches(first, EventStatus::Processing).await;
    let second = running.send(order(2, "bob@example.test", "Bob")).await.id;
    assert_eq!(running.get(second).await.row.status, EventStatus::Pending, "it waits");
    assert_eq!(erase(&running, &of_subject(ADA)).await.counts.runs, 1);
    running.reaches(second, EventStatus::Processing).await;
}

async fn a_restart_goes_on_and_leaves_nothing_out(database: Database) {
    let running = database.start().await;
    for some in (0..600).collect::<Vec<i64>>().chunks(100) {
        let sent = some.iter().map(|number| running.send(order(*number, ADA, MARK)));
        futures::future::join_all(sent).await;
    }
    let id = manage::start(&running.engine, &of_email(ADA)).await.unwrap().id;
    let mut between = false;
    for _ in 0..10_000 {
        let erased = manage::get(&running.engine, id).await.unwrap().counts.events;
        between = (1..600).contains(&erased);
        if between || erased == 600 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(between, "it ended before it could be interrupted");
    running.engine.stop().await;
    let open = manage::get(&running.engine, id).await.unwrap();
    assert!(open.state == State::Running && open.counts.events < 600, "{open:?}");
    drop(running);
    let running = database.start().await;
    let done = finished(&running, id).await;
    assert_eq!(done.counts.events, 600, "each once: {done:?}");
    assert!(all(&running).await.is_empty());
}

async fn a_receipt_does_not_say_about_whom(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let id = running.send(order(1, ADA, MARK)).await.id;
    let started = audit::within(async {
        audit::enter(audit::Actor::person("owner@example.test"));
        manage::start(engine, &of_email(ADA)).await.unwrap()
    })
    .await;
    let done = finished(&running, started.id).await;
    assert_eq!((done.kind.as_str(), done.path.as_deref()), ("payload", Some("customer.email")));
    assert_eq!(done.created_by, "owner@example.test");
    assert!(done.finished_at.is_some() && done.digest.len() == 64, "{done:?}");
    assert!(!format!("{done:?}").contains(ADA));
    assert_eq!(rows_with(&running, ADA).await, 0, "neither the receipt nor the log has it");
    // Who knows the value can show what the receipt is about.
    assert_eq!(done.value_hash, manage::value_hash(engine, &of_email(ADA)));
    assert_ne!(done.value_hash, manage::value_hash(engine, &of_subject(ADA)));
    assert_eq!(manage::list(engine, None, 10).await.unwrap(), vec![done]);
    let deleted = repair(engine, id, Repair::Delete).await;
    assert!(deleted.is_err(), "it is gone");
    let log = audit::list(&engine.store, &audit::Filter::default(), None, 10).await.unwrap();
    assert!(log.iter().any(|entry| entry.action == "erasure.started"), "{log:?}");
    let unknown = manage::get(engine, ErasureId::new(1)).await;
    assert!(matches!(unknown, Err(ErasureError::Unknown(_))));
}

/// Rows that grow are copied between pages by SQLite; what remains of them is no row.
async fn pages_that_were_moved_about_hold_nothing_either(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let mut hers = Vec::new();
    for some in (0..1_200).collect::<Vec<i64>>().chunks(100) {
        let sent = some.iter().map(|number| {
            let (email, name) =
                if number % 3 == 0 { (ADA, MARK) } else { ("bob@example.test", "Bob") };
            running.send(order(*number, email, name))
        });
        hers.extend(futures::future::join_all(sent).await);
    }
    for accepted in hers.iter().step_by(2) {
        repair(engine, accepted.id, Repair::MarkFailed).await.unwrap();
    }
    assert_eq!(erase(&running, &of_subject(ADA)).await.counts.events, 400);
    if database.is_sqlite() {
        for text in [ADA, MARK] {
            assert_eq!(database.files_with(text), Vec::<String>::new(), "{text} is in a file");
        }
    }
    let space = engine.store.space().await.unwrap();
    assert!(space.is_none_or(|space| space.gives_back), "it is as it was made: {space:?}");
    running.get(running.order(1).await.id).await;
}

async fn what_was_put_off_is_cleaned_at_the_next_start(database: Database) {
    let running = database.start().await;
    running.send(order(1, ADA, MARK)).await;
    let done = erase(&running, &of_subject(ADA)).await;
    running.engine.stop().await;
    drop(running);
    let connection = database.connect().await;
    connection
        .execute_unprepared("UPDATE erasures SET state = 'cleaning', finished_at = NULL")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let running = database.start().await;
    let again = finished(&running, done.id).await;
    assert!(again.finished_at >= done.finished_at, "{again:?}");
    assert_eq!((again.counts, again.digest), (done.counts, done.digest), "nothing is done twice");
}
