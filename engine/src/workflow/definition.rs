//! A workflow's text, parsed from YAML or JSON and compiled; what is wrong is named by its place.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::duration;
use crate::event::{EventType, Pattern};
use crate::expression::template::InvalidTemplate;
use crate::expression::{Expression, InvalidExpression, Template};
use crate::run::retry::RetryPolicy;

/// Definitions beyond this are refused before they are parsed.
const LARGEST: usize = 256 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
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
    Delay(Duration),
    Emit(EmitStep),
    /// Ends the run as failed with this message.
    Fail(Template),
}

/// Sends a new event, which may start other workflows.
#[derive(Debug, Clone)]
pub struct EmitStep {
    pub event_type: EventType,
    pub subject: Option<Template>,
    pub payload: Option<Template>,
}

#[derive(Debug, Clone)]
pub struct HttpStep {
    pub method: http::Method,
    pub url: Template,
    pub headers: Vec<(String, Template)>,
    pub body: Option<Template>,
    pub timeout: Duration,
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
    /// `POST` when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    pub url: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Json>))]
    pub headers: serde_json::Map<String, Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
    /// As in `15s`.
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
    /// As in `10m`.
    #[serde(rename = "for")]
    pub for_: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EmitDefinition))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmitDocument {
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
    InvalidDefinition::Place { at: at.into(), message: error.to_string(), within: None }
}

/// An error inside an expression.
fn inside(at: impl Into<String>, error: InvalidExpression) -> InvalidDefinition {
    let within = Some((error.line, error.column));
    InvalidDefinition::Place { at: at.into(), message: error.message, within }
}

impl Definition {
    /// Reads YAML, of which JSON is a part.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
        Self::read(text).and_then(Self::compile)
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
            match trigger(number, it) {
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
        let mut seen = HashSet::new();
        for (number, it) in document.steps.iter().enumerate() {
            match step(it, &mut seen) {
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

fn trigger(number: usize, document: &TriggerDocument) -> Result<Trigger, InvalidDefinition> {
    let place = format!("triggers.{number}");
    let pattern = Pattern::parse(&document.event_type)
        .map_err(|error| at(format!("{place}.eventType"), error))?;
    let filter = expression(document.filter.as_deref(), &format!("{place}.filter"))?;
    let input = template(document.input.as_ref(), &format!("{place}.input"))?;
    Ok(Trigger { pattern, filter, input })
}

fn order(document: Option<&OrderDocument>) -> Result<Option<Expression>, InvalidDefinition> {
    let compile = |order: &OrderDocument| Expression::compile_for(&order.key, &["event", "input"]);
    document.map(compile).transpose().map_err(|error| inside("order.key", error))
}

fn step(document: &StepDocument, seen: &mut HashSet<String>) -> Result<Step, InvalidDefinition> {
    let id = &document.id;
    let place = format!("steps.{id}");
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() || id.len() > 60 || !id.chars().all(letters) {
        return Err(at(place, "a step's id has 1 to 60 letters, digits, `-` or `_`"));
    }
    if !seen.insert(id.clone()) {
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
    let kind = if let Some(http) = &document.http {
        StepKind::Http(http_step(http, &format!("{place}.http"))?)
    } else if let Some(delay) = &document.delay {
        let wait = duration::parse(&delay.for_);
        StepKind::Delay(wait.map_err(|error| at(format!("{place}.delay.for"), error))?)
    } else if let Some(emit) = &document.emit {
        StepKind::Emit(emit_step(emit, &format!("{place}.emit"))?)
    } else if let Some(fail) = &document.fail {
        let message = Json::String(fail.message.clone());
        let place = format!("{place}.fail.message");
        StepKind::Fail(compiled(&message, &place)?)
    } else {
        let output = template(document.transform.as_ref(), &format!("{place}.transform"))?;
        StepKind::Transform(output.ok_or_else(|| at(&place, "the transform is empty"))?)
    };
    Ok(Step {
        id: id.clone(),
        when: expression(document.when.as_deref(), &format!("{place}.when"))?,
        retry: retry(document.retry.as_ref(), &format!("{place}.retry"))?,
        kind,
    })
}

fn emit_step(document: &EmitDocument, place: &str) -> Result<EmitStep, InvalidDefinition> {
    let event_type = EventType::parse(&document.event_type);
    let subject = document.subject.clone().map(Json::String);
    Ok(EmitStep {
        event_type: event_type.map_err(|error| at(format!("{place}.eventType"), error))?,
        subject: template(subject.as_ref(), &format!("{place}.subject"))?,
        payload: template(document.payload.as_ref(), &format!("{place}.payload"))?,
    })
}

fn http_step(document: &HttpDocument, place: &str) -> Result<HttpStep, InvalidDefinition> {
    let method = document.method.as_deref().unwrap_or("POST").to_ascii_uppercase();
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].contains(&method.as_str());
    let method =
        http::Method::from_bytes(method.as_bytes()).ok().filter(|_| known).ok_or_else(|| {
            at(format!("{place}.method"), "use GET, POST, PUT, PATCH, DELETE or HEAD")
        })?;
    if !document.url.contains("${") {
        let parsed = reqwest::Url::parse(&document.url);
        let url = parsed.map_err(|error| at(format!("{place}.url"), error))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(at(format!("{place}.url"), "the URL begins with http:// or https://"));
        }
    }
    let url = in_call(&Json::String(document.url.clone()), &format!("{place}.url"))?;
    let mut headers = Vec::new();
    for (name, value) in &document.headers {
        let place = format!("{place}.headers.{name}");
        http::HeaderName::from_bytes(name.as_bytes()).map_err(|error| at(&place, error))?;
        headers.push((name.clone(), in_call(value, &place)?));
    }
    let timeout = match &document.timeout {
        None => DEFAULT_TIMEOUT,
        Some(text) => {
            duration::parse(text).map_err(|error| at(format!("{place}.timeout"), error))?
        }
    };
    if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
        return Err(at(format!("{place}.timeout"), "a timeout is between 1ms and 5m"));
    }
    let follow_redirects = document.follow_redirects.unwrap_or(0);
    if follow_redirects > MOST_REDIRECTS {
        let rule = format!("follow between 0 and {MOST_REDIRECTS} redirects");
        return Err(at(format!("{place}.followRedirects"), rule));
    }
    let body = document.body.as_ref().map(|body| in_call(body, &format!("{place}.body")));
    let body = body.transpose()?;
    let templates =
        std::iter::once(&url).chain(headers.iter().map(|(_, value)| value)).chain(&body);
    let secrets: BTreeSet<String> =
        templates.flat_map(Template::expressions).flat_map(Expression::secrets).cloned().collect();
    let (sign, secrets) = (document.sign.unwrap_or(false), secrets.into_iter().collect());
    Ok(HttpStep { method, url, headers, body, timeout, sign, follow_redirects, secrets })
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

fn expression(text: Option<&str>, place: &str) -> Result<Option<Expression>, InvalidDefinition> {
    text.map(|text| Expression::compile(text).map_err(|error| inside(place, error))).transpose()
}

fn template(json: Option<&Json>, place: &str) -> Result<Option<Template>, InvalidDefinition> {
    json.map(|json| compiled(json, place)).transpose()
}

fn compiled(json: &Json, place: &str) -> Result<Template, InvalidDefinition> {
    Template::compile(json).map_err(|error| in_template(place, error))
}

/// A part of an http step, which may read secrets.
fn in_call(json: &Json, place: &str) -> Result<Template, InvalidDefinition> {
    Template::compile_in_call(json).map_err(|error| in_template(place, error))
}

fn in_template(place: &str, InvalidTemplate { at, error }: InvalidTemplate) -> InvalidDefinition {
    match at.as_str() {
        "" => inside(place, error),
        at => inside(format!("{place}.{at}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
name: Notify warehouse
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: { orderId: "${event.payload.id}", note: "from ${event.source}" }
steps:
  - id: notify
    http: { method: POST, url: "https://warehouse.example/orders", body: "${input}", timeout: 15s }
    retry: { attempts: 8, initial: 5s, max: 1h }
  - id: wait
    delay: { for: 10m }
"#;

    #[test]
    fn yaml_and_json_mean_the_same() {
        let definition = Definition::parse(GOOD).unwrap();
        assert_eq!(definition.steps.len(), 2);
        let json = serde_json::to_string(&definition.document).unwrap();
        assert_eq!(Definition::parse(&json).unwrap().document, definition.document);
    }

    #[track_caller]
    fn refused(from: &str, to: &str, expected: &str) {
        assert!(GOOD.contains(from), "{from}");
        let error = Definition::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_call_knows_which_secrets_it_reads() {
        let body =
            "\"${secret.B_2}\", headers: { authorization: \"Bearer ${secret.A}${secret.B_2}\" }";
        let definition = Definition::parse(&GOOD.replace("\"${input}\"", body)).unwrap();
        let StepKind::Http(http) = &definition.steps[0].kind else { panic!("a call") };
        assert_eq!(http.secrets, ["A", "B_2"]);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        refused("steps:", "concurrency: 0\nsteps:", "concurrency: between 1 and 10000 runs");
        refused("steps:", "order: { key: event.id + }\nsteps:", "order.key: line 1, column");
        refused(
            "steps:",
            "order: { key: steps.a }\nsteps:",
            "order.key: line 1, column 1: `steps`",
        );
        refused("steps:", "order: event.id\nsteps:", "order");
        refused("order.*", "order.x*", "triggers.0.eventType: character 8");
        refused("> 100", ">", "triggers.0.filter: line 1");
        refused("${input}", "${inptu}", "steps.notify.http.body: line 1, column 1: `inptu`");
        refused("id: wait", "id: notify", "steps.notify: two steps have this id");
        refused("10m", "10x", "steps.wait.delay.for: `10x` is not a duration");
        refused("https://", "ftp://", "steps.notify.http.url: the URL begins with");
        refused("delay: { for: 10m }", "when: 'true'", "exactly one of http, transform");
        refused("timeout: 15s", "timeoot: 15s", "timeoot");
        refused("timeout: 15s", "followRedirects: 6", "steps.notify.http.followRedirects: follow");
        refused("${event.source}", "${secret.TOKEN}", "secrets are read in the url, the headers");
        refused("${input}", "${secret[input.x]}", "name the secret, as in `secret.");
    }
}
