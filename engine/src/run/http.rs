//! The `http` step: one call, rendered, guarded, bounded in time and size, and journalled.
//!
//! Invariant: no secret leaves this module but in the call itself.

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use serde_json::{Value as Json, json};

use super::breaker::{Hold, Seen};
use super::credentials::Credentials;
use super::machine::{Failure, Outcome};
use super::targets::{GuardedResolver, Targets};
use crate::Engine;
use crate::expression::{EvaluationError, Scope};
use crate::id::RunId;
use crate::time::Timestamp;
use crate::workflow::definition::{self, HttpStep};

mod journal;
mod mask;
mod redirect;
mod retry_after;
pub(crate) mod sign;

use mask::Mask;

/// How much of an answer is read; a longer one is cut and fails the call.
const ANSWER_CAP: usize = 1024 * 1024;
const GONE: u16 = 410;

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

impl Call {
    /// Whether the receiver says that it is gone for good (RFC 9110, section 15.5.11).
    pub(crate) fn is_gone(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response["status"] == GONE)
    }
}

impl Caller {
    pub fn new(targets: Targets) -> Result<Self, CallerError> {
        // Another part of the process may have chosen a provider already; either will do.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("Sluice/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(std::sync::Arc::new(GuardedResolver(targets.clone())))
            // Redirects are followed here, each checked as the first address is.
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
        sent.map(|answer| answer.status().as_u16()).map_err(|error| explain(&host, error).message)
    }

    #[cfg(test)]
    pub(super) async fn get(&self, url: &str) -> Result<reqwest::Response, reqwest::Error> {
        self.client.get(url).send().await
    }
}

/// A request as it goes out, but for its signature.
#[derive(Clone)]
struct Request {
    method: http::Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    /// How long its answer is waited for, redirects included.
    timeout: Duration,
    /// Headers that hold secrets.
    secret_headers: Vec<HeaderName>,
    secret_body: bool,
}

/// What a call goes out under.
pub struct Signed<'c> {
    /// Stays the same for every attempt of this step in this run.
    pub key: String,
    pub now: Timestamp,
    pub credentials: &'c Credentials,
}

impl<'c> Signed<'c> {
    pub fn new(run: RunId, step: &str, now: Timestamp, credentials: &'c Credentials) -> Self {
        Self { key: format!("{run}:{step}"), now, credentials }
    }
}

/// What came of wanting to make a call.
pub(crate) enum Made {
    Call(Call),
    /// It may not go out now: this host lets the run wait.
    Held {
        host: String,
        hold: Hold,
    },
}

/// Makes the call of a step, when its host may be called now.
pub(crate) async fn call(
    engine: &Engine,
    http: &HttpStep,
    scope: &Scope,
    signed: Signed<'_>,
    context: &[(&'static str, String)],
) -> Made {
    let caller = &engine.caller;
    let mask = Mask::of(signed.credentials.values());
    let (full, masked) = signed.credentials.scopes(scope);
    let request = match render(&signed.key, http, &full) {
        Ok(request) => request.within(context),
        Err(failure) => return Made::Call(refused(hidden(failure, &mask), None)),
    };
    let journal = journal::request(http, &request, &masked, &mask);
    if let Err(error) = caller.targets.check(&request.url) {
        let failure = failure("target_refused", error.to_string(), true);
        return Made::Call(refused(hidden(failure, &mask), Some(journal)));
    }
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let place = match request.url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    };
    let pass = match engine.breakers.ask(&place, engine.steady()) {
        Ok(pass) => pass,
        Err(hold) => return Made::Held { host: mask.text(&place), hold },
    };
    let (begun, patience) = (Instant::now(), request.timeout);
    let sent = exchange(caller, http, request, &signed);
    let (outcome, response) = match tokio::time::timeout(patience, sent).await {
        Ok(Ok(answer)) => (judge(&answer, engine.now()), Some(journal::response(&answer, &mask))),
        Ok(Err(failure)) => (Outcome::Failed(failure), None),
        Err(_) => {
            let message = format!("{host} did not answer within {patience:?}");
            (Outcome::Failed(failure("timeout", message, false)), None)
        }
    };
    pass.ended(seen(&outcome, response.as_ref()), engine.steady());
    let outcome = match outcome {
        Outcome::Succeeded(output) => Outcome::Succeeded(mask.json(output)),
        Outcome::Failed(failure) => Outcome::Failed(hidden(failure, &mask)),
    };
    Made::Call(Call { outcome, request: Some(journal), response, duration: begun.elapsed() })
}

/// What the outcome says about the host: whoever answers, and be it that the call is wrong, is there. One
/// that is asked too much, or is not ready, may say for how long it wants to be left alone.
fn seen(outcome: &Outcome, response: Option<&Json>) -> Seen {
    let asked = match outcome {
        Outcome::Failed(failure) => failure.retry_after.filter(|wait| !wait.is_zero()),
        Outcome::Succeeded(_) => None,
    };
    match (outcome, response.and_then(|response| response["status"].as_u64())) {
        (_, Some(429 | 503)) if asked.is_some() => Seen::Asking(asked.unwrap_or_default()),
        (_, Some(429 | 500..)) => Seen::Failing,
        (_, Some(_)) | (Outcome::Succeeded(_), None) => Seen::Answering,
        (Outcome::Failed(failure), None) => match failure.code {
            "connect" | "timeout" | "transport" => Seen::Failing,
            _ => Seen::Nothing,
        },
    }
}

pub(super) fn refused(failure: Failure, request: Option<Json>) -> Call {
    Call { outcome: Outcome::Failed(failure), request, response: None, duration: Duration::ZERO }
}

fn failure(code: &'static str, message: String, permanent: bool) -> Failure {
    Failure { code, message, permanent, retry_after: None }
}

fn hidden(failure: Failure, mask: &Mask) -> Failure {
    Failure { message: mask.text(&failure.message), ..failure }
}

fn render(key: &str, http: &HttpStep, scope: &Scope) -> Result<Request, Failure> {
    let expression =
        |place: &'static str| move |error: EvaluationError| Failure::expression(&error, place);
    let method = http.method.render_text(scope).map_err(expression("method"))?;
    let method = definition::method(&method).map_err(|error| Failure::rendered(error, "method"))?;
    let timeout = http.timeout.render_text(scope).map_err(expression("timeout"))?;
    let timeout =
        definition::timeout(&timeout).map_err(|error| Failure::rendered(error, "timeout"))?;
    let url = http.url.render_text(scope).map_err(expression("url"))?;
    let url = definition::url(&url)
        .map_err(|_| failure("url", format!("`{url}` is not an http or https URL"), true))?;
    let body = http.body.as_ref().map(|body| body.render(scope)).transpose();
    let body = body.map_err(expression("body"))?;
    let (mut headers, mut secret_headers) = (HeaderMap::new(), Vec::new());
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, template) in &http.headers {
        let value = template.render_text(scope).map_err(expression("headers"))?;
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return Err(failure(
                "header",
                format!("the value of header {name} cannot be sent"),
                true,
            ));
        };
        if template.is_secret() {
            secret_headers.push(name.clone());
        }
        headers.insert(name, value);
    }
    if let Ok(key) = HeaderValue::try_from(key) {
        headers.insert("idempotency-key", key);
    }
    let secret_body = http.body.as_ref().is_some_and(crate::expression::Template::is_secret);
    let body = body.map(|body| bytes(body, headers.get(CONTENT_TYPE)));
    Ok(Request { method, url, headers, body, timeout, secret_headers, secret_body })
}

/// JSON, but for a text that the step itself says is something else.
fn bytes(body: Json, kind: Option<&HeaderValue>) -> Vec<u8> {
    match body {
        Json::String(text) if !kind.is_none_or(is_json) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    }
}

/// `application/json`, and whatever ends in `+json` (RFC 6839).
fn is_json(kind: &HeaderValue) -> bool {
    let kind = String::from_utf8_lossy(kind.as_bytes()).to_ascii_lowercase();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.ends_with("/json") || essence.ends_with("+json")
}

impl Request {
    /// With the headers of the event's trace; a step's own header of the same name counts more.
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
    host: String,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    truncated: bool,
    /// The addresses that it was redirected to, in order.
    redirects: Vec<Url>,
}

/// Sends the request, and again where redirects lead, as far as the step follows them.
async fn exchange(
    caller: &Caller,
    http: &HttpStep,
    mut request: Request,
    signed: &Signed<'_>,
) -> Result<Answer, Failure> {
    let mut redirects = Vec::new();
    loop {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut headers = request.headers.clone();
        if http.sign {
            let body = request.body.as_deref().unwrap_or_default();
            let now = signed.now.millis().div_euclid(1_000);
            sign::sign(&mut headers, &signed.key, now, body, &signed.credentials.signing);
        }
        let sent = caller.client.request(request.method.clone(), request.url.clone());
        let sent = match request.body.clone() {
            Some(body) => sent.headers(headers).body(body),
            None => sent.headers(headers),
        };
        let response = sent.send().await.map_err(|error| explain(&host, error))?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        if let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location)
            && redirects.len() < http.follow_redirects as usize
        {
            request = redirect::next(&request, status, location)?;
            caller.targets.check(&request.url).map_err(|error| {
                failure("target_refused", format!("{host} redirects to where {error}"), true)
            })?;
            redirects.push(request.url.clone());
            continue;
        }
        return read(host, response, redirects).await;
    }
}

async fn read(
    host: String,
    response: reqwest::Response,
    redirects: Vec<Url>,
) -> Result<Answer, Failure> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let most = worth_reading(status, response.content_length());
    let mut chunks = response.bytes_stream();
    let (mut body, mut truncated) = (Vec::new(), false);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| explain(&host, error))?;
        let room = most - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(Answer { host, status, headers, body, truncated, redirects })
}

/// How much of an answer is of use, in bytes: one that says that it is too long fails whatever it holds, and what is
/// no success is only shown; a secret that began in what is shown is there to its end, to be masked. Pure.
fn worth_reading(status: u16, length: Option<u64>) -> usize {
    let is_too_long = length.is_some_and(|length| length > ANSWER_CAP as u64);
    match (200..300).contains(&status) && !is_too_long {
        true => ANSWER_CAP,
        false => 4 * journal::CAP,
    }
}

/// 2xx succeeds. Everything else is tried again, except what says that it never will work.
fn judge(answer: &Answer, now: Timestamp) -> Outcome {
    let host = &answer.host;
    if answer.truncated && answer.status < 300 {
        let message = format!(
            "the answer of {host} is longer than {} KiB: let it answer less, or take the call out",
            ANSWER_CAP / 1024
        );
        return Outcome::Failed(failure("answer_too_large", message, true));
    }
    if (200..300).contains(&answer.status) {
        return Outcome::Succeeded(json!({ "status": answer.status, "body": answer.json() }));
    }
    let message = match answer.status {
        300..400 if answer.redirects.is_empty() => format!(
            "{host} answered {} with a redirect, which is not followed: set followRedirects if it is \
             meant",
            answer.status
        ),
        300..400 => format!("{host} answered with one redirect more than are followed"),
        status => format!("{host} answered {status}"),
    };
    Outcome::Failed(Failure {
        code: "http_status",
        message,
        permanent: answer.status == GONE,
        retry_after: retry_after::asked(&answer.headers, now),
    })
}

fn explain(host: &str, error: reqwest::Error) -> Failure {
    // The address may hold a secret.
    let error = error.without_url();
    let mut causes =
        std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if let Some(refused) = causes.find_map(|cause| cause.downcast_ref::<super::targets::Refused>())
    {
        return failure("target_refused", refused.to_string(), true);
    }
    let root =
        std::iter::successors(std::error::Error::source(&error), |cause| cause.source()).last();
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_than_is_of_use() {
        for (status, length, expected) in [
            (200, None, ANSWER_CAP),
            (200, Some(ANSWER_CAP as u64), ANSWER_CAP),
            (200, Some(ANSWER_CAP as u64 + 1), 4 * journal::CAP),
            (503, Some(10), 4 * journal::CAP),
            (404, None, 4 * journal::CAP),
        ] {
            assert_eq!(worth_reading(status, length), expected, "{status} {length:?}");
        }
    }

    #[track_caller]
    fn check(kind: Option<&'static str>, body: Json, expected: &str) {
        let kind = kind.map(HeaderValue::from_static);
        assert_eq!(bytes(body, kind.as_ref()), expected.as_bytes(), "{kind:?}");
    }

    #[test]
    fn a_text_goes_out_as_it_is_where_it_is_said_to_be_something_else() {
        check(None, json!("a \"b\""), r#""a \"b\"""#);
        check(Some("application/json; charset=utf-8"), json!("a"), "\"a\"");
        check(Some("Application/CloudEvents+JSON"), json!("a"), "\"a\"");
        check(Some("text/plain"), json!("a \"b\"\n"), "a \"b\"\n");
        check(Some("application/x-www-form-urlencoded"), json!("a=1&b=2"), "a=1&b=2");
        check(Some("text/plain"), json!({ "a": 1 }), r#"{"a":1}"#);
    }
}
