//! Events go when they have been kept long enough, with all that belongs to them, and nothing else does.

use std::time::Duration;

use engine::event::EventStatus;
use engine::event::hold;
use engine::event::repair::{Repair, repair};
use engine::id::{EventId, SystemRandom};
use engine::retention::forget::{AUDIT_KEPT, FIGURES_KEPT, forget};
use engine::retention::limit::{self, Limit};
use engine::retention::{self, RetentionError, Rule, Settled, going, sweep};
use engine::store::Change;
use engine::time::{ManualClock, Timestamp};
use engine::{Environment, audit, stats};
use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;

on_both!(
    what_was_kept_long_enough_goes,
    a_source_of_its_own_is_kept_by_its_own_rule,
    more_than_a_batch_goes,
    a_rule_shorter_than_a_day_is_refused,
    beyond_a_limit_the_oldest_go_and_no_more_than_needed,
    what_is_held_counts_and_stays,
    space_is_given_back,
    a_rule_says_what_it_would_take_before_it_is_in_force,
    a_limit_says_what_it_would_take_before_it_is_in_force,
    a_source_has_a_limit_of_its_own,
    a_limit_of_a_source_keeps_count_of_what_comes_and_goes,
    figures_and_the_audit_log_are_kept_for_their_time,
    two_months_take_no_more_room_than_what_is_kept,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

fn rule(status: Settled, source: Option<&str>, days: u32) -> Rule {
    Rule { status, source: source.map(str::to_owned), keep: DAY * days }
}

fn limit(source: Option<&str>, max_bytes: u64) -> Limit {
    Limit { status: Settled::Processed, source: source.map(str::to_owned), max_bytes }
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
    let due = going::due(engine).await.unwrap();
    assert_eq!((due.len(), due[0].going.events), (1, 1));
    assert!(due[0].going.bytes > 0 && due[0].going.oldest.is_some(), "{due:?}");
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
async fn heavy(running: &Running, count: i64) -> Vec<EventId> {
    heavy_of(running, "shop", count).await
}

async fn heavy_of(running: &Running, source: &str, count: i64) -> Vec<EventId> {
    let mut ids = Vec::new();
    for number in 0..count {
        let payload = json!({ "number": number, "text": "x".repeat(100_000 - 30) });
        let event = json!({ "eventType": "a.b", "source": source, "payload": payload });
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
    let small = limit(None, 5);
    assert!(matches!(limit::set(engine, small).await, Err(RetentionError::TooSmall)));
    limit::set(engine, limit(None, LIMIT)).await.unwrap();
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
    limit::remove(engine, Settled::Processed, None).await.unwrap();
    assert!(limit::list(engine).await.unwrap().is_empty());
}

async fn what_is_held_counts_and_stays(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ids = heavy(&running, 12).await;
    for id in &ids {
        hold::hold(engine, *id, None).await.unwrap();
    }
    limit::set(engine, limit(None, LIMIT)).await.unwrap();
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
    limit::set(engine, limit(None, LIMIT)).await.unwrap();
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

async fn a_rule_says_what_it_would_take_before_it_is_in_force(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    let of = async |source: &str| {
        let event = json!({ "eventType": "a.b", "source": source, "payload": { "n": 1 } });
        running.send(event).await
    };
    let oldest = of("shop").await;
    clock.turn(3 * 86_400_000);
    of("bank").await;
    clock.turn(3 * 86_400_000);
    of("shop").await;
    let every = rule(Settled::Processed, None, 1);
    let going = going::plan(engine, &every).await.unwrap();
    assert_eq!((going.events, going.bytes), (2, 14), "a day, for every source");
    let received = running.get(oldest.id).await.row.received_at;
    assert_eq!(going.oldest, Some(received));
    let going_of = async |rule: Rule| going::plan(engine, &rule).await.unwrap().events;
    assert_eq!(going_of(rule(Settled::Processed, None, 5)).await, 1);
    assert_eq!(going_of(rule(Settled::Processed, Some("bank"), 1)).await, 1);
    assert_eq!(going_of(rule(Settled::Processed, Some("bank"), 100)).await, 0);
    assert_eq!(going_of(rule(Settled::Failed, None, 1)).await, 0);
    assert!(retention::list(engine).await.unwrap().is_empty(), "nothing is in force");
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0);

    retention::set(engine, rule(Settled::Processed, Some("bank"), 100)).await.unwrap();
    assert_eq!(going_of(every.clone()).await, 1, "a source with a rule of its own keeps it");
    retention::set(engine, rule(Settled::Processed, None, 100)).await.unwrap();
    assert_eq!(going_of(every.clone()).await, 1, "in place of the one in force");
    let short = Rule { keep: DAY / 2, ..every };
    assert!(matches!(going::plan(engine, &short).await, Err(RetentionError::TooShort)));
}

async fn a_limit_says_what_it_would_take_before_it_is_in_force(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ids = heavy(&running, 13).await;
    heavy_of(&running, "bank", 1).await;
    hold::hold(engine, ids[0], None).await.unwrap();
    let going = going::plan_limit(engine, &limit(None, LIMIT)).await.unwrap();
    assert_eq!(going.events, 4, "ten of fourteen fit, the held one among them");
    assert!((390_000..401_000).contains(&going.bytes), "{going:?}");
    assert_eq!(going.oldest, Some(running.get(ids[1]).await.row.received_at));
    let going_of = async |limit| going::plan_limit(engine, &limit).await.unwrap().events;
    assert_eq!(going_of(limit(Some("shop"), LIMIT)).await, 3);
    assert_eq!(going_of(limit(Some("bank"), LIMIT)).await, 0);
    assert_eq!(going_of(limit(None, 2 * LIMIT)).await, 0);
    assert!(limit::list(engine).await.unwrap().is_empty(), "nothing is in force");
    let small = going::plan_limit(engine, &limit(None, 5)).await;
    assert!(matches!(small, Err(RetentionError::TooSmall)));

    limit::set(engine, limit(None, LIMIT)).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 4, "as many go as was said");
}

async fn a_source_has_a_limit_of_its_own(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let bank = heavy_of(&running, "bank", 12).await;
    let shop = heavy_of(&running, "shop", 12).await;
    let nameless = limit::set(engine, limit(Some(""), LIMIT)).await;
    assert!(matches!(nameless, Err(RetentionError::Source)));
    limit::set(engine, limit(Some("shop"), LIMIT)).await.unwrap();
    let standing = limit::list(engine).await.unwrap();
    assert_eq!(standing.len(), 1);
    assert_eq!((standing[0].limit.source.as_deref(), standing[0].events), (Some("shop"), 12));
    assert_eq!(sweep::sweep(engine).await.unwrap(), 2);
    assert!(engine::event::read::get(engine, shop[1]).await.is_err(), "the oldest are gone");
    running.get(shop[2]).await;
    running.get(bank[0]).await;

    // All together have one besides, which counts every source.
    limit::set(engine, limit(None, 2 * LIMIT)).await.unwrap();
    let standing = limit::list(engine).await.unwrap();
    let sources: Vec<_> = standing.iter().map(|it| it.limit.source.as_deref()).collect();
    assert_eq!(sources, [None, Some("shop")]);
    assert_eq!(standing.iter().map(|it| it.events).collect::<Vec<_>>(), [22, 10]);
    assert_eq!(sweep::sweep(engine).await.unwrap(), 2);
    assert!(engine::event::read::get(engine, bank[1]).await.is_err());
    running.get(shop[2]).await;

    limit::remove(engine, Settled::Processed, None).await.unwrap();
    assert_eq!(limit::list(engine).await.unwrap().len(), 1);
    limit::remove(engine, Settled::Processed, Some("shop".into())).await.unwrap();
    assert!(limit::list(engine).await.unwrap().is_empty());
}

async fn a_limit_of_a_source_keeps_count_of_what_comes_and_goes(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ids = heavy(&running, 3).await;
    limit::set(engine, limit(Some("shop"), LIMIT)).await.unwrap();
    let failed = Limit { status: Settled::Failed, ..limit(Some("shop"), LIMIT) };
    limit::set(engine, failed).await.unwrap();
    let counts = async |running: &Running| {
        let standing = limit::list(&running.engine).await.unwrap();
        standing.iter().map(|it| (it.events, it.bytes / 99_000)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&running).await, [(3, 3), (0, 0)]);
    let more = heavy(&running, 2).await;
    heavy_of(&running, "bank", 1).await;
    assert_eq!(counts(&running).await, [(5, 5), (0, 0)], "what comes");
    repair(engine, ids[0], Repair::MarkFailed).await.unwrap();
    assert_eq!(counts(&running).await, [(4, 4), (1, 1)], "what changes");
    repair(engine, more[0], Repair::Delete).await.unwrap();
    assert_eq!(counts(&running).await, [(3, 3), (1, 1)], "what goes");
    // The sweep counts anew, and finds the same.
    assert_eq!(sweep::sweep(engine).await.unwrap(), 0);
    assert_eq!(counts(&running).await, [(3, 3), (1, 1)]);
    // Another process goes on counting.
    engine.stop().await;
    drop(running);
    let running = database.start().await;
    heavy(&running, 1).await;
    assert_eq!(counts(&running).await, [(4, 4), (1, 1)]);
}

async fn rows(database: &Database, table: &str) -> i64 {
    let connection = database.connect().await;
    let sql = format!("SELECT COUNT(*) FROM {table}");
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn figures_and_the_audit_log_are_kept_for_their_time(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    let tables = ["event_rollups", "latency_rollups", "run_rollups", "type_latencies"];
    let now = engine.now().minute();
    let kept = now - i64::try_from(FIGURES_KEPT.as_secs() / 60).unwrap();
    // More than go at once, and what has to stay.
    let minutes: Vec<i64> =
        (1..=1_200).map(|older| kept - 10 - older).chain([kept, now - 1]).collect();
    let fill = Change::new(move |transaction| {
        let minutes = minutes.clone();
        Box::pin(async move {
            for minute in minutes {
                for sql in [
                    format!(
                        "INSERT INTO event_rollups (minute, event_type, source, accepted, processed,
                            failed) VALUES ({minute}, 'a.b', 's{minute}', 1, 1, 0)"
                    ),
                    format!("INSERT INTO latency_rollups VALUES ({minute}, 3, 1)"),
                    format!("INSERT INTO run_rollups VALUES ({minute}, 'wfl', 3, 1, 0)"),
                    format!(
                        "INSERT INTO type_latencies VALUES ({}, 't{minute}', 3, 1)",
                        minute / 60
                    ),
                ] {
                    transaction.execute_unprepared(&sql).await?;
                }
            }
            Ok(())
        })
    });
    engine.store.writer.change(fill).await.unwrap();
    forget(engine).await.unwrap();
    for table in &tables[..3] {
        assert_eq!(rows(&database, table).await, 2, "{table}");
    }
    // An hour is kept as long as one of its minutes is.
    assert!((2..=62).contains(&rows(&database, tables[3]).await));
    assert_eq!(forget(engine).await.unwrap(), 0);

    let done = async |what: &str| {
        audit::within(async {
            audit::enter(audit::Actor::person("ada@example.test"));
            audit::record(&engine.store, audit::Note::new("test.done", what)).await.unwrap();
        })
        .await;
    };
    for number in 0..510 {
        done(&format!("old {number}")).await;
    }
    clock.turn(i64::try_from(AUDIT_KEPT.as_millis()).unwrap() + 3_600_000);
    done("new").await;
    forget(engine).await.unwrap();
    let left = audit::list(&engine.store, &audit::Filter::default(), None, 10).await.unwrap();
    let left: Vec<_> = left.into_iter().map(|entry| entry.object).collect();
    assert_eq!(left, ["new"]);
}

/// Trial 26: day after day events come, of several sources and spread over the day, and what has been kept
/// long enough goes, counters of minutes too.
async fn two_months_take_no_more_room_than_what_is_kept(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let engine = &running.engine;
    retention::set(engine, rule(Settled::Processed, None, 1)).await.unwrap();
    let text = "x".repeat(8_000);
    let mut room = Vec::new();
    let mut figures = Vec::new();
    for day in 0..66 {
        for part in 0..12 {
            let event = |number: i64| {
                let payload = json!({ "day": day, "part": part, "number": number, "text": text });
                let source = format!("shop {}", number % 10);
                json!({ "eventType": "a.b", "source": source, "payload": payload })
            };
            futures::future::join_all((0..20).map(|number| running.send(event(number)))).await;
            clock.turn(2 * 3_600_000);
        }
        sweep::sweep(engine).await.unwrap();
        forget(engine).await.unwrap();
        engine.store.shrink().await.unwrap();
        let kept = stats::current(engine).await.unwrap().processed;
        assert_eq!(kept, 240, "day {day}");
        let space = engine.store.space().await.unwrap();
        room.push(space.map(|space| space.bytes - space.free_bytes));
        if [1, 34, 65].contains(&day) {
            figures.push(rows(&database, "event_rollups").await);
        }
    }
    assert_eq!(figures[0], 240, "ten sources, twelve times a day");
    assert_eq!(figures[1], figures[2], "no more than of what is kept");
    // Postgres frees what was removed when it sees fit.
    if let (Some(first), Some(last)) = (room[34], room[65]) {
        assert!(last.abs_diff(first) * 20 <= first, "{first} bytes after 34 days, then {last}");
    }
}
