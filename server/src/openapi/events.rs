//! Events and dead letters.

use app::model::{EventDetail, EventItem, Explanation};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::{DEAD_LETTERS, EVENTS, shape};
use crate::problem::Code;
use crate::routes::events::{HoldBody, ProcessedBody, ReplayQuery, Replayed};
use crate::routes::query::EventQuery;

const ID: &str = "The event's id, `evt_…`.";
const AS_IT_IS: &str = "The event as it is now.";
const NEWEST: &str = "A page, newest first.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        EVENTS
            .get("/api/v1/events", "listEvents", "List events")
            .needs(Permission::Read)
            .query::<EventQuery>()
            .answers(StatusCode::OK, NEWEST, shape::page::<EventItem>()),
        EVENTS
            .get("/api/v1/events/{id}", "getEvent", "Show an event whole")
            .says("With its payload as it was sent, its headers, its runs and every attempt.")
            .needs(Permission::Read)
            .named("id", ID)
            .answers(StatusCode::OK, "The event.", shape::json::<EventDetail>()),
        EVENTS
            .delete("/api/v1/events/{id}", "deleteEvent", "Delete an event")
            .says("With its payload, runs and attempts, once its runs have ended and nobody holds it.")
            .needs(Permission::Manage)
            .named("id", ID)
            .answers_nothing(StatusCode::NO_CONTENT, "It is gone.")
            .refuses(&[Code::Conflict]),
        EVENTS
            .get("/api/v1/events/{id}/explain", "explainEvent", "Say why triggers did or did not match")
            .says("By the workflows in force now: the part of a filter that is not true, and what it saw.")
            .needs(Permission::Read)
            .named("id", ID)
            .answers(StatusCode::OK, "A verdict for each trigger.", shape::json::<Explanation>()),
        EVENTS
            .post("/api/v1/events/{id}/replay", "replayEvent", "Send an event through again")
            .says(
                "As a new event that names the first, matched against the triggers of today, or for the \
                 workflows that the first one started, in the versions of then.",
            )
            .needs(Permission::Manage)
            .named("id", ID)
            .query::<ReplayQuery>()
            .answers(StatusCode::ACCEPTED, "The new event.", shape::json::<Replayed>()),
        EVENTS
            .post("/api/v1/events/{id}/processed", "markProcessed", "Mark an event as processed")
            .says("With a note, if somebody should know why.")
            .needs(Permission::Manage)
            .named("id", ID)
            .may_take(shape::json::<ProcessedBody>().such_as(json!({ "note": "refunded by hand" })))
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<EventItem>())
            .refuses(&[Code::Conflict]),
        EVENTS
            .post("/api/v1/events/{id}/failed", "markFailed", "Mark an event as failed")
            .needs(Permission::Manage)
            .named("id", ID)
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<EventItem>())
            .refuses(&[Code::Conflict]),
        EVENTS
            .post("/api/v1/events/{id}/hold", "holdEvent", "Hold an event")
            .says("Neither retention nor a deletion nor an erasure takes it until it is released.")
            .needs(Permission::Manage)
            .named("id", ID)
            .may_take(shape::json::<HoldBody>().such_as(json!({ "note": "asked for by the court" })))
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<EventItem>()),
        EVENTS
            .post("/api/v1/events/{id}/release", "releaseEvent", "Release a held event")
            .needs(Permission::Manage)
            .named("id", ID)
            .may_take(shape::json::<HoldBody>().such_as(json!({ "note": "the case is closed" })))
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<EventItem>())
            .refuses(&[Code::Conflict]),
        DEAD_LETTERS
            .get("/api/v1/dead-letters", "listDeadLetters", "List dead letters")
            .says("The events that failed. `status` changes nothing here.")
            .needs(Permission::Read)
            .query::<EventQuery>()
            .answers(StatusCode::OK, NEWEST, shape::page::<EventItem>()),
        DEAD_LETTERS
            .post("/api/v1/dead-letters/{id}/retry", "retryDeadLetter", "Retry a dead letter")
            .says("Its failed runs go on, each from the step that failed.")
            .needs(Permission::Manage)
            .named("id", ID)
            .answers(StatusCode::OK, AS_IT_IS, shape::json::<EventItem>())
            .refuses(&[Code::Conflict]),
    ]
}
