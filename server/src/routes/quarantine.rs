//! `/api/v1/quarantine`: deliveries that were not believed; check them again, or forget them.

use app::model::{HeldView, Page};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::id::QuarantineId;
use engine::source::Outcome;
use engine::source::quarantine::{self, HeldFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ingest::AcceptedBody;
use super::query::{Asked, Named, before_id};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

const DEFAULT_LIMIT: u64 = 100;
const MOST: u64 = 500;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct QuarantineQuery {
    /// The name of a source.
    source: Option<String>,
    /// `missing_header`, `malformed_header`, `clock_skew` or `wrong_signature`.
    cause: Option<String>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^qrn_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    cursor: Option<String>,
    /// How many at most. More than 500 count as 500.
    #[param(minimum = 0, default = 100)]
    limit: Option<u64>,
}

/// What became of a delivery that is believed now.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Released {
    Event(AcceptedBody),
    /// It was a provider's handshake, which leaves no event.
    Handshake {
        #[schema(value_type = ())]
        id: (),
    },
}

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
    Asked(query): Asked<QuarantineQuery>,
) -> Result<Json<Page<HeldView>>, Problem> {
    let before = before_id(query.cursor.as_deref())?;
    let given = |text: &&str| !text.is_empty();
    let filter = HeldFilter {
        source: query.source.as_deref().filter(given),
        cause: query.cause.as_deref().filter(given),
    };
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST);
    let held = quarantine::list(&state.engine, filter, before, limit).await?;
    let last = held.last().map(|last| last.id.to_string());
    let items = held.iter().map(|held| convert::held(held, usize::MAX)).collect();
    Ok(Json(Page::up_to(limit, items, last)))
}

/// Checks again; answers as intake does when the delivery is believed now.
pub(crate) async fn release(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<QuarantineId>,
) -> Result<(StatusCode, Json<Released>), Problem> {
    let released = match quarantine::release(&state.engine, id).await? {
        Outcome::Accepted(accepted, named) => Released::Event(AcceptedBody::new(accepted, named)),
        Outcome::Challenge(_) => Released::Handshake { id: () },
    };
    Ok((StatusCode::ACCEPTED, Json(released)))
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<QuarantineId>,
) -> Result<StatusCode, Problem> {
    quarantine::delete(&state.engine, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
