//! What a step's call asks, made from its templates. Pure.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::failure;
use crate::expression::{EvaluationError, Scope, Template};
use crate::run::machine::Failure;
use crate::workflow::definition::{self, HttpStep};

/// A request as it goes out, but for its signature.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: http::Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Bytes>,
    /// How long its answer is waited for, redirects included.
    pub(super) timeout: Duration,
    /// Headers that hold secrets.
    pub(super) secret_headers: Vec<HeaderName>,
    pub(super) secret_body: bool,
}

pub(super) fn render(key: &str, http: &HttpStep, scope: &Scope) -> Result<Request, Failure> {
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
    let secret_body = http.body.as_ref().is_some_and(Template::is_secret);
    let body = body.map(|body| bytes(body, headers.get(CONTENT_TYPE)));
    Ok(Request { method, url, headers, body, timeout, secret_headers, secret_body })
}

/// Whom the step calls whatever the event is, without a path; `None` where that depends on it.
pub(crate) fn origin(http: &HttpStep) -> Option<Url> {
    let beginning = http.url.beginning();
    let authority = beginning.find("://")? + "://".len();
    let end = match beginning[authority..].find(['/', '?', '#']) {
        Some(end) => authority + end,
        None if http.url.expressions().is_empty() => beginning.len(),
        None => return None,
    };
    Url::parse(&beginning[..end]).ok()
}

/// JSON, but for a text that the step itself says is something else.
fn bytes(body: Json, kind: Option<&HeaderValue>) -> Bytes {
    let text = match body {
        Json::String(text) if !kind.is_none_or(is_json) => text,
        other => other.to_string(),
    };
    text.into()
}

/// `application/json`, and whatever ends in `+json` (RFC 6839).
fn is_json(kind: &HeaderValue) -> bool {
    let kind = String::from_utf8_lossy(kind.as_bytes()).to_ascii_lowercase();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.ends_with("/json") || essence.ends_with("+json")
}

impl Request {
    /// With the headers of the event's trace; a step's own header of the same name counts more.
    pub(super) fn within(mut self, context: &[(&'static str, String)]) -> Self {
        for (name, value) in context {
            if let Ok(value) = HeaderValue::try_from(value.as_str()) {
                self.headers.entry(*name).or_insert(value);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workflow::{Definition, StepKind};

    #[track_caller]
    fn check(kind: Option<&'static str>, body: Json, expected: &str) {
        let kind = kind.map(HeaderValue::from_static);
        assert_eq!(bytes(body, kind.as_ref()), expected.as_bytes(), "{kind:?}");
    }

    #[track_caller]
    fn check_origin(url: &str, expected: Option<&str>) {
        let text = format!(
            "{{name: w, triggers: [{{eventType: a}}], steps: [{{id: s, http: {{url: '{url}'}}}}]}}"
        );
        let definition = Definition::parse(&text).unwrap();
        let StepKind::Http(http) = &definition.steps[0].kind else { panic!("not a call") };
        let found = origin(http);
        assert_eq!(found.as_ref().map(Url::as_str), expected, "{url}");
    }

    #[test]
    fn whom_a_step_calls_is_known_where_the_event_cannot_change_it() {
        check_origin("https://a.example", Some("https://a.example/"));
        check_origin("http://a.example:81/b?c=${event.id}", Some("http://a.example:81/"));
        check_origin("http://a.example?c=${event.id}", Some("http://a.example/"));
        check_origin("http://a.example${event.payload.path}", None);
        check_origin("http://a.example:8${event.payload.port}/", None);
        check_origin("http://${event.payload.host}/", None);
        check_origin("${event.payload.url}", None);
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
