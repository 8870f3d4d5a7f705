//! An upgrade that is killed goes on where it was at the next start, and none begins by accident.

use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};

use crate::start::setup;

/// How many events the old version has left.
const EVENTS: i64 = 2_000;

#[tokio::test]
async fn an_upgrade_that_is_killed_again_and_again_ends_well() {
    let setup = setup();
    for level in 1..Migrator::migrations().len() as u32 {
        let data = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", data.path().join("sluice.db").display());
        let database = Database::connect(&url).await.unwrap();
        Migrator::up(&database, Some(level)).await.unwrap();
        let fill = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {EVENTS})
             INSERT INTO events (seq, id, event_id, event_type, source, status, received_at,
                processed_at, payload_preview, payload_bytes, runs_open, runs_failed, attempts)
             SELECT i, printf('evt_%026d', i), i, 'order.created', 'shop', 'processed', i, i, '1', 1,
                0, 0, 0 FROM n"
        );
        database.execute_unprepared(&fill).await.unwrap();
        let counted =
            format!("UPDATE status_counts SET count = {EVENTS} WHERE status = 'processed'");
        database.execute_unprepared(&counted).await.unwrap();
        database.close().await.unwrap();

        // Wherever each of them is by then.
        for millis in [1, 2, 4, 7, 11, 16, 22, 30] {
            let mut upgrade = setup.command(data.path(), &["migrate"]).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(millis)).await;
            upgrade.kill().await.unwrap();
        }
        let ended = setup.command(data.path(), &["migrate"]).output().await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(0), "level {level}: {said}");

        let database = Database::connect(&url).await.unwrap();
        let one = async |sql: &str| {
            let statement = Statement::from_string(database.get_database_backend(), sql);
            database.query_one_raw(statement).await.unwrap().unwrap()
        };
        let count = one("SELECT COUNT(*) FROM events WHERE NOT held").await;
        assert_eq!(count.try_get_by_index::<i64>(0).unwrap(), EVENTS, "level {level}");
        let whole = one("PRAGMA integrity_check").await;
        assert_eq!(whole.try_get_by_index::<String>(0).unwrap(), "ok", "level {level}");
        let applied = one("SELECT COUNT(*) FROM seaql_migrations").await;
        let applied = applied.try_get_by_index::<i64>(0).unwrap();
        assert_eq!(applied, Migrator::migrations().len() as i64, "level {level}");
        database.close().await.unwrap();
    }
}

#[tokio::test]
async fn commands_leave_what_an_older_server_serves_as_it_is() {
    let levels = Migrator::migrations().len() as i64;
    let data = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", data.path().join("sluice.db").display());
    let database = Database::connect(&url).await.unwrap();
    Migrator::up(&database, Some(levels as u32 - 1)).await.unwrap();
    let applied = async || {
        let sql = "SELECT COUNT(*) FROM seaql_migrations";
        let statement = Statement::from_string(database.get_database_backend(), sql);
        let row = database.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap()
    };
    // As the server that serves it does.
    let lock = std::fs::File::create(data.path().join("sluice.lock")).unwrap();
    lock.lock().unwrap();
    let run = async |arguments: &[&str]| {
        let output = setup().command(data.path(), arguments).output().await.unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    };
    for command in [&["keys", "list"][..], &["migrate"]] {
        let (code, said) = run(command).await;
        assert_eq!((code, said.lines().count()), (1, 1), "{command:?}: {said}");
        assert!(said.contains("1 migration is pending"), "{said}");
    }
    let (code, said) = run(&["doctor", "--json"]).await;
    let seen: Value = serde_json::from_str(&said).unwrap();
    let mut checks = seen["checks"].as_array().unwrap().iter();
    let found = checks.find(|check| check["check"] == "migrations").unwrap();
    assert_eq!((code, &found["verdict"]), (0, &json!("warning")), "{said}");
    let copy = data.path().join("copy.db").display().to_string();
    let (code, said) = run(&["backup", &copy, "--json"]).await;
    let made: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &made["pendingMigrations"]), (0, &json!(1)), "{said}");
    assert_eq!(applied().await, levels - 1);

    drop(lock);
    assert_eq!(run(&["keys", "list"]).await.0, 0);
    assert_eq!(applied().await, levels);
}

#[tokio::test]
async fn the_doctor_makes_nothing() {
    let data = tempfile::tempdir().unwrap();
    for folder in [data.path().to_owned(), data.path().join("none")] {
        let output = setup().command(&folder, &["doctor", "--json"]).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}");
        assert!(said.contains("there is none yet"), "{said}");
    }
    assert!(std::fs::read_dir(data.path()).unwrap().next().is_none());
}
