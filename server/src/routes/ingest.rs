//! `POST /api/webhooks/ingest`: an event comes in, as Sluice's own JSON or as a CloudEvent.

use std::borrow::Cow;
use std::sync::Arc;

use app::model::EventStatus;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::event::Headers;
use engine::event::cloudevents;
use engine::event::envelope::{self, InvalidEnvelope, NewEvent};
use engine::intake;
use engine::key::limit::Standing;
use engine::key::{ApiKey, Permission, fingerprint, verify};
use engine::store::{Accepted, Idempotency};
use serde::Serialize;
use tracing::Span;
use utoipa::ToSchema;

use super::body;
use crate::auth::caller::presented_key;
use crate::problem::{Code, Problem};
use crate::rate_limit;
use crate::router::AppState;
use crate::telemetry::otlp;

pub(crate) mod batch;
pub(crate) mod source;

const LONGEST_KEY: usize = 255;

/// Room for all headers of an answer, so that none makes the map grow.
const HEADERS: usize = 12;

/// An event that is stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Accepted)]
pub(crate) struct AcceptedBody {
    id: String,
    /// The sender's own id; the event's id where it gave none.
    event_id: String,
    #[schema(value_type = EventStatus)]
    status: &'static str,
    /// Whether the event had come before; `id` is that of the first.
    duplicate: bool,
}

/// Answers 202 once the event is durable.
pub(crate) async fn event(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    // Taken apart here: an extractor for the headers would copy them.
    let (Parts { headers, .. }, body) = request.into_parts();
    let key = sender(&state, &headers).await?;
    let format = Format::of(&headers)?;
    if format == Format::Batch {
        let body = body::read(&headers, body, state.max_body).await?;
        return batch::accept(&state, &key, &headers, &body, cloudevents::structured).await;
    }
    let standing = rate_limit::spend(&state.engine, &key, 1)?;
    let body = body::read(&headers, body, state.max_body).await?;
    let accepted = store(&state, &key, format, &headers, &body).await?;
    Ok((standing, accepted).into_response())
}

/// Whether many events come at once.
pub(crate) fn is_batch(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let mark = b"batch";
    kind.windows(mark.len()).any(|part| part.eq_ignore_ascii_case(mark))
}

/// The same as [`event`] for a single event whose body is all there, as it is.
pub(crate) async fn at_once(
    state: &AppState,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(AcceptedBody, Option<Extension<Standing>>), Problem> {
    let key = sender(state, headers).await?;
    let format = Format::of(headers)?;
    let standing = rate_limit::spend(&state.engine, &key, 1)?;
    Ok((store(state, &key, format, headers, body).await?, standing))
}

/// Returns once the event is durable.
async fn store(
    state: &AppState,
    key: &ApiKey,
    format: Format,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<AcceptedBody, Problem> {
    let idempotency = idempotency_key(headers)?.map(|key| Idempotency {
        key: key.to_owned(),
        fingerprint: format.fingerprint(headers, body),
    });
    let new = format.parse(headers, body)?;
    let named = new.event_id.clone();
    let accepted = intake::ingest(&state.engine, key, new, kept(headers), idempotency).await?;
    Ok(AcceptedBody::new(accepted, named))
}

/// The key of the request, which may send events.
async fn sender(state: &AppState, headers: &HeaderMap) -> Result<Arc<ApiKey>, Problem> {
    let presented = presented_key(headers).ok_or_else(Problem::unauthorized)?;
    let key = verify::verify(&state.engine, presented).await?;
    if key.allows(Permission::Ingest) {
        return Ok(key);
    }
    let detail = "Sending events needs the permission `ingest`, which the key does not have.";
    Err(Problem::new(Code::Forbidden, detail))
}

/// What the body is (CloudEvents: HTTP binding 1.0.2, section 3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Own,
    Structured,
    Binary,
    Batch,
}

impl Format {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = body::media_type(headers);
        match kind.as_str() {
            "application/cloudevents-batch+json" | "application/cloudevents-batch" => {
                Ok(Self::Batch)
            }
            "application/cloudevents+json" | "application/cloudevents" => Ok(Self::Structured),
            kind if kind.starts_with("application/cloudevents") => {
                Err(body::unsupported(kind, "application/cloudevents+json"))
            }
            // Before JSON: in this mode the body may be of any type.
            _ if headers.contains_key("ce-specversion") => Ok(Self::Binary),
            _ => body::require_json(headers).map(|()| Self::Own),
        }
    }

    /// What counts as the same request under one idempotency key. In binary mode the event is in the headers
    /// too; those have no line break, so that no two requests look alike here.
    fn fingerprint(self, headers: &HeaderMap, body: &[u8]) -> String {
        if self != Self::Binary {
            return fingerprint([body]);
        }
        let said = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let mut said: Vec<_> = said
            .filter(|(name, _)| name.starts_with("ce-") || *name == header::CONTENT_TYPE.as_str())
            .collect();
        said.sort_unstable();
        let lines =
            said.into_iter().flat_map(|(name, value)| [name.as_bytes(), b":", value, b"\n"]);
        fingerprint(lines.chain([b"\n".as_slice(), body]))
    }

    fn parse(self, headers: &HeaderMap, body: &[u8]) -> Result<NewEvent, InvalidEnvelope> {
        match self {
            Self::Own | Self::Batch => envelope::parse(body),
            Self::Structured => cloudevents::structured(body),
            Self::Binary => {
                let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
                let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
                cloudevents::binary(pairs, kind, body)
            }
        }
    }
}

impl AcceptedBody {
    /// `named` is the sender's own id of the event, if it gave one. The log is told of it, too.
    pub(crate) fn new(accepted: Accepted, named: Option<String>) -> Self {
        let (id, duplicate) = (accepted.id.to_string(), accepted.duplicate);
        tracing::debug!(event = id, duplicate, "an event was accepted");
        Self {
            event_id: named.unwrap_or_else(|| id.clone()),
            id,
            status: accepted.status.as_str(),
            duplicate: accepted.duplicate,
        }
    }

    /// Where the event is found.
    pub(crate) fn location(&self) -> String {
        format!("/api/v1/events/{}", self.id)
    }
}

impl IntoResponse for AcceptedBody {
    fn into_response(self) -> Response {
        let location = HeaderValue::try_from(self.location());
        let mut response = (StatusCode::ACCEPTED, Json(self)).into_response();
        response.headers_mut().reserve(HEADERS);
        if let Ok(location) = location {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// The key of `Idempotency-Key` (a quoted string, or bare) or `x-idempotency-key`.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
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
    Ok(Some(key))
}

/// The headers that are stored with the event.
fn kept(headers: &HeaderMap) -> Headers {
    Headers::masked(pairs(&otlp::headers_of(&Span::current()), headers))
}

/// Where spans are recorded, the event goes on from this request's, by `ours`, which goes on from the sender's.
fn pairs<'h>(
    ours: &'h HeaderMap,
    theirs: &'h HeaderMap,
) -> impl Iterator<Item = (&'h str, Cow<'h, str>)> {
    let theirs = theirs.iter().filter(|(name, _)| !ours.contains_key(*name));
    let pairs = ours.iter().chain(theirs);
    pairs.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
}
