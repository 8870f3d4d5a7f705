//! `POST /api/webhooks/ingest`: an event comes in.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::event::envelope;
use engine::intake;
use engine::key::{Permission, fingerprint, verify};
use engine::store::{Accepted, Idempotency};
use serde::Serialize;

use super::body;
use crate::auth::caller::presented_key;
use crate::problem::{Code, Problem};
use crate::router::AppState;

/// Headers that say nothing about the event, or would say a secret.
const SECRET: [&str; 4] = ["x-api-key", "authorization", "cookie", "proxy-authorization"];

const LONGEST_KEY: usize = 255;

/// Room for all headers of an answer, so that none makes the map grow.
const HEADERS: usize = 12;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AcceptedBody {
    id: String,
    event_id: String,
    status: &'static str,
    duplicate: bool,
}

/// Answers 202 once the event is durable.
pub(crate) async fn event(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let presented = presented_key(&headers).ok_or_else(Problem::unauthorized)?;
    let key = verify::verify(&state.engine, presented).await?;
    if !key.allows(Permission::Ingest) {
        let detail = "Sending events needs the permission `ingest`, which the key does not have.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    body::require_json(&headers)?;
    let body = body::read(&headers, body, state.max_body).await?;
    let idempotency = idempotency(&headers, &body)?;
    let new = envelope::parse(&body)?;
    let named = new.event_id.clone();
    let accepted = intake::ingest(&state.engine, &key, new, kept(&headers), idempotency).await?;
    Ok(answer(accepted, named))
}

fn answer(accepted: Accepted, named: Option<String>) -> Response {
    let id = accepted.id.to_string();
    let location = HeaderValue::try_from(format!("/api/v1/events/{id}"));
    let body = AcceptedBody {
        event_id: named.unwrap_or_else(|| id.clone()),
        id,
        status: accepted.status.as_str(),
        duplicate: accepted.duplicate,
    };
    let mut headers = HeaderMap::with_capacity(HEADERS);
    if let Ok(location) = location {
        headers.insert(header::LOCATION, location);
    }
    (StatusCode::ACCEPTED, headers, Json(body)).into_response()
}

/// The key of `Idempotency-Key` (a quoted string, or bare) or `x-idempotency-key`.
fn idempotency(headers: &HeaderMap, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = headers.get("idempotency-key").or_else(|| headers.get("x-idempotency-key"))
    else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    if key.is_empty() || key.len() > LONGEST_KEY {
        let detail = format!("An idempotency key has 1 to {LONGEST_KEY} visible ASCII characters.");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: fingerprint(body) }))
}

/// The headers that are stored with the event; the values of secret ones are masked.
fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&header::HeaderName, &HeaderValue)| {
        let value = match SECRET.contains(&name.as_str()) {
            true => "•••".into(),
            false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        (name.as_str().to_owned(), value)
    };
    headers.iter().map(pair).collect()
}
