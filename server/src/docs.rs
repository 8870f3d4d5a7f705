//! `/api/docs`.

use axum::response::Html;

use crate::auth::{Authorized, Read};

pub(crate) async fn page(_: Authorized<Read>) -> Html<&'static str> {
    Html("")
}
