//! Trying a definition before it is in force: on one event, on those that have come, or for real.

use app::model::{BacktestView, PreviewView, RunRef};
use app::ssr::previews;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::event::{Event, envelope, read};
use engine::id::{EventId, WorkflowId};
use engine::run::trial;
use engine::workflow::apply::{self, SaveError};
use engine::workflow::{Definition, backtest, list, preview};
use engine::{Engine, intake};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::auth::{Authorized, Manage, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;
use crate::routes::body;
use crate::routes::query::{self, Named};
use crate::routes::workflows::compiled;

/// Either an event that has come, by its `eventId`, or one as it would be sent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PreviewRequest)]
pub(crate) struct PreviewBody {
    /// As JSON, or as a text of YAML or JSON.
    definition: Value,
    /// The id of an event that has come, `evt_…`.
    event_id: Option<String>,
    /// An event as it would be sent to `/api/webhooks/ingest`.
    #[schema(value_type = Option<serde_json::Map<String, Value>>)]
    event: Option<Box<RawValue>>,
}

/// Nothing is called, sent or stored.
pub(crate) async fn preview(
    _: Authorized<Read>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PreviewView>, Problem> {
    let body: PreviewBody = body::read_json(&headers, body, state.max_body).await?;
    let definition = definition(&body.definition)?;
    let event = event(&state.engine, body.event_id.as_deref(), body.event.as_deref()).await?;
    let event = match event {
        Chosen::Came(id) => read::get(&state.engine, id).await?.event(),
        Chosen::Made(event) => *event,
    };
    Ok(Json(previews::preview(&definition, &preview::preview(&definition, &event))))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BacktestRequest)]
pub(crate) struct BacktestBody {
    /// As JSON, or as a text of YAML or JSON.
    definition: Value,
    /// How many of the newest events are looked at.
    #[schema(minimum = 1, maximum = 10000)]
    last: u32,
    /// The workflow whose version in force it is compared with, `wfl_…`.
    workflow_id: Option<String>,
}

pub(crate) async fn backtest(
    _: Authorized<Read>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<BacktestView>, Problem> {
    let body: BacktestBody = body::read_json(&headers, body, state.max_body).await?;
    if !(1..=backtest::MOST).contains(&body.last) {
        let rule = format!("between 1 and {}", backtest::MOST);
        return Err(query::wrong("last", rule));
    }
    let definition = definition(&body.definition)?;
    let against = match body.workflow_id {
        None => None,
        Some(id) => {
            let id: WorkflowId = id.parse().map_err(|error| query::wrong("workflowId", error))?;
            let none = || query::wrong("workflowId", SaveError::Unknown(id));
            Some(apply::in_force(&state.engine, id).ok_or_else(none)?)
        }
    };
    let result = backtest::backtest(&state.engine, definition, body.last, against).await?;
    Ok(Json(previews::backtest(result)))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TestRequest)]
pub(crate) struct TestBody {
    /// The version to run; the one in force when it is left out.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// The id of an event that has come, `evt_…`.
    event_id: Option<String>,
    /// An event as it would be sent to `/api/webhooks/ingest`; it is not stored.
    #[schema(value_type = Option<serde_json::Map<String, Value>>)]
    event: Option<Box<RawValue>>,
}

/// A real run, marked as a test.
pub(crate) async fn test(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<WorkflowId>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<RunRef>), Problem> {
    let body: TestBody = body::read_json(&headers, body, state.max_body).await?;
    let workflow = match body.version {
        None => apply::in_force(&state.engine, id).ok_or(SaveError::Unknown(id))?,
        Some(version) => {
            let version = i64::from(version);
            let found = list::version(&state.engine, id, version).await?;
            found.ok_or(SaveError::UnknownVersion(id, version))?
        }
    };
    let event = event(&state.engine, body.event_id.as_deref(), body.event.as_deref()).await?;
    let run = match event {
        Chosen::Came(event) => trial::on_event(&state.engine, &workflow, event).await?,
        Chosen::Made(event) => trial::on_made(&state.engine, &workflow, &event).await?,
    };
    Ok((StatusCode::ACCEPTED, Json(RunRef { id: run.to_string() })))
}

fn definition(given: &Value) -> Result<Definition, Problem> {
    match given {
        Value::String(text) => compiled(text),
        json => compiled(&json.to_string()),
    }
}

enum Chosen {
    Came(EventId),
    Made(Box<Event>),
}

async fn event(
    engine: &Engine,
    id: Option<&str>,
    made: Option<&RawValue>,
) -> Result<Chosen, Problem> {
    match (id, made) {
        (Some(id), None) => {
            let id = id.parse().map_err(|error| query::wrong("eventId", error))?;
            Ok(Chosen::Came(id))
        }
        (None, Some(event)) => {
            let new = envelope::parse(event.get().as_bytes())?;
            Ok(Chosen::Made(Box::new(intake::imagined(engine, new))))
        }
        _ => {
            let rule =
                "Name an event that has come as `eventId`, or write one as `event`; not both.";
            Err(Problem::new(Code::InvalidParameter, rule))
        }
    }
}
