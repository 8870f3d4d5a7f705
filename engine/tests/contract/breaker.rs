//! A host that fails again and again is left alone, and its runs wait for it without losing an attempt.

use engine::event::EventStatus;
use engine::run::RunStatus;

use crate::databases::Database;
use crate::on_both;
use crate::sink::Sink;

on_both!(runs_wait_for_a_host_that_fails_and_others_go_on);

fn workflow(name: &str, url: &str, event_type: &str) -> String {
    format!(
        "name: {name}\ntriggers: [{{ eventType: {event_type} }}]\nsteps:\n  - id: call\n    \
         http: {{ url: \"{url}\" }}\n    retry: {{ attempts: 1 }}\n"
    )
}

async fn runs_wait_for_a_host_that_fails_and_others_go_on(database: Database) {
    let (running, bad, good) = (database.start().await, Sink::start().await, Sink::start().await);
    running.apply(&workflow("bad", &bad.url, "order.*")).await;
    running.apply(&workflow("good", &good.url, "fine.*")).await;
    bad.answers(500);
    for number in 0..10 {
        running.reaches(running.order(number).await.id, EventStatus::Failed).await;
    }
    let calls = bad.bodies().len();
    assert_eq!(calls, 10);
    // More than the worker has room for: what waits must not hold it.
    let waiting =
        futures::future::join_all((0..400).map(|number| running.order(100 + number))).await;
    let fine = serde_json::json!({ "eventType": "fine.one", "source": "s", "payload": {} });
    running.reaches(running.send(fine).await.id, EventStatus::Processed).await;

    let held = running.reaches(waiting[399].id, EventStatus::Processing).await;
    let run = &held.runs[0];
    assert_eq!((run.status, run.attempts.len()), (RunStatus::Waiting, 0), "{run:?}");
    let host = bad.url.trim_start_matches("http://").trim_end_matches("/hook");
    assert_eq!(run.held_by.as_deref(), Some(host));
    assert!(run.due_at.is_some());

    bad.answers(200);
    let mut failed = 0;
    for event in &waiting {
        for _ in 0..1_500 {
            if running.get(event.id).await.row.processed_at.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let record = running.get(event.id).await;
        failed += usize::from(record.row.status == EventStatus::Failed);
        assert_eq!((record.runs[0].attempts.len(), &record.runs[0].held_by), (1, &None));
    }
    assert!(failed <= 3, "only a probe may have met it: {failed}");
    assert_eq!(bad.bodies().len(), 410, "each called once");
}
