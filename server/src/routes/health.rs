//! `/healthz`: the process answers. `/readyz`: the writer commits.

use axum::extract::State;
use axum::http::StatusCode;
use engine::store::Change;

use crate::problem::{Code, Problem};
use crate::router::AppState;

pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

pub(crate) async fn ready(
    State(state): State<AppState>,
) -> Result<(StatusCode, &'static str), Problem> {
    if state.stop.is_cancelled() {
        return Err(Problem::new(Code::Unavailable, "Sluice is stopping.").after(5));
    }
    // An empty change goes through the same door as every event.
    let nothing = Change::new(|_| Box::pin(async { Ok(()) }));
    state.engine.store.writer.change(nothing).await?;
    Ok((StatusCode::OK, "ready\n"))
}
