//! What people set up beside workflows: sources and keys; and the quarantine that comes of it.

use app::model::{HeldView, KeyView, SecretView, SourceView};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::refusals::OF_AN_EVENT;
use super::{KEYS, SECRETS, SOURCES, shape};
use crate::problem::Code;
use crate::routes::keys::{CreateBody, CreatedKey};
use crate::routes::quarantine::{QuarantineQuery, Released};
use crate::routes::secrets::SetBody;
use crate::routes::sources::{CreateBody as NewSource, RotateBody};

const HELD: &str = "The delivery's id, `qrn_…`.";
const ALL: &str = "All of them.";
const SECRET: &str = "1 to 64 letters, digits and `_`, such as `WAREHOUSE_TOKEN`.";
const NAME: &str = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";
const SOURCE: &str = "The source's name.";
const SOURCE_NAME: &str = "^[a-z0-9_-]{1,64}$";
const GONE: &str = "It is gone, or never was.";

pub(super) fn operations() -> Vec<Operation> {
    [secrets(), sources(), keys()].into_iter().flatten().collect()
}

fn sources() -> Vec<Operation> {
    let hub = json!({ "name": "hub", "kind": "github", "secret": "s3cret" });
    let source = shape::json::<SourceView>;
    vec![
        SOURCES
            .get("/api/v1/sources", "listSources", "List sources")
            .says("Never with their secrets.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, ALL, shape::page::<SourceView>()),
        SOURCES
            .post("/api/v1/sources", "createSource", "Let a provider deliver")
            .says("It delivers to `/api/webhooks/{name}`, signed with the secret.")
            .needs(Permission::Manage)
            .takes([shape::json::<NewSource>().such_as(hub)])
            .answers(StatusCode::CREATED, "It may deliver.", source())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter, Code::Conflict]),
        SOURCES
            .get("/api/v1/sources/{name}", "getSource", "Show a source")
            .needs(Permission::Read)
            .named_like("name", SOURCE, SOURCE_NAME)
            .answers(StatusCode::OK, "The source.", source()),
        SOURCES
            .delete("/api/v1/sources/{name}", "deleteSource", "Take no more deliveries")
            .says("Its events stay.")
            .needs(Permission::Manage)
            .named_like("name", SOURCE, SOURCE_NAME)
            .answers_nothing(StatusCode::NO_CONTENT, "It may not deliver any more."),
        SOURCES
            .post("/api/v1/sources/{name}/rotate", "rotateSource", "Put a new secret in force")
            .says("The one before it counts beside it until the next rotation.")
            .needs(Permission::Manage)
            .named_like("name", SOURCE, SOURCE_NAME)
            .takes([shape::json::<RotateBody>().such_as(json!({ "secret": "n3w s3cret" }))])
            .answers(StatusCode::OK, "Both count now.", source())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter]),
        SOURCES
            .post("/api/v1/sources/{name}/end-old", "endOldSecrets", "End the older secret")
            .says("Once the provider signs with the newest.")
            .needs(Permission::Manage)
            .named_like("name", SOURCE, SOURCE_NAME)
            .answers(StatusCode::OK, "Only the newest counts.", source()),
        SOURCES
            .get("/api/v1/quarantine", "listQuarantine", "List deliveries that were not believed")
            .needs(Permission::Read)
            .query::<QuarantineQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<HeldView>()),
        SOURCES
            .post("/api/v1/quarantine/{id}/release", "releaseDelivery", "Check a delivery again")
            .says(
                "With the secrets of today, whatever its age. One that fits is taken as if it had just come.",
            )
            .needs(Permission::Manage)
            .named("id", HELD)
            .answers(StatusCode::ACCEPTED, "It was believed.", shape::json::<Released>())
            .refuses(OF_AN_EVENT)
            .refuses(&[Code::Conflict]),
        SOURCES
            .delete("/api/v1/quarantine/{id}", "deleteDelivery", "Forget a delivery")
            .needs(Permission::Manage)
            .named("id", HELD)
            .answers_nothing(StatusCode::NO_CONTENT, GONE),
    ]
}

fn secrets() -> Vec<Operation> {
    let value = json!({ "value": "Bearer 0123456789abcdef" });
    vec![
        SECRETS
            .get("/api/v1/secrets", "listSecrets", "List secrets")
            .says("Never with their values.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, ALL, shape::page::<SecretView>()),
        SECRETS
            .put("/api/v1/secrets/{name}", "setSecret", "Set a secret")
            .says(
                "Http steps read it as `${secret.NAME}` in their url, headers and body. Setting one \
                 that is there replaces its value.",
            )
            .needs(Permission::Manage)
            .named_like("name", SECRET, NAME)
            .takes([shape::json::<SetBody>().such_as(value)])
            .answers_nothing(StatusCode::NO_CONTENT, "It is set.")
            .refuses(&[Code::MalformedJson, Code::InvalidParameter]),
        SECRETS
            .delete("/api/v1/secrets/{name}", "deleteSecret", "Forget a secret")
            .says("Steps that read it fail for good until it is set again.")
            .needs(Permission::Manage)
            .named_like("name", SECRET, NAME)
            .answers_nothing(StatusCode::NO_CONTENT, "It is gone."),
    ]
}

fn keys() -> Vec<Operation> {
    let key = json!({ "name": "shop", "permissions": ["ingest"], "scopes": ["order.*"] });
    vec![
        KEYS.get("/api/v1/keys", "listKeys", "List keys")
            .says("Never with their secrets, revoked ones too.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All of them, newest first.", shape::page::<KeyView>()),
        KEYS.post("/api/v1/keys", "createKey", "Make a key")
            .needs(Permission::Manage)
            .takes([shape::json::<CreateBody>().such_as(key)])
            .answers(StatusCode::CREATED, "The key, this once.", shape::json::<CreatedKey>())
            .refuses(&[Code::MalformedJson]),
        KEYS.delete("/api/v1/keys/{id}", "revokeKey", "End a key")
            .says("Servers refuse it within seconds. Ending it twice changes nothing.")
            .needs(Permission::Manage)
            .named("id", "The key's id, `key_…`, or its visible beginning, `slk_…`.")
            .answers_nothing(StatusCode::NO_CONTENT, "It has ended."),
    ]
}
