//! Runs that wait for their turn: so many at once, or one after another for each key.

use std::time::Duration;

use engine::event::EventStatus;
use engine::event::repair::{Repair, repair};
use engine::id::EventId;
use engine::run::cancel::cancel;
use engine::run::{RunRecord, RunStatus, read};
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    no_more_runs_are_at_work_than_the_limit_allows,
    those_that_wait_hold_no_room_and_a_limit_that_is_lifted_lets_them_go,
    runs_of_one_key_come_one_after_another,
    a_failed_run_makes_way_and_lines_up_again_when_it_is_retried,
    turns_hold_after_a_crash,
    a_storm_of_events_keeps_order_and_limit,
    a_test_run_needs_no_turn,
);

/// A workflow that calls once, and after a failure not before an hour has gone.
fn workflow(settings: &str, url: &str, attempts: u32) -> String {
    format!(
        "name: w\ntriggers:\n  - eventType: stock.*\n    input: {{ who: \"${{event.payload.who}}\" }}\n\
         {settings}\nsteps:\n  - id: book\n    http: {{ url: \"{url}\", body: \"${{event.payload}}\" }}\n    \
         retry: {{ attempts: {attempts}, initial: 1h, max: 1h }}\n"
    )
}

async fn send(running: &Running, who: &str, n: usize) -> EventId {
    let payload = json!({ "who": who, "n": n });
    let event = json!({ "eventType": "stock.moved", "source": "shop", "payload": payload });
    running.send(event).await.id
}

async fn run(running: &Running, event: EventId) -> RunRecord {
    running.get(event).await.runs[0].clone()
}

/// The run of the event once it has this status.
#[track_caller]
fn becomes(
    running: &Running,
    event: EventId,
    status: RunStatus,
) -> impl Future<Output = RunRecord> + '_ {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..1_000 {
            let found = run(running, event).await;
            if found.status == status {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{caller}: the run did not become {status}: {:?}", run(running, event).await);
    }
}

/// Queued, with nobody at it and no time at which somebody would be.
async fn waits(running: &Running, event: EventId) -> bool {
    let run = run(running, event).await;
    (run.status, run.due_at, run.attempts.len()) == (RunStatus::Queued, None, 0)
}

async fn no_more_runs_are_at_work_than_the_limit_allows(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    running.apply(&workflow("concurrency: 2", &sink.url, 3)).await;
    let mut events = Vec::new();
    for n in 0..5 {
        events.push(send(&running, "a", n).await);
    }
    // A run that waits for its retry is at work.
    let first = becomes(&running, events[0], RunStatus::Waiting).await;
    becomes(&running, events[1], RunStatus::Waiting).await;
    for event in &events[2..] {
        assert!(waits(&running, *event).await, "{:?}", run(&running, *event).await);
    }
    cancel(&running.engine, first.id).await.unwrap();
    becomes(&running, events[2], RunStatus::Waiting).await;
    assert!(waits(&running, events[3]).await);
    // One that waits for its turn can be ended as well, and takes none.
    let ended = cancel(&running.engine, run(&running, events[3]).await.id).await.unwrap();
    assert_eq!((ended.run.status, ended.run.attempts.len()), (RunStatus::Cancelled, 0));
    running.reaches(events[3], EventStatus::Processed).await;
    assert!(waits(&running, events[4]).await);
    assert_eq!(sink.bodies().len(), 3);
}

async fn those_that_wait_hold_no_room_and_a_limit_that_is_lifted_lets_them_go(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    running.apply(&workflow("concurrency: 1", &sink.url, 3)).await;
    let sent = (0..300).map(|n| send(&running, "a", n));
    let events = futures::future::join_all(sent).await;
    let plain = "name: plain\ntriggers: [{ eventType: order.* }]\nsteps: [{ id: s, transform: 1 }]";
    running.apply(plain).await;
    let other = running.order(1).await.id;
    running.reaches(other, EventStatus::Processed).await;
    let mut waiting = 0;
    for event in &events {
        waiting += usize::from(waits(&running, *event).await);
    }
    assert!(waiting >= 299, "{waiting} wait");
    // The one at work waits for an hour; all the others go as soon as nothing holds them.
    sink.answers(200);
    running.apply(&workflow("", &sink.url, 3)).await;
    let mut open = 0;
    for event in &events {
        if run(&running, *event).await.status == RunStatus::Waiting {
            open += 1;
        } else {
            running.reaches(*event, EventStatus::Processed).await;
        }
    }
    assert!(open <= 1, "{open} still wait");
}

async fn runs_of_one_key_come_one_after_another(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    running.apply(&workflow("order: { key: input.who }", &sink.url, 3)).await;
    let first = send(&running, "ada", 0).await;
    let second = send(&running, "ada", 1).await;
    let third = send(&running, "ada", 2).await;
    let other = send(&running, "bob", 0).await;
    becomes(&running, first, RunStatus::Waiting).await;
    becomes(&running, other, RunStatus::Waiting).await;
    let nobody =
        json!({ "eventType": "stock.moved", "source": "shop", "payload": { "who": null } });
    for _ in 0..2 {
        let free = running.send(nobody.clone()).await.id;
        becomes(&running, free, RunStatus::Waiting).await;
    }
    assert!(waits(&running, second).await && waits(&running, third).await);
    // Who is ended while he waits lets nobody pass who is not next.
    cancel(&running.engine, run(&running, second).await.id).await.unwrap();
    assert!(waits(&running, third).await);
    cancel(&running.engine, run(&running, first).await.id).await.unwrap();
    becomes(&running, third, RunStatus::Waiting).await;
}

async fn a_failed_run_makes_way_and_lines_up_again_when_it_is_retried(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("order: { key: input.who }", &sink.url, 1)).await;
    sink.answers(422);
    let first = send(&running, "ada", 0).await;
    let second = send(&running, "ada", 1).await;
    running.reaches(first, EventStatus::Failed).await;
    running.reaches(second, EventStatus::Failed).await;
    running.apply(&workflow("order: { key: input.who }", &sink.url, 2)).await;
    sink.answers(500);
    let third = send(&running, "ada", 2).await;
    let at_work = becomes(&running, third, RunStatus::Waiting).await;
    repair(&running.engine, second, Repair::Retry).await.unwrap();
    repair(&running.engine, first, Repair::Retry).await.unwrap();
    for event in [first, second] {
        let again = run(&running, event).await;
        assert_eq!((again.status, again.due_at), (RunStatus::Queued, None));
    }
    sink.answers(200);
    cancel(&running.engine, at_work.id).await.unwrap();
    running.reaches(first, EventStatus::Processed).await;
    running.reaches(second, EventStatus::Processed).await;
    let numbers: Vec<_> = sink.bodies().iter().map(|body| number(body)).collect();
    assert_eq!(numbers, [0, 1, 2, 0, 1], "in the order of their events again");
}

fn number(body: &str) -> u64 {
    serde_json::from_str::<serde_json::Value>(body).unwrap()["n"].as_u64().unwrap()
}

async fn turns_hold_after_a_crash(database: Database) {
    let sink = Sink::start().await;
    sink.answers(500);
    let (first, second, third);
    {
        let running = database.start().await;
        let settings = "concurrency: 1\norder: { key: event.payload.who }";
        running.apply(&workflow(settings, &sink.url, 3)).await;
        first = send(&running, "ada", 0).await;
        second = send(&running, "ada", 1).await;
        third = send(&running, "bob", 2).await;
        let at_work = becomes(&running, first, RunStatus::Waiting).await;
        assert!(waits(&running, second).await && waits(&running, third).await);
        // As if the process had died in the middle of an attempt.
        running.leave_to_a_dead_node(at_work.id).await;
        running.engine.stop().await;
    }
    let running = database.start().await;
    assert!(waits(&running, second).await && waits(&running, third).await);
    cancel(&running.engine, run(&running, first).await.id).await.unwrap();
    becomes(&running, second, RunStatus::Waiting).await;
    assert!(waits(&running, third).await, "there is room for one");
    sink.answers(200);
    cancel(&running.engine, run(&running, second).await.id).await.unwrap();
    running.reaches(third, EventStatus::Processed).await;
}

/// What the sink saw of each person is in order, and no more calls were open at once than `most`.
async fn storm(nodes: &[&Running], sink: &Sink, most: usize) {
    let people = ["ada", "bob", "cleo"];
    let mut events = Vec::new();
    for n in 0..30 {
        let node = nodes[n % nodes.len()];
        let sent = people.iter().map(|who| send(node, who, n));
        events.extend(futures::future::join_all(sent).await);
    }
    for event in events {
        nodes[0].reaches(event, EventStatus::Processed).await;
    }
    let bodies = sink.bodies();
    for who in people {
        let of = |body: &&String| body.contains(&format!("\"{who}\""));
        let numbers: Vec<_> = bodies.iter().filter(of).map(|body| number(body)).collect();
        assert_eq!(numbers, (0..30).collect::<Vec<u64>>(), "{who}");
    }
    assert!((1..=most).contains(&sink.busiest()), "{} at once", sink.busiest());
}

async fn a_storm_of_events_keeps_order_and_limit(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.lingers();
    running.apply(&workflow("concurrency: 2\norder: { key: input.who }", &sink.url, 3)).await;
    storm(&[&running], &sink, 2).await;
    let sink = Sink::start().await;
    sink.lingers();
    running.apply(&workflow("order: { key: input.who }", &sink.url, 3)).await;
    storm(&[&running], &sink, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_keep_order_and_limit_together() {
    let (database, sink) = (Database::postgres().await, Sink::start().await);
    sink.lingers();
    let one = database.start().await;
    one.apply(&workflow("concurrency: 2\norder: { key: input.who }", &sink.url, 3)).await;
    let other = database.start().await;
    storm(&[&one, &other], &sink, 2).await;
}

async fn a_test_run_needs_no_turn(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    running.apply(&workflow("concurrency: 1", &sink.url, 3)).await;
    let event = send(&running, "ada", 0).await;
    becomes(&running, event, RunStatus::Waiting).await;
    sink.answers(200);
    let workflow = running.engine.workflows.current().workflows()[0].clone();
    let id = engine::run::trial::on_event(&running.engine, &workflow, event).await.unwrap();
    let mut found = read::get(&running.engine, id).await.unwrap().run;
    for _ in 0..500 {
        if found.status.is_finished() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        found = read::get(&running.engine, id).await.unwrap().run;
    }
    assert_eq!(found.status, RunStatus::Succeeded);
}
