//! What the journal keeps of a call: what was sent and what was answered, bounded, without secrets.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value as Json, json};

use super::mask::{MASKED, Mask};
use super::{Answer, Request};
use crate::event::header::is_secret;
use crate::expression::Scope;
use crate::workflow::definition::HttpStep;

/// How much of a body the journal keeps.
pub(super) const CAP: usize = 16 * 1024;

/// The request as people may see it. What reads a secret is rendered once more, from `masked`, in which
/// secrets have no value: so nothing of them comes through, however they were used.
pub(super) fn request(http: &HttpStep, request: &Request, masked: &Scope, mask: &Mask) -> Json {
    let hidden = |template: &crate::expression::Template| {
        let text = template.render_text(masked).unwrap_or_else(|_| MASKED.to_owned());
        mask.text(&text)
    };
    let url = match http.url.is_secret() {
        true => hidden(&http.url),
        false => mask.text(request.url.as_str()),
    };
    let body = match http.body.as_ref().filter(|body| body.is_secret()) {
        Some(body) => hidden(body),
        None => mask.text(&String::from_utf8_lossy(request.body.as_deref().unwrap_or_default())),
    };
    let mut headers = shown(&request.headers, mask);
    for (name, value) in http.headers.iter().filter(|(_, value)| value.is_secret()) {
        let name = name.to_ascii_lowercase();
        if !is_secret(&name) {
            headers[name] = Json::String(hidden(value));
        }
    }
    let (body, truncated) = capped(&body);
    json!({
        "method": request.method.as_str(),
        "url": url,
        "headers": headers,
        "body": body,
        "truncated": truncated,
    })
}

/// The answer, with the addresses that it was redirected to.
pub(super) fn response(answer: &Answer, mask: &Mask) -> Json {
    let (body, cut) = capped(&mask.text(&String::from_utf8_lossy(&answer.body)));
    json!({
        "status": answer.status,
        "headers": shown(&answer.headers, mask),
        "body": body,
        "truncated": cut || answer.truncated,
        "redirects": answer.redirects.iter().map(|url| mask.text(url.as_str())).collect::<Vec<_>>(),
    })
}

fn capped(text: &str) -> (String, bool) {
    let cut = text.len() > CAP;
    (text[..text.floor_char_boundary(CAP)].replace('\0', "\u{fffd}"), cut)
}

fn shown(headers: &HeaderMap, mask: &Mask) -> Json {
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = match is_secret(name.as_str()) {
            true => MASKED.to_owned(),
            false => mask.text(&String::from_utf8_lossy(value.as_bytes())),
        };
        (name.as_str().to_owned(), Json::String(value))
    };
    Json::Object(headers.iter().map(pair).collect())
}
