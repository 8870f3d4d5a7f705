//! Hears of workflows that another server at the same database has changed: until then this one matches what
//! it knows. On SQLite there is no other.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};

use super::list;
use crate::Engine;
use crate::pace;
use crate::store::{Store, StoreError};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// What no change of a workflow leaves as it is: how many there are and are on, and the sums of their versions
/// and of the times of their changes. The latest time would not do, as servers' clocks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing([i64; 4]);

/// Runs until the engine stops.
pub(crate) async fn keep_following(engine: Engine) {
    if !engine.store.is_shared() {
        return;
    }
    let mut look = pace::every(LOOK);
    let mut last = None;
    loop {
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = look.tick() => {}
        }
        match follow(&engine, last).await {
            Ok(now) => last = Some(now),
            Err(error) => tracing::debug!(%error, "changed workflows could not be looked for"),
        }
    }
}

/// Takes in what has changed since `last`, this server's own changes included.
async fn follow(engine: &Engine, last: Option<Standing>) -> Result<Standing, StoreError> {
    let now = standing(&engine.store).await?;
    if last != Some(now) {
        let _turn = engine.applying.lock().await;
        // What changes after `now` was read is taken in twice.
        list::reload(engine).await?;
    }
    Ok(now)
}

async fn standing(store: &Store) -> Result<Standing, StoreError> {
    let sql =
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN enabled THEN 1 ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(version), 0) AS BIGINT),
            CAST(COALESCE(SUM(updated_at), 0) AS BIGINT)
        FROM workflows";
    let statement = Statement::from_string(store.read.get_database_backend(), sql);
    let row = store.read.query_one_raw(statement).await?.ok_or(StoreError::Defect)?;
    let mut standing = [0; 4];
    for (at, number) in standing.iter_mut().enumerate() {
        *number = row.try_get_by_index(at)?;
    }
    Ok(Standing(standing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::targets::Targets;
    use crate::store::Location;
    use crate::workflow::{Definition, apply, remove, switch};
    use crate::{Environment, Settings};

    async fn save(engine: &Engine, name: &str, step: i64) -> crate::id::WorkflowId {
        let text = format!(
            "name: {name}\ntriggers: [{{ eventType: a }}]\nsteps: [{{ id: s, transform: {step} }}]"
        );
        apply::apply(engine, Definition::parse(&text).unwrap(), false).await.unwrap();
        let current = engine.workflows.current();
        current.workflows().iter().find(|it| it.definition.name == name).unwrap().id
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_change_of_a_workflow_leaves_the_standing_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            location: Location::Folder(folder.path().to_owned()),
            secret_key_file: folder.path().join("secret.key"),
            targets: Targets::default(),
            mailer: None,
            idempotency_kept: crate::intake::IDEMPOTENCY_KEPT,
        };
        let engine = Engine::start(settings, Environment::system()).await.unwrap();
        let mut seen = vec![standing(&engine.store).await.unwrap()];
        let one = save(&engine, "one", 1).await;
        seen.push(standing(&engine.store).await.unwrap());
        save(&engine, "one", 2).await;
        seen.push(standing(&engine.store).await.unwrap());
        switch::switch(&engine, one, false).await.unwrap();
        seen.push(standing(&engine.store).await.unwrap());
        tokio::time::sleep(Duration::from_millis(2)).await;
        remove::remove(&engine, one).await.unwrap();
        let two = save(&engine, "two", 1).await;
        save(&engine, "two", 2).await;
        switch::switch(&engine, two, false).await.unwrap();
        seen.push(standing(&engine.store).await.unwrap());
        for (at, standing) in seen.iter().enumerate() {
            assert!(!seen[..at].contains(standing), "{at} of {seen:?}");
        }
        engine.stop().await;
    }
}
