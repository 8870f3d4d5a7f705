//! How long events are kept.

use app::model::{RetentionLimitView, RetentionPlan, RetentionView};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::{RETENTION, shape};
use crate::problem::Code;
use crate::routes::retention::limits::{LimitBody, WhichLimit};
use crate::routes::retention::{RetentionBody, Which};

const PLAN: &str = "What would be removed at once, for `dryRun`.";

pub(super) fn operations() -> Vec<Operation> {
    let rule = json!({ "status": "processed", "keep": "30d" });
    vec![
        RETENTION
            .get("/api/v1/retention", "listRetention", "List how long events are kept")
            .says("With what each rule would remove now.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All rules.", shape::page::<RetentionView>()),
        RETENTION
            .put("/api/v1/retention", "setRetention", "Say how long events are kept")
            .says("In place of a rule for the same events. With `dryRun` it only says what would be removed.")
            .needs(Permission::Manage)
            .takes([shape::json::<RetentionBody>().such_as(rule)])
            .answers(StatusCode::OK, PLAN, shape::json::<RetentionPlan>())
            .answers_nothing(StatusCode::NO_CONTENT, "It holds.")
            .refuses(&[Code::MalformedJson]),
        RETENTION
            .delete("/api/v1/retention", "removeRetention", "Keep events again")
            .needs(Permission::Manage)
            .query::<Which>()
            .answers_nothing(StatusCode::NO_CONTENT, "There is no such rule."),
        RETENTION
            .get("/api/v1/retention/limits", "listRetentionLimits", "List how much is kept")
            .says("With how much there is now.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All limits.", shape::page::<RetentionLimitView>()),
        RETENTION
            .put("/api/v1/retention/limits", "setRetentionLimit", "Say how much is kept")
            .says(
                "Beyond it the oldest settled events go, however young they are; held ones stay. A limit \
                 without a source is about all sources together, also about those with a limit of their \
                 own. With `dryRun` it only says what would be removed.",
            )
            .needs(Permission::Manage)
            .takes([shape::json::<LimitBody>()
                .such_as(json!({ "status": "processed", "max": "20GiB" }))])
            .answers(StatusCode::OK, PLAN, shape::json::<RetentionPlan>())
            .answers_nothing(StatusCode::NO_CONTENT, "It holds.")
            .refuses(&[Code::MalformedJson]),
        RETENTION
            .delete(
                "/api/v1/retention/limits",
                "removeRetentionLimit",
                "Keep events whatever they take",
            )
            .needs(Permission::Manage)
            .query::<WhichLimit>()
            .answers_nothing(StatusCode::NO_CONTENT, "There is no such limit."),
    ]
}
