//! `/api/v1/alerts` and `/api/v1/alert-channels`: rules, where they are told, and what was told.

use app::model::{AlertMessageView, AlertRuleView, AlertTurnView, ChannelView, Page};
use app::ssr::convert;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::alert::rule::{self, NewRule};
use engine::alert::{ChannelKind, Condition, channel};
use engine::id::{AlertRuleId, ChannelId};
use engine::workflow::duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::query::{Named, wrong};
use crate::auth::{Authorized, Manage, Read};
use crate::problem::Problem;
use crate::router::AppState;

const NEWEST: u64 = 200;

pub(crate) async fn list(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<AlertRuleView>>, Problem> {
    let rules = rule::list(&state.engine).await?;
    Ok(Json(Page::whole(rules.iter().map(convert::alert_rule).collect())))
}

/// A rule as it is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewAlertRule)]
pub(crate) struct RuleBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// `{"kind": …}` and what belongs to it: `failedEvents` (`over`, `window`, `eventType`, `source`),
    /// `failureRate` (`overPercent`, `atLeast`, `window`, `eventType`, `source`), `deadLetters` (`over`),
    /// `latency` (`percentile`, `over`, `window`), `absence` (`window`, `eventType`, `source`),
    /// `rejected` (`over`, `window`, `source`), `schemaDrift` (`window`, `eventType`).
    #[schema(value_type = Object)]
    condition: serde_json::Value,
    /// How long after it was told it is told again, such as `4h`, which it is when nothing is said.
    #[schema(example = "4h")]
    repeat: Option<String>,
}

impl RuleBody {
    fn read(self) -> Result<NewRule, Problem> {
        let condition: Condition =
            serde_json::from_value(self.condition).map_err(|error| wrong("condition", error))?;
        let repeat = duration::parse(self.repeat.as_deref().unwrap_or("4h"));
        let repeat = repeat.map_err(|error| wrong("repeat", error))?;
        Ok(NewRule { name: self.name, condition, repeat })
    }
}

pub(crate) async fn create(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AlertRuleView>), Problem> {
    let body: RuleBody = body::read_json(&headers, body, state.max_body).await?;
    let made = rule::create(&state.engine, body.read()?).await?;
    Ok((StatusCode::CREATED, Json(convert::alert_rule(&made))))
}

pub(crate) async fn replace(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<AlertRuleId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AlertRuleView>, Problem> {
    let body: RuleBody = body::read_json(&headers, body, state.max_body).await?;
    let changed = rule::replace(&state.engine, id, body.read()?).await?;
    Ok(Json(convert::alert_rule(&changed)))
}

/// How long a rule is silent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Mute)]
pub(crate) struct MuteBody {
    /// Such as `1h`; without it the rule speaks again.
    #[serde(rename = "for")]
    length: Option<String>,
}

pub(crate) async fn mute(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<AlertRuleId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AlertRuleView>, Problem> {
    let body: MuteBody = body::read_json(&headers, body, state.max_body).await?;
    let length = body.length.as_deref().map(duration::parse).transpose();
    let length = length.map_err(|error| wrong("for", error))?;
    let until = length.map(|length| state.engine.now().plus(length));
    let muted = rule::mute(&state.engine, id, until).await?;
    Ok(Json(convert::alert_rule(&muted)))
}

pub(crate) async fn delete(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<AlertRuleId>,
) -> Result<StatusCode, Problem> {
    rule::delete(&state.engine, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn history(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<AlertTurnView>>, Problem> {
    let turns = rule::history(&state.engine, NEWEST).await?;
    Ok(Json(Page::whole(turns.into_iter().map(convert::alert_turn).collect())))
}

pub(crate) async fn messages(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<AlertMessageView>>, Problem> {
    let sent = channel::sent(&state.engine, NEWEST).await?;
    Ok(Json(Page::whole(sent.into_iter().map(convert::alert_message).collect())))
}

pub(crate) async fn channels(
    _: Authorized<Read>,
    State(state): State<AppState>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    let channels = channel::list(&state.engine).await?;
    Ok(Json(Page::whole(channels.iter().map(convert::channel).collect())))
}

/// A channel to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAlertChannel)]
pub(crate) struct ChannelBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(value_type = String, example = "webhook")]
    kind: ChannelKind,
    /// A URL, or an email address.
    target: String,
}

/// The only answer that has a webhook's secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedChannel {
    #[serde(flatten)]
    view: ChannelView,
    /// The secret that a webhook's messages are signed with, `whsec_…`. It is shown once.
    secret: Option<String>,
}

pub(crate) async fn create_channel(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<CreatedChannel>), Problem> {
    let ChannelBody { name, kind, target } =
        body::read_json(&headers, body, state.max_body).await?;
    let (made, secret) = channel::create(&state.engine, &name, kind, &target).await?;
    let created = CreatedChannel { view: convert::channel(&made), secret };
    Ok((StatusCode::CREATED, Json(created)))
}

pub(crate) async fn delete_channel(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<ChannelId>,
) -> Result<StatusCode, Problem> {
    channel::delete(&state.engine, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a trial.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tried {
    delivered: bool,
    /// Why it did not arrive.
    error: Option<String>,
}

pub(crate) async fn try_channel(
    _: Authorized<Manage>,
    State(state): State<AppState>,
    Named(id): Named<ChannelId>,
) -> Result<Json<Tried>, Problem> {
    let error = channel::try_out(&state.engine, id).await?.err();
    Ok(Json(Tried { delivered: error.is_none(), error }))
}
