//! Trying a definition: for real but without a trace in the figures, and on events that have come.

use engine::event::EventStatus;
use engine::event::envelope;
use engine::id::RunId;
use engine::intake;
use engine::run::read as runs;
use engine::run::{RunRecord, RunStatus, trial};
use engine::stats;
use engine::workflow::{Definition, apply, backtest};
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_test_run_leaves_its_event_and_the_figures_as_they_are,
    a_test_run_works_on_an_event_that_is_made_up,
    a_backtest_says_what_a_definition_gains_and_loses,
);

fn workflow(url: &str) -> String {
    format!(
        "{{name: w, triggers: [{{eventType: never}}, {{eventType: order.*, filter: event.payload.total > 500,
          input: {{id: '${{event.payload.id}}'}}}}],
          steps: [{{id: call, http: {{url: '{url}', body: '${{input}}'}}, retry: {{attempts: 2, initial: 10ms}}}}]}}"
    )
}

async fn ended(running: &Running, id: RunId) -> RunRecord {
    for _ in 0..500 {
        let found = runs::get(&running.engine, id).await.unwrap().run;
        if found.status.is_finished() {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{id} does not end");
}

async fn a_test_run_leaves_its_event_and_the_figures_as_they_are(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow(&sink.url)).await;
    let workflow = running.engine.workflows.current().workflows()[0].clone();
    let event = running.order(7).await;
    assert_eq!(event.status, EventStatus::Processed, "the filter excludes it");
    let before = running.get(event.id).await.row;
    sink.answers(500);
    let id = trial::on_event(&running.engine, &workflow, event.id).await.unwrap();
    let run = ended(&running, id).await;
    assert_eq!((run.status, run.test, run.attempts.len()), (RunStatus::Failed, true, 2));
    let after = running.get(event.id).await;
    let told = |row: &engine::event::EventRow| {
        (row.status, row.processed_at, row.runs_open, row.runs_failed, row.attempts)
    };
    assert_eq!(told(&after.row), told(&before));
    assert!(after.row.error.is_none() && after.runs[0].test);
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.processed, stats.failed, stats.pending, stats.processing), (1, 0, 0, 0));
}

async fn a_test_run_works_on_an_event_that_is_made_up(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow(&sink.url)).await;
    let workflow = running.engine.workflows.current().workflows()[0].clone();
    let made = json!({ "type": "order.made", "source": "test", "data": { "id": 1, "total": 600 } });
    let new = envelope::parse(made.to_string().as_bytes()).unwrap();
    let event = intake::imagined(&running.engine, new);
    sink.answers(503);
    let id = trial::on_made(&running.engine, &workflow, &event).await.unwrap();
    // It waits for its second attempt, for which it is read from the store again.
    while sink.bodies().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    sink.answers(200);
    let run = ended(&running, id).await;
    assert_eq!((run.status, run.test), (RunStatus::Succeeded, true), "{run:?}");
    assert_eq!(sink.bodies().last().unwrap(), r#"{"id":1}"#);
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.processed, stats.failed, stats.pending), (0, 0, 0), "no event was stored");
}

async fn a_backtest_says_what_a_definition_gains_and_loses(database: Database) {
    let running = database.start().await;
    let text = |filter: &str| {
        format!(
            "{{name: w, triggers: [{{eventType: order.*, filter: '{filter}'}}], steps: [{{id: s, delay: {{for: 1h}}}}]}}"
        )
    };
    let parse = |filter: &str| Definition::parse(&text(filter)).unwrap();
    // More than a page.
    futures::future::join_all((0..620).map(|id| running.order(id))).await;
    running.send(json!({ "type": "user.made", "source": "shop", "data": {} })).await;
    apply::apply(&running.engine, parse("event.payload.id < 100"), false).await.unwrap();
    let saved = running.engine.workflows.current().workflows()[0].clone();
    let wider = parse("event.payload.id >= 90 && event.payload.id < 600");
    let told =
        backtest::backtest(&running.engine, wider.clone(), 10_000, Some(saved)).await.unwrap();
    assert_eq!((told.looked_at, told.matched, told.gained, told.lost), (621, 510, 500, 90));
    assert_eq!((told.gained_samples.len(), told.lost_samples.len()), (20, 20));
    assert!(!told.cut_short && told.since.is_some());
    let alone = backtest::backtest(&running.engine, wider, 5, None).await.unwrap();
    assert_eq!((alone.looked_at, alone.lost), (5, 0));
    assert_eq!(alone.gained, alone.matched);
}
