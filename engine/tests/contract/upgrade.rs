//! A database of any earlier version is brought up to date with all that is in it, wherever that is
//! interrupted.

use std::collections::BTreeSet;

use engine::event::{EventFilter, EventStatus, read};
use engine::id::EventId;
use engine::retention::Settled;
use engine::retention::limit::{self, Limit};
use engine::stats;
use engine::store::{OpenError, open};
use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use crate::databases::Database;
use crate::on_both;

on_both!(
    every_earlier_version_is_brought_up_to_date_with_its_data,
    a_migration_that_is_interrupted_leaves_nothing_behind,
    a_look_changes_nothing_and_a_command_migrates_only_what_nobody_uses,
);

/// What the first version wrote: an event that went well, one that failed with its run and journal, and a
/// third that is under way. Later versions have added to these tables, never taken away.
const OLD: [&str; 9] = [
    "INSERT INTO events (seq, id, event_id, event_type, source, status, received_at, processed_at,
        payload_preview, payload_bytes, runs_open, runs_failed, attempts)
     VALUES (1, 'evt_01m89b91gf7xshtq86zvdyj2ja', 'one', 'order.created', 'shop', 'processed', 1000,
        1000, '{}', 10, 0, 0, 0)",
    "INSERT INTO event_bodies (seq, payload, headers) VALUES (1, '{ \"old\": 1 }', '[]')",
    "INSERT INTO events (seq, id, event_id, event_type, source, status, received_at, processed_at,
        payload_preview, payload_bytes, runs_open, runs_failed, attempts)
     VALUES (2, 'evt_01m89b91gf7xshtq86zvdyj2jb', 'two', 'order.created', 'shop', 'failed', 2000,
        3000, '{}', 20, 0, 1, 1)",
    "INSERT INTO event_bodies (seq, payload, headers) VALUES (2, '{}', '[]')",
    "INSERT INTO runs (id, event_seq, workflow_id, workflow_name, workflow_version, trigger_index,
        status, state, attempts, created_at)
     VALUES ('run_01m89b91gf7xshtq86zvdyj2jc', 2, 'wfl_01m89b91gf7xshtq86zvdyj2jd', 'Old', 1, 0,
        'failed', '{}', 1, 2000)",
    "INSERT INTO step_attempts (run_id, number, step, attempt, status, started_at, duration_ms, error)
     VALUES ('run_01m89b91gf7xshtq86zvdyj2jc', 1, 'call', 1, 'failed', 2000, 5, 'refused')",
    "UPDATE status_counts SET count = 1 WHERE status IN ('processed', 'failed')",
    "INSERT INTO users (id, email, role, password_hash, created_at)
     VALUES ('usr_01m89b91gf7xshtq86zvdyj2je', 'old@example.test', 'owner', 'x', 1)",
    "INSERT INTO event_rollups (minute, event_type, source, accepted, processed, failed)
     VALUES (0, 'order.created', 'shop', 2, 1, 1)",
];

fn levels() -> u32 {
    Migrator::migrations().len() as u32
}

/// A database of the version that had so many migrations, with what it had written.
async fn of_level(database: &Database, level: u32) -> DatabaseConnection {
    let connection = database.connect().await;
    Migrator::up(&connection, Some(level)).await.unwrap();
    for sql in OLD {
        connection.execute_unprepared(sql).await.unwrap();
    }
    let applied = &Migrator::migrations()[..level as usize];
    if applied.iter().any(|it| it.name() == "m0014_erasure") {
        let bytes = "UPDATE status_counts SET bytes = CASE status WHEN 'failed' THEN 20 ELSE 10 END
            WHERE count = 1";
        connection.execute_unprepared(bytes).await.unwrap();
    }
    if connection.get_database_backend() == DbBackend::Postgres {
        connection.execute_unprepared("SELECT setval('events_seq', 2)").await.unwrap();
    }
    connection
}

async fn every_earlier_version_is_brought_up_to_date_with_its_data(database: Database) {
    for level in 1..levels() {
        let database = database.another().await;
        of_level(&database, level).await.close().await.unwrap();
        let running = database.start().await;
        let engine = &running.engine;
        let one: EventId = "evt_01m89b91gf7xshtq86zvdyj2ja".parse().unwrap();
        let whole = running.get(one).await;
        assert_eq!(&*whole.payload, r#"{ "old": 1 }"#, "level {level}: as it was sent");
        let two = running.get("evt_01m89b91gf7xshtq86zvdyj2jb".parse().unwrap()).await;
        assert_eq!(two.row.status, EventStatus::Failed, "level {level}");
        assert_eq!(two.runs[0].attempts[0].error.as_deref(), Some("refused"), "level {level}");
        let counted = stats::current(engine).await.unwrap();
        assert_eq!((counted.processed, counted.failed), (1, 1), "level {level}");
        // What is new works on what is old.
        for source in [None, Some("shop".to_owned())] {
            let limit = Limit { status: Settled::Failed, source, max_bytes: 1 << 20 };
            limit::set(engine, limit).await.unwrap();
        }
        let standing = limit::list(engine).await.unwrap();
        assert!(standing.iter().all(|it| it.bytes == 20), "level {level}: {standing:?}");
        let new = running.order(3).await.id;
        running.reaches(new, EventStatus::Processed).await;
        let all = read::list(engine, &EventFilter::default(), None, 10).await.unwrap();
        assert_eq!(all.rows.len(), 3, "level {level}");
        engine.stop().await;
        drop(running);
        // A second start finds nothing to do.
        database.start().await.engine.stop().await;
    }
}

/// The tables, and the indexes.
async fn objects(connection: &DatabaseConnection) -> BTreeSet<String> {
    let backend = connection.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'i')"
        }
        _ => "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'",
    };
    let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
}

async fn a_migration_that_is_interrupted_leaves_nothing_behind(database: Database) {
    for level in 2..=levels() {
        let (first, second) = (database.another().await, database.another().await);
        let whole = first.connect().await;
        Migrator::up(&whole, Some(level - 1)).await.unwrap();
        let before = objects(&whole).await;
        Migrator::up(&whole, Some(1)).await.unwrap();
        let after = objects(&whole).await;

        let broken = of_level(&second, level - 1).await;
        // Something is in the way of each thing that it makes: it fails there, as if it were killed.
        // Postgres finds other names for the indexes that come with constraints.
        let named = |made: &&String| !made.ends_with("_pkey") && !made.ends_with("_key");
        for made in after.difference(&before).filter(named) {
            let block = format!("CREATE TABLE {made} (blocks BIGINT)");
            broken.execute_unprepared(&block).await.unwrap();
            let failed = Migrator::up(&broken, Some(1)).await;
            assert!(failed.is_err(), "level {level}: {made} was not in the way");
            broken.execute_unprepared(&format!("DROP TABLE {made}")).await.unwrap();
            assert_eq!(objects(&broken).await, before, "level {level}, before {made}");
        }
        Migrator::up(&broken, None).await.unwrap();
        assert!(objects(&broken).await.is_superset(&after), "level {level}");
        let sql = "SELECT COUNT(*) FROM events";
        let count = Statement::from_string(broken.get_database_backend(), sql);
        let count = broken.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(count.try_get_by_index::<i64>(0).unwrap(), 2, "level {level}");
        whole.close().await.unwrap();
        broken.close().await.unwrap();
    }
}

async fn a_look_changes_nothing_and_a_command_migrates_only_what_nobody_uses(database: Database) {
    let database = database.another().await;
    let location = database.location.clone();
    of_level(&database, levels() - 2).await.close().await.unwrap();
    let pending = async || {
        let look = open::look(&location).await.unwrap();
        (look.pending, look.is_new)
    };
    assert_eq!(pending().await, (2, false));
    let environment = engine::Environment::system();
    // Nobody knows who uses a Postgres.
    if !database.is_sqlite() {
        let refused = engine::open_for_tool(&location, &environment).await.map(drop);
        assert!(matches!(refused, Err(OpenError::Pending(2))), "{refused:?}");
    }
    assert_eq!(pending().await, (2, false));
    let told = std::cell::RefCell::new(Vec::new());
    let tell = |done, all| told.borrow_mut().push((done, all));
    assert_eq!(open::bring_up_to_date(&location, tell).await.unwrap(), 2);
    assert_eq!(*told.borrow(), [(0, 2), (1, 2), (2, 2)]);
    engine::open_for_tool(&location, &environment).await.unwrap();
    assert_eq!(pending().await, (0, false));
}
