//! One operation: what it needs, what it takes, what it answers.

use leptos::prelude::*;
use serde_json::Value;

use super::curl;
use super::schema::kind;
use super::text::prose;

/// An operation of the document, its references to shared answers followed.
#[derive(Clone)]
pub(super) struct Operation {
    pub part: String,
    pub id: String,
    pub summary: String,
    method: String,
    path: String,
    told: Value,
    answers: Vec<(String, Value)>,
}

/// All operations, those of each path together.
pub(super) fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(|(method, told)| read(document, method, path, told)).collect::<Vec<_>>()
    };
    paths.flat_map(of_path).collect()
}

fn read(document: &Value, method: &str, path: &str, told: &Value) -> Operation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let answer = |(status, answer): (&String, &Value)| {
        let shared = answer["$ref"].as_str().and_then(|at| document.pointer(at.strip_prefix('#')?));
        (status.clone(), shared.unwrap_or(answer).clone())
    };
    Operation {
        part: text(&told["tags"][0]),
        id: text(&told["operationId"]),
        summary: text(&told["summary"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        told: told.clone(),
        answers: told["responses"].as_object().into_iter().flatten().map(answer).collect(),
    }
}

pub(super) fn article(operation: &Operation) -> AnyView {
    let about = operation.told["description"].as_str().unwrap_or_default();
    let curl = curl::line(&operation.method, &operation.path, &operation.told);
    view! {
        <article id=operation.id.clone()>
            <h3>{operation.summary.clone()}</h3>
            <p class="m">
                <b>{operation.method.clone()}</b>
                " "
                {operation.path.clone()}
            </p>
            <p>{prose(about)} " " {needs(&operation.told)}</p>
            {parameters(&operation.told)}
            {bodies(&operation.told)}
            {answers(&operation.answers)}
            <pre tabindex="0">{curl}</pre>
        </article>
    }
    .into_any()
}

/// The permission, which stands as a role beside each way to show a key.
fn needs(told: &Value) -> AnyView {
    let way = told["security"][0].as_object();
    let role = way.and_then(|way| way.values().next()?[0].as_str());
    match role {
        Some(role) => {
            view! { "Needs the permission " <code>{role.to_owned()}</code> "." }.into_any()
        }
        None => "Open to everyone.".into_any(),
    }
}

fn parameters(told: &Value) -> Option<AnyView> {
    let parameters = told["parameters"].as_array()?;
    let row = |parameter: &Value| {
        let text = |field: &str| parameter[field].as_str().unwrap_or_default().to_owned();
        view! {
            <tr>
                <td>
                    <code>{text("name")}</code>
                    <span class="dim">" " {text("in")}</span>
                </td>
                <td>
                    <p class="dim">{kind(&parameter["schema"])}</p>
                    {prose(&text("description"))}
                </td>
            </tr>
        }
    };
    Some(table(["Parameter", "What it is"], parameters.iter().map(row).collect_view().into_any()))
}

fn bodies(told: &Value) -> Option<AnyView> {
    let bodies = told["requestBody"]["content"].as_object()?;
    let row = |(content, body): (&String, &Value)| {
        view! {
            <tr>
                <td>
                    <code>{content.clone()}</code>
                </td>
                <td>{kind(&body["schema"])}</td>
            </tr>
        }
    };
    // The one that most people send comes first.
    let (usual, others): (Vec<_>, Vec<_>) =
        bodies.iter().partition(|(content, _)| *content == "application/json");
    let rows = usual.into_iter().chain(others).map(row).collect_view();
    Some(table(["Body", "What it is"], rows.into_any()))
}

fn answers(answers: &[(String, Value)]) -> AnyView {
    let row = |(status, answer): &(String, Value)| {
        let about = answer["description"].as_str().unwrap_or_default();
        let bodies = answer["content"].as_object().into_iter().flatten();
        // A problem's codes are in the description already.
        let shown = bodies.filter(|(content, _)| *content != "application/problem+json");
        let body = |(content, body): (&String, &Value)| {
            let content = content.clone();
            view! { <p class="dim">{kind(&body["schema"])} " as " <code>{content}</code></p> }
        };
        view! {
            <tr>
                <td>
                    <code>{status.clone()}</code>
                </td>
                <td>{shown.map(body).collect_view()} {prose(about)}</td>
            </tr>
        }
    };
    table(["Answer", "What it means"], answers.iter().map(row).collect_view().into_any())
}

pub(super) fn table(head: [&'static str; 2], rows: AnyView) -> AnyView {
    view! {
        <table>
            <thead>
                <tr>{head.map(|name| view! { <th>{name}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
