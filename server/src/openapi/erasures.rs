//! Erasing what there is about somebody.

use app::model::{ErasurePlan, ErasureView};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::{ERASURES, shape};
use crate::problem::Code;
use crate::routes::erasures::{ErasureBody, ErasureQuery};

pub(super) fn operations() -> Vec<Operation> {
    let asked = json!({ "path": "customer.email", "value": "ada@example.com", "dryRun": true });
    vec![
        ERASURES
            .post("/api/v1/erasures", "startErasure", "Erase what there is about somebody")
            .says(
                "Events with their payloads, runs and journals, whether they have settled or not, the events \
                 that their runs emitted, and deliveries in quarantine. Held events stay. With `dryRun` it \
                 only counts. Of people only owners may.",
            )
            .needs(Permission::Manage)
            .takes([shape::json::<ErasureBody>().such_as(asked)])
            .answers(StatusCode::OK, "What it would take, for `dryRun`.", shape::json::<ErasurePlan>())
            .answers(StatusCode::ACCEPTED, "It is under way.", shape::json::<ErasureView>())
            .with_header(StatusCode::ACCEPTED, "Location", "Where to watch it.")
            .refuses(&[Code::MalformedJson]),
        ERASURES
            .get("/api/v1/erasures", "listErasures", "List erasures")
            .says("Each with its receipt: who, when, how much, and in place of the value a keyed hash.")
            .needs(Permission::Manage)
            .query::<ErasureQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<ErasureView>()),
        ERASURES
            .get("/api/v1/erasures/{id}", "getErasure", "Show an erasure")
            .needs(Permission::Manage)
            .named("id", "The erasure's id, `ers_…`.")
            .answers(StatusCode::OK, "The erasure as it is now.", shape::json::<ErasureView>()),
    ]
}
