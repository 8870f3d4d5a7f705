//! `/healthz`: the process answers. `/readyz`: events can be stored, or why not.
//!
//! Invariant: however many ask, the writer is tried at most once a second.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::store::health;
use serde::Serialize;
use utoipa::ToSchema;

use crate::disk::{self, Standing};
use crate::lately::Lately;
use crate::router::AppState;

/// Whoever probes waits no longer.
const PATIENCE: Duration = Duration::from_secs(3);

const FRESH: Duration = Duration::from_secs(1);

/// What came of the last try to write.
pub(crate) type LastWrite = Lately<Result<&'static str, &'static str>>;

/// Whether events can be stored, and what each check saw.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ReadinessCheck)]
struct Check {
    /// `database`, `migrations`, `writer`, `disk` or `stopping`.
    check: &'static str,
    ok: bool,
    /// What was seen, in words; without paths or causes, for anyone may ask.
    says: String,
}

fn check(check: &'static str, seen: Result<&str, String>) -> Check {
    match seen {
        Ok(says) => Check { check, ok: true, says: says.to_owned() },
        Err(says) => Check { check, ok: false, says },
    }
}

pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let engine = &state.engine;
    let ((database, migrations), writer) = tokio::join!(reads(engine), writes(&state));
    let mut checks = vec![database, migrations, writer];
    checks.extend(room(engine));
    if state.stop.is_cancelled() {
        checks.push(check("stopping", Err("Sluice is stopping".into())));
    }
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}

/// Whether the database can be read, and is of this version.
async fn reads(engine: &Engine) -> (Check, Check) {
    let found = tokio::time::timeout(PATIENCE, health::foreign_migrations(&engine.store)).await;
    let unread = |says: &str| {
        let unknown = check("migrations", Err("not known".into()));
        (check("database", Err(says.to_owned())), unknown)
    };
    let foreign = match found {
        Ok(Ok(foreign)) => foreign,
        Ok(Err(error)) => {
            tracing::debug!(%error, "not ready: the database cannot be read");
            return unread("it cannot be read");
        }
        Err(_) => return unread("it does not answer"),
    };
    let current = match foreign.len() {
        0 => Ok("current"),
        some => Err(format!("{some} differ from this version: run one version of Sluice")),
    };
    (check("database", Ok("readable")), check("migrations", current))
}

async fn writes(state: &AppState) -> Check {
    let tried = async { Ok::<_, Infallible>(try_writing(&state.engine).await) };
    let Ok(seen) = state.last_write.get(FRESH, tried).await;
    check("writer", seen.map_err(str::to_owned))
}

/// A row goes through the same door as every event.
async fn try_writing(engine: &Engine) -> Result<&'static str, &'static str> {
    match tokio::time::timeout(PATIENCE, health::prove_writing(engine)).await {
        Ok(Ok(())) => Ok("commits"),
        Ok(Err(error)) => {
            tracing::debug!(%error, "not ready: the writer refuses");
            Err("it cannot commit: events are refused")
        }
        Err(_) => Err("it does not answer: events wait"),
    }
}

/// Postgres watches over its own disk.
fn room(engine: &Engine) -> Option<Check> {
    let folder = engine.store.folder.as_ref()?;
    let seen = match health::room(folder) {
        Ok(room) if disk::standing(room) == Standing::Full => {
            let needed = disk::needed(room).div_ceil(1 << 20);
            Err(format!("less than {needed} MiB are free: make room"))
        }
        Ok(_) => Ok("there is room"),
        Err(_) => Err("its free space is not known".to_owned()),
    };
    Some(check("disk", seen))
}
