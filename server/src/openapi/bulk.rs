//! One action for many events.

use app::model::{BulkPlan, BulkView, GroupView};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::{BULK, DEAD_LETTERS, EVENTS, shape};
use crate::problem::Code;
use crate::routes::bulk::{BulkBody, BulkQuery};
use crate::routes::query::EventQuery;

const ID: &str = "The operation's id, `blk_…`.";
const AS_IT_IS: &str = "The operation as it is now.";
const LINES: &str = "A line for each event, newest first.";

pub(super) fn operations() -> Vec<Operation> {
    let retry = json!({
        "action": "retry", "filter": { "eventType": "order.*" }, "canary": true, "dryRun": true,
    });
    vec![
        EVENTS
            .get("/api/v1/events/export", "exportEvents", "Export events")
            .says("Newline-delimited JSON with payloads as they were sent; `cursor` and `limit` change nothing.")
            .needs(Permission::Read)
            .query::<EventQuery>()
            .answers(StatusCode::OK, LINES, shape::of_text("application/x-ndjson")),
        DEAD_LETTERS
            .get("/api/v1/dead-letters/export", "exportDeadLetters", "Export dead letters")
            .says("Newline-delimited JSON with payloads as they were sent; `cursor`, `limit` and `status` change nothing.")
            .needs(Permission::Read)
            .query::<EventQuery>()
            .answers(StatusCode::OK, LINES, shape::of_text("application/x-ndjson")),
        DEAD_LETTERS
            .get("/api/v1/dead-letters/groups", "listDeadLetterGroups", "Group dead letters by failure")
            .says(
                "By workflow, step, kind of failure, status and message, whatever numbers and ids are in \
                 it. The 200 largest.",
            )
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The largest first.", shape::page::<GroupView>()),
        BULK.post("/api/v1/bulk", "startBulk", "Do one thing to many events")
            .says(
                "With `dryRun` it only counts. Otherwise it works in small batches, survives a crash, \
                 and touches no event that comes after it has been planned.",
            )
            .needs(Permission::Manage)
            .takes([shape::json::<BulkBody>().such_as(retry)])
            .answers(StatusCode::OK, "The plan, for `dryRun`.", shape::json::<BulkPlan>())
            .answers(StatusCode::ACCEPTED, "It is under way.", shape::json::<BulkView>())
            .with_header(StatusCode::ACCEPTED, "Location", "Where to watch it.")
            .refuses(&[Code::MalformedJson]),
        BULK.get("/api/v1/bulk", "listBulk", "List operations")
            .needs(Permission::Read)
            .query::<BulkQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<BulkView>()),
        BULK.get("/api/v1/bulk/{id}", "getBulk", "Show an operation")
            .needs(Permission::Read)
            .named("id", ID)
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<BulkView>()),
        BULK.delete("/api/v1/bulk/{id}", "cancelBulk", "Cancel an operation")
            .says("What is done stays done.")
            .needs(Permission::Manage)
            .named("id", ID)
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<BulkView>())
            .refuses(&[Code::Conflict]),
        BULK.post("/api/v1/bulk/{id}/resume", "resumeBulk", "Resume a stopped operation")
            .says("It begins with its canary again; what was retried and failed again is taken once more.")
            .needs(Permission::Manage)
            .named("id", ID)
            .answers(StatusCode::ACCEPTED, AS_IT_IS, shape::json::<BulkView>())
            .refuses(&[Code::Conflict]),
    ]
}
