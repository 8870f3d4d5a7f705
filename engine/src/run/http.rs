//! The `http` step: one call, rendered, guarded, bounded in time and size, and journalled.

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Value as Json, json};

use super::machine::{Failure, Outcome};
use super::targets::{GuardedResolver, Targets};
use crate::expression::{EvaluationError, Scope};
use crate::id::RunId;
use crate::workflow::definition::HttpStep;

/// How much of an answer is read; the rest is cut.
const ANSWER_CAP: usize = 1024 * 1024;
/// How much of a body the journal keeps.
const JOURNAL_CAP: usize = 16 * 1024;
/// Header values that the journal never shows.
const SECRET_HEADERS: [&str; 5] =
    ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"];

/// The one client for outgoing calls.
#[derive(Clone)]
pub struct Caller {
    client: reqwest::Client,
    targets: Targets,
}

#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be made: {0}")]
pub struct CallerError(#[source] reqwest::Error);

/// What a call did, for the journal.
#[derive(Debug)]
pub struct Call {
    pub outcome: Outcome,
    pub request: Option<Json>,
    pub response: Option<Json>,
    pub duration: Duration,
}

impl Caller {
    pub fn new(targets: Targets) -> Result<Self, CallerError> {
        // Another part of the process may have chosen a provider already; either will do.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("Sluice/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(std::sync::Arc::new(GuardedResolver(targets.clone())))
            // A redirect is an answer: following it would need every check again.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(30))
            .no_proxy()
            .build()
            .map_err(CallerError)?;
        Ok(Self { client, targets })
    }

    /// Sends JSON to a guarded target; the status that came back, or in words why none did.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<u16, String> {
        let url = reqwest::Url::parse(url).map_err(|error| error.to_string())?;
        self.targets.check(&url).map_err(|error| error.to_string())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = self.client.post(url).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let sent = request.body(body).send().await;
        sent.map(|answer| answer.status().as_u16()).map_err(|error| explain(&host, &error).message)
    }
}

struct Rendered {
    url: reqwest::Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

/// Makes the call of `step`. The key stays the same for every attempt of this step in this run.
///
/// `context` are headers of the event's trace; a step's own header of the same name counts more.
pub(crate) async fn call(
    caller: &Caller,
    run: RunId,
    step: &str,
    http: &HttpStep,
    scope: &Scope,
    context: &[(&'static str, String)],
) -> Call {
    let rendered = match render(run, step, http, scope) {
        Ok(rendered) => rendered.within(context),
        Err(failure) => return refused(failure, None),
    };
    let request = journal_request(http, &rendered);
    if let Err(error) = caller.targets.check(&rendered.url) {
        let failure = failure("target_refused", error.to_string(), true);
        return refused(failure, Some(request));
    }
    let host = rendered.url.host_str().unwrap_or_default().to_owned();
    let begun = Instant::now();
    let sent = send(caller, http, rendered);
    let (outcome, response) = match tokio::time::timeout(http.timeout, sent).await {
        Ok(Ok(answer)) => (judge(&host, &answer), Some(answer.journal())),
        Ok(Err(error)) => (Outcome::Failed(explain(&host, &error)), None),
        Err(_) => {
            let message = format!("{host} did not answer within {:?}", http.timeout);
            (Outcome::Failed(failure("timeout", message, false)), None)
        }
    };
    Call { outcome, request: Some(request), response, duration: begun.elapsed() }
}

fn refused(failure: Failure, request: Option<Json>) -> Call {
    Call { outcome: Outcome::Failed(failure), request, response: None, duration: Duration::ZERO }
}

fn failure(code: &'static str, message: String, permanent: bool) -> Failure {
    Failure { code, message, permanent, retry_after: None }
}

fn render(run: RunId, step: &str, http: &HttpStep, scope: &Scope) -> Result<Rendered, Failure> {
    let expression =
        |place: &'static str| move |error: EvaluationError| Failure::expression(&error, place);
    let url = http.url.render_text(scope).map_err(expression("url"))?;
    let url = reqwest::Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| failure("url", format!("`{url}` is not an http or https URL"), true))?;
    let body = http.body.as_ref().map(|body| body.render(scope)).transpose();
    let body = body.map_err(expression("body"))?.map(|json| json.to_string().into_bytes());
    let mut headers = HeaderMap::new();
    if body.is_some() {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    for (name, value) in &http.headers {
        let value = value.render_text(scope).map_err(expression("headers"))?;
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return Err(failure(
                "header",
                format!("the value of header {name} cannot be sent"),
                true,
            ));
        };
        headers.insert(name, value);
    }
    if let Ok(key) = HeaderValue::try_from(format!("{run}:{step}")) {
        headers.insert("idempotency-key", key);
    }
    Ok(Rendered { url, headers, body })
}

impl Rendered {
    fn within(mut self, context: &[(&'static str, String)]) -> Self {
        for (name, value) in context {
            if let Ok(value) = HeaderValue::try_from(value.as_str()) {
                self.headers.entry(*name).or_insert(value);
            }
        }
        self
    }
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    truncated: bool,
}

async fn send(
    caller: &Caller,
    http: &HttpStep,
    rendered: Rendered,
) -> Result<Answer, reqwest::Error> {
    let mut request =
        caller.client.request(http.method.clone(), rendered.url).headers(rendered.headers);
    if let Some(body) = rendered.body {
        request = request.body(body);
    }
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut chunks = response.bytes_stream();
    let (mut body, mut truncated) = (Vec::new(), false);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        let room = ANSWER_CAP - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(Answer { status, headers, body, truncated })
}

/// 2xx succeeds. Everything else is tried again, except what says that it never will work.
fn judge(host: &str, answer: &Answer) -> Outcome {
    if (200..300).contains(&answer.status) {
        return Outcome::Succeeded(json!({ "status": answer.status, "body": answer.json() }));
    }
    let message = match answer.status {
        300..400 => {
            format!("{host} answered {} with a redirect, which is not followed", answer.status)
        }
        status => format!("{host} answered {status}"),
    };
    Outcome::Failed(Failure {
        code: "http_status",
        message,
        permanent: answer.status == 410,
        retry_after: answer.retry_after(),
    })
}

fn explain(host: &str, error: &reqwest::Error) -> Failure {
    let mut causes =
        std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    if let Some(refused) = causes.find_map(|cause| cause.downcast_ref::<super::targets::Refused>())
    {
        return failure("target_refused", refused.to_string(), true);
    }
    let root =
        std::iter::successors(std::error::Error::source(error), |cause| cause.source()).last();
    let cause = root.map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_connect() {
        failure("connect", format!("{host} cannot be reached: {cause}"), false)
    } else {
        failure("transport", format!("the call to {host} broke off: {cause}"), false)
    }
}

impl Answer {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(&self.body).into_owned()))
    }

    /// Seconds only; a date would need a clock that both sides share.
    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(Duration::from_secs(24 * 3600)))
    }

    fn journal(&self) -> Json {
        let (body, cut) = capped(&self.body);
        json!({
            "status": self.status,
            "headers": shown(&self.headers),
            "body": body,
            "truncated": cut || self.truncated,
        })
    }
}

fn journal_request(http: &HttpStep, rendered: &Rendered) -> Json {
    let (body, cut) = capped(rendered.body.as_deref().unwrap_or_default());
    json!({
        "method": http.method.as_str(),
        "url": rendered.url.as_str(),
        "headers": shown(&rendered.headers),
        "body": body,
        "truncated": cut,
    })
}

fn capped(body: &[u8]) -> (String, bool) {
    let cut = body.len() > JOURNAL_CAP;
    let text =
        String::from_utf8_lossy(&body[..body.len().min(JOURNAL_CAP)]).replace('\0', "\u{fffd}");
    (text, cut)
}

fn shown(headers: &HeaderMap) -> Json {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        let secret = SECRET_HEADERS.contains(&name.as_str());
        let value =
            if secret { "•••".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        (name.as_str().to_owned(), Json::String(value.into_owned()))
    };
    Json::Object(headers.iter().map(pair).collect())
}
