//! The request on its way and what comes back, bounded in size, redirects followed as far as the step says.

use reqwest::Url;
use reqwest::header::{HeaderMap, LOCATION};
use serde_json::Value as Json;

use super::render::Request;
use super::{Caller, Signed, failure, journal, redirect, sign};
use crate::run::machine::Failure;
use crate::run::targets::Refused;
use crate::workflow::definition::HttpStep;

/// How much of an answer is read; a longer one is cut and fails the call.
pub(super) const ANSWER_CAP: usize = 1024 * 1024;

pub(super) struct Answer {
    pub(super) host: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) truncated: bool,
    /// The addresses that it was redirected to, in order.
    pub(super) redirects: Vec<Url>,
}

/// Sends the request, and again where redirects lead, as far as the step follows them.
pub(super) async fn exchange(
    caller: &Caller,
    http: &HttpStep,
    mut request: Request,
    signed: &Signed<'_>,
) -> Result<Answer, Failure> {
    let mut redirects = Vec::new();
    loop {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        // Copied only where a redirect may need it again.
        let (mut headers, body) = match http.follow_redirects {
            0 => (std::mem::take(&mut request.headers), request.body.take()),
            _ => (request.headers.clone(), request.body.clone()),
        };
        if http.sign {
            let body = body.as_deref().unwrap_or_default();
            let now = signed.now.millis().div_euclid(1_000);
            sign::sign(&mut headers, &signed.key, now, body, &signed.credentials.signing);
        }
        // The builder makes a header of a name and password in the URL.
        let sent = caller.client.request(request.method.clone(), request.url.clone());
        let sent = match body {
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
    mut response: reqwest::Response,
    redirects: Vec<Url>,
) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let most = worth_reading(status, response.content_length());
    let headers = std::mem::take(response.headers_mut());
    let (mut body, mut truncated) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&host, error))? {
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

impl Answer {
    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| Json::String(String::from_utf8_lossy(&self.body).into_owned()))
    }
}

pub(super) fn explain(host: &str, error: reqwest::Error) -> Failure {
    // The address may hold a secret.
    let error = error.without_url();
    let mut causes =
        std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    if let Some(refused) = causes.find_map(|cause| cause.downcast_ref::<Refused>()) {
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
}
