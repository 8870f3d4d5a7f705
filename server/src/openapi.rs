//! The API as an OpenAPI 3.1 document: served, printed by `sluice openapi`, and drawn for people at
//! `/api/docs`.
//!
//! Shapes come from the very types that are sent and codes from the enum of all problems. What a route
//! takes and answers is told here, beside `router.rs`: a test compares the two.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use serde_json::Value;
use utoipa::openapi::{
    ComponentsBuilder, Info, License, OpenApi, OpenApiBuilder, Paths, Server,
    tag::{Tag, TagBuilder},
};

use crate::auth::{Authorized, Read};
use operation::{Part, Told};

mod alerts;
mod bulk;
mod erasures;
mod events;
mod intake;
mod operation;
mod people;
mod refusals;
mod required;
mod retention;
mod security;
mod service;
mod settings;
mod shape;
mod workflows;

/// The document as text, made once.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    // Names and numbers alone: there is nothing in it that has no JSON form.
    document().to_pretty_json().unwrap_or_default()
});

pub(crate) fn text() -> &'static str {
    &TEXT
}

/// The document as a value, for those who read it rather than hand it on.
pub(crate) fn value() -> Value {
    serde_json::from_str(text()).unwrap_or_default()
}

pub(crate) async fn serve(_: Authorized<Read>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text())
}

/// The parts of the API in the order in which people meet them.
const PARTS: [(Part, &str); 15] = [
    (INTAKE, "Events come in here, each stored before it is answered."),
    (EVENTS, "What came, what became of it, and what can be done about it."),
    (DEAD_LETTERS, "The events that failed."),
    (BULK, "One action for many events."),
    (WORKFLOWS, "What happens when an event comes, and the runs of it."),
    (SECRETS, "What http steps read as `${secret.NAME}`."),
    (SOURCES, "Providers that deliver signed webhooks, and deliveries that were not believed."),
    (KEYS, "Who may send, read and manage by machine."),
    (PEOPLE, "Who may sign in, and who changed what."),
    (ALERTS, "Rules over what happens, and where they are told."),
    (RETENTION, "How long events are kept."),
    (ERASURES, "Erasing what there is about somebody, with receipts."),
    (WATCH, "Figures, and changes as they happen."),
    (HEALTH, "For probes."),
    (DOCUMENTS, "This description."),
];
const INTAKE: Part = Part("Send events");
const EVENTS: Part = Part("Events");
const DEAD_LETTERS: Part = Part("Dead letters");
const BULK: Part = Part("Bulk");
const WORKFLOWS: Part = Part("Workflows");
const SECRETS: Part = Part("Secrets");
const SOURCES: Part = Part("Sources");
const KEYS: Part = Part("Keys");
const PEOPLE: Part = Part("People");
const ALERTS: Part = Part("Alerts");
const RETENTION: Part = Part("Retention");
const ERASURES: Part = Part("Erasures");
const WATCH: Part = Part("Watch");
const HEALTH: Part = Part("Health");
const DOCUMENTS: Part = Part("Documents");

const ABOUT: &str = "Sluice stores each event durably before it says yes, starts every workflow \
whose trigger matches, and shows all of it live.

Whatever is refused is answered as `application/problem+json` with a stable `code`; decide by that. \
Fields are never removed from answers, but new ones may come: ignore those you do not know.";

fn document() -> OpenApi {
    let all = [
        intake::operations(),
        events::operations(),
        bulk::operations(),
        workflows::operations(),
        settings::operations(),
        alerts::operations(),
        people::operations(),
        retention::operations(),
        erasures::operations(),
    ];
    let operations = all.into_iter().flatten().chain(service::operations());
    let (mut paths, mut components) = (Paths::new(), ComponentsBuilder::new());
    for operation in operations {
        let Told { path, method, operation, schemas, refusals } = operation.tell();
        paths.add_path_operation(path, vec![method], operation);
        components = components.schemas_from_iter(schemas).responses_from_iter(refusals);
    }
    for (name, scheme) in security::schemes() {
        components = components.security_scheme(name, scheme);
    }
    let tag = |(part, about): (Part, &str)| -> Tag {
        TagBuilder::new().name(part.0).description(Some(about)).build()
    };
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(PARTS.map(tag)))
        .build()
}

fn info() -> Info {
    let mut info = Info::new("Sluice", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.into());
    let mut license = License::new(env!("CARGO_PKG_LICENSE"));
    license.identifier = Some(env!("CARGO_PKG_LICENSE").into());
    info.license = Some(license);
    info
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What `router.rs` routes for machines, as `GET /path`, read from its text: axum does not tell.
    fn routed() -> BTreeSet<String> {
        let router = include_str!("router.rs");
        let mut found = BTreeSet::new();
        for statement in router.split(";\n") {
            let nested = if statement.contains("let management =") { "/api/v1" } else { "" };
            for route in statement.split(".route(\"").skip(1) {
                let (path, rest) = route.split_once('"').unwrap();
                let path = format!("{nested}{path}");
                let handlers = rest.split("\n        .").next().unwrap();
                for method in ["get", "post", "put", "patch", "delete"] {
                    let is_there = |before| handlers.contains(&format!("{before}{method}("));
                    let machines =
                        path.starts_with("/api/") || path.ends_with("z") || path == "/metrics";
                    if machines && [" ", ".", "::"].into_iter().any(is_there) {
                        found.insert(format!("{} {path}", method.to_uppercase()));
                    }
                }
            }
        }
        found
    }

    fn described() -> BTreeSet<String> {
        let document = value();
        let paths = document["paths"].as_object().unwrap();
        let of = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    #[test]
    fn the_document_tells_every_route_and_no_other() {
        let routed = routed();
        assert!(routed.len() > 20, "{routed:?}");
        assert_eq!(described(), routed);
    }

    #[test]
    fn operations_have_names_of_their_own_and_a_part() {
        let document = value();
        let mut ids = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id.to_owned()), "{id} names two operations");
                let part = operation["tags"][0].as_str().unwrap();
                assert!(PARTS.iter().any(|(known, _)| known.0 == part), "{id}: {part}");
            }
        }
    }

    /// A reference that leads nowhere would pass for an empty schema.
    #[test]
    fn every_reference_leads_somewhere() {
        let document = value();
        let text = text();
        let references = text.split("\"$ref\": \"#").skip(1);
        let targets: BTreeSet<_> = references.filter_map(|rest| rest.split('"').next()).collect();
        assert!(targets.len() > 10, "{targets:?}");
        for target in targets {
            assert!(document.pointer(target).is_some(), "{target} is not there");
        }
    }

    #[test]
    fn the_document_is_as_it_was_reviewed() {
        insta::assert_snapshot!("openapi", text());
    }
}
