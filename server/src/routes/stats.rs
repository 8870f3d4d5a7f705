//! `/api/v1/stats`, computed at most once a second however many watch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::model::Stats;
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::store::StoreError;
use tokio::sync::Mutex;

use crate::auth::{Authorized, Read};
use crate::problem::Problem;
use crate::router::AppState;

const FRESH: Duration = Duration::from_millis(900);

/// The last figures, shared by all who ask.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Option<(Instant, Stats)>>>);

impl Shared {
    pub(crate) async fn get(&self, engine: &Engine) -> Result<Stats, StoreError> {
        let mut last = self.0.lock().await;
        match &*last {
            Some((at, stats)) if at.elapsed() < FRESH => Ok(*stats),
            _ => {
                let stats = convert::stats(&engine::stats::current(engine).await?);
                *last = Some((Instant::now(), stats));
                Ok(stats)
            }
        }
    }
}

pub(crate) async fn current(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Stats>, Problem> {
    Ok(Json(state.stats.get(&state.engine).await?))
}
