//! Events go when they have been kept long enough, with all that belongs to them, and nothing else does.

use std::time::Duration;

use engine::event::EventStatus;
use engine::event::hold;
use engine::event::repair::{Repair, repair};
use engine::id::SystemRandom;
use engine::retention::limit::{self, Limit};
use engine::retention::{self, RetentionError, Rule, Settled, sweep};
use engine::time::{ManualClock, Timestamp};
use engine::{Environment, stats};
use serde_json::json;

use crate::databases::Database;
use crate::on_both;

on_both!(
    what_was_kept_long_enough_goes,
    a_source_of_its_own_is_kept_by_its_own_rule,
    more_than_a_batch_goes,
    a_rule_shorter_than_a_day_is_refused,
    beyond_a_limit_the_oldest_go_and_no_more_than_needed,
    what_is_held_counts_and_stays,
    space_is_given_back,
    a_month_takes_no_more_room_than_its_second_day,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

fn rule(status: Settled, source: Option<&str>, days: u32) -> Rule {
    Rule { status, source: source.map(str::to_owned), keep: DAY * days }
}

fn clock() -> (ManualClock, Environment) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    (clock.clone(), Environment::new(clock, SystemRandom))
}

async fn what_was_kept_long_enough_goes(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    let old = running.order(1).await;
    let failed = running.order(2).await;
    repair(engine, failed.id, Repair::MarkFailed).await.unwrap();
    clock.turn(3 * 86_400_000);
    let young = running.order(3).await;
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0, "without a rule nothing goes");

    retention::set(engine, rule(Settled::Processed, None, 2)).await.unwrap();
    let due = sweep::due(engine).await.unwrap();
    assert_eq!((due.len(), due[0].events), (1, 1));
    assert!(due[0].bytes > 0 && due[0].oldest.is_some(), "{due:?}");
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0);
    assert!(engine::event::read::get(engine, old.id).await.is_err());
    assert_eq!(running.get(failed.id).await.row.status, EventStatus::Failed, "has its own rule");
    assert_eq!(running.get(young.id).await.row.status, EventStatus::Processed);
    let counted = stats::current(engine).await.unwrap();
    assert_eq!((counted.processed, counted.failed), (1, 1), "the counters follow");

    retention::set(engine, rule(Settled::Failed, None, 1)).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert_eq!(stats::current(engine).await.unwrap().failed, 0);
}

async fn a_source_of_its_own_is_kept_by_its_own_rule(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    let from = async |source: &str| {
        let event = json!({ "eventType": "a.b", "source": source, "payload": {} });
        running.send(event).await
    };
    let (shop, bank) = (from("shop").await, from("bank").await);
    clock.turn(10 * 86_400_000);
    retention::set(engine, rule(Settled::Processed, None, 2)).await.unwrap();
    retention::set(engine, rule(Settled::Processed, Some("bank"), 30)).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert!(engine::event::read::get(engine, shop.id).await.is_err());
    running.get(bank.id).await;
    retention::remove(engine, Settled::Processed, Some("bank".into())).await.unwrap();
    assert_eq!(retention::list(engine).await.unwrap().len(), 1);
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
}

async fn more_than_a_batch_goes(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    for _ in 0..12 {
        let many = (0..100).map(|id| running.order(id));
        futures::future::join_all(many).await;
    }
    clock.turn(3 * 86_400_000);
    retention::set(engine, rule(Settled::Processed, None, 1)).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1_200);
    assert_eq!(stats::current(engine).await.unwrap().processed, 0);
}

async fn a_rule_shorter_than_a_day_is_refused(database: Database) {
    let engine = database.start().await.engine;
    let short = Rule { keep: DAY / 2, ..rule(Settled::Processed, None, 1) };
    assert!(matches!(retention::set(&engine, short).await, Err(RetentionError::TooShort)));
    let nameless = rule(Settled::Processed, Some(""), 1);
    assert!(matches!(retention::set(&engine, nameless).await, Err(RetentionError::Source)));
    assert!(retention::list(&engine).await.unwrap().is_empty());
}

/// So many events of a hundred thousand bytes each, the oldest first.
async fn heavy(running: &crate::databases::Running, count: i64) -> Vec<engine::id::EventId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let payload = json!({ "number": number, "text": "x".repeat(100_000 - 30) });
        let event = json!({ "eventType": "a.b", "source": "shop", "payload": payload });
        ids.push(running.send(event).await.id);
    }
    ids
}

const LIMIT: u64 = 1 << 20;

async fn beyond_a_limit_the_oldest_go_and_no_more_than_needed(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ids = heavy(&running, 15).await;
    for id in &ids[..3] {
        repair(engine, *id, Repair::MarkFailed).await.unwrap();
    }
    let small = Limit { status: Settled::Processed, max_bytes: 5 };
    assert!(matches!(limit::set(engine, small).await, Err(RetentionError::TooSmall)));
    limit::set(engine, Limit { status: Settled::Processed, max_bytes: LIMIT }).await.unwrap();
    let standing = limit::list(engine).await.unwrap();
    assert_eq!((standing.len(), standing[0].events), (1, 12));
    assert!((1_190_000..1_201_000).contains(&standing[0].bytes), "{standing:?}");

    assert_eq!(sweep::sweep(engine).await.unwrap(), 2, "ten of a hundred thousand bytes fit");
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0);
    for id in &ids[..3] {
        assert_eq!(running.get(*id).await.row.status, EventStatus::Failed, "has its own limit");
    }
    for id in &ids[3..5] {
        assert!(engine::event::read::get(engine, *id).await.is_err(), "the oldest are gone");
    }
    running.get(ids[5]).await;
    assert!(limit::list(engine).await.unwrap()[0].bytes <= LIMIT);

    repair(engine, ids[5], Repair::MarkFailed).await.unwrap();
    let before = limit::list(engine).await.unwrap()[0].bytes;
    assert!(before < 910_000, "what is failed is not counted as processed: {before}");
    limit::remove(engine, Settled::Processed).await.unwrap();
    assert!(limit::list(engine).await.unwrap().is_empty());
}

async fn what_is_held_counts_and_stays(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ids = heavy(&running, 12).await;
    for id in &ids {
        hold::hold(engine, *id, None).await.unwrap();
    }
    limit::set(engine, Limit { status: Settled::Processed, max_bytes: LIMIT }).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0);
    hold::release(engine, ids[7], None).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert!(engine::event::read::get(engine, ids[7]).await.is_err());
    running.get(ids[0]).await;
}

async fn space_is_given_back(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let Some(begun) = engine.store.space().await.unwrap() else {
        assert_eq!(engine.store.shrink().await.unwrap(), 0, "Postgres does it by itself");
        return;
    };
    assert!(begun.gives_back, "a new database keeps account: {begun:?}");
    heavy(&running, 120).await;
    let full = engine.store.space().await.unwrap().unwrap();
    assert!(full.bytes > 12_000_000, "{full:?}");
    limit::set(engine, Limit { status: Settled::Processed, max_bytes: LIMIT }).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 110);
    let given = engine.store.shrink().await.unwrap();
    assert!(given > 1_000, "{given} pages");
    let after = engine.store.space().await.unwrap().unwrap();
    assert!(after.bytes < full.bytes / 2 && after.free_bytes <= 4 << 20, "{after:?} of {full:?}");
    assert_eq!(engine.store.shrink().await.unwrap(), 0, "a spare stays");
    // The file itself follows with the next copy of the log.
    let shrunk = async || {
        for _ in 0..500 {
            let size = engine::store::health::size(&engine.store).await.unwrap();
            if size.database <= after.bytes {
                return true;
            }
            running.order(1).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    };
    assert!(shrunk().await, "{:?}", engine::store::health::size(&engine.store).await.unwrap());
}

/// Trial 26: a day's events come and the day before yesterday's go, again and again.
async fn a_month_takes_no_more_room_than_its_second_day(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    retention::set(engine, rule(Settled::Processed, None, 1)).await.unwrap();
    let text = "x".repeat(8_000);
    let mut room = Vec::new();
    for day in 0..30 {
        for hour in 0..24 {
            let event = |number: i64| {
                let payload = json!({ "day": day, "hour": hour, "number": number, "text": text });
                json!({ "eventType": "a.b", "source": "shop", "payload": payload })
            };
            futures::future::join_all((0..20).map(|number| running.send(event(number)))).await;
            clock.turn(3_600_000);
        }
        sweep::sweep(engine).await.unwrap();
        engine.store.shrink().await.unwrap();
        let kept = stats::current(engine).await.unwrap().processed;
        assert_eq!(kept, 480, "day {day}");
        let space = engine.store.space().await.unwrap();
        room.push(space.map(|space| space.bytes - space.free_bytes));
    }
    // Postgres frees what was removed when it sees fit.
    if let (Some(second), Some(last)) = (room[2], room[29]) {
        assert!(last.abs_diff(second) * 20 <= second, "{second} bytes after two days, then {last}");
    }
}
