//! Workflows with their versions, and their runs.

use app::model::{
    AppliedView, BacktestView, CheckedView, PreviewView, RunDetail, RunItem, RunRef,
    SigningSecretView, VersionDetail, VersionItem, WorkflowView,
};
use axum::http::StatusCode;
use engine::key::Permission;
use engine::workflow::definition::Document;
use serde_json::json;

use super::operation::Operation;
use super::refusals::OF_AN_EVENT;
use super::shape::Shape;
use super::{WORKFLOWS, shape};
use crate::problem::Code;
use crate::routes::runs::RunQuery;
use crate::routes::workflows::ApplyQuery;
use crate::routes::workflows::trial::{BacktestBody, PreviewBody, TestBody};
use crate::routes::workflows::versions::{RestoreQuery, VersionsQuery};

const RUN: &str = "The run's id, `run_…`.";
const ID: &str = "The workflow's id, `wfl_…`.";
const NUMBER: &str = "The number of the version.";
const DONE: &str = "What was done.";

pub(super) fn operations() -> Vec<Operation> {
    let all = [in_force(), written(), tried(), versions(), runs()];
    all.into_iter().flatten().collect()
}

fn definition() -> Shape {
    shape::json::<Document>().such_as(json!({
        "name": "Notify warehouse",
        "triggers": [{ "eventType": "order.*", "filter": "event.payload.total > 100" }],
        "steps": [{ "id": "notify", "http": { "url": "https://warehouse.example/orders" } }],
    }))
}

fn in_force() -> Vec<Operation> {
    vec![
        WORKFLOWS
            .get("/api/v1/workflows", "listWorkflows", "List workflows")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All of them.", shape::page::<WorkflowView>()),
        WORKFLOWS
            .get("/api/v1/workflows/{id}", "getWorkflow", "Show a workflow")
            .needs(Permission::Read)
            .named("id", ID)
            .answers(StatusCode::OK, "As it is in force.", shape::json::<WorkflowView>()),
        WORKFLOWS
            .delete("/api/v1/workflows/{id}", "deleteWorkflow", "Delete a workflow")
            .says(
                "No event starts it any more. Runs that have begun go on, what they did stays, and \
                 restoring one of its versions brings it back.",
            )
            .needs(Permission::Manage)
            .named("id", ID)
            .answers_nothing(StatusCode::NO_CONTENT, "It is gone."),
        signing(WORKFLOWS.get(
            "/api/v1/workflows/{id}/signing-secret",
            "getSigningSecret",
            "Show what a workflow signs its calls with",
        ))
        .says(
            "There is one once a version with `sign: true` was in force. Being shown is audited.",
        ),
        signing(WORKFLOWS.post(
            "/api/v1/workflows/{id}/signing-secret/rotate",
            "rotateSigningSecret",
            "Sign with a new secret",
        ))
        .says("The secret before it signs too for 24 hours: calls have two signatures meanwhile."),
        switch("/api/v1/workflows/{id}/enable", "enableWorkflow", "Turn a workflow on"),
        switch("/api/v1/workflows/{id}/disable", "disableWorkflow", "Turn a workflow off")
            .says("Events that come meanwhile do not start it. Runs that have begun go on."),
    ]
}

fn signing(operation: Operation) -> Operation {
    operation.needs(Permission::Manage).named("id", ID).answers(
        StatusCode::OK,
        "The secret in force.",
        shape::json::<SigningSecretView>(),
    )
}

fn switch(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    WORKFLOWS.post(path, id, summary).needs(Permission::Manage).named("id", ID).answers(
        StatusCode::OK,
        "As it is now.",
        shape::json::<WorkflowView>(),
    )
}

fn written() -> Vec<Operation> {
    vec![
        WORKFLOWS
            .post("/api/v1/workflows", "applyWorkflow", "Put a workflow in force")
            .says(
                "Under its name: the same definition again changes nothing, another one is the next \
                 version. Runs stay with the version that started them.",
            )
            .needs(Permission::Manage)
            .query::<ApplyQuery>()
            .takes([definition(), definition().sent_as("application/yaml")])
            .answers(StatusCode::OK, DONE, shape::json::<AppliedView>())
            .refuses(&[Code::InvalidDefinition, Code::Conflict]),
        WORKFLOWS
            .post("/api/v1/workflows/check", "checkWorkflow", "Check a definition")
            .says("All that is wrong, each with its line and what to do. Nothing is stored.")
            .needs(Permission::Read)
            .takes([definition(), definition().sent_as("application/yaml")])
            .answers(StatusCode::OK, "What it says.", shape::json::<CheckedView>()),
    ]
}

fn tried() -> Vec<Operation> {
    let text = "{name: n, triggers: [{eventType: order.*}], steps: [{id: s, delay: {for: 1m}}]}";
    let event = json!({ "eventType": "order.created", "source": "shop", "payload": { "id": 7 } });
    vec![
        WORKFLOWS
            .post("/api/v1/workflows/preview", "previewWorkflow", "Say what a definition would do")
            .says(
                "With one event: which triggers match and why the others do not, the mapped input, and \
                 each step as far as it can be known without running it. Nothing is called or stored.",
            )
            .needs(Permission::Read)
            .takes([shape::json::<PreviewBody>()
                .such_as(json!({ "definition": text, "event": event }))])
            .answers(StatusCode::OK, "What it would do.", shape::json::<PreviewView>())
            .refuses(OF_AN_EVENT)
            .refuses(&[Code::InvalidDefinition, Code::NotFound]),
        WORKFLOWS
            .post("/api/v1/workflows/backtest", "backtestWorkflow", "Try a definition on past events")
            .says(
                "Which of the newest events it would match, and what that gains and loses against the \
                 version in force. Nothing is run.",
            )
            .needs(Permission::Read)
            .takes([shape::json::<BacktestBody>()
                .such_as(json!({ "definition": text, "last": 1000 }))])
            .answers(StatusCode::OK, "What it would match.", shape::json::<BacktestView>())
            .refuses(&[Code::MalformedJson, Code::InvalidDefinition]),
        WORKFLOWS
            .post("/api/v1/workflows/{id}/test", "testWorkflow", "Begin a test run")
            .says(
                "It makes its calls for real. It is marked as a test, leaves its event as it is, and no \
                 figure counts it.",
            )
            .needs(Permission::Manage)
            .named("id", ID)
            .takes([shape::json::<TestBody>().such_as(json!({ "event": event }))])
            .answers(StatusCode::ACCEPTED, "The run.", shape::json::<RunRef>())
            .refuses(OF_AN_EVENT),
    ]
}

fn versions() -> Vec<Operation> {
    vec![
        WORKFLOWS
            .get("/api/v1/workflows/{id}/versions", "listVersions", "List versions")
            .says("Of a deleted workflow, too.")
            .needs(Permission::Read)
            .named("id", ID)
            .query::<VersionsQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<VersionItem>()),
        WORKFLOWS
            .get("/api/v1/workflows/{id}/versions/{version}", "getVersion", "Show a version whole")
            .says("With its YAML and what it changed.")
            .needs(Permission::Read)
            .named("id", ID)
            .numbered("version", NUMBER)
            .answers(StatusCode::OK, "The version.", shape::json::<VersionDetail>()),
        WORKFLOWS
            .post(
                "/api/v1/workflows/{id}/versions/{version}/restore",
                "restoreVersion",
                "Put an old version in force again",
            )
            .says("As a new version with the old text.")
            .needs(Permission::Manage)
            .named("id", ID)
            .numbered("version", NUMBER)
            .query::<RestoreQuery>()
            .answers(StatusCode::OK, DONE, shape::json::<AppliedView>())
            .refuses(&[Code::Conflict]),
    ]
}

fn runs() -> Vec<Operation> {
    vec![
        WORKFLOWS
            .get("/api/v1/runs", "listRuns", "List runs")
            .needs(Permission::Read)
            .query::<RunQuery>()
            .answers(StatusCode::OK, "A page, newest first.", shape::page::<RunItem>()),
        WORKFLOWS
            .get("/api/v1/runs/{id}", "getRun", "Show a run whole")
            .says("With every attempt of its steps.")
            .needs(Permission::Read)
            .named("id", RUN)
            .answers(StatusCode::OK, "The run.", shape::json::<RunDetail>()),
        WORKFLOWS
            .post("/api/v1/runs/{id}/cancel", "cancelRun", "End a run")
            .says(
                "Wherever it stands; a call under way is dropped and not made again. An event whose \
                 runs have all ended is processed, unless one of them failed.",
            )
            .needs(Permission::Manage)
            .named("id", RUN)
            .answers(StatusCode::OK, "The run as it is now.", shape::json::<RunDetail>())
            .refuses(&[Code::Conflict]),
    ]
}
