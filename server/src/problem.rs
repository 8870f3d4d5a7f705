//! What a client is told when something is refused: problem+json (RFC 9457), made in this one place.

use app::model::FindingView;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::event::envelope::FieldError;
use engine::key::limit::Standing;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request_id;

mod from;

/// The stable codes; their meaning never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemCode)]
pub(crate) enum Code {
    MalformedJson,
    TooDeep,
    InvalidParameter,
    InvalidEvent,
    BatchTooLong,
    InvalidDefinition,
    IdempotencyKeyReused,
    Unauthorized,
    InvalidSignature,
    Forbidden,
    ScopeDenied,
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    Conflict,
    BodyTooLarge,
    UnsupportedMediaType,
    RequestTimeout,
    RateLimited,
    Unavailable,
    Internal,
}

impl Code {
    /// In the order of the documentation.
    pub(crate) const ALL: [Self; 21] = [
        Self::MalformedJson,
        Self::TooDeep,
        Self::InvalidParameter,
        Self::InvalidEvent,
        Self::BatchTooLong,
        Self::InvalidDefinition,
        Self::IdempotencyKeyReused,
        Self::Unauthorized,
        Self::InvalidSignature,
        Self::Forbidden,
        Self::ScopeDenied,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::MalformedJson | Self::TooDeep | Self::InvalidParameter => StatusCode::BAD_REQUEST,
            Self::InvalidEvent
            | Self::BatchTooLong
            | Self::InvalidDefinition
            | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized | Self::InvalidSignature => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::ScopeDenied | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As in JSON.
    pub(crate) fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| Some(name.as_str()?.to_owned()))
            .unwrap_or_default()
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::MalformedJson => "The body is not JSON",
            Self::TooDeep => "The payload is nested too deeply",
            Self::InvalidParameter => "A parameter is not valid",
            Self::InvalidEvent => "The event is not valid",
            Self::BatchTooLong => "The batch has too many events",
            Self::InvalidDefinition => "The workflow is not valid",
            Self::IdempotencyKeyReused => "The idempotency key was used for another body",
            Self::Unauthorized => "A valid API key or sign-in is needed",
            Self::InvalidSignature => "The delivery's signature is not valid",
            Self::Forbidden => "Not allowed",
            Self::ScopeDenied => "The key may not send this event type",
            Self::ForeignOrigin => "The request came from another site",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "This method is not supported here",
            Self::Conflict => "Not possible in this state",
            Self::BodyTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "This content type is not supported",
            Self::RequestTimeout => "The request took too long to arrive",
            Self::RateLimited => "Too many requests",
            Self::Unavailable => "Nothing can be stored right now",
            Self::Internal => "Something failed",
        }
    }

    /// The registered problem type where there is one.
    fn kind(self) -> &'static str {
        match self {
            Self::RateLimited => "https://iana.org/assignments/http-problem-types#quota-exceeded",
            _ => "about:blank",
        }
    }
}

/// One thing that is wrong: with an event, or with the text of a definition.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ProblemError)]
pub(crate) enum Wrong {
    Field(FieldError),
    Place(FindingView),
}

/// A refusal. Internal causes are logged where this is made and never shown.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    errors: Vec<Wrong>,
    retry_after: Option<u64>,
    /// Where the key stands that asked for too much.
    standing: Option<Standing>,
}

/// Why something was refused (RFC 9457). Decide by `code`; the texts are for people and may change.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// What was wrong and what to do.
    detail: String,
    /// `urn:sluice:request:` and the answer's `x-request-id`, which the log has too.
    instance: String,
    code: Code,
    /// There when single fields of an event, or places of a definition, are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Wrong>,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None, standing: None }
    }

    pub(crate) fn unauthorized() -> Self {
        let detail = "Send an API key as `x-api-key` or `Authorization: Bearer`, or sign in. \
            Make a key with `sluice keys create`.";
        Self::new(Code::Unauthorized, detail)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address.")
    }

    /// Whether a key or a sign-in would have helped.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.code == Code::Unauthorized
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// The header that says when to try again, where that helps.
    pub(crate) fn retry_after(&self) -> Option<[(HeaderName, HeaderValue); 1]> {
        self.retry_after.map(|seconds| [(header::RETRY_AFTER, HeaderValue::from(seconds))])
    }

    pub(crate) fn into_body(self) -> Body {
        Body {
            r#type: self.code.kind(),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            instance: format!("urn:sluice:request:{}", request_id::current()),
            code: self.code,
            errors: self.errors,
        }
    }

    /// Says all that is wrong with a definition, each with its place.
    pub(crate) fn at(mut self, places: Vec<FindingView>) -> Self {
        self.errors = places.into_iter().map(Wrong::Place).collect();
        self
    }

    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The key has used up its own limit, or is asked for more than the limit ever lets through at once.
    pub(crate) fn key_limited(standing: Standing) -> Self {
        let problem = match standing.refused.flatten() {
            Some(wait) => {
                let detail =
                    format!("Wait {wait} s, then go on. The key is limited to {}.", standing.rate);
                Self::new(Code::RateLimited, detail).after(wait)
            }
            None => Self::new(
                Code::BatchTooLong,
                format!(
                    "The key may send {} events at once, never more: it is limited to {}. Send the \
                     batch in parts.",
                    standing.rate.count, standing.rate
                ),
            ),
        };
        Self { standing: Some(standing), ..problem }
    }

    /// A failure that is not the client's: logged here, once, and told without its cause.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(request = request_id::current(), error, "a request failed");
        Self::new(Code::Internal, "The cause is in Sluice's log. Nothing was changed; try again.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, retry_after, standing) = (self.status(), self.retry_after(), self.standing);
        let code = self.code;
        let mut response = (status, retry_after, Json(self.into_body())).into_response();
        if let Some(standing) = standing {
            response.extensions_mut().insert(standing);
        }
        // For those who count refusals.
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use engine::store::StoreError;

    use super::*;

    #[test]
    fn a_full_queue_asks_for_patience() {
        let response = Problem::from(StoreError::Busy).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    /// The documentation is written from the enum; a code that is missing there is missing here.
    #[test]
    fn every_code_is_documented_as_it_is() {
        let documented = include_str!("../../docs/errors.md");
        for code in Code::ALL {
            let row =
                format!("| `{}` | {} | {} |", code.name(), code.status().as_u16(), code.title());
            assert!(documented.contains(&row), "docs/errors.md lacks:\n{row}");
        }
        let rows = documented.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, Code::ALL.len(), "docs/errors.md names a code that does not exist");
    }
}
