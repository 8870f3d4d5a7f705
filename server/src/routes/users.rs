//! `/api/v1/users`: the people who may sign in. They are managed in the dashboard or on the command line,
//! not with keys: a key that leaks must not be able to make an owner.

use app::model::{Page, UserView};
use app::ssr::convert;
use axum::Json;
use axum::extract::State;
use engine::user;

use crate::auth::{Authorized, Manage};
use crate::problem::Problem;
use crate::router::AppState;

pub(crate) async fn list(
    _: Authorized<Manage>,
    State(state): State<AppState>,
) -> Result<Json<Page<UserView>>, Problem> {
    let users = user::list(&state.engine.store).await?;
    Ok(Json(Page::whole(users.iter().map(convert::user).collect())))
}
