//! Accepting events: once, whole, counted and listed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use engine::event::{EventFilter, EventStatus, Headers, Pattern, read};
use engine::id::SystemRandom;
use engine::intake::IngestError;
use engine::store::{Change, Idempotency, StoreError};
use engine::time::{ManualClock, Timestamp};
use engine::{Environment, stats};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::databases::Database;
use crate::on_both;

on_both!(
    a_payload_comes_back_byte_for_byte,
    one_name_is_one_event_under_64_at_once,
    an_idempotency_key_is_remembered_for_as_long_as_was_said,
    lists_page_by_page_and_filter,
    a_time_and_a_beginning_find_what_is_theirs,
    a_time_among_many_is_found_without_looking_at_all,
    a_change_that_fails_undoes_nothing_else,
    a_panic_costs_only_the_command_that_causes_it,
    a_transaction_that_ends_by_itself_leaves_none_open,
    numbers_go_on_after_a_restart,
);

async fn a_payload_comes_back_byte_for_byte(database: Database) {
    let running = database.start().await;
    let payload = "{ \"a\":1.50, \"b\" : \"\\u0000\\ud83d\\ude00 ' é\",\n\t\"a\": [ ] }";
    let body = format!(r#"{{"type":"order.created","source":"s'h\"op","payload":{payload}}}"#);
    let new = engine::event::envelope::parse(body.as_bytes()).unwrap();
    let accepted =
        engine::intake::ingest(&running.engine, &running.key, new, Headers::default(), None)
            .await
            .unwrap();
    let record = running.get(accepted.id).await;
    assert_eq!(&*record.payload, payload);
    assert_eq!(record.row.source, "s'h\"op");
    assert_eq!(record.row.status, EventStatus::Processed, "nothing waits for it");
}

async fn one_name_is_one_event_under_64_at_once(database: Database) {
    let running = Arc::new(database.start().await);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let running = Arc::clone(&running);
            tokio::spawn(async move {
                let event = json!({ "type": "a", "source": "s", "id": "once", "data": {} });
                running.send(event).await
            })
        })
        .collect();
    let mut ids = HashSet::new();
    let mut first = 0;
    for task in tasks {
        let accepted = task.await.unwrap();
        ids.insert(accepted.id);
        first += usize::from(!accepted.duplicate);
    }
    assert_eq!((ids.len(), first), (1, 1));
    let other = running.send(json!({ "type": "a", "source": "t", "id": "once", "data": {} })).await;
    assert!(!other.duplicate, "another source may use the same id");
    assert_eq!(stats::current(&running.engine).await.unwrap().processed, 2);
}

async fn an_idempotency_key_is_remembered_for_as_long_as_was_said(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let environment = Environment::new(clock.clone(), SystemRandom);
    let running = database.start_keeping(environment, Duration::from_secs(3_600)).await;
    let send = async |total: i64| {
        let body = json!({ "type": "a", "source": "s", "data": total }).to_string();
        let idempotency = Idempotency { key: "k-1".into(), fingerprint: total.to_string() };
        let new = engine::event::envelope::parse(body.as_bytes()).unwrap();
        let (engine, key) = (&running.engine, &running.key);
        engine::intake::ingest(engine, key, new, Headers::default(), Some(idempotency)).await
    };
    let first = send(1).await.unwrap();
    clock.turn(3_599_999);
    let again = send(1).await.unwrap();
    assert_eq!((again.id, again.duplicate), (first.id, true));
    assert!(matches!(send(2).await, Err(IngestError::Store(StoreError::KeyReused))));
    clock.turn(1);
    let other = send(2).await.unwrap();
    assert!(!other.duplicate && other.id != first.id, "an hour later the key is free again");
}

async fn a_panic_costs_only_the_command_that_causes_it(database: Database) {
    let running = database.start().await;
    let writer = &running.engine.store.writer;
    let panics = Change::new(|_| Box::pin(async { panic!("on purpose") }));
    let event = |id: &str| json!({ "type": "a", "source": "s", "id": id, "data": {} });
    let (failed, beside) =
        tokio::join!(writer.change(panics), running.send(event("in the same batch")));
    assert!(matches!(failed, Err(StoreError::Defect)), "{failed:?}");
    let after = running.send(event("afterwards")).await;
    for accepted in [beside, after] {
        assert_eq!(running.get(accepted.id).await.row.status, EventStatus::Processed);
    }
}

async fn a_transaction_that_ends_by_itself_leaves_none_open(database: Database) {
    let running = database.start().await;
    if !database.is_sqlite() {
        return;
    }
    // As SQLite does where the disk is full.
    let ends = Change::new(|transaction| {
        Box::pin(async move {
            transaction.execute_unprepared("ROLLBACK").await?;
            Err(StoreError::Closed)
        })
    });
    let writes = Change::new(|transaction| {
        Box::pin(async move {
            transaction.execute_unprepared("UPDATE events SET attempts = 1").await?;
            Err(StoreError::Closed)
        })
    });
    for change in [ends, writes] {
        assert!(running.engine.store.writer.change(change).await.is_err());
        let event = json!({ "type": "a", "source": "s", "data": {} });
        let accepted = running.send(event).await;
        assert_eq!(running.get(accepted.id).await.row.attempts, 0);
    }
}

async fn lists_page_by_page_and_filter(database: Database) {
    let running = database.start().await;
    for number in 0..25 {
        let kind = ["order.created", "order.item.added", "push"][number % 3];
        running.send(json!({ "type": kind, "source": "shop", "data": number })).await;
    }
    let list = async |filter: EventFilter| {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = read::list(&running.engine, &filter, before, 4).await.unwrap();
            found.extend(page.rows.into_iter().map(|row| row.seq));
            before = page.next;
            if before.is_none() {
                return found;
            }
        }
    };
    let all = list(EventFilter::default()).await;
    assert_eq!(all.len(), 25);
    assert!(all.is_sorted_by(|newer, older| newer > older), "newest first, none twice");
    let of_type = |pattern: &str| EventFilter {
        event_type: Some(Pattern::parse(pattern).unwrap()),
        ..EventFilter::default()
    };
    assert_eq!(list(of_type("order.*")).await.len(), 9);
    assert_eq!(list(of_type("order.**")).await.len(), 17);
    assert_eq!(list(of_type("push")).await.len(), 8);
    assert_eq!(list(of_type("*.created")).await.len(), 9);
    let failed = EventFilter { status: Some(EventStatus::Failed), ..EventFilter::default() };
    assert_eq!(list(failed).await.len(), 0);
    let newest = read::list(&running.engine, &EventFilter::default(), None, 1).await.unwrap();
    let id = newest.rows[0].id.to_string();
    let by_id = EventFilter { id: Some(id.clone()), ..EventFilter::default() };
    assert_eq!(list(by_id).await.len(), 1);
    let by_beginning = EventFilter { id: Some(id[..8].into()), ..EventFilter::default() };
    assert_eq!(list(by_beginning).await.len(), 25);
    let later = EventFilter {
        from: Some(running.engine.now().plus_millis(60_000)),
        ..EventFilter::default()
    };
    assert_eq!(list(later).await.len(), 0);
}

/// Received at one time each, which is turned by an hour and a half between two of them: where servers
/// share a database, lists by time look at what was received up to an hour beside it.
async fn a_time_and_a_beginning_find_what_is_theirs(database: Database) {
    const HOURS: i64 = 90 * 60_000;
    let start = Timestamp::from_millis(1_800_000_000_000);
    let clock = ManualClock::at(start);
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    for number in 0..12 {
        let source = if number % 2 == 0 { "shop" } else { "bank" };
        let event = json!({
            "eventType": "a.b", "source": source, "eventId": format!("{source}-{number:02}"), "payload": {}
        });
        running.send(event).await;
        clock.turn(HOURS);
    }
    let at = |number: i64| Some(start.plus_millis(number * HOURS));
    let found = async |filter: EventFilter| {
        let (mut names, mut before) = (Vec::new(), None);
        loop {
            let page = read::list(&running.engine, &filter, before, 2).await.unwrap();
            names.extend(page.rows.iter().map(|row| row.event_id[5..].parse::<i64>().unwrap()));
            before = page.next;
            if before.is_none() {
                return names;
            }
        }
    };
    let any = EventFilter::default;
    assert_eq!(found(EventFilter { to: at(3), ..any() }).await, [2, 1, 0]);
    assert_eq!(found(EventFilter { from: at(9), ..any() }).await, [11, 10, 9]);
    assert_eq!(found(EventFilter { from: at(4), to: at(7), ..any() }).await, [6, 5, 4]);
    assert_eq!(found(EventFilter { from: at(40), ..any() }).await, [0; 0]);
    let any_type = Some(Pattern::parse("*.b").unwrap());
    let of_type = EventFilter { event_type: any_type.clone(), from: at(2), to: at(4), ..any() };
    assert_eq!(found(of_type).await, [3, 2]);
    let named = |beginning: &str| EventFilter { id: Some(beginning.to_owned()), ..any() };
    assert_eq!(found(named("bank-0")).await, [9, 7, 5, 3, 1]);
    assert_eq!(found(named("shop-10")).await, [10]);
    assert_eq!(found(named("shop-99")).await, [0; 0]);
    let narrowed = EventFilter { from: at(4), event_type: any_type, ..named("bank-0") };
    assert_eq!(found(narrowed).await, [9, 7, 5]);
    let newest = read::list(&running.engine, &any(), None, 1).await.unwrap().rows[0].id.to_string();
    assert_eq!(found(named(&newest[..14])).await, [11]);
    assert_eq!(found(EventFilter { to: at(5), ..named("evt_") }).await, [4, 3, 2, 1, 0]);
}

/// More than can overtake one another on their way to the writer.
async fn a_time_among_many_is_found_without_looking_at_all(database: Database) {
    if !database.is_sqlite() {
        return;
    }
    const MANY: i64 = 18_000;
    let start = Timestamp::from_millis(1_800_000_000_000);
    let clock = ManualClock::at(start);
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    for _ in 0..MANY / 100 {
        futures::future::join_all((0..100).map(|number| running.order(number))).await;
        clock.turn(1_000);
    }
    let at = |second: i64| Some(start.plus_millis(second * 1_000));
    let list = async |filter: EventFilter| {
        let page = read::list(&running.engine, &filter, None, 300).await.unwrap();
        let seconds = page.rows.iter().map(|row| row.received_at.millis_since(start) / 1_000);
        (seconds.collect::<Vec<_>>(), page.next)
    };
    let seconds = |range: std::ops::Range<i64>| {
        range.rev().flat_map(|second| [second; 100]).collect::<Vec<_>>()
    };
    let any = EventFilter::default;
    assert_eq!(list(EventFilter { to: at(3), ..any() }).await, (seconds(0..3), None));
    let (old, next) = list(EventFilter { to: at(7), ..any() }).await;
    assert_eq!((old, next.is_some()), (seconds(4..7), true));
    let last = MANY / 100;
    assert_eq!(list(EventFilter { from: at(last - 2), ..any() }).await.0, seconds(last - 2..last));
}

async fn a_change_that_fails_undoes_nothing_else(database: Database) {
    let running = Arc::new(database.start().await);
    let fails = (0..20).map(|_| {
        let running = Arc::clone(&running);
        tokio::spawn(async move {
            let conflict = Change::new(|_| Box::pin(async { Err(StoreError::Conflict) }));
            running.engine.store.writer.change(conflict).await
        })
    });
    let sends = (0..20).map(|number| {
        let running = Arc::clone(&running);
        tokio::spawn(async move { running.order(number).await })
    });
    let (fails, sends): (Vec<_>, Vec<_>) = fails.zip(sends).unzip();
    for failed in fails {
        assert!(matches!(failed.await.unwrap(), Err(StoreError::Conflict)));
    }
    for sent in sends {
        running.get(sent.await.unwrap().id).await;
    }
}

async fn numbers_go_on_after_a_restart(database: Database) {
    let running = database.start().await;
    let first = running.order(1).await.id;
    let seq = running.get(first).await.row.seq;
    running.engine.stop().await;
    drop(running);
    let running = database.start().await;
    let second = running.order(2).await.id;
    assert!(running.get(second).await.row.seq > seq);
    assert!(second > first);
}
