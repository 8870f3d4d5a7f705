//! The ways in.

use axum::http::{StatusCode, header};
use engine::key::Permission;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::ObjectBuilder;

use super::operation::Operation;
use super::refusals::{OF_AN_EVENT, OF_THE_STORE};
use super::{INTAKE, shape};
use crate::problem::Code;
use crate::routes::ingest::{AcceptedBody, batch};

/// An event in Sluice's own words. `type`, `data`, `id` and `time` are understood for `eventType`,
/// `payload`, `eventId` and `occurredAt` too; other fields are passed over.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "told here, read field by field in the engine")]
struct NewEvent {
    /// What happened, in segments between dots.
    #[schema(min_length = 1, max_length = 255, example = "order.created")]
    event_type: String,
    /// Who says so.
    #[schema(min_length = 1, max_length = 255, example = "shop")]
    source: String,
    /// Any JSON; kept byte for byte. Arrays and objects lie at most 64 deep.
    payload: Value,
    /// The sender's own id: the same `source` and `eventId` again is the same event.
    #[schema(min_length = 1, max_length = 255)]
    event_id: Option<String>,
    /// What the event is about.
    #[schema(min_length = 1, max_length = 255)]
    subject: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
}

/// CloudEvents 1.0. Extension attributes are kept with the event's headers.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told here, read field by field in the engine")]
struct CloudEvent {
    specversion: CloudEventsVersion,
    #[schema(min_length = 1, max_length = 255)]
    r#type: String,
    #[schema(min_length = 1, max_length = 255)]
    source: String,
    #[schema(min_length = 1, max_length = 255)]
    id: String,
    #[schema(min_length = 1, max_length = 255)]
    subject: Option<String>,
    #[schema(format = DateTime)]
    time: Option<String>,
    datacontenttype: Option<String>,
    data: Value,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "told here, read field by field in the engine")]
enum CloudEventsVersion {
    #[schema(rename = "1.0")]
    One,
}

pub(super) fn operations() -> Vec<Operation> {
    vec![event(), batch(), delivery()]
}

const STORED: &str = "Stored: on the disk before this answer, with the runs that it starts.";
const SOME: &str = "Some events were stored, some refused.";
const NONE: &str = "Or an answer for each event of the batch: none was stored, and the first of them \
    would have been refused with this status.";
const KEY: &str = "Makes the request safe to send again: for 24 hours, or as long as \
    `SLUICE_IDEMPOTENCY_TTL` says, the same key with the same body gets the first answer. One that comes while \
    the first is still being stored waits for it.";

fn key() -> ObjectBuilder {
    shape::words().min_length(Some(1)).max_length(Some(255))
}

fn version() -> ObjectBuilder {
    shape::words().enum_values(Some(["1.0"]))
}

fn event() -> Operation {
    let path = "/api/webhooks/ingest";
    let own =
        json!({ "eventType": "order.created", "source": "shop", "payload": { "total": 120 } });
    let cloud_event = json!({
        "specversion": "1.0",
        "type": "order.created",
        "source": "shop",
        "id": "order-7",
        "data": { "total": 120 },
    });
    let shapes = [
        shape::json::<NewEvent>().such_as(own),
        shape::json::<CloudEvent>().such_as(cloud_event).sent_as("application/cloudevents+json"),
        shape::json::<CloudEvent>().in_array().sent_as("application/cloudevents-batch+json"),
        shape::any(),
    ];
    let operation = INTAKE
        .post(path, "sendEvent", "Send an event")
        .says(
            "Answers once the event is durable. The same `source` and `eventId` again gets the first \
             id and `duplicate: true`. CloudEvents are understood in all three modes: structured, in \
             a batch, and binary, where `ce-` headers say what the event is and the body is its data \
             of any content type. Bodies may come with `content-encoding: gzip` or `zstd`.",
        )
        .needs(Permission::Ingest)
        .header("idempotency-key", key(), KEY)
        .header("ce-specversion", version(), "`1.0` makes the request a CloudEvent in binary mode.")
        .takes(shapes)
        .answers(StatusCode::ACCEPTED, STORED, shape::json::<AcceptedBody>().or::<batch::Items>())
        .with_header(StatusCode::ACCEPTED, header::LOCATION.as_str(), "The event, when it came alone.");
    many(operation)
}

fn batch() -> Operation {
    let path = "/api/webhooks/ingest/batch";
    let events = json!([
        { "eventType": "order.created", "source": "shop", "payload": { "total": 120 } },
        { "eventType": "order.paid", "source": "shop", "payload": { "total": 120 } },
    ]);
    let array = shape::json::<NewEvent>().or::<CloudEvent>().in_array().such_as(events);
    let lines = shape::of_text("application/x-ndjson");
    let operation = INTAKE
        .post(path, "sendEvents", "Send many events")
        .says(
            "At most 1,000, as a JSON array or one a line. Each is answered by itself, in order. One \
             with `specversion` is read as a CloudEvent.",
        )
        .needs(Permission::Ingest)
        .header("idempotency-key", key(), KEY)
        .takes([array, lines])
        .answers(StatusCode::ACCEPTED, "All events were stored.", shape::json::<batch::Items>());
    many(operation)
}

/// What a batch adds, which may also come to the address of single events.
fn many(operation: Operation) -> Operation {
    let alone = [
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::UNPROCESSABLE_ENTITY,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    let items = || shape::json::<batch::Items>();
    let operation = operation.answers(StatusCode::MULTI_STATUS, SOME, items());
    let operation =
        alone.into_iter().fold(operation, |all, status| all.answers(status, NONE, items()));
    operation.refuses(OF_AN_EVENT).refuses(&[
        Code::BatchTooLong,
        Code::IdempotencyKeyReused,
        Code::ScopeDenied,
        Code::RateLimited,
    ])
}

fn delivery() -> Operation {
    let challenge = "The text that a provider asks for when it checks the address.";
    INTAKE
        .post("/api/webhooks/{source}", "deliver", "Deliver a signed webhook")
        .says(
            "For providers. The signature over the body as it came says who sent it, so there is no \
             key. What is not believed is answered `401` and waits in quarantine.",
        )
        .named("source", "The name given to `sluice sources create`.")
        .takes([shape::any()])
        .answers(StatusCode::ACCEPTED, STORED, shape::json::<AcceptedBody>())
        .with_header(StatusCode::ACCEPTED, header::LOCATION.as_str(), "The event.")
        .answers(StatusCode::OK, challenge, shape::text())
        .refuses(OF_AN_EVENT)
        .refuses(OF_THE_STORE)
        .refuses(&[Code::InvalidSignature, Code::RateLimited])
}
