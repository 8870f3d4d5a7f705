//! A workflow's text, parsed from YAML or JSON and compiled; what is wrong is named by its place.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::duration;
use crate::event::{EventType, Pattern};
use crate::expression::template::InvalidTemplate;
use crate::expression::{Expression, InvalidExpression, Names, Template};
use crate::run::retry::RetryPolicy;

/// Definitions beyond this are refused before they are parsed.
const LARGEST: usize = 256 * 1024;
const DEFAULT_TIMEOUT: &str = "15s";
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);
const MOST_REDIRECTS: u32 = 5;
const MOST_AT_ONCE: u32 = 10_000;

#[derive(Debug, Clone)]
pub struct Definition {
    pub name: String,
    pub triggers: Vec<Trigger>,
    /// How many of its runs may be at work at once.
    pub concurrency: Option<u32>,
    /// Runs for which this has the same value come one after another.
    pub order: Option<Expression>,
    pub steps: Vec<Step>,
    /// The definition as JSON, as it is stored and exported.
    pub document: Document,
}

#[derive(Debug, Clone)]
pub struct Trigger {
    pub pattern: Pattern,
    pub filter: Option<Expression>,
    pub input: Option<Template>,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub id: String,
    pub when: Option<Expression>,
    pub retry: RetryPolicy,
    pub kind: StepKind,
}

#[derive(Debug, Clone)]
pub enum StepKind {
    Http(HttpStep),
    /// Its output is the rendered template.
    Transform(Template),
    /// For the duration that it renders to.
    Delay(Template),
    Emit(EmitStep),
    /// Ends the run as failed with this message.
    Fail(Template),
}

/// Sends a new event, which may start other workflows.
#[derive(Debug, Clone)]
pub struct EmitStep {
    pub event_type: Template,
    pub subject: Option<Template>,
    pub payload: Option<Template>,
}

#[derive(Debug, Clone)]
pub struct HttpStep {
    pub method: Template,
    pub url: Template,
    pub headers: Vec<(String, Template)>,
    pub body: Option<Template>,
    pub timeout: Template,
    /// Signed as Standard Webhooks are, with the workflow's own secret.
    pub sign: bool,
    /// How many redirects are followed.
    pub follow_redirects: u32,
    /// The names of the secrets that it reads, each once.
    pub secrets: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = WorkflowDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Names the workflow: a definition with a known name is its next version.
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub triggers: Vec<TriggerDocument>,
    /// How many runs of the workflow may be at work at once, delays and retries included; the others wait
    /// as queued and begin with the oldest. No limit when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000))]
    pub concurrency: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderDocument>,
    /// Done one after the other.
    #[cfg_attr(feature = "openapi", schema(min_items = 1))]
    pub steps: Vec<StepDocument>,
}

/// Which runs come strictly one after another, in the order in which their events came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = OrderDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderDocument {
    /// A CEL expression over `event` and `input`: runs for which it has the same value are in order. Where it
    /// is null, or a field is missing, the run waits for no other.
    pub key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = TriggerDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerDocument {
    /// A pattern such as `order.*`.
    pub event_type: String,
    /// A CEL expression that must be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What the steps read as `input`; texts may hold `${…}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Json>,
}

/// Exactly one of `http`, `transform`, `delay`, `emit` and `fail` says what the step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = StepDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StepDocument {
    /// Unique within the workflow; later steps read `steps.<id>.output`.
    pub id: String,
    /// A CEL expression; the step is left out unless it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DelayDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emit: Option<EmitDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail: Option<FailDocument>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryDocument>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = HttpDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpDocument {
    /// `POST` when it is left out; may hold `${…}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    pub url: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Json>))]
    pub headers: serde_json::Map<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// As in `15s`; may hold `${…}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// Sign the call as Standard Webhooks are, with the workflow's signing secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<bool>,
    /// How many redirects are followed, each checked as the first address is; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(maximum = 5))]
    pub follow_redirects: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = DelayDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DelayDocument {
    /// As in `10m`, or a text with `${…}` that makes such a duration.
    #[serde(rename = "for")]
    pub for_: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EmitDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmitDocument {
    /// As in `order.escalated`; may hold `${…}`.
    pub event_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Json>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FailDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FailDocument {
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RetryDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetryDocument {
    /// With the first.
    pub attempts: u32,
    /// The wait after the first attempt, as in `5s`; it grows from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<String>,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum InvalidDefinition {
    #[error("the definition is larger than {} KiB", LARGEST / 1024)]
    TooLarge,
    #[error("the definition cannot be read: {0}")]
    Unreadable(#[source] serde_yaml_ng::Error),
    #[error("{}", placed(.at, .message, .within))]
    Place {
        at: String,
        message: String,
        /// The line and column inside the text at this place, from 1.
        within: Option<(usize, usize)>,
        /// What to do, where there is more to say than what belongs at this place.
        hint: Option<String>,
    },
}

fn placed(at: &str, message: &str, within: &Option<(usize, usize)>) -> String {
    match within {
        Some((line, column)) => format!("{at}: line {line}, column {column}: {message}"),
        None => format!("{at}: {message}"),
    }
}

/// An error at a place of the definition, as in `steps.notify.http.url`.
fn at(at: impl Into<String>, error: impl ToString) -> InvalidDefinition {
    InvalidDefinition::Place { at: at.into(), message: error.to_string(), within: None, hint: None }
}

/// An error inside an expression.
fn inside(at: impl Into<String>, error: InvalidExpression) -> InvalidDefinition {
    let InvalidExpression { message, line, column, hint } = error;
    InvalidDefinition::Place { at: at.into(), message, within: Some((line, column)), hint }
}

/// By which rules a definition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// Those for what is put in force now.
    Present,
    /// It was put in force once. What has been forbidden since means what it did then.
    Stored,
}

impl Rules {
    fn names(self, names: Names<'_>) -> Names<'_> {
        match self {
            Self::Present => names,
            Self::Stored => Names::RUN,
        }
    }
}

impl Definition {
    /// Reads YAML, of which JSON is a part.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
        Self::read(text).and_then(Self::compile)
    }

    /// One that was put in force, perhaps by a Sluice that refused less.
    pub(crate) fn stored(text: &str) -> Result<Self, InvalidDefinition> {
        let compiled = Self::compiled(Self::read(text)?, Rules::Stored);
        compiled.map_err(|mut problems| problems.swap_remove(0).1)
    }

    pub(crate) fn read(text: &str) -> Result<Document, InvalidDefinition> {
        if text.len() > LARGEST {
            return Err(InvalidDefinition::TooLarge);
        }
        serde_yaml_ng::from_str(text).map_err(InvalidDefinition::Unreadable)
    }

    /// Refused with the first of [`Self::problems`].
    pub fn compile(document: Document) -> Result<Self, InvalidDefinition> {
        Self::examine(document).map_err(|mut problems| problems.swap_remove(0).1)
    }

    /// Compiles, or names what is wrong: at most one problem for each part, with the number of the step
    /// that it is in.
    pub(crate) fn examine(
        document: Document,
    ) -> Result<Self, Vec<(Option<usize>, InvalidDefinition)>> {
        Self::compiled(document, Rules::Present)
    }

    fn compiled(
        document: Document,
        rules: Rules,
    ) -> Result<Self, Vec<(Option<usize>, InvalidDefinition)>> {
        let mut problems = Vec::new();
        let name = document.name.trim().to_owned();
        if name.is_empty() || name.len() > 120 || name.chars().any(char::is_control) {
            let rule = "give the workflow a name of 1 to 120 bytes without control characters";
            problems.push((None, at("name", rule)));
        }
        if document.triggers.is_empty() {
            let rule = "at least one trigger says which events start the workflow";
            problems.push((None, at("triggers", rule)));
        }
        if document.steps.is_empty() {
            problems.push((None, at("steps", "at least one step says what the workflow does")));
        }
        let (mut triggers, mut steps) = (Vec::new(), Vec::new());
        for (number, it) in document.triggers.iter().enumerate() {
            match trigger(number, it, rules) {
                Ok(trigger) => triggers.push(trigger),
                Err(problem) => problems.push((None, problem)),
            }
        }
        if document.concurrency.is_some_and(|most| !(1..=MOST_AT_ONCE).contains(&most)) {
            let rule = format!("between 1 and {MOST_AT_ONCE} runs at once");
            problems.push((None, at("concurrency", rule)));
        }
        let order = order(document.order.as_ref()).unwrap_or_else(|problem| {
            problems.push((None, problem));
            None
        });
        let mut earlier = Vec::new();
        for (number, it) in document.steps.iter().enumerate() {
            let step = step(it, &earlier, rules);
            let ends = || if rules == Rules::Present { no_circle(it, &triggers) } else { Ok(()) };
            earlier.push(it.id.clone());
            match step.and_then(|step| ends().map(|()| step)) {
                Ok(step) => steps.push(step),
                Err(problem) => problems.push((Some(number), problem)),
            }
        }
        match problems.is_empty() {
            true => {
                let concurrency = document.concurrency;
                Ok(Self { name, triggers, concurrency, order, steps, document })
            }
            false => Err(problems),
        }
    }
}

fn trigger(
    number: usize,
    document: &TriggerDocument,
    rules: Rules,
) -> Result<Trigger, InvalidDefinition> {
    let names = rules.names(Names::TRIGGER);
    let place = format!("triggers.{number}");
    let pattern = Pattern::parse(&document.event_type)
        .map_err(|error| at(format!("{place}.eventType"), error))?;
    let filter = expression(document.filter.as_deref(), &format!("{place}.filter"), names)?;
    let input = template(document.input.as_ref(), &format!("{place}.input"), names)?;
    Ok(Trigger { pattern, filter, input })
}

fn order(document: Option<&OrderDocument>) -> Result<Option<Expression>, InvalidDefinition> {
    let compile = |order: &OrderDocument| Expression::compile_for(&order.key, Names::ORDER);
    document.map(compile).transpose().map_err(|error| inside("order.key", error))
}

/// `earlier` are the ids of the steps before it.
fn step(
    document: &StepDocument,
    earlier: &[String],
    rules: Rules,
) -> Result<Step, InvalidDefinition> {
    let id = &document.id;
    let place = format!("steps.{id}");
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 60 || !id.chars().all(letters) {
        return Err(at(place, "a step's id has 1 to 60 letters, digits, `-` or `_`"));
    }
    if earlier.contains(id) {
        return Err(at(place, "two steps have this id; ids name steps, so each is used once"));
    }
    let kinds = [
        document.http.is_some(),
        document.transform.is_some(),
        document.delay.is_some(),
        document.emit.is_some(),
        document.fail.is_some(),
    ];
    if kinds.iter().filter(|there| **there).count() != 1 {
        return Err(at(place, "a step has exactly one of http, transform, delay, emit, fail"));
    }
    let names = rules.names(Names::step(earlier));
    let kind = if let Some(http) = &document.http {
        StepKind::Http(http_step(http, &format!("{place}.http"), names)?)
    } else if let Some(delay) = &document.delay {
        let place = format!("{place}.delay.for");
        StepKind::Delay(checked(&delay.for_, &place, names, duration::parse)?)
    } else if let Some(emit) = &document.emit {
        StepKind::Emit(emit_step(emit, &format!("{place}.emit"), names)?)
    } else if let Some(fail) = &document.fail {
        let message = Json::String(fail.message.clone());
        let place = format!("{place}.fail.message");
        StepKind::Fail(compiled(&message, &place, names)?)
    } else {
        let output = template(document.transform.as_ref(), &format!("{place}.transform"), names)?;
        StepKind::Transform(output.ok_or_else(|| at(&place, "the transform is empty"))?)
    };
    Ok(Step {
        id: id.clone(),
        when: expression(document.when.as_deref(), &format!("{place}.when"), names)?,
        retry: retry(document.retry.as_ref(), &format!("{place}.retry"))?,
        kind,
    })
}

/// A step that always emits what always starts its own workflow never comes to an end.
fn no_circle(document: &StepDocument, triggers: &[Trigger]) -> Result<(), InvalidDefinition> {
    let Some(emit) = document.emit.as_ref().filter(|_| document.when.is_none()) else {
        return Ok(());
    };
    let Some(event_type) = fixed(&emit.event_type).and_then(|it| EventType::parse(it).ok()) else {
        return Ok(());
    };
    let starts = |it: &&Trigger| it.filter.is_none() && it.pattern.matches(&event_type);
    let Some(trigger) = triggers.iter().find(starts) else { return Ok(()) };
    Err(InvalidDefinition::Place {
        at: format!("steps.{}.emit.eventType", document.id),
        message: format!(
            "`{event_type}` starts this workflow again by its trigger `{}`, and so on without end",
            trigger.pattern.as_str()
        ),
        within: None,
        hint: Some("emit another type, or give the trigger a filter or the step a `when`".into()),
    })
}

fn emit_step(
    document: &EmitDocument,
    place: &str,
    names: Names<'_>,
) -> Result<EmitStep, InvalidDefinition> {
    let subject = document.subject.clone().map(Json::String);
    let at = format!("{place}.eventType");
    Ok(EmitStep {
        event_type: checked(&document.event_type, &at, names, EventType::parse)?,
        subject: template(subject.as_ref(), &format!("{place}.subject"), names)?,
        payload: template(document.payload.as_ref(), &format!("{place}.payload"), names)?,
    })
}

fn http_step(
    document: &HttpDocument,
    place: &str,
    names: Names<'_>,
) -> Result<HttpStep, InvalidDefinition> {
    let in_call = names.and_secrets();
    let given = document.method.as_deref().unwrap_or("POST");
    let method = checked(given, &format!("{place}.method"), names, method)?;
    let url = checked(&document.url, &format!("{place}.url"), in_call, url)?;
    let mut headers = Vec::new();
    for (name, value) in &document.headers {
        let place = format!("{place}.headers.{name}");
        http::HeaderName::from_bytes(name.as_bytes()).map_err(|error| at(&place, error))?;
        headers.push((name.clone(), compiled(value, &place, in_call)?));
    }
    let given = document.timeout.as_deref().unwrap_or(DEFAULT_TIMEOUT);
    let timeout = checked(given, &format!("{place}.timeout"), names, timeout)?;
    let follow_redirects = document.follow_redirects.unwrap_or(0);
    if follow_redirects > MOST_REDIRECTS {
        let rule = format!("follow between 0 and {MOST_REDIRECTS} redirects");
        return Err(at(format!("{place}.followRedirects"), rule));
    }
    let body = template(document.body.as_ref(), &format!("{place}.body"), in_call)?;
    let templates =
        std::iter::once(&url).chain(headers.iter().map(|(_, value)| value)).chain(&body);
    let secrets: BTreeSet<String> =
        templates.flat_map(Template::expressions).flat_map(Expression::secrets).cloned().collect();
    let (sign, secrets) = (document.sign.unwrap_or(false), secrets.into_iter().collect());
    Ok(HttpStep { method, url, headers, body, timeout, sign, follow_redirects, secrets })
}

/// The method of a call, in capitals or not.
pub(crate) fn method(text: &str) -> Result<http::Method, String> {
    let name = text.to_ascii_uppercase();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].contains(&name.as_str());
    let method = http::Method::from_bytes(name.as_bytes()).ok().filter(|_| known);
    method.ok_or_else(|| "use GET, POST, PUT, PATCH, DELETE or HEAD".into())
}

/// How long an answer is waited for.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration::parse(text).map_err(|error| error.to_string())?;
    match timeout.is_zero() || timeout > LONGEST_TIMEOUT {
        true => Err("a timeout is between 1ms and 5m".into()),
        false => Ok(timeout),
    }
}

pub(crate) fn url(text: &str) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("the URL begins with http:// or https://".into()),
    }
}

fn retry(document: Option<&RetryDocument>, place: &str) -> Result<RetryPolicy, InvalidDefinition> {
    let Some(document) = document else { return Ok(RetryPolicy::Deliveries) };
    if !(1..=100).contains(&document.attempts) {
        return Err(at(format!("{place}.attempts"), "between 1 and 100 attempts"));
    }
    let read = |field: &str, text: &Option<String>, default: Duration| match text {
        None => Ok(default),
        Some(text) => duration::parse(text).map_err(|error| at(format!("{place}.{field}"), error)),
    };
    Ok(RetryPolicy::Exponential {
        attempts: document.attempts,
        initial: read("initial", &document.initial, Duration::from_secs(5))?,
        max: read("max", &document.max, Duration::from_secs(3600))?,
    })
}

fn expression(
    text: Option<&str>,
    place: &str,
    names: Names<'_>,
) -> Result<Option<Expression>, InvalidDefinition> {
    let compile = |text| Expression::compile_for(text, names);
    text.map(compile).transpose().map_err(|error| inside(place, error))
}

fn template(
    json: Option<&Json>,
    place: &str,
    names: Names<'_>,
) -> Result<Option<Template>, InvalidDefinition> {
    json.map(|json| compiled(json, place, names)).transpose()
}

fn compiled(json: &Json, place: &str, names: Names<'_>) -> Result<Template, InvalidDefinition> {
    Template::compile_for(json, names).map_err(|error| in_template(place, error))
}

/// A text that must mean something: what is fixed is read now, and what is rendered is read then.
fn checked<T, E: ToString>(
    text: &str,
    place: &str,
    names: Names<'_>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Template, InvalidDefinition> {
    if let Some(text) = fixed(text) {
        read(text).map_err(|error| at(place, error))?;
    }
    compiled(&Json::String(text.to_owned()), place, names)
}

/// The text, where it says the same whatever it is rendered for.
fn fixed(text: &str) -> Option<&str> {
    (!text.contains("${")).then_some(text)
}

fn in_template(place: &str, InvalidTemplate { at, error }: InvalidTemplate) -> InvalidDefinition {
    match at.as_str() {
        "" => inside(place, error),
        at => inside(format!("{place}.{at}"), error),
    }
}

#[cfg(test)]
mod tests;
