//! Versions: every change is kept, an old one comes back, and deleting ends nothing that has begun.

use std::sync::Arc;

use engine::event::EventStatus;
use engine::id::WorkflowId;
use engine::run::RunStatus;
use engine::workflow::apply::{self, Applied, Save, SaveError, Saved, Target};
use engine::workflow::explain::Reason;
use engine::workflow::{Definition, Workflow, remove, switch, versions};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    every_change_is_a_version_that_can_come_back,
    whoever_saw_another_version_changes_nothing,
    a_deleted_workflow_starts_nothing_and_its_runs_go_on,
    an_event_is_explained_by_the_triggers_that_were_there,
);

fn workflow(name: &str, wait: &str, url: &str) -> String {
    format!(
        "{{name: {name}, triggers: [{{eventType: order.*}}], steps: [{{id: wait, delay: {{for: {wait}}}}},
          {{id: call, http: {{url: \"{url}\"}}}}]}}"
    )
}

async fn save(
    running: &Running,
    target: Target,
    expected: Option<i64>,
    text: &str,
) -> Result<Saved, SaveError> {
    let definition = Definition::parse(text).unwrap();
    apply::save(&running.engine, Save { target, expected, definition, dry_run: false }).await
}

fn id(saved: &Saved) -> WorkflowId {
    saved.workflow.as_ref().unwrap().id
}

async fn every_change_is_a_version_that_can_come_back(database: Database) {
    let running = database.start().await;
    let url = "https://example.com";
    let first = save(&running, Target::Named, None, &workflow("w", "1s", url)).await.unwrap();
    assert_eq!(first.applied, Applied::Created);
    let id = id(&first);
    let again = save(&running, Target::Named, None, &workflow("w", "1s", url)).await.unwrap();
    assert_eq!(again.applied, Applied::Unchanged);
    let second = save(&running, Target::Known(id), None, &workflow("v", "2s", url)).await.unwrap();
    assert_eq!(second.changes, ["renamed from w", "step wait changed"]);
    assert_eq!(self::id(&second), id, "a new name is not a new workflow");

    let restored = versions::restore(&running.engine, id, 1, Some(2)).await.unwrap();
    let workflow = restored.workflow.unwrap();
    assert_eq!((workflow.version, workflow.definition.name.as_str()), (3, "w"));
    let (page, next) = versions::list(&running.engine, id, None, 2).await.unwrap();
    assert_eq!(page.iter().map(|it| it.number).collect::<Vec<_>>(), [3, 2]);
    let (page, none) = versions::list(&running.engine, id, next, 2).await.unwrap();
    assert_eq!((page.len(), page[0].number, none), (1, 1, None));
    let one = versions::get(&running.engine, id, 1).await.unwrap();
    let three = versions::get(&running.engine, id, 3).await.unwrap();
    assert_eq!(one.document, three.document);
    assert!(three.diff.iter().any(|line| line.text.contains("for: 1s")), "{:?}", three.diff);
    let missing = versions::get(&running.engine, id, 4).await;
    assert!(matches!(missing, Err(SaveError::UnknownVersion(_, 4))));

    running.engine.stop().await;
    drop(running);
    let running = database.start().await;
    let in_force = apply::in_force(&running.engine, id).unwrap();
    assert_eq!((in_force.version, in_force.definition.name.as_str()), (3, "w"));
}

async fn whoever_saw_another_version_changes_nothing(database: Database) {
    let running = database.start().await;
    let text = |wait: &str| workflow("w", wait, "https://example.com");
    let saved = save(&running, Target::Named, Some(0), &text("1s")).await.unwrap();
    let known = Target::Known(id(&saved));
    save(&running, known, Some(1), &text("2s")).await.unwrap();
    for (target, expected) in [(known, 1), (Target::Named, 0), (known, 7)] {
        let late = save(&running, target, Some(expected), &text("3s")).await;
        assert!(matches!(late, Err(SaveError::Moved { found: 2, .. })), "{late:?}");
    }
    assert_eq!(apply::in_force(&running.engine, id(&saved)).unwrap().version, 2);
    save(&running, Target::Named, None, &workflow("other", "1s", "https://example.com"))
        .await
        .unwrap();
    let taken = save(&running, known, None, &workflow("other", "9s", "https://example.com")).await;
    assert!(matches!(taken, Err(SaveError::NameTaken(_))), "{taken:?}");
}

/// Whether what this server would match comes to be so.
async fn comes_to(running: &Running, holds: impl Fn(&[Arc<Workflow>]) -> bool) -> bool {
    for _ in 0..1_000 {
        if holds(running.engine.workflows.current().workflows()) {
            return true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_changes_the_other_matches() {
    let database = Database::postgres().await;
    let (one, other) = (database.start().await, database.start().await);
    let text = |wait: &str| workflow("w", wait, "https://example.com");
    let id = id(&save(&one, Target::Named, None, &text("1h")).await.unwrap());
    assert!(comes_to(&other, |all| all.len() == 1).await);
    let begun = other.order(1).await.id;
    assert_eq!(other.get(begun).await.runs.len(), 1);
    save(&other, Target::Known(id), None, &text("2h")).await.unwrap();
    assert!(comes_to(&one, |all| all[0].version == 2).await);
    switch::switch(&one.engine, id, false).await.unwrap();
    assert!(comes_to(&other, |all| !all[0].enabled).await);
    assert_eq!(other.order(2).await.status, EventStatus::Processed, "nothing starts it");
    switch::switch(&other.engine, id, true).await.unwrap();
    assert!(comes_to(&one, |all| all[0].enabled).await);
    remove::remove(&other.engine, id).await.unwrap();
    assert!(comes_to(&one, <[_]>::is_empty).await);
}

async fn a_deleted_workflow_starts_nothing_and_its_runs_go_on(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    let text = workflow("w", "700ms", &sink.url);
    let id = id(&save(&running, Target::Named, None, &text).await.unwrap());
    let begun = running.order(1).await.id;
    remove::remove(&running.engine, id).await.unwrap();
    assert!(matches!(remove::remove(&running.engine, id).await, Err(SaveError::Unknown(_))));
    assert_eq!(running.order(2).await.status, EventStatus::Processed, "nothing starts it");
    // What the process remembers is not what the runs rely on.
    running.engine.stop().await;
    drop(running);
    let running = database.start().await;
    let record = running.reaches(begun, EventStatus::Processed).await;
    assert_eq!(record.runs[0].status, RunStatus::Succeeded);
    assert_eq!(sink.bodies().len(), 1);

    let back = versions::restore(&running.engine, id, 1, Some(0)).await.unwrap();
    assert_eq!(back.applied, Applied::Created);
    assert_eq!((self::id(&back), back.workflow.unwrap().version), (id, 2));
    let matched = running.order(3).await.id;
    running.reaches(matched, EventStatus::Processed).await;
    assert_eq!(running.get(matched).await.runs.len(), 1);
}

async fn an_event_is_explained_by_the_triggers_that_were_there(database: Database) {
    let running = database.start().await;
    let text = |filter: &str| {
        format!(
            "{{name: w, triggers: [{{eventType: order.*, filter: '{filter}'}}, {{eventType: other}}],
              steps: [{{id: s, delay: {{for: 1s}}}}]}}"
        )
    };
    let reasons = async |id| {
        let record = running.get(id).await;
        let verdicts = versions::explain(&running.engine, &record).await.unwrap();
        verdicts.into_iter().map(|verdict| verdict.reason).collect::<Vec<_>>()
    };
    let before = running.order(1).await.id;
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    let first = save(&running, Target::Named, None, &text("event.payload.id > 100")).await.unwrap();
    let under_first = running.order(2).await.id;
    assert_eq!(reasons(before).await, [Reason::CreatedLater, Reason::CreatedLater]);
    let fault = reasons(under_first).await;
    assert!(
        matches!(&fault[0], Reason::Filter { clause, .. } if clause == "event.payload.id > 100")
    );

    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    save(&running, Target::Named, None, &text("event.payload.id > 1")).await.unwrap();
    // The filter that would match was not there yet; the other trigger is what it was.
    assert_eq!(reasons(under_first).await, [Reason::CreatedLater, Reason::EventType]);
    let under_second = running.order(3).await.id;
    assert_eq!(reasons(under_second).await, [Reason::Matched, Reason::EventType]);
    switch::switch(&running.engine, id(&first), false).await.unwrap();
    assert_eq!(reasons(under_second).await, [Reason::Matched, Reason::EventType], "it was on then");
    let while_off = running.order(4).await.id;
    switch::switch(&running.engine, id(&first), true).await.unwrap();
    assert_eq!(reasons(while_off).await, [Reason::Disabled, Reason::EventType], "it was off then");
    tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    save(&running, Target::Named, None, &text("event.payload.id > 2")).await.unwrap();
    assert_eq!(reasons(under_second).await, [Reason::CreatedLater, Reason::EventType]);
    assert_eq!(reasons(while_off).await, [Reason::CreatedLater, Reason::EventType]);
}
