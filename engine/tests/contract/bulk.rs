//! Dead letters in groups, and one action for many of them: planned, counted, stopped, resumed,
//! cancelled, and done once to each whatever happens in between.

use std::time::Duration;

use engine::bulk::plan::{NewBulk, plan};
use engine::bulk::{Action, BulkError, Filter, Operation, State, manage};
use engine::event::export::Export;
use engine::event::repair::{Repair, repair, repair_noting};
use engine::event::{EventFilter, EventStatus, error_group, read};
use engine::id::{BulkId, EventId};
use engine::stats;
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    dead_letters_are_counted_by_what_went_wrong,
    a_plan_counts_and_changes_nothing,
    a_retry_brings_all_back_but_none_that_came_later,
    a_canary_that_fails_stops_and_goes_on_once_the_receiver_is_mended,
    a_canary_of_ten_stops_when_most_of_them_fail,
    a_replay_sends_each_once_as_a_new_event,
    what_is_cancelled_stays_where_it_is,
    a_restart_goes_on_where_it_was_and_repeats_nothing,
    deleting_takes_only_what_the_plan_said,
    what_changed_meanwhile_is_skipped,
    what_cannot_be_meant_is_refused,
    an_export_has_every_event_with_its_payload_as_sent,
);

const BROKEN: &str = r#"
name: Broken
triggers: [{ eventType: "order.*" }]
steps:
  - id: check
    fail: { message: "no stock for order ${event.payload.id}" }
"#;

fn notify(url: &str) -> String {
    format!(
        r#"
name: Notify
triggers: [{{ eventType: "order.*" }}]
steps:
  - id: notify
    http: {{ url: "{url}" }}
    retry: {{ attempts: 1 }}
"#
    )
}

/// So many orders that have failed.
async fn failed_orders(running: &Running, count: i64) -> Vec<EventId> {
    let sent = futures::future::join_all((0..count).map(|n| running.order(n))).await;
    let ids: Vec<_> = sent.into_iter().map(|accepted| accepted.id).collect();
    settled(running, EventStatus::Failed, count).await;
    ids
}

/// Waits until so many events have this status.
async fn settled(running: &Running, status: EventStatus, count: i64) {
    for _ in 0..1_000 {
        let stats = stats::current(&running.engine).await.unwrap();
        let now = match status {
            EventStatus::Failed => stats.failed,
            _ => stats.processed,
        };
        if now == count && stats.pending + stats.processing == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {count} {status}: {:?}", stats::current(&running.engine).await.unwrap());
}

fn all(action: Action) -> NewBulk {
    let failed = Filter { status: Some(EventStatus::Failed), ..Filter::default() };
    NewBulk { action, filter: failed, note: None, canary: false }
}

async fn start(running: &Running, new: NewBulk) -> BulkId {
    manage::start(&running.engine, new).await.unwrap().id
}

async fn get(running: &Running, id: BulkId) -> Operation {
    manage::get(&running.engine, id).await.unwrap()
}

/// The operation once it is in this state.
async fn reaches(running: &Running, id: BulkId, state: State) -> Operation {
    for _ in 0..1_000 {
        let operation = get(running, id).await;
        if operation.state == state {
            return operation;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {state}: {:?}", get(running, id).await);
}

async fn dead_letters_are_counted_by_what_went_wrong(database: Database) {
    let running = database.start().await;
    running.apply(BROKEN).await;
    let ids = failed_orders(&running, 7).await;
    repair(&running.engine, ids[0], Repair::MarkFailed).await.unwrap();
    let other = json!({ "type": "other", "source": "shop", "data": {} });
    let other = running.send(other).await.id;
    repair(&running.engine, other, Repair::MarkFailed).await.unwrap();

    let groups = error_group::list(&running.engine).await.unwrap();
    let told: Vec<_> =
        groups.iter().map(|it| (it.group.message.as_str(), it.count, it.seen)).collect();
    assert_eq!(told, [("no stock for order #", 6, 7), ("marked as failed by hand", 2, 2)]);
    assert_eq!(groups[0].group.workflow.as_deref(), Some("Broken"));
    assert_eq!(groups[0].group.step.as_deref(), Some("check"));
    assert!(groups[0].first_seen <= groups[0].last_seen);

    let group = groups[0].group.id.clone();
    let of_group = EventFilter { group: Some(group), ..EventFilter::default() };
    let page = read::list(&running.engine, &of_group, None, 100).await.unwrap();
    let mut listed: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    listed.sort_unstable();
    assert_eq!(listed, ids[1..].to_vec());

    // Who leaves the dead letters leaves the group; who fails again comes back.
    let noted = Some("by hand".to_owned());
    repair_noting(&running.engine, ids[1], Repair::MarkProcessed, noted).await.unwrap();
    repair(&running.engine, ids[2], Repair::Delete).await.unwrap();
    repair(&running.engine, ids[3], Repair::Retry).await.unwrap();
    settled(&running, EventStatus::Failed, 6).await;
    let groups = error_group::list(&running.engine).await.unwrap();
    assert_eq!((groups[0].count, groups[0].seen), (4, 8));
    let record = running.get(ids[1]).await;
    assert_eq!(record.row.error_group, None);
    assert_eq!(record.notes.len(), 1);
    repair(&running.engine, ids[1], Repair::MarkFailed).await.unwrap();
    let back = running.get(ids[1]).await.row;
    assert_eq!(
        back.error_group.as_ref(),
        Some(&groups[0].group.id),
        "what it failed by is still why"
    );
    assert_eq!(record.notes[0].note, "by hand");
}

async fn a_plan_counts_and_changes_nothing(database: Database) {
    let running = database.start().await;
    running.apply(BROKEN).await;
    failed_orders(&running, 5).await;
    let of = |event_type: &str| NewBulk {
        filter: Filter { event_type: Some(event_type.into()), ..Filter::default() },
        ..all(Action::Retry)
    };
    let planned = plan(&running.engine, &of("order.*")).await.unwrap();
    assert_eq!(planned.total, 5);
    assert_eq!(planned.by_type, [("order.created".to_owned(), 5)]);
    assert_eq!(planned.by_group.len(), 1);
    assert_eq!(planned.by_group[0].1, 5);
    let none = plan(&running.engine, &of("order.*.added")).await.unwrap();
    assert_eq!((none.total, none.by_type.len()), (0, 0));
    assert!(manage::list(&running.engine, None, 10).await.unwrap().is_empty());
    assert_eq!(stats::current(&running.engine).await.unwrap().failed, 5);
}

async fn a_retry_brings_all_back_but_none_that_came_later(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    let ids = failed_orders(&running, 100).await;
    sink.answers(200);
    let id = start(&running, all(Action::Retry)).await;
    sink.answers(422);
    // It is failed when its turn would come, but it was not there at the plan.
    let later = running.order(1_000).await.id;
    sink.answers(200);
    let operation = reaches(&running, id, State::Finished).await;
    let counts = (operation.total, operation.done, operation.succeeded, operation.skipped);
    assert_eq!(counts, (100, 100, 100, 0));
    for id in ids {
        let record = running.get(id).await;
        assert_ne!(record.row.bulk, None, "{record:?}");
    }
    assert_eq!(running.get(later).await.row.bulk, None);
}

async fn a_canary_that_fails_stops_and_goes_on_once_the_receiver_is_mended(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    failed_orders(&running, 60).await;
    let calls = sink.bodies().len();
    let id = start(&running, NewBulk { canary: true, ..all(Action::Retry) }).await;
    let stopped = reaches(&running, id, State::Stopped).await;
    assert_eq!(stopped.reason.as_deref(), Some("the first event failed again"));
    assert_eq!((stopped.done, stopped.total), (1, 60));
    assert_eq!(manage::failed_again(&running.engine, &stopped).await.unwrap(), 1);
    assert_eq!(sink.bodies().len(), calls + 1, "one event was tried, and no other");

    sink.answers(200);
    manage::resume(&running.engine, id).await.unwrap();
    let finished = reaches(&running, id, State::Finished).await;
    assert_eq!((finished.done, finished.total, finished.succeeded), (60, 60, 60));
    settled(&running, EventStatus::Processed, 60).await;
    assert_eq!(sink.bodies().len(), calls + 61, "the first was tried once more");
    let refused = manage::resume(&running.engine, id).await;
    assert!(matches!(refused, Err(BulkError::NotStopped(State::Finished))));
}

async fn a_canary_of_ten_stops_when_most_of_them_fail(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    failed_orders(&running, 60).await;
    sink.answers(200);
    let mut moves = running.engine.watch_bulk();
    let id = start(&running, NewBulk { canary: true, ..all(Action::Retry) }).await;
    // The first one helps; then the receiver breaks again.
    loop {
        let operation = moves.recv().await.unwrap();
        if operation.state == State::Paused {
            settled(&running, EventStatus::Processed, 1).await;
            sink.answers(422);
            break;
        }
    }
    let stopped = reaches(&running, id, State::Stopped).await;
    assert_eq!(stopped.done, 11);
    assert!(stopped.reason.as_ref().unwrap().contains("of the next 10"), "{stopped:?}");
}

async fn a_replay_sends_each_once_as_a_new_event(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    let ids = failed_orders(&running, 70).await;
    sink.answers(200);
    let id = start(&running, NewBulk { canary: true, ..all(Action::Replay) }).await;
    let finished = reaches(&running, id, State::Finished).await;
    assert_eq!((finished.succeeded, finished.done), (70, 70));
    settled(&running, EventStatus::Processed, 70).await;
    let new = EventFilter { bulk: Some(id), ..EventFilter::default() };
    let page = read::list(&running.engine, &new, None, 500).await.unwrap();
    let mut first: Vec<_> = page.rows.iter().filter_map(|row| row.replay_of).collect();
    first.sort_unstable();
    let mut ids = ids;
    ids.sort_unstable();
    assert_eq!(first, ids, "each once");
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!(stats.failed, 70, "the old ones are as they were");
}

async fn what_is_cancelled_stays_where_it_is(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    failed_orders(&running, 40).await;
    let id = start(&running, NewBulk { canary: true, ..all(Action::Retry) }).await;
    reaches(&running, id, State::Stopped).await;
    let cancelled = manage::cancel(&running.engine, id).await.unwrap();
    assert_eq!((cancelled.state, cancelled.done), (State::Cancelled, 1));
    assert!(cancelled.finished_at.is_some());
    let twice = manage::cancel(&running.engine, id).await.unwrap();
    assert_eq!(twice, cancelled);
    let resumed = manage::resume(&running.engine, id).await;
    assert!(matches!(resumed, Err(BulkError::NotStopped(State::Cancelled))));

    let id = start(&running, all(Action::Resolve)).await;
    reaches(&running, id, State::Finished).await;
    let late = manage::cancel(&running.engine, id).await;
    assert!(matches!(late, Err(BulkError::Ended(State::Finished))));
}

async fn a_restart_goes_on_where_it_was_and_repeats_nothing(database: Database) {
    let running = database.start().await;
    running.apply(BROKEN).await;
    let ids = failed_orders(&running, 400).await;
    let note = Some("counted".to_owned());
    let id = start(&running, NewBulk { note, ..all(Action::Resolve) }).await;
    let mut between = false;
    for _ in 0..1_000 {
        let done = get(&running, id).await.done;
        between = (1..400).contains(&done);
        if between || done == 400 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(between, "it ended before it could be interrupted");
    running.engine.stop().await;
    let open = get(&running, id).await;
    assert!(open.state.is_open() && open.done < 400, "{open:?}");
    drop(running);
    let running = database.start().await;
    let finished = reaches(&running, id, State::Finished).await;
    assert_eq!((finished.done, finished.succeeded, finished.skipped), (400, 400, 0));
    for id in ids {
        let record = running.get(id).await;
        assert_eq!(record.row.status, EventStatus::Processed);
        assert_eq!(record.notes.len(), 1, "noted once: {:?}", record.notes);
    }
    assert!(error_group::list(&running.engine).await.unwrap().is_empty());
}

async fn deleting_takes_only_what_the_plan_said(database: Database) {
    let running = database.start().await;
    running.apply(BROKEN).await;
    failed_orders(&running, 30).await;
    let kept = json!({ "type": "invoice.paid", "source": "shop", "data": {} });
    let kept = running.send(kept).await.id;
    let filter = Filter { event_type: Some("order.**".into()), ..Filter::default() };
    let delete = NewBulk { filter, ..all(Action::Delete) };
    assert_eq!(plan(&running.engine, &delete).await.unwrap().total, 30);
    let id = start(&running, delete).await;
    reaches(&running, id, State::Finished).await;
    let left = read::list(&running.engine, &EventFilter::default(), None, 10).await.unwrap();
    assert_eq!(left.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [kept]);
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.failed, stats.processed), (0, 1));
}

async fn what_changed_meanwhile_is_skipped(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&notify(&sink.url)).await;
    sink.answers(422);
    let ids = failed_orders(&running, 20).await;
    let id = start(&running, NewBulk { canary: true, ..all(Action::Retry) }).await;
    reaches(&running, id, State::Stopped).await;
    for id in &ids[5..10] {
        repair(&running.engine, *id, Repair::MarkProcessed).await.unwrap();
    }
    repair(&running.engine, ids[10], Repair::Delete).await.unwrap();
    sink.answers(200);
    manage::resume(&running.engine, id).await.unwrap();
    let finished = reaches(&running, id, State::Finished).await;
    assert_eq!((finished.total, finished.done), (20, 20));
    assert_eq!((finished.succeeded, finished.skipped), (14, 6));
}

async fn what_cannot_be_meant_is_refused(database: Database) {
    let running = database.start().await;
    let refused = async |new: NewBulk| plan(&running.engine, &new).await.unwrap_err().to_string();
    let everything = NewBulk { filter: Filter::default(), ..all(Action::Delete) };
    assert!(refused(everything).await.contains("which events to delete"));
    let processed = Filter { status: Some(EventStatus::Processed), ..Filter::default() };
    let retry = NewBulk { filter: processed, ..all(Action::Retry) };
    assert!(refused(retry).await.contains("cannot be taken by retry"));
    let canary = NewBulk { canary: true, ..all(Action::Resolve) };
    assert!(refused(canary).await.contains("`canary`"));
    let pattern = Filter { event_type: Some("a b".into()), ..Filter::default() };
    assert!(
        refused(NewBulk { filter: pattern, ..all(Action::Retry) }).await.contains("`eventType`")
    );
    let note = NewBulk { note: Some("x".repeat(2_001)), ..all(Action::Resolve) };
    assert!(refused(note).await.contains("`note`"));
    let unknown = manage::get(&running.engine, BulkId::new(7)).await;
    assert!(matches!(unknown, Err(BulkError::Unknown(_))));
}

async fn an_export_has_every_event_with_its_payload_as_sent(database: Database) {
    let running = database.start().await;
    let ids: Vec<_> = futures::future::join_all((0..450).map(|n| running.order(n)))
        .await
        .into_iter()
        .map(|accepted| accepted.id)
        .collect();
    // Each alone is more than a piece may hold beside others.
    for n in 0..3 {
        let large = json!({ "n": n, "text": "x".repeat(3 << 20) });
        running.send(json!({ "type": "large", "source": "shop", "data": large })).await;
    }
    let mut export = Export::new(&running.engine, EventFilter::default());
    let (mut seen, mut pieces) = (Vec::new(), 0);
    loop {
        let piece = export.next().await.unwrap();
        if piece.is_empty() {
            break;
        }
        pieces += 1;
        let bytes: usize = piece.iter().map(|event| event.payload.len()).sum();
        assert!(piece.len() == 1 || bytes <= 4 << 20, "{bytes} bytes at once");
        for event in piece {
            assert_eq!(event.payload.len() as i64, event.row.payload_bytes);
            seen.push(event.row.id);
        }
    }
    assert!(pieces >= 5, "{pieces}");
    assert_eq!(seen.len(), 453);
    assert!(ids.iter().all(|id| seen.contains(id)));
}
