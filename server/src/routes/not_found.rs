//! What is not there, said in the way the client reads.

use axum::http::{Method, Uri};

use crate::auth::{Authorized, Read};
use crate::problem::{Code, Problem};

pub(crate) async fn anything(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("There is nothing at {}.", uri.path()))
}

/// Below `/api/v1` nobody learns what is there without having the right to read.
pub(crate) async fn closed(_: Authorized<Read>, uri: Uri) -> Problem {
    anything(uri).await
}

pub(crate) async fn method(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{} cannot be used on {}.", method, uri.path()))
}

pub(crate) async fn closed_method(_: Authorized<Read>, asked: Method, uri: Uri) -> Problem {
    method(asked, uri).await
}
