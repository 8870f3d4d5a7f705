//! What is not there, said in the way the client reads.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri};

use crate::auth::{Authorized, Manage, Read};
use crate::problem::{Code, Problem};
use crate::router::AppState;

pub(crate) async fn anything(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", uri.path()))
}

/// Below `/api/v1` nobody learns what is there without the right to use it.
pub(crate) async fn closed(_: Allowed, uri: Uri) -> Problem {
    anything(uri).await
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
