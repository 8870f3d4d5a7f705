//! Runs ended by hand, wherever they stand.

use std::time::Duration;

use engine::event::EventStatus;
use engine::id::RunId;
use engine::run::cancel::{CancelError, cancel};
use engine::run::read::{self, RunFilter};
use engine::run::{RunRecord, RunStatus};
use engine::stats;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_run_is_cancelled_in_the_middle_of_a_call,
    a_run_is_cancelled_while_it_waits_for_a_retry_or_in_a_delay,
    a_run_is_cancelled_that_a_dead_node_has_left,
    an_event_with_a_failed_and_a_cancelled_run_has_failed,
    an_event_settles_with_its_last_run_after_another_was_cancelled,
    runs_are_listed_page_by_page_without_their_journals,
);

fn workflow(name: &str, steps: &str) -> String {
    format!("name: {name}\ntriggers: [{{ eventType: order.* }}]\nsteps:\n{steps}")
}

fn calls(name: &str, url: &str, attempts: u32) -> String {
    let step = format!(
        "  - id: notify\n    http: {{ url: \"{url}\" }}\n    \
         retry: {{ attempts: {attempts}, initial: 1h, max: 1h }}\n"
    );
    workflow(name, &step)
}

/// The only run of the event once it has this status.
async fn run_is(running: &Running, event: engine::id::EventId, status: RunStatus) -> RunRecord {
    for _ in 0..500 {
        let record = running.get(event).await;
        if record.runs[0].status == status {
            return record.runs[0].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the run did not become {status}: {:?}", running.get(event).await.runs);
}

async fn a_run_is_cancelled_in_the_middle_of_a_call(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.hangs();
    running.apply(&calls("w", &sink.url, 3)).await;
    let event = running.order(1).await.id;
    let run = run_is(&running, event, RunStatus::Running).await;
    assert_eq!(sink.open(), 1);
    let ended = cancel(&running.engine, run.id).await.unwrap();
    assert_eq!(ended.run.status, RunStatus::Cancelled);
    assert_eq!(ended.run.error.as_ref().unwrap().error_code, "cancelled");
    let attempt = &ended.run.attempts[0];
    assert!(attempt.error.as_ref().unwrap().starts_with("cancelled by"), "{attempt:?}");
    assert_eq!((attempt.step.as_str(), attempt.attempt, attempt.succeeded), ("notify", 1, false));
    let record = running.reaches(event, EventStatus::Processed).await;
    assert!(record.row.processed_at.is_some());
    for _ in 0..200 {
        if sink.open() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(sink.open(), 0, "the call under way is dropped");
    let again = cancel(&running.engine, run.id).await;
    assert!(matches!(again, Err(CancelError::Ended(RunStatus::Cancelled))), "{again:?}");
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.processed, stats.pending, stats.processing, stats.failed), (1, 0, 0, 0));
}

async fn a_run_is_cancelled_while_it_waits_for_a_retry_or_in_a_delay(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    for text in [calls("w", &sink.url, 3), workflow("w", "  - id: wait\n    delay: { for: 1h }\n")]
    {
        running.apply(&text).await;
        let event = running.order(1).await.id;
        let run = run_is(&running, event, RunStatus::Waiting).await;
        let ended = cancel(&running.engine, run.id).await.unwrap();
        assert_eq!((ended.run.status, ended.run.due_at), (RunStatus::Cancelled, None));
        assert_eq!(ended.run.attempts.len(), run.attempts.len(), "nothing was under way");
        running.reaches(event, EventStatus::Processed).await;
    }
    assert_eq!(sink.bodies().len(), 1);
    let unknown = cancel(&running.engine, RunId::new(7)).await;
    assert!(matches!(unknown, Err(CancelError::Unknown(_))), "{unknown:?}");
}

async fn a_run_is_cancelled_that_a_dead_node_has_left(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", "  - id: wait\n    delay: { for: 1h }\n")).await;
    let event = running.order(1).await.id;
    let run = run_is(&running, event, RunStatus::Waiting).await;
    running.leave_to_a_dead_node(run.id).await;
    cancel(&running.engine, run.id).await.unwrap();
    running.reaches(event, EventStatus::Processed).await;
    let ended = read::get(&running.engine, run.id).await.unwrap();
    assert_eq!(ended.run.attempts.len(), 1, "somebody was at it");
    assert_eq!(ended.event.unwrap().id, event);
    assert!(sink.bodies().is_empty());
}

async fn an_event_with_a_failed_and_a_cancelled_run_has_failed(database: Database) {
    let (running, sink, bad) = (database.start().await, Sink::start().await, Sink::start().await);
    sink.hangs();
    bad.answers(422);
    running.apply(&calls("a", &sink.url, 3)).await;
    running.apply(&calls("b", &bad.url, 1)).await;
    let event = running.order(1).await.id;
    let mut hanging = None;
    for _ in 0..500 {
        let runs = running.get(event).await.runs;
        let failed = runs.iter().any(|run| run.status == RunStatus::Failed);
        hanging = runs.iter().find(|run| run.status == RunStatus::Running).map(|run| run.id);
        if failed && hanging.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(running.get(event).await.row.status, EventStatus::Processing);
    cancel(&running.engine, hanging.unwrap()).await.unwrap();
    let record = running.reaches(event, EventStatus::Failed).await;
    assert_eq!(record.row.error.unwrap().error_code, "http_status", "what failed, not what ended");
}

async fn an_event_settles_with_its_last_run_after_another_was_cancelled(database: Database) {
    let (running, one, two) = (database.start().await, Sink::start().await, Sink::start().await);
    one.hangs();
    two.hangs();
    running.apply(&calls("a", &one.url, 1)).await;
    running.apply(&calls("b", &two.url, 1)).await;
    let event = running.order(1).await.id;
    let under_way = async |name: &str| {
        for _ in 0..500 {
            let runs = running.get(event).await.runs;
            let run = runs.into_iter().find(|run| run.workflow_name == name).unwrap();
            if run.status == RunStatus::Running {
                return run.id;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} did not begin: {:?}", running.get(event).await.runs);
    };
    let (cancelled, last) = (under_way("a").await, under_way("b").await);
    cancel(&running.engine, cancelled).await.unwrap();
    two.goes_on();
    let record = running.reaches(event, EventStatus::Processed).await;
    let of = |id: RunId| record.runs.iter().find(|run| run.id == id).unwrap().status;
    assert_eq!((of(cancelled), of(last)), (RunStatus::Cancelled, RunStatus::Succeeded));
    assert_eq!((record.row.runs_open, record.row.attempts), (0, 2));
}

async fn runs_are_listed_page_by_page_without_their_journals(database: Database) {
    let running = database.start().await;
    running.apply(&workflow("w", "  - id: t\n    transform: 1\n")).await;
    let mut events = Vec::new();
    for n in 0..5 {
        events.push(running.order(n).await.id);
    }
    for event in &events {
        running.reaches(*event, EventStatus::Processed).await;
    }
    let all = RunFilter { workflow: Some("w".into()), ..RunFilter::default() };
    let first = read::list(&running.engine, &all, None, 3).await.unwrap();
    let before = first.last().map(|row| row.run.id);
    let second = read::list(&running.engine, &all, before, 3).await.unwrap();
    let listed: Vec<_> =
        first.iter().chain(&second).map(|row| row.event.as_ref().unwrap().id).collect();
    let newest_first: Vec<_> = events.iter().rev().copied().collect();
    assert_eq!(listed, newest_first);
    assert_eq!((first[0].attempts, first[0].run.attempts.len()), (1, 0));
    let later = RunFilter { from: first[0].run.created_at.plus_millis(1).into(), ..all.clone() };
    assert!(read::list(&running.engine, &later, None, 3).await.unwrap().is_empty());
    let none = RunFilter { status: Some(RunStatus::Failed), ..all };
    assert!(read::list(&running.engine, &none, None, 3).await.unwrap().is_empty());
}
