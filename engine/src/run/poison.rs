//! A run that panicked is poison: to begin it again would do the same again. It fails, with all that it
//! had done before, and waits in the dead letters for someone to look.

use std::sync::Arc;

use sea_orm::EntityTrait;

use super::{RunState, RunStatus};
use crate::Engine;
use crate::event::EventError;
use crate::id::{RunId, WorkflowId};
use crate::store::entity::run;
use crate::store::{Progress, StoreError};
use crate::time::Timestamp;

/// Ends the run; what panicked is in the log.
pub(super) async fn give_up(engine: &Engine, run: RunId) -> Result<(), StoreError> {
    let Some(model) = run::Entity::find_by_id(run.to_string()).one(&engine.store.read).await?
    else {
        return Ok(());
    };
    let state: RunState = serde_json::from_str(&model.state).unwrap_or_default();
    let now = engine.now();
    let error = EventError {
        error_code: "panic".into(),
        error_message: "the run met a defect of Sluice and was ended: the log says where; please \
                        report it"
            .into(),
        exhausted_retry_condition: Some("permanent".into()),
        retry_attempts: i64::from(state.attempt) + 1,
        first_failed_at: state.first_failed_at.unwrap_or(now),
        last_failed_at: now,
        run_id: Some(run),
        workflow: Some(model.workflow_name),
        step: None,
    };
    let ended = Progress {
        run,
        workflow: model.workflow_id.parse().unwrap_or(WorkflowId::new(0)),
        state: state.stored(),
        status: RunStatus::Failed,
        attempts: Vec::new(),
        error: Some(error),
        due_at: None,
        keep_lease: false,
        started_at: model.started_at.map_or(now, Timestamp::from_millis),
        now,
    };
    engine.store.writer.record(Arc::new(ended)).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::event::envelope;
    use crate::event::read;
    use crate::event::{EventStatus, Headers};
    use crate::id::EventId;
    use crate::run::targets::Targets;
    use crate::store::Location;
    use crate::workflow::{Definition, apply};
    use crate::{Engine, Environment, Settings, intake};

    async fn engine(folder: &std::path::Path) -> Engine {
        let settings = Settings {
            location: Location::Folder(folder.to_owned()),
            secret_key_file: folder.join("secret.key"),
            targets: Targets::default(),
            mailer: None,
            idempotency_kept: intake::IDEMPOTENCY_KEPT,
        };
        Engine::start(settings, Environment::system()).await.unwrap()
    }

    async fn send(engine: &Engine, event_type: &str) -> EventId {
        let body = format!(r#"{{"eventType":"{event_type}","source":"s","payload":{{}}}}"#);
        let new = envelope::parse(body.as_bytes()).unwrap();
        intake::deliver(engine, new, Headers::default()).await.unwrap().id
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_run_that_panics_is_a_dead_letter_and_its_neighbours_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine(folder.path()).await;
        for (name, event_type) in [("poison", "bad.one"), ("fine", "good.one")] {
            let text = format!(
                "name: {name}\ntriggers: [{{ eventType: {event_type} }}]\nsteps: [{{ id: a, transform: {{ a: 1 }} }}]"
            );
            apply::apply(&engine, Definition::parse(&text).unwrap(), false).await.unwrap();
        }
        crate::run::worker::panic_at("poison");
        let poison = send(&engine, "bad.one").await;
        let fine = send(&engine, "good.one").await;
        for (id, expected) in [(poison, EventStatus::Failed), (fine, EventStatus::Processed)] {
            let mut status = None;
            for _ in 0..500 {
                status = Some(read::get(&engine, id).await.unwrap().row);
                if status.as_ref().is_some_and(|row| row.status == expected) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let row = status.unwrap();
            assert_eq!(row.status, expected);
            if expected == EventStatus::Failed {
                assert_eq!(row.error.unwrap().error_code, "panic");
            }
        }
        engine.stop().await;
    }
}
