//! A held event stays, whoever wants it gone and by which way, until it is released.

use std::time::Duration;

use engine::bulk::plan::{NewBulk, plan};
use engine::bulk::{Action, Filter, State, manage};
use engine::event::repair::{Repair, RepairError, repair};
use engine::event::{EventFilter, hold, read};
use engine::id::{BulkId, SystemRandom};
use engine::retention::{self, Rule, Settled, going, sweep};
use engine::time::{ManualClock, Timestamp};
use engine::{Environment, audit, stats};

use crate::databases::{Database, Running};
use crate::on_both;

on_both!(
    a_held_event_is_not_deleted_until_it_is_released,
    a_deletion_of_many_leaves_held_events_where_they_are,
    what_was_kept_long_enough_stays_while_it_is_held,
    held_events_are_found_and_say_who_holds_them,
);

async fn a_held_event_is_not_deleted_until_it_is_released(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let id = running.order(1).await.id;
    hold::hold(engine, id, None).await.unwrap();
    let refused = repair(engine, id, Repair::Delete).await;
    assert!(matches!(refused, Err(RepairError::Held)), "{refused:?}");
    assert_eq!(running.get(id).await.payload.as_ref(), r#"{"id":1,"total":120}"#);
    // What else may be done to it may still be done.
    repair(engine, id, Repair::MarkFailed).await.unwrap();
    repair(engine, id, Repair::MarkProcessed).await.unwrap();
    assert!(running.get(id).await.row.held, "it is held through all of that");

    hold::release(engine, id, None).await.unwrap();
    let again = hold::release(engine, id, None).await;
    assert!(matches!(again, Err(RepairError::NotHeld)), "{again:?}");
    repair(engine, id, Repair::Delete).await.unwrap();
    assert!(read::get(engine, id).await.is_err());
    let unknown = hold::hold(engine, id, None).await;
    assert!(matches!(unknown, Err(RepairError::Unknown(_))), "{unknown:?}");
}

async fn finished(running: &Running, id: BulkId) -> engine::bulk::Operation {
    for _ in 0..1_000 {
        let operation = manage::get(&running.engine, id).await.unwrap();
        if operation.state == State::Finished {
            return operation;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} did not finish");
}

async fn a_deletion_of_many_leaves_held_events_where_they_are(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(running.order(number).await.id);
    }
    hold::hold(engine, ids[2], None).await.unwrap();
    let filter = Filter { event_type: Some("order.*".into()), ..Filter::default() };
    let new = NewBulk { action: Action::Delete, filter, note: None, canary: false };
    let planned = plan(engine, &new).await.unwrap();
    assert_eq!((planned.total, planned.held), (4, 1));
    let started = manage::start(engine, new).await.unwrap();
    let ended = finished(&running, started.id).await;
    assert_eq!((ended.succeeded, ended.failed), (4, 0));
    assert!(running.get(ids[2]).await.row.held);
    assert_eq!(stats::current(engine).await.unwrap().processed, 1);

    // Named one by one it is no different.
    let named = Filter { ids: vec![ids[2]], ..Filter::default() };
    let new = NewBulk { action: Action::Delete, filter: named, note: None, canary: false };
    assert_eq!(plan(engine, &new).await.unwrap().total, 0);
    let started = manage::start(engine, new).await.unwrap();
    assert_eq!(finished(&running, started.id).await.succeeded, 0);
    running.get(ids[2]).await;
}

async fn what_was_kept_long_enough_stays_while_it_is_held(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    let engine = &running.engine;
    let (held, other) = (running.order(1).await.id, running.order(2).await.id);
    hold::hold(engine, held, None).await.unwrap();
    clock.turn(3 * 86_400_000);
    let keep = Duration::from_secs(86_400);
    let rule = Rule { status: Settled::Processed, source: None, keep };
    retention::set(engine, rule).await.unwrap();
    assert_eq!(going::due(engine).await.unwrap()[0].going.events, 1);
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert!(read::get(engine, other).await.is_err());
    running.get(held).await;
    hold::release(engine, held, None).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
}

async fn held_events_are_found_and_say_who_holds_them(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let (first, second) = (running.order(1).await.id, running.order(2).await.id);
    audit::within(async {
        audit::enter(audit::Actor::person("ada@example.test"));
        hold::hold(engine, first, Some("asked for by the court".into())).await.unwrap();
    })
    .await;
    let found = running.get(first).await.hold.expect("it is held");
    assert_eq!(
        (found.by.as_str(), found.note.as_deref()),
        ("ada@example.test", Some("asked for by the court"))
    );
    assert_eq!(running.get(second).await.hold, None);
    let of = async |held| {
        let filter = EventFilter { held: Some(held), ..EventFilter::default() };
        let page = read::list(engine, &filter, None, 10).await.unwrap();
        page.rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(of(true).await, [first]);
    assert_eq!(of(false).await, [second]);
    let log = audit::list(&engine.store, &audit::Filter::default(), None, 10).await.unwrap();
    let told = log.iter().find(|entry| entry.action == "event.held").expect("it is in the log");
    assert_eq!(
        (told.object.clone(), told.detail.as_str()),
        (first.to_string(), "asked for by the court")
    );
}
