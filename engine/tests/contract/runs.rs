//! Runs: mapped, executed, journalled, failed, brought back.

use engine::event::repair::{Repair, RepairError, repair, replay};
use engine::event::{EventFilter, EventStatus, read};
use engine::run::RunStatus;
use engine::stats;
use serde_json::json;

use crate::databases::Database;
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_matching_event_runs_its_workflow,
    a_failing_step_ends_in_the_dead_letters_and_comes_back,
    a_retry_that_helps_is_never_seen_as_failed,
    a_run_stays_with_the_version_that_started_it,
    several_workflows_settle_one_event,
    a_replay_is_a_new_event_that_names_the_first,
    an_emitted_event_starts_other_workflows_and_loops_end,
);

fn workflow(name: &str, url: &str, attempts: u32) -> String {
    format!(
        r#"
name: {name}
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: {{ orderId: "${{event.payload.id}}", note: "from ${{event.source}}" }}
steps:
  - id: shape
    transform: {{ order: "${{input.orderId}}" }}
  - id: notify
    http: {{ url: "{url}", body: "${{steps.shape.output}}" }}
    retry: {{ attempts: {attempts}, initial: 10ms, max: 20ms }}
"#
    )
}

async fn a_matching_event_runs_its_workflow(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 1)).await;
    let small = json!({ "type": "order.created", "source": "shop", "data": { "total": 1 } });
    assert_eq!(running.send(small).await.status, EventStatus::Processed, "the filter excludes it");
    let accepted = running.order(7).await;
    assert_eq!(accepted.status, EventStatus::Pending);
    let record = running.reaches(accepted.id, EventStatus::Processed).await;
    assert_eq!(sink.bodies(), [r#"{"order":7}"#]);
    let run = &record.runs[0];
    assert_eq!(sink.keys(), [format!("{}:notify", run.id)]);
    assert_eq!((run.status, run.attempts.len()), (RunStatus::Succeeded, 2));
    assert_eq!(run.attempts[1].response.as_ref().unwrap()["status"], 200);
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.processed, stats.pending, stats.processing, stats.failed), (2, 0, 0, 0));
    assert!(stats.latency.is_some());
}

async fn a_failing_step_ends_in_the_dead_letters_and_comes_back(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 2)).await;
    sink.answers(500);
    let id = running.order(1).await.id;
    let record = running.reaches(id, EventStatus::Failed).await;
    let error = record.row.error.unwrap();
    assert_eq!((error.error_code.as_str(), error.retry_attempts), ("http_status", 2));
    assert_eq!(error.step.as_deref(), Some("notify"));
    assert!(error.error_message.contains("answered 500"), "{}", error.error_message);
    sink.answers(200);
    repair(&running.engine, id, Repair::Retry).await.unwrap();
    let record = running.reaches(id, EventStatus::Processed).await;
    assert_eq!(record.runs[0].attempts.len(), 4, "shape once, notify three times");
    let keys = sink.keys();
    assert!(keys.iter().all(|key| *key == keys[0]), "one key for a step of a run: {keys:?}");
    let again = repair(&running.engine, id, Repair::Retry).await;
    assert!(matches!(again, Err(RepairError::NotFailed(_))));
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.processed, stats.failed, stats.processing), (1, 0, 0));
}

async fn a_retry_that_helps_is_never_seen_as_failed(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 50)).await;
    sink.answers(503);
    let id = running.order(1).await.id;
    running.reaches(id, EventStatus::Processing).await;
    while sink.bodies().len() < 3 {
        assert_ne!(running.get(id).await.row.status, EventStatus::Failed);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    sink.answers(204);
    let record = running.reaches(id, EventStatus::Processed).await;
    assert!(record.row.attempts >= 4);
}

async fn a_run_stays_with_the_version_that_started_it(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 50)).await;
    sink.answers(500);
    let id = running.order(1).await.id;
    running.reaches(id, EventStatus::Processing).await;
    let changed = workflow("w", &sink.url, 50).replace("${input.orderId}", "new ${input.orderId}");
    running.apply(&changed).await;
    sink.answers(200);
    let record = running.reaches(id, EventStatus::Processed).await;
    assert_eq!(record.runs[0].workflow_version, 1);
    assert_eq!(sink.bodies().last().unwrap(), r#"{"order":1}"#);
    let next = running.order(2).await.id;
    let record = running.reaches(next, EventStatus::Processed).await;
    assert_eq!(record.runs[0].workflow_version, 2);
    assert_eq!(sink.bodies().last().unwrap(), r#"{"order":"new 2"}"#);
}

async fn several_workflows_settle_one_event(database: Database) {
    let (running, good, bad) = (database.start().await, Sink::start().await, Sink::start().await);
    bad.answers(410);
    running.apply(&workflow("good", &good.url, 5)).await;
    running.apply(&workflow("bad", &bad.url, 5)).await;
    let ids: Vec<_> = futures::future::join_all((0..30).map(|n| running.order(n))).await;
    for accepted in ids {
        let record = running.reaches(accepted.id, EventStatus::Failed).await;
        let mut ends: Vec<_> = record.runs.iter().map(|run| run.status.as_str()).collect();
        ends.sort_unstable();
        assert_eq!(ends, ["failed", "succeeded"]);
    }
    assert_eq!(good.bodies().len(), 30);
    assert_eq!(bad.bodies().len(), 30, "410 means never again");
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.failed, stats.pending, stats.processing), (30, 0, 0));
}

async fn a_replay_is_a_new_event_that_names_the_first(database: Database) {
    let running = database.start().await;
    let first = running.order(1).await.id;
    let second = replay(&running.engine, first).await.unwrap();
    let record = running.get(second.id).await;
    assert_eq!(record.row.replay_of, Some(first));
    assert_eq!(record.payload, running.get(first).await.payload);
    assert_ne!(record.row.event_id, running.get(first).await.row.event_id);
}

async fn an_emitted_event_starts_other_workflows_and_loops_end(database: Database) {
    let running = database.start().await;
    let loops = r#"
name: loop
triggers: [{ eventType: "tick.*", input: { n: "${event.payload.n + 1}" } }]
steps:
  - id: again
    emit: { eventType: tick.again, subject: "n ${input.n}" }
"#;
    running.apply(loops).await;
    let first = json!({ "type": "tick.first", "source": "test", "data": { "n": 0 } });
    running.reaches(running.send(first).await.id, EventStatus::Processed).await;
    let failed = EventFilter { status: Some(EventStatus::Failed), ..EventFilter::default() };
    let mut ended = Vec::new();
    while ended.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        ended = read::list(&running.engine, &failed, None, 10).await.unwrap().rows;
    }
    let all = read::list(&running.engine, &EventFilter::default(), None, 100).await.unwrap();
    assert_eq!(all.rows.len(), 9, "the first and eight that were emitted");
    assert_eq!(ended[0].error.as_ref().unwrap().error_code, "emit_loop");
    assert_eq!(ended[0].subject.as_deref(), Some("n 8"));
}
