//! Figures, the stream, probes, and this description itself.

use app::model::{Overview, Stats, TypeDetailView, TypeView};
use axum::http::StatusCode;
use engine::key::Permission;
use utoipa::ToSchema;

use super::operation::Operation;
use super::shape::Shape;
use super::{DOCUMENTS, HEALTH, WATCH, shape};
use crate::routes::health::Readiness;
use crate::routes::metrics;
use crate::routes::query::EventQuery;
use crate::routes::stats::StatsQuery;
use crate::routes::stream::Wanted;

/// One message of the stream; `routes/stream.rs` sends them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "told here, written field by field in the stream")]
struct Message {
    event: MessageKind,
    /// JSON: an event or a run as a list has it, the figures, an operation, or `{"count"}` of what was folded.
    data: String,
    /// The cursor. Not every message has one.
    #[schema(required = false)]
    id: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "told here, written field by field in the stream")]
enum MessageKind {
    Hello,
    Event,
    Run,
    Stats,
    Bulk,
    Folded,
    Resync,
    Seen,
}

/// As tools that know server-sent events read them: a schema for each message.
fn messages() -> Shape {
    shape::json::<Message>().sent_as("text/event-stream")
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        WATCH
            .get("/api/v1/stats", "getStats", "Show figures")
            .says(
                "Events by status, and how long they took from acceptance to settlement; with `range`, \
                 how a period went beside the one before: its course, event types, sources, workflows.",
            )
            .needs(Permission::Read)
            .query::<StatsQuery>()
            .answers(
                StatusCode::OK,
                "As of the last seconds.",
                shape::json::<Stats>().or::<Overview>(),
            ),
        WATCH
            .get("/api/v1/types", "listTypes", "List event types")
            .says("With their figures of the last day and how often their shape changed within a week.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "Those with the most events first.", shape::page::<TypeView>()),
        WATCH
            .get("/api/v1/types/{type}", "getType", "Show an event type")
            .says("What its payloads look like, and the events that changed that.")
            .needs(Permission::Read)
            .named("type", "The event type, such as `order.created`.")
            .answers(StatusCode::OK, "The type.", shape::json::<TypeDetailView>()),
        WATCH
            .get("/api/v1/stream", "watch", "Watch events as they arrive and change")
            .says(
                "Server-sent events. `event: event` carries a list item, `event: stats` the figures, \
                 `event: run` a run as the list of runs has it, `event: bulk` an operation on many events; \
                 `folded` says how many of a burst were left out, `resync` that the list must be read \
                 anew. `id:` is a cursor: sent back as `Last-Event-ID` it brings what was missed, up to \
                 1,000 events. With `fold=false` every event comes, however many were missed and however \
                 slowly they are read; `seen` then only carries the cursor on. Runs are told of as they stand \
                 when they are told, not each of their moves.",
            )
            .needs(Permission::Read)
            .query::<EventQuery>()
            .query::<Wanted>()
            .header("last-event-id", shape::words(), "The last `id:` that was seen.")
            .answers(StatusCode::OK, "A stream without an end.", messages()),
        HEALTH
            .get("/healthz", "isAlive", "Whether the process answers")
            .answers(StatusCode::OK, "It does.", shape::text()),
        HEALTH
            .get("/readyz", "isReady", "Whether events can be stored")
            .says("Checks that the database can be read and is of this version, that the writer commits a row, and that there is room on the disk.")
            .answers(StatusCode::OK, "They can.", shape::json::<Readiness>())
            .answers(
                StatusCode::SERVICE_UNAVAILABLE,
                "They cannot, for the reasons given.",
                shape::json::<Readiness>(),
            ),
        HEALTH
            .get("/metrics", "getMetrics", "Figures for Prometheus")
            .says("OpenMetrics for who names it in `Accept`, else Prometheus' text format 0.0.4. With `SLUICE_METRICS_OPEN=true` no key is asked for.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The figures.", shape::of_text(metrics::OPEN_METRICS))
            .answers(StatusCode::OK, "The figures.", shape::of_text(metrics::PROMETHEUS)),
        DOCUMENTS
            .get("/api/v1/openapi.json", "getOpenApi", "This description as OpenAPI 3.1")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The document.", shape::object()),
        DOCUMENTS
            .get("/api/docs", "readDocs", "This description as a page")
            .says("A browser without a session is sent to sign in.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The page.", shape::of_text("text/html; charset=utf-8"))
            .answers_nothing(StatusCode::SEE_OTHER, "To sign in, for a browser."),
    ]
}
