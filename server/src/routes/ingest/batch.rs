//! `POST /api/webhooks/ingest/batch`: many events in one request, an answer for each.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::event::batch;
use engine::event::envelope::{InvalidEnvelope, NewEvent};
use engine::intake;
use engine::key::{ApiKey, fingerprint};
use engine::store::Idempotency;
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AcceptedBody, idempotency_key, kept, sender};
use crate::problem::{self, Problem};
use crate::rate_limit;
use crate::router::AppState;
use crate::routes::body;

/// In the order of the request.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchAnswer)]
pub(crate) struct Items {
    items: Vec<Item>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = BatchItem)]
pub(crate) enum Item {
    Accepted(AcceptedBody),
    Refused { error: problem::Body },
}

/// A JSON array or one event a line. Answers 202 when all were stored, 207 when only some were, and
/// otherwise as the first of them would have been answered alone.
pub(crate) async fn events(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let key = sender(&state, &headers).await?;
    body::require_json_or_lines(&headers)?;
    let body = body::read(&headers, body, state.max_body).await?;
    accept(&state, &key, &headers, &body, batch::parse).await
}

/// Parses each item by `parse` and stores what can be stored, all at once.
pub(super) async fn accept(
    state: &AppState,
    key: &ApiKey,
    headers: &HeaderMap,
    body: &[u8],
    parse: fn(&[u8]) -> Result<NewEvent, InvalidEnvelope>,
) -> Result<Response, Problem> {
    let given = idempotency_key(headers)?;
    let items = batch::items(body)?;
    let standing = rate_limit::spend(&state.engine, key, items.len())?;
    let headers = kept(headers);
    let stored = items.into_iter().enumerate().map(async |(at, item)| {
        let new = parse(item)?;
        let named = new.event_id.clone();
        // One key names the whole batch; what it stands for is remembered item by item.
        let idempotency = given.map(|given| Idempotency {
            key: format!("{given}/{at}"),
            fingerprint: fingerprint([item]),
        });
        let headers = headers.clone();
        let accepted = intake::ingest(&state.engine, key, new, headers, idempotency).await?;
        Ok::<_, Problem>(AcceptedBody::new(accepted, named))
    });
    let stored = join_all(stored).await;
    for problem in stored.iter().filter_map(|item| item.as_ref().err()) {
        state.metrics.refuse(problem.code());
    }
    Ok((standing, answer(stored)).into_response())
}

fn answer(stored: Vec<Result<AcceptedBody, Problem>>) -> Response {
    let all = stored.len();
    let refused = stored.iter().filter(|item| item.is_err()).count();
    let first = stored.iter().find_map(|item| item.as_ref().err());
    let (status, retry) = match (refused, first) {
        (0, _) | (_, None) => (StatusCode::ACCEPTED, None),
        (_, Some(first)) if refused == all => (first.status(), first.retry_after()),
        _ => (StatusCode::MULTI_STATUS, None),
    };
    let items = stored.into_iter().map(|item| match item {
        Ok(accepted) => Item::Accepted(accepted),
        Err(problem) => Item::Refused { error: problem.into_body() },
    });
    (status, retry, Json(Items { items: items.collect() })).into_response()
}
