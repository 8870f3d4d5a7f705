//! Who may sign in, and who changed what.

use app::model::{AuditView, UserView};
use axum::http::StatusCode;
use engine::key::Permission;

use super::operation::Operation;
use super::{PEOPLE, shape};
use crate::routes::audit::AuditQuery;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        PEOPLE
            .get("/api/v1/users", "listUsers", "List people")
            .says("They are managed in the dashboard or on the command line, not with keys.")
            .needs(Permission::Manage)
            .answers(StatusCode::OK, "All of them, oldest first.", shape::page::<UserView>()),
        PEOPLE
            .get("/api/v1/audit", "listAudit", "Read the audit log")
            .says("Each change by a person, a key or the command line, stored together with it.")
            .needs(Permission::Manage)
            .query::<AuditQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<AuditView>()),
    ]
}
