//! What is not there, said in the way the client reads.

use axum::Router;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use crate::auth::{Authorized, Manage, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;

/// People get the page that says so, which `page` draws; machines a problem.
pub(crate) async fn anything(page: Router, request: Request) -> Response {
    match is_for_people(&request) {
        true => page.oneshot(request).await.into_response(),
        false => nothing_at(request.uri()).into_response(),
    }
}

fn is_for_people(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    request.method().is_safe()
        && !request.uri().path().starts_with("/api/")
        && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}

fn nothing_at(uri: &Uri) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", uri.path()))
}

/// Below `/api/v1` nobody learns what is there without the right to use it.
pub(crate) async fn closed(_: Allowed, uri: Uri) -> Problem {
    nothing_at(&uri)
}

pub(crate) async fn method(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} cannot be used on {}.", method, uri.path()))
}

pub(crate) async fn closed_method(_: Allowed, asked: Method, uri: Uri) -> Problem {
    method(asked, uri).await
}

/// The right to read, or for a request that would change something the right to manage.
pub(crate) struct Allowed;

impl FromRequestParts<AppState> for Allowed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if parts.method.is_safe() {
            Authorized::<Read>::from_request_parts(parts, state).await?;
        } else {
            Authorized::<Manage>::from_request_parts(parts, state).await?;
        }
        Ok(Self)
    }
}
