//! What monitoring sees: `/metrics`, read by Prometheus' own parsers, and `/readyz`.

use std::path::Path;
use std::process::Stdio;

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use bench::sse;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::start::{ONCE, notify, setup, sluice};

/// Reads text from standard input and prints `[name, labels, value, type]` of each sample; fails where the
/// text is not what the parser reads.
const PARSER: &str = "import json, sys
from PARSER import text_string_to_metric_families as parse
print(json.dumps([[s.name, s.labels, s.value, f.type] for f in parse(sys.stdin.read()) for s in f.samples]))";
const OPEN_METRICS: &str = "prometheus_client.openmetrics.parser";
const PROMETHEUS: &str = "prometheus_client.parser";

#[derive(Debug)]
struct Samples(Vec<Value>);

impl Samples {
    async fn of(text: &str, parser: &str) -> Self {
        let tool = std::env::var("SLUICE_SCHEMATHESIS").expect(
            "SLUICE_SCHEMATHESIS names no program: run these tests with `cargo xtask test`",
        );
        let python = Path::new(&tool).parent().unwrap().join("python");
        let mut command = Command::new(python);
        command
            .args(["-c", &PARSER.replace("PARSER", parser)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut reading = command.kill_on_drop(true).spawn().unwrap();
        reading.stdin.take().unwrap().write_all(text.as_bytes()).await.unwrap();
        let output = reading.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{parser} does not read:\n{text}");
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    #[track_caller]
    fn value(&self, name: &str, labels: Value) -> f64 {
        let found = self.0.iter().find(|sample| sample[0] == name && sample[1] == labels);
        found.unwrap_or_else(|| panic!("no {name} {labels}"))[2].as_f64().unwrap()
    }
}

async fn scrape(sluice: &Sluice, key: &str) -> Samples {
    let bearer = Request::get("/metrics").header("authorization", format!("Bearer {key}"));
    let bearer =
        bearer.header("accept", "text/plain;q=0.5, application/openmetrics-text;version=1.0.0");
    let answer = sluice.call(bearer).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    Samples::of(&answer.text(), OPEN_METRICS).await
}

#[tokio::test]
async fn metrics_tell_what_happened_and_how_things_stand() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let named =
        json!({ "eventType": "stock.counted", "source": "shop", "payload": 1, "eventId": "one" });
    for _ in 0..3 {
        sluice.accept(&named, &key).await.unwrap();
    }
    let well = sluice.accept(&order(1), &key).await.unwrap();
    sluice.settled(&well, &key).await.unwrap();
    sink.answer(500);
    let failed = sluice.accept(&order(2), &key).await.unwrap();
    sluice.settled(&failed, &key).await.unwrap();
    let batch = Request::post("/api/webhooks/ingest/batch").key(&key);
    let batch =
        batch.json(&json!([{ "eventType": "a", "source": "s", "payload": 1 }, { "source": "s" }]));
    assert_eq!(sluice.call(batch).await.unwrap().status, 207);
    assert_eq!(sluice.ingest(&json!({}), &key).await.unwrap().status, 422);
    let none = sluice.ingest(&named, "slk_made_up").await.unwrap();
    assert_eq!(none.status, 401);
    let stream = Request::get("/api/v1/stream").key(&key);
    let _open = sse::open(sluice.address().unwrap(), stream).await.unwrap();

    let seen = scrape(&sluice, &key).await;
    let all = json!({});
    assert_eq!(seen.value("sluice_events_accepted_total", all.clone()), 4.0);
    assert_eq!(seen.value("sluice_events_duplicate_total", all.clone()), 2.0);
    let refused = |code: &str| seen.value("sluice_events_refused_total", json!({ "code": code }));
    assert_eq!((refused("invalid_event"), refused("unauthorized")), (2.0, 1.0));
    let runs =
        |outcome: &str| seen.value("sluice_runs_finished_total", json!({ "outcome": outcome }));
    assert_eq!((runs("succeeded"), runs("failed"), runs("cancelled")), (1.0, 1.0, 0.0));
    let attempts =
        |result: &str| seen.value("sluice_step_attempts_total", json!({ "result": result }));
    assert_eq!((attempts("succeeded"), attempts("failed")), (1.0, 1.0));
    assert_eq!(seen.value("sluice_settle_seconds_count", all.clone()), 2.0);
    // Five that were alone and a batch; what was refused took no time worth telling.
    assert_eq!(seen.value("sluice_ingest_duration_seconds_count", all.clone()), 6.0);
    for timed in ["sluice_commit_seconds_count", "sluice_flush_seconds_count"] {
        assert!(seen.value(timed, all.clone()) >= 4.0, "{timed}");
    }
    let events = |status: &str| seen.value("sluice_events", json!({ "status": status }));
    assert_eq!((events("processed"), events("failed")), (3.0, 1.0));
    assert_eq!(seen.value("sluice_dead_letters", all.clone()), 1.0);
    let age = seen.value("sluice_dead_letter_oldest_age_seconds", all.clone());
    assert!((0.0..60.0).contains(&age), "{age}");
    assert_eq!(seen.value("sluice_stream_clients", all.clone()), 1.0);
    // What is in the log comes into the database later.
    let size = |name: &str| seen.value(name, all.clone());
    let (database, log) =
        (size("sluice_database_size_bytes"), size("sluice_database_log_size_bytes"));
    assert!(database + log > 4_096.0, "{database} {log}");
    assert_eq!(
        seen.value("sluice_build_info", json!({ "version": env!("CARGO_PKG_VERSION") })),
        1.0
    );
}

#[tokio::test]
async fn metrics_are_open_only_where_that_was_asked_for() {
    let sluice = setup().set("SLUICE_METRICS_OPEN", "true").start().await.unwrap();
    let answer = sluice.call(Request::get("/metrics")).await.unwrap();
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert_eq!(
        kind, "text/plain; version=0.0.4; charset=utf-8",
        "who names no format reads this one"
    );
    let text = answer.text();
    for line in ["# TYPE sluice_events_accepted_total counter", "# TYPE sluice_build_info gauge"] {
        assert!(text.lines().any(|it| it == line), "no `{line}`:\n{text}");
    }
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    let seen = Samples::of(&text, PROMETHEUS).await;
    assert_eq!(seen.value("sluice_dead_letters", json!({})), 0.0);
    assert_eq!(seen.value("sluice_ingest_duration_seconds_bucket", json!({ "le": "+Inf" })), 0.0);
    assert!(
        seen.0.iter().all(|sample| sample[3] != "unknown" && sample[3] != "untyped"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn readiness_gives_its_reasons() {
    let (sluice, _) = sluice().await;
    let answer = sluice.call(Request::get("/readyz")).await.unwrap();
    let seen = answer.json().unwrap();
    assert_eq!((answer.status, &seen["ready"]), (200, &json!(true)), "{seen}");
    let names: Vec<_> = seen["checks"].as_array().unwrap().iter().map(|c| &c["check"]).collect();
    assert_eq!(names, ["database", "migrations", "writer", "disk"]);

    // As if a newer Sluice had been at work on it.
    let file = sluice.database().unwrap();
    let database =
        sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    sea_orm::ConnectionTrait::execute_unprepared(&database, newer).await.unwrap();
    let answer = sluice.call(Request::get("/readyz")).await.unwrap();
    let seen = answer.json().unwrap();
    assert_eq!((answer.status, &seen["ready"]), (503, &json!(false)), "{seen}");
    assert_eq!(seen["checks"][1]["ok"], json!(false), "{seen}");
}
