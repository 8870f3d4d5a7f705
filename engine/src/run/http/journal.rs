//! What the journal keeps of a call: what was sent and what was answered, bounded, without secrets. Written as
//! JSON where the call is made, not by the one writer.

use std::borrow::Cow;
use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::exchange::Answer;
use super::mask::{MASKED, Mask};
use super::render::Request;
use crate::event::header::is_secret;
use crate::expression::{Scope, Template};
use crate::json;
use crate::workflow::definition::HttpStep;

/// How much of a body the journal keeps.
pub(super) const CAP: usize = 16 * 1024;

type Headers<'h> = BTreeMap<&'h str, Cow<'h, str>>;

#[derive(Serialize)]
struct Sent<'s> {
    method: &'s str,
    url: Cow<'s, str>,
    headers: Headers<'s>,
    body: Cow<'s, str>,
    truncated: bool,
}

#[derive(Serialize)]
struct Answered<'a> {
    status: u16,
    headers: Headers<'a>,
    body: Cow<'a, str>,
    truncated: bool,
    redirects: Vec<Cow<'a, str>>,
}

/// The request as people may see it. What reads a secret is rendered once more, from `masked`, in which
/// secrets have no value: so nothing of them comes through, however they were used.
pub(super) fn request(http: &HttpStep, request: &Request, masked: &Scope, mask: &Mask) -> String {
    let hidden = |template: &Template| {
        let text = template.render_text(masked).unwrap_or_else(|_| MASKED.to_owned());
        mask.text(&text).into_owned()
    };
    let url = match http.url.is_secret() {
        true => hidden(&http.url).into(),
        false => mask.text(request.url.as_str()),
    };
    let sent = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
    let body = match http.body.as_ref().filter(|body| body.is_secret()) {
        Some(body) => hidden(body).into(),
        None => mask.text(&sent),
    };
    let mut headers = shown(&request.headers, mask);
    for (name, value) in http.headers.iter().filter(|(_, value)| value.is_secret()) {
        let name = name.to_ascii_lowercase();
        if let Some(shown) = headers.get_mut(name.as_str()).filter(|_| !is_secret(&name)) {
            *shown = hidden(value).into();
        }
    }
    let (body, truncated) = capped(&body);
    json::text(&Sent { method: request.method.as_str(), url, headers, body, truncated })
}

/// The answer, with the addresses that it was redirected to.
pub(super) fn response(answer: &Answer, mask: &Mask) -> String {
    let came = String::from_utf8_lossy(&answer.body);
    let body = mask.text(&came);
    let (body, cut) = capped(&body);
    json::text(&Answered {
        status: answer.status,
        headers: shown(&answer.headers, mask),
        body,
        truncated: cut || answer.truncated,
        redirects: answer.redirects.iter().map(|url| mask.text(url.as_str())).collect(),
    })
}

fn capped(text: &str) -> (Cow<'_, str>, bool) {
    let shown = &text[..text.floor_char_boundary(CAP)];
    let shown = match shown.contains('\0') {
        true => shown.replace('\0', "\u{fffd}").into(),
        false => shown.into(),
    };
    (shown, text.len() > CAP)
}

fn shown<'h>(headers: &'h HeaderMap, mask: &Mask) -> Headers<'h> {
    let pair = |(name, value): (&'h HeaderName, &'h HeaderValue)| {
        let value = match (is_secret(name.as_str()), String::from_utf8_lossy(value.as_bytes())) {
            (true, _) => MASKED.into(),
            (false, Cow::Borrowed(value)) => mask.text(value),
            (false, Cow::Owned(value)) => mask.text(&value).into_owned().into(),
        };
        (name.as_str(), value)
    };
    headers.iter().map(pair).collect()
}
