//! A host that fails again and again, or asks for it, is left alone: its runs wait for it, each as long as its
//! own policy lets it.

use std::time::Duration;

use engine::event::EventStatus;
use engine::run::RunStatus;
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    runs_wait_for_a_host_that_fails_and_others_go_on,
    a_run_ends_as_its_policy_says_though_its_host_is_left_alone,
    a_host_is_not_called_while_it_asks_to_be_left_alone,
);

fn workflow(name: &str, url: &str, event_type: &str, retry: &str) -> String {
    format!(
        "name: {name}\ntriggers: [{{ eventType: {event_type} }}]\nsteps:\n  - id: call\n    \
         http: {{ url: \"{url}\" }}\n    retry: {{ {retry} }}\n"
    )
}

async fn send(running: &Running, event_type: &str, status: EventStatus) {
    let event = json!({ "eventType": event_type, "source": "s", "payload": {} });
    running.reaches(running.send(event).await.id, status).await;
}

/// Lets the host fail until it is left alone.
async fn fail_ten_times(running: &Running, bad: &Sink) {
    running.apply(&workflow("breaks", &bad.url, "broken.*", "attempts: 1")).await;
    bad.answers(500);
    for _ in 0..10 {
        send(running, "broken.one", EventStatus::Failed).await;
    }
    assert_eq!(bad.bodies().len(), 10);
}

fn place(sink: &Sink) -> &str {
    sink.url.trim_start_matches("http://").trim_end_matches("/hook")
}

async fn runs_wait_for_a_host_that_fails_and_others_go_on(database: Database) {
    let (running, bad, good) = (database.start().await, Sink::start().await, Sink::start().await);
    let patient = "attempts: 2, initial: 1h, max: 1h";
    running.apply(&workflow("bad", &bad.url, "order.*", patient)).await;
    running.apply(&workflow("good", &good.url, "fine.*", "attempts: 1")).await;
    fail_ten_times(&running, &bad).await;
    // More than the worker has room for: what waits must not hold it.
    let waiting =
        futures::future::join_all((0..400).map(|number| running.order(100 + number))).await;
    send(&running, "fine.one", EventStatus::Processed).await;

    // It waits from its birth.
    let held = running.get(waiting[399].id).await;
    let run = &held.runs[0];
    assert_eq!((run.status, run.attempts.len()), (RunStatus::Waiting, 0), "{run:?}");
    assert_eq!(run.held_by.as_deref(), Some(place(&bad)));
    assert!(run.due_at.is_some());

    bad.answers(200);
    let mut failed = 0;
    for event in &waiting {
        let mut record = running.get(event.id).await;
        for _ in 0..1_500 {
            // On Postgres the run may be read before an attempt is committed, and its attempts after.
            if !record.runs[0].attempts.is_empty() && record.runs[0].held_by.is_none() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            record = running.get(event.id).await;
        }
        failed += usize::from(record.row.status != EventStatus::Processed);
        assert_eq!((record.runs[0].attempts.len(), &record.runs[0].held_by), (1, &None));
    }
    assert!(failed <= 3, "only a probe may have met it: {failed}");
    assert_eq!(bad.bodies().len(), 410, "each called once");
}

async fn a_run_ends_as_its_policy_says_though_its_host_is_left_alone(database: Database) {
    let (running, bad) = (database.start().await, Sink::start().await);
    running.apply(&workflow("once", &bad.url, "order.*", "attempts: 1")).await;
    let thrice = "attempts: 3, initial: 10ms, max: 10ms";
    running.apply(&workflow("thrice", &bad.url, "again.*", thrice)).await;
    fail_ten_times(&running, &bad).await;
    let sent = futures::future::join_all((0..50).map(|number| running.order(number))).await;
    send(&running, "again.one", EventStatus::Failed).await;
    let mut spent = 0;
    for event in sent {
        let record = running.reaches(event.id, EventStatus::Failed).await;
        let (error, attempts) = (record.row.error.unwrap(), &record.runs[0].attempts);
        assert_eq!((attempts.len(), error.retry_attempts), (1, 1), "{attempts:?}");
        assert_eq!(error.exhausted_retry_condition.as_deref(), Some("attempts"));
        if error.error_code == "circuit_open" {
            spent += 1;
            let message = error.error_message;
            assert!(message.starts_with(&format!("{} was not called", place(&bad))), "{message}");
            assert_eq!((&attempts[0].request, attempts[0].error.as_ref()), (&None, Some(&message)));
        }
    }
    let calls = bad.bodies().len();
    assert!(spent >= 40 && calls <= 20, "{spent} without a call, {calls} calls");
}

async fn a_host_is_not_called_while_it_asks_to_be_left_alone(database: Database) {
    let (running, busy) = (database.start().await, Sink::start().await);
    let patient = "attempts: 2, initial: 1s, max: 1s";
    running.apply(&workflow("patient", &busy.url, "order.*", patient)).await;
    running.apply(&workflow("once", &busy.url, "fine.*", "attempts: 1")).await;
    busy.answers(429);
    busy.asks(600);
    let first = running.order(1).await.id;
    while running.get(first).await.runs[0].attempts.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    busy.answers(200);
    let event = json!({ "eventType": "fine.one", "source": "s", "payload": {} });
    let other = running.send(event).await.id;
    let record = running.reaches(other, EventStatus::Failed).await;
    let error = record.row.error.unwrap();
    assert_eq!(error.error_code, "circuit_open");
    assert!(error.error_message.contains("asked to be left alone"), "{}", error.error_message);
    assert_eq!(busy.bodies().len(), 1, "nobody called it meanwhile");
}
