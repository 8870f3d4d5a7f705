//! Runs: mapped, executed, journalled, failed, brought back.

use engine::audit::{self, ActorKind, Filter};
use engine::event::repair::{Repair, RepairError, repair};
use engine::event::replay::{Versions, replay};
use engine::event::{EventFilter, EventStatus, read};
use engine::run::{JOURNAL_KEPT, RunRecord, RunStatus};
use engine::stats;
use engine::store::Change;
use engine::workflow::explain::{Reason, Verdict};
use engine::workflow::versions;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::databases::Database;
use crate::on_both;
use crate::sink::{Sink, kept};

on_both!(
    a_matching_event_runs_its_workflow,
    a_failing_step_ends_in_the_dead_letters_and_comes_back,
    a_retry_that_helps_is_never_seen_as_failed,
    a_run_stays_with_the_version_that_started_it,
    several_workflows_settle_one_event,
    a_receiver_that_is_gone_turns_its_workflow_off,
    a_long_journal_is_read_as_far_as_somebody_looks,
    a_journal_keeps_its_newest_attempts,
    a_replay_is_a_new_event_that_names_the_first,
    a_replay_starts_what_matches_now_or_what_was_started_then,
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
    assert_eq!(kept(run.attempts[1].response.as_ref())["status"], 200);
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
    bad.answers(422);
    running.apply(&workflow("good", &good.url, 5)).await;
    running.apply(&workflow("bad", &bad.url, 1)).await;
    let ids: Vec<_> = futures::future::join_all((0..30).map(|n| running.order(n))).await;
    for accepted in ids {
        let record = running.reaches(accepted.id, EventStatus::Failed).await;
        let mut ends: Vec<_> = record.runs.iter().map(|run| run.status.as_str()).collect();
        ends.sort_unstable();
        assert_eq!(ends, ["failed", "succeeded"]);
    }
    assert_eq!(good.bodies().len(), 30);
    assert_eq!(bad.bodies().len(), 30);
    let stats = stats::current(&running.engine).await.unwrap();
    assert_eq!((stats.failed, stats.pending, stats.processing), (30, 0, 0));
}

async fn a_receiver_that_is_gone_turns_its_workflow_off(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 5)).await;
    running.apply(&workflow("other", &sink.url, 50)).await;
    sink.answers(410);
    sink.hangs();
    let first = running.order(1).await.id;
    while sink.bodies().len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running.apply(&workflow("other", "http://127.0.0.1:9/elsewhere", 50)).await;
    sink.goes_on();
    let record = running.reaches(first, EventStatus::Failed).await;
    for run in &record.runs {
        let error = run.error.as_ref().unwrap();
        assert_eq!(error.exhausted_retry_condition.as_deref(), Some("permanent"), "{error:?}");
    }
    // Whatever is to be turned off has been by then.
    running.engine.stop().await;
    for workflow in running.engine.workflows.current().workflows() {
        let name = &workflow.definition.name;
        assert_eq!(workflow.enabled, name == "other", "{name}: a new version calls another");
    }
    assert_eq!(sink.bodies().len(), 2, "never again");
    let entries = audit::list(&running.engine.store, &Filter::default(), None, 9).await.unwrap();
    assert_eq!(entries.len(), 1, "nothing else is done by itself: {entries:?}");
    assert_eq!(
        (entries[0].action.as_str(), entries[0].actor.kind),
        ("workflow.disabled", ActorKind::Sluice)
    );
    let detail = &entries[0].detail;
    assert!(detail.starts_with("w, step notify: 127.0.0.1 answered 410"), "{detail}");
}

async fn a_long_journal_is_read_as_far_as_somebody_looks(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 1)).await;
    let event = running.order(1).await.id;
    let run = running.reaches(event, EventStatus::Processed).await.runs[0].id;
    let change = Change::new(move |transaction| {
        Box::pin(async move {
            let request =
                r#"{"method":"POST","url":"http://a","headers":{},"body":"b","truncated":true}"#;
            let attempts = format!(
                "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 1210)
                 INSERT INTO step_attempts (run_id, number, step, attempt, status, started_at,
                    duration_ms, request, response, error)
                 SELECT '{run}', i, 'notify', i, 'failed', 0, 1, '{request}', NULL, 'e' FROM n"
            );
            transaction.execute_unprepared(&attempts).await?;
            let counted = format!("UPDATE runs SET attempts = 1210 WHERE id = '{run}'");
            transaction.execute_unprepared(&counted).await?;
            Ok(())
        })
    });
    running.engine.store.writer.change(change).await.unwrap();
    let found = engine::run::read::get(&running.engine, run).await.unwrap().run;
    assert_eq!((found.attempts_made, found.attempts.len()), (1_210, 1_000));
    assert_eq!((found.attempts[0].number, found.attempts[999].number), (211, 1_210));
    let requests: Vec<_> = found.attempts.iter().map(|it| kept(it.request.as_ref())).collect();
    assert!(
        requests.iter().all(|request| request["url"] == "http://a" && request["truncated"] == true)
    );
    assert_eq!(requests.iter().filter(|request| request["body"] == "b").count(), 100);
    assert_eq!(requests[999]["body"], "b", "the newest");
}

async fn a_journal_keeps_its_newest_attempts(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(404);
    running.apply(&workflow("w", &sink.url, 2)).await;
    let event = running.order(1).await.id;
    let run = running.reaches(event, EventStatus::Failed).await.runs[0].id;
    // As after very many retries: it has made one less than are kept.
    let least = JOURNAL_KEPT - 1;
    let attempts = format!(
        "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < {least})
         INSERT INTO step_attempts (run_id, number, step, attempt, status, started_at, duration_ms)
         SELECT '{run}', i, 'notify', 1, 'failed', 0, 1 FROM n"
    );
    let state = match database.is_sqlite() {
        false => format!("(jsonb_set(state::jsonb, '{{attempts}}', '{least}'))::text"),
        true => format!("json_set(state, '$.attempts', {least})"),
    };
    let counted = format!("UPDATE runs SET attempts = {least}, state = {state} WHERE id = '{run}'");
    running.execute(vec![attempts, counted]).await;
    repair(&running.engine, event, Repair::Retry).await.unwrap();
    let count = format!(
        "SELECT COUNT(*), MIN(number), MAX(number) FROM step_attempts WHERE run_id = '{run}'"
    );
    let read = database.connect().await;
    let count = Statement::from_string(read.get_database_backend(), count);
    running.reaches(event, EventStatus::Failed).await;
    let row = read.query_one_raw(count).await.unwrap().unwrap();
    let at = |column: usize| row.try_get_by_index::<i64>(column).unwrap();
    assert_eq!((at(0), at(1), at(2)), (JOURNAL_KEPT, 2, JOURNAL_KEPT + 1));
}

async fn a_replay_is_a_new_event_that_names_the_first(database: Database) {
    let running = database.start().await;
    let first = running.order(1).await.id;
    let second = replay(&running.engine, first, Versions::Current).await.unwrap();
    let record = running.get(second.id).await;
    assert_eq!(record.row.replay_of, Some(first));
    assert_eq!(record.payload, running.get(first).await.payload);
    assert_ne!(record.row.event_id, running.get(first).await.row.event_id);
}

async fn a_replay_starts_what_matches_now_or_what_was_started_then(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    running.apply(&workflow("w", &sink.url, 1)).await;
    let first = running.order(1).await.id;
    running.reaches(first, EventStatus::Processed).await;
    let changed = workflow("w", &sink.url, 1).replace("${input.orderId}", "new ${input.orderId}");
    running.apply(&changed).await;
    running.apply(&workflow("since", &sink.url, 1)).await;
    let mut ran = Vec::new();
    for versions in [Versions::Current, Versions::Original] {
        let again = replay(&running.engine, first, versions).await.unwrap().id;
        let record = running.reaches(again, EventStatus::Processed).await;
        assert_eq!(record.row.replay_of, Some(first));
        let run = |run: &RunRecord| (run.workflow_name.clone(), run.workflow_version);
        let mut runs: Vec<_> = record.runs.iter().map(run).collect();
        runs.sort();
        ran.push(runs);
    }
    let run = |name: &str, version| (name.to_owned(), version);
    assert_eq!(ran, [vec![run("since", 1), run("w", 2)], vec![run("w", 1)]]);

    let again = replay(&running.engine, first, Versions::Original).await.unwrap().id;
    let record = running.reaches(again, EventStatus::Processed).await;
    let why = versions::explain(&running.engine, &record).await.unwrap();
    let told = |it: &Verdict| (it.workflow.definition.name.clone(), it.reason.clone());
    let mut reasons: Vec<_> = why.iter().map(told).collect();
    reasons.sort_by(|(one, _), (other, _)| one.cmp(other));
    let expected = [("since", Reason::NotReplayed), ("w", Reason::Matched)];
    assert_eq!(reasons, expected.map(|(name, reason)| (name.to_owned(), reason)));
    // How it was replayed is no part of it.
    let once_more = replay(&running.engine, again, Versions::Current).await.unwrap().id;
    assert_eq!(running.get(once_more).await.headers, running.get(first).await.headers);
}

async fn an_emitted_event_starts_other_workflows_and_loops_end(database: Database) {
    let running = database.start().await;
    let loops = r#"
name: loop
triggers: [{ eventType: "tick.*", filter: event.payload.n >= 0, input: { n: "${event.payload.n + 1}" } }]
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
