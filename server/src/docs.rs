//! `/api/docs`: the OpenAPI document as a page for people. It is drawn once from the document and needs
//! neither a script nor anybody else's server.

use std::sync::LazyLock;

use app::ui::Mark;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use leptos::prelude::*;
use serde_json::Value;

use crate::auth::{Authorized, Read};
use crate::problem::{Code, Problem};
use crate::{assets, dashboard, openapi};

mod curl;
mod operation;
mod schema;
mod text;

use operation::{Operation, operations};
use text::prose;

/// Nothing runs on this page, and its style is our own file.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'",
);

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let page = view! { <Page document=openapi::value() /> };
    format!("<!DOCTYPE html>{}", page.to_html())
});

/// For those who may read; a browser without a session is sent to sign in, as on every page.
pub(crate) async fn page(
    allowed: Result<Authorized<Read>, Problem>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match allowed {
        Ok(_) => {
            let headers = [(header::CONTENT_SECURITY_POLICY, POLICY)];
            dashboard::no_store((headers, Html(PAGE.as_str())).into_response())
        }
        Err(problem) if problem.is_unauthorized() && text::is_wanted(&headers) => {
            Redirect::to(&dashboard::sign_in_from(&uri)).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

#[component]
fn Page(document: Value) -> AnyView {
    let style = assets::ASSETS.address("sluice.css");
    let about = document["info"]["description"].as_str().unwrap_or_default().to_owned();
    let parts: Vec<Part> = parts(&document);
    let contents = parts.iter().map(contents).collect_view();
    let sections = parts.into_iter().map(section).collect_view();
    let shapes = schema::shapes(&document);
    view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>"Sluice API"</title>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=style />
            </head>
            <body>
                <a class="skip" href="#content">
                    "Skip to the content"
                </a>
                <div class="shell">
                    <nav class="side" aria-label="API">
                        <a class="mark" href="/">
                            <Mark />
                            "Sluice"
                        </a>
                        {contents}
                        <p class="group-name">"Shapes and codes"</p>
                        <a href="#shapes">"All shapes"</a>
                        <a href="#codes">"All codes"</a>
                    </nav>
                    <main id="content" tabindex="-1">
                        <header>
                            <h1>"API"</h1>
                            <a class="btn" href="/">
                                "Dashboard"
                            </a>
                            <a class="btn" href="/api/v1/openapi.json">
                                "openapi.json"
                            </a>
                        </header>
                        <div class="scroll docs" tabindex="0">
                            <section class="about">
                                {about.split("\n\n").map(|it| view! { <p>{prose(it)}</p> }).collect_view()}
                            </section>
                            {sections}
                            <section id="shapes">
                                <h2>"Shapes"</h2>
                                {shapes}
                            </section>
                            <section id="codes">
                                <h2>"Codes"</h2>
                                {codes()}
                            </section>
                        </div>
                    </main>
                </div>
            </body>
        </html>
    }
    .into_any()
}

/// Every code of a problem, as `docs/errors.md` lists them too.
fn codes() -> AnyView {
    let row = |code: Code| {
        view! {
            <tr>
                <td>
                    <code>{code.name()}</code>
                </td>
                <td>{format!("{}: {}.", code.status().as_u16(), code.title())}</td>
            </tr>
        }
    };
    let rows = Code::ALL.into_iter().map(row).collect_view().into_any();
    operation::table(["Code", "What it means"], rows)
}

/// A tag of the document with what belongs to it.
struct Part {
    name: String,
    about: String,
    operations: Vec<Operation>,
}

fn parts(document: &Value) -> Vec<Part> {
    let all = operations(document);
    let tags = document["tags"].as_array().into_iter().flatten();
    let part = |tag: &Value| {
        let text = |field: &str| tag[field].as_str().unwrap_or_default().to_owned();
        let name = text("name");
        let operations = all.iter().filter(|it| it.part == name).cloned().collect();
        Part { name, about: text("description"), operations }
    };
    tags.map(part).collect()
}

fn contents(part: &Part) -> AnyView {
    let link = |operation: &Operation| {
        let href = format!("#{}", operation.id);
        view! { <a href=href>{operation.summary.clone()}</a> }
    };
    let links = part.operations.iter().map(link).collect_view();
    let name = part.name.clone();
    view! {
        <p class="group-name">{name}</p>
        {links}
    }
    .into_any()
}

fn section(part: Part) -> AnyView {
    let operations = part.operations.iter().map(operation::article).collect_view();
    view! {
        <section>
            <h2>{part.name}</h2>
            <p>{prose(&part.about)}</p>
            {operations}
        </section>
    }
    .into_any()
}
