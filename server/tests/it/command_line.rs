//! Commands beside a running server: events, dead letters, sources.

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::start::{ONCE, notify, sluice};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn events_are_listed_shown_as_they_came_and_replayed() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let body = r#"{"eventType":"order.paid","source":"shop","payload":{ "total": 1.50 }}"#;
    let post = Request::post("/api/webhooks/ingest").key(&key);
    let post = post.header("content-type", "application/json").bytes(body);
    let id = sluice.call(post).await.unwrap().json().unwrap()["id"].as_str().unwrap().to_owned();
    sluice.accept(&order(1), &key).await.unwrap();

    let listed = run(&["events", "list", "--type", "order.paid", "--json"]).await;
    assert_eq!(parsed(&listed)["items"].as_array().unwrap().len(), 1, "{listed}");
    assert!(run(&["events", "list", "--status", "processed"]).await.contains(&id));
    let shown = run(&["events", "get", &id, "--json"]).await;
    assert!(shown.contains(r#"{ "total": 1.50 }"#), "{shown}");
    let again = parsed(&run(&["events", "replay", &id, "--json"]).await);
    assert_eq!(again["replayOf"], json!(id), "{again}");

    let unknown = sluice.run(&["events", "get", "evt_none"], Some(&key)).await.unwrap();
    assert_eq!(unknown.status.code(), Some(1));
    let wrong = sluice.run(&["events", "replay"], Some(&key)).await.unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test]
async fn dead_letters_are_retried_resolved_and_deleted() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    sink.answer(500);
    let mut failed = Vec::new();
    for number in 1..=3 {
        let id = sluice.accept(&order(number), &key).await.unwrap();
        assert_eq!(sluice.settled(&id, &key).await.unwrap()["status"], "failed");
        failed.push(id);
    }
    sink.answer(200);
    assert!(run(&["dlq", "list"]).await.contains(&failed[0]));
    run(&["dlq", "retry", &failed[0]]).await;
    let retried = sluice.settled(&failed[0], &key).await.unwrap();
    assert_eq!((&retried["status"], &retried["error"]), (&json!("processed"), &Value::Null));
    run(&["dlq", "resolve", &failed[1]]).await;
    run(&["dlq", "delete", &failed[2], "--json"]).await;
    assert_eq!(parsed(&run(&["dlq", "list", "--json"]).await)["items"], json!([]));
}

#[tokio::test]
async fn what_is_kept_is_said_and_listed() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| {
        let arguments = [&["retention"], arguments, &["--json"]].concat();
        parsed(&sluice.command(&arguments, Some(&key)).await.unwrap())
    };
    sluice.accept(&order(1), &key).await.unwrap();
    let kept = |list: &Value| -> Vec<(Value, Value, Value)> {
        let rules = list["rules"].as_array().unwrap().iter();
        rules.map(|it| (it["status"].clone(), it["source"].clone(), it["keep"].clone())).collect()
    };
    let before = kept(&run(&["list"]).await);
    let rule = (json!("failed"), json!("shop & co"), json!("45d"));
    let after = run(&["keep", "failed", "45d", "--source", "shop & co"]).await;
    assert!(kept(&after).contains(&rule), "{after}");
    assert_eq!(kept(&run(&["keep-forever", "failed", "--source", "shop & co"]).await), before);

    let plan = run(&["keep", "processed", "1d", "--dry-run"]).await;
    assert_eq!(plan, json!({ "dryRun": true, "events": 0, "bytes": 0, "oldest": null }));
    let plan = run(&["limit", "processed", "1MiB", "--source", "shop", "--dry-run"]).await;
    assert_eq!((&plan["dryRun"], &plan["events"]), (&json!(true), &json!(0)));
    let told = ["retention", "keep", "processed", "1d", "--dry-run"];
    let told = sluice.command(&told, Some(&key)).await.unwrap();
    assert!(told.contains("0 events") && told.contains("nothing was changed"), "{told}");
    let unchanged = run(&["list"]).await;
    assert_eq!((kept(&unchanged), &unchanged["limits"]), (before, &json!([])));

    let limited = run(&["limit", "processed", "20GiB"]).await;
    let limit = &limited["limits"][0];
    assert_eq!((&limit["status"], &limit["max"]), (&json!("processed"), &json!("20GiB")));
    assert_eq!(limit["events"], json!(1), "{limited}");
    let shown = sluice.command(&["retention", "list"], Some(&key)).await.unwrap();
    assert!(shown.contains("20GiB") && shown.contains("all together"), "{shown}");
    let limited = run(&["limit", "processed", "2GiB", "--source", "shop"]).await;
    let limit = &limited["limits"][1];
    assert_eq!((&limit["source"], &limit["max"]), (&json!("shop"), &json!("2GiB")), "{limited}");
    assert_eq!(limit["events"], json!(1), "{limited}");
    let left = run(&["unlimit", "processed"]).await;
    assert_eq!(left["limits"].as_array().map(Vec::len), Some(1), "{left}");
    let left = run(&["unlimit", "processed", "--source", "shop"]).await;
    assert_eq!(left["limits"], json!([]));

    for wrong in [
        ["keep", "failed", "1h"],
        ["limit", "failed", "5 apples"],
        ["keep", "open", "9d"],
        ["limit", "failed", "5KiB"],
    ] {
        let arguments = [&["retention"], &wrong[..]].concat();
        let refused = sluice.run(&arguments, Some(&key)).await.unwrap();
        assert_eq!(refused.status.code(), Some(1), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_source_is_made_listed_and_removed_and_only_then_unknown() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.run(arguments, None).await.unwrap();
    let create = ["sources", "create", "--name", "hub", "--kind", "github", "--secret", "s3cret"];
    let deliver = async || {
        let delivery = Request::post("/api/webhooks/hub").json(&json!({}));
        sluice.call(delivery).await.unwrap()
    };
    assert_eq!(deliver().await.status, 404);
    assert_eq!(run(&create).await.status.code(), Some(0));
    assert_eq!(run(&create).await.status.code(), Some(1), "a name is taken once");
    let unsigned = deliver().await;
    assert_eq!(unsigned.status, 401, "{}", unsigned.text());
    assert_eq!(unsigned.json().unwrap()["code"], "invalid_signature");
    let listed = sluice.get("/api/v1/sources", &key).await.unwrap();
    assert_eq!(listed["items"][0]["path"], "/api/webhooks/hub", "{listed}");
    assert!(!listed.to_string().contains("s3cret"), "{listed}");
    for (name, kind) in [("ingest", "hmac"), ("Hub", "hmac"), ("hub2", "svn")] {
        let refused =
            run(&["sources", "create", "--name", name, "--kind", kind, "--secret", "x"]).await;
        assert!(!refused.status.success(), "{name} {kind}");
    }
    assert_eq!(run(&["sources", "delete", "hub"]).await.status.code(), Some(0));
    // A running server knows within seconds.
    for _ in 0..100 {
        if deliver().await.status == 404 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("a deleted source still takes deliveries after ten seconds");
}

#[tokio::test]
async fn the_doctor_says_what_is_well_and_what_to_do_where_it_is_not() {
    let (mut sluice, key) = sluice().await;
    sluice.accept(&order(1), &key).await.unwrap();
    let seen = parsed(&sluice.command(&["doctor", "--json"], None).await.unwrap());
    let check = |seen: &Value, name: &str| {
        let checks = seen["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {seen}")).clone()
    };
    for name in ["data folder", "database", "clock", "keys", "people", "secret key"] {
        assert_eq!(check(&seen, name)["verdict"], "ok", "{seen}");
    }
    let limits = check(&seen, "limits");
    assert_eq!(limits["verdict"], "warning", "trials run without a limit: {limits}");
    let says = limits["says"].as_str().unwrap();
    assert!(says.contains("bodies up to 1048576 bytes"), "{limits}");
    assert!(says.contains("remembered for 1 d"), "{limits}");

    sluice.terminate(std::time::Duration::from_secs(10)).await.unwrap();
    let file = sluice.database().unwrap();
    // What is still in the log would stand in for the damaged pages.
    let database = Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    database.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    database.close().await.unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let (page, pages) = (4096, bytes.len() / 4096);
    assert!(pages > 8, "{pages}");
    bytes[2 * page..(pages - 1) * page].fill(0xa5);
    std::fs::write(&file, bytes).unwrap();
    let damaged = sluice.run(&["doctor", "--json"], None).await.unwrap();
    assert_eq!(damaged.status.code(), Some(1));
    let seen = parsed(&String::from_utf8(damaged.stdout).unwrap());
    assert_eq!(check(&seen, "database")["verdict"], "failure", "{seen}");
}

const OTHER: &str = "name: Other\ntriggers:\n  - eventType: other.*\nsteps:\n  - id: wait\n    delay: { for: 1s }\n";

#[tokio::test]
async fn workflows_are_turned_off_and_on_and_exported_as_they_can_be_applied() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let listed = parsed(&run(&["workflows", "list", "--json"]).await);
    let (name, id) = (listed[0]["name"].as_str().unwrap(), listed[0]["id"].as_str().unwrap());

    assert!(run(&["workflows", "disable", name]).await.contains("disabled"));
    let unmatched = sluice.accept(&order(1), &key).await.unwrap();
    assert_eq!(sluice.settled(&unmatched, &key).await.unwrap()["runs"], json!([]));
    let why = sluice.get(&format!("/api/v1/events/{unmatched}/explain"), &key).await.unwrap();
    assert!(why.to_string().contains("disabled"), "{why}");
    // Twice changes nothing, and its id is as good as its name.
    run(&["workflows", "disable", id]).await;
    assert_eq!(parsed(&run(&["workflows", "enable", id, "--json"]).await)["enabled"], true);
    let matched = sluice.accept(&order(2), &key).await.unwrap();
    let settled = sluice.settled(&matched, &key).await.unwrap();
    assert_eq!(settled["runs"].as_array().unwrap().len(), 1, "{settled}");

    sluice.apply(OTHER, &key).await.unwrap();
    let exported = run(&["workflows", "export"]).await;
    let file = sluice.data().join("exported.yaml");
    std::fs::write(&file, &exported).unwrap();
    let file = file.to_str().unwrap();
    let applied = run(&["workflows", "apply", "-f", file]).await;
    assert_eq!(applied.matches(": unchanged").count(), 2, "{applied}{exported}");
    let unknown = sluice.run(&["workflows", "enable", "nothing"], Some(&key)).await.unwrap();
    assert_eq!(unknown.status.code(), Some(1));
}
