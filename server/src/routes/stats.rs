//! `/api/v1/stats`, computed at most once a second however many watch.

use std::sync::Arc;
use std::time::Duration;

use app::model::{Overview, Stats};
use app::ssr::convert;
use app::ssr::overview::view;
use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::stats::overview;
use engine::store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::auth::{Authorized, Read};
use crate::lately::Lately;
use crate::problem::{Code, Problem};
use crate::router::AppState;
use crate::routes::query::Asked;

const FRESH: Duration = Duration::from_millis(900);

/// The last figures, shared by all who ask.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Lately<Stats>>);

impl Shared {
    pub(crate) async fn get(&self, engine: &Engine) -> Result<Stats, StoreError> {
        let find = async { Ok(convert::stats(&engine::stats::current(engine).await?)) };
        self.0.get(FRESH, find).await
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatsQuery {
    /// Gives the overview of the last `1h`, `24h` or `7d` in place of the present figures.
    #[param(pattern = "^(1h|24h|7d)$")]
    range: Option<String>,
}

/// The present figures, or how a period went.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Figures {
    Present(Stats),
    Period(Box<Overview>),
}

pub(crate) async fn current(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<StatsQuery>,
) -> Result<Json<Figures>, Problem> {
    let Some(range) = query.range.filter(|range| !range.is_empty()) else {
        return Ok(Json(Figures::Present(state.stats.get(&state.engine).await?)));
    };
    let range = range.parse::<overview::Range>().map_err(|use_one| {
        Problem::new(Code::InvalidParameter, format!("`range` is not known: {use_one}."))
    })?;
    let seen = overview::current(&state.engine, range).await?;
    Ok(Json(Figures::Period(Box::new(view(&seen)))))
}
