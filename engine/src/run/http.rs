//! The `http` step: one call, rendered, guarded, bounded in time and size, and journalled.
//!
//! Invariant: no secret leaves this module but in the call itself.

use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::json;

use super::breaker::{Hold, Seen};
use super::credentials::Credentials;
use super::machine::{Failure, Outcome};
use super::targets::{GuardedResolver, Targets};
use crate::Engine;
use crate::expression::Scope;
use crate::id::RunId;
use crate::time::Timestamp;
use crate::workflow::definition::HttpStep;

mod exchange;
mod journal;
mod mask;
mod redirect;
mod render;
mod retry_after;
pub(crate) mod sign;

use exchange::{ANSWER_CAP, Answer, exchange, explain};
use mask::Mask;
pub(crate) use render::origin;
use render::render;

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

/// What came of a call, and what the journal keeps of it.
#[derive(Debug)]
pub struct Call {
    pub outcome: Outcome,
    pub kept: Kept,
}

/// What was sent, what was answered, and how long that took, for the journal.
#[derive(Debug, Default)]
pub struct Kept {
    /// JSON, without secrets.
    pub request: Option<String>,
    /// JSON, without secrets.
    pub response: Option<String>,
    pub status: Option<u16>,
    pub duration: Duration,
}

impl Kept {
    /// Whether the receiver says that it is gone for good (RFC 9110, section 15.5.11).
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(GONE)
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
            // Attempts are the run's; what the client would keep for its own is copied for nothing.
            .retry(reqwest::retry::never().max_retries_per_request(0))
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
        let url = Url::parse(url).map_err(|error| error.to_string())?;
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

/// How the host of a URL is named where its calls are counted.
pub(crate) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
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
    let journal = |request| journal::request(http, request, &masked, &mask);
    if let Err(error) = caller.targets.check(&request.url) {
        let failure = failure("target_refused", error.to_string(), true);
        return Made::Call(refused(hidden(failure, &mask), Some(journal(&request))));
    }
    let host = request.url.host_str().unwrap_or_default().to_owned();
    let place = place(&request.url);
    let pass = match engine.breakers.ask(&place, engine.steady()) {
        Ok(pass) => pass,
        Err(hold) => return Made::Held { host: mask.text(&place).into_owned(), hold },
    };
    let mut kept = Kept { request: Some(journal(&request)), ..Kept::default() };
    let (begun, patience) = (Instant::now(), request.timeout);
    let sent = exchange(caller, http, request, &signed);
    let outcome = match tokio::time::timeout(patience, sent).await {
        Ok(Ok(answer)) => {
            kept.status = Some(answer.status);
            kept.response = Some(journal::response(&answer, &mask));
            judge(&answer, engine.now())
        }
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(_) => {
            let message = format!("{host} did not answer within {patience:?}");
            Outcome::Failed(failure("timeout", message, false))
        }
    };
    kept.duration = begun.elapsed();
    pass.ended(seen(&outcome, kept.status), engine.steady());
    let outcome = match outcome {
        Outcome::Succeeded(output) => Outcome::Succeeded(mask.json(output)),
        Outcome::Failed(failure) => Outcome::Failed(hidden(failure, &mask)),
    };
    Made::Call(Call { outcome, kept })
}

/// What the outcome says about the host: whoever answers, and be it that the call is wrong, is there. One
/// that is asked too much, or is not ready, may say for how long it wants to be left alone.
fn seen(outcome: &Outcome, status: Option<u16>) -> Seen {
    let asked = match outcome {
        Outcome::Failed(failure) => failure.retry_after.filter(|wait| !wait.is_zero()),
        Outcome::Succeeded(_) => None,
    };
    match (outcome, status) {
        (_, Some(429 | 503)) if asked.is_some() => Seen::Asking(asked.unwrap_or_default()),
        (_, Some(429 | 500..)) => Seen::Failing,
        (_, Some(_)) | (Outcome::Succeeded(_), None) => Seen::Answering,
        (Outcome::Failed(failure), None) => match failure.code {
            "connect" | "timeout" | "transport" => Seen::Failing,
            _ => Seen::Nothing,
        },
    }
}

pub(super) fn refused(failure: Failure, request: Option<String>) -> Call {
    Call { outcome: Outcome::Failed(failure), kept: Kept { request, ..Kept::default() } }
}

fn failure(code: &'static str, message: String, permanent: bool) -> Failure {
    Failure { code, message, permanent, retry_after: None }
}

fn hidden(failure: Failure, mask: &Mask) -> Failure {
    Failure { message: mask.text(&failure.message).into_owned(), ..failure }
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
