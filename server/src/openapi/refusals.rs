//! What a route refuses, from the enum of all problems.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use engine::key::Permission;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{Content, Header, Response, ResponseBuilder};

use super::shape::{self, Named};
use crate::problem::{Body, Code};

const KIND: &str = "application/problem+json";

/// Everything that touches the store can find it away, or fail.
pub(super) const OF_THE_STORE: &[Code] = &[Code::Unavailable, Code::Internal];

/// What a body can be refused for before anybody reads it; see `routes/body.rs`.
pub(super) const OF_A_BODY: &[Code] =
    &[Code::InvalidParameter, Code::BodyTooLarge, Code::UnsupportedMediaType, Code::RequestTimeout];

/// What an event can be refused for, however it came.
pub(super) const OF_AN_EVENT: &[Code] = &[Code::MalformedJson, Code::TooDeep, Code::InvalidEvent];

/// What the check of the caller refuses; see `auth/caller.rs`.
pub(super) fn of_the_caller(method: &Method, permission: Permission) -> Vec<Code> {
    let mut codes = vec![Code::Unauthorized, Code::Forbidden];
    if permission != Permission::Ingest && !method.is_safe() {
        codes.push(Code::ForeignOrigin);
    }
    codes
}

/// What can be refused with one status.
pub(super) struct Refusal {
    pub status: u16,
    /// Under which all operations that refuse the same share it.
    pub name: String,
    pub answer: Response,
}

/// A refusal for each status.
pub(super) fn by_status(codes: &[Code]) -> Vec<Refusal> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.into_iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    let refusal = |(status, codes): (u16, Vec<Code>)| Refusal {
        status,
        name: codes.iter().map(|code| format!("{code:?}")).collect::<Vec<_>>().join("Or"),
        answer: answer(status, &codes),
    };
    by_status.into_iter().map(refusal).collect()
}

/// The schemas that refusals refer to.
pub(super) fn schemas() -> Named {
    shape::json::<Body>().named
}

fn answer(status: u16, codes: &[Code]) -> Response {
    let names = codes.iter().map(|code| code.name());
    let told = codes.iter().map(|code| format!("`{}`: {}.", code.name(), code.title()));
    let code = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    let these = ObjectBuilder::new().property("code", code);
    let problem = AllOfBuilder::new().item(shape::json::<Body>().schema).item(these).build();
    let mut response = ResponseBuilder::new()
        .description(told.collect::<Vec<_>>().join(" "))
        .content(KIND, Content::new(Some(Schema::AllOf(problem))));
    for (name, header) in headers(status) {
        response = response.header(name, header);
    }
    response.build()
}

fn headers(status: u16) -> Vec<(&'static str, Header)> {
    let retry = ("Retry-After", header(Type::Integer, "In how many seconds to try again."));
    match StatusCode::from_u16(status) {
        Ok(StatusCode::UNAUTHORIZED) => {
            vec![("WWW-Authenticate", header(Type::String, "`Bearer`."))]
        }
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => vec![retry],
        _ => Vec::new(),
    }
}

pub(super) fn header(kind: Type, about: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind);
    HeaderBuilder::new().schema(schema).description(Some(about)).build()
}
