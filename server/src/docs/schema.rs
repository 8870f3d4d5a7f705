//! Schemas in words: what a value is, with links to the shapes that have names.

use leptos::prelude::*;
use serde_json::Value;

use super::text::prose;

/// What a value of this schema is.
pub(super) fn kind(schema: &Value) -> AnyView {
    if let Some(name) = name_of(schema) {
        let href = format!("#{name}");
        return view! { <a class="ref" href=href>{name.to_owned()}</a> }.into_any();
    }
    let several = ["oneOf", "anyOf"].iter().find_map(|any| schema[any].as_array());
    if let Some(several) = several {
        return joined(several.iter().map(kind), " or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let code = |value: &Value| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            view! { <code>{value}</code> }.into_any()
        };
        return joined(values.iter().map(code), ", ");
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return joined(parts.iter().map(kind), " with ");
    }
    match schema["type"].as_str() {
        Some("array") => view! { "array of " {kind(&schema["items"])} }.into_any(),
        Some("object") if schema["properties"].is_object() => {
            let field = |(name, schema): (&String, &Value)| {
                view! { <code>{name.clone()}</code> ": " {kind(schema)} }.into_any()
            };
            joined(schema["properties"].as_object().into_iter().flatten().map(field), ", ")
        }
        _ => simple(schema).into_any(),
    }
}

fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

fn simple(schema: &Value) -> String {
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::String(kind) => vec![kind],
        _ => vec!["anything"],
    };
    let format = schema["format"].as_str().filter(|format| !format.starts_with("int"));
    let format = format.map(|format| format!(" ({format})")).unwrap_or_default();
    format!("{}{format}", kinds.join(" or "))
}

fn joined(views: impl Iterator<Item = AnyView>, between: &'static str) -> AnyView {
    let separated = views.enumerate().map(|(at, view)| {
        let before = if at > 0 { between } else { "" };
        view! { {before} {view} }
    });
    separated.collect_view().into_any()
}

/// Every shape that has a name.
pub(super) fn shapes(document: &Value) -> AnyView {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas.map(|(name, schema)| shape(name, schema)).collect_view().into_any()
}

fn shape(name: &str, schema: &Value) -> AnyView {
    let about = schema["description"].as_str().unwrap_or_default();
    let fields = fields(schema);
    let body = match fields.is_empty() {
        true => view! { <p>{kind(schema)}</p> }.into_any(),
        false => view! {
            <table>
                <thead>
                    <tr>
                        <th>"Field"</th>
                        <th>"What it is"</th>
                    </tr>
                </thead>
                <tbody>{fields}</tbody>
            </table>
        }
        .into_any(),
    };
    view! {
        <article id=name.to_owned()>
            <h3>{name.to_owned()}</h3>
            <p>{prose(about)}</p>
            {body}
        </article>
    }
    .into_any()
}

fn fields(schema: &Value) -> Vec<AnyView> {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name))
    };
    let row = |(name, field): (&String, &Value)| {
        let about = field["description"].as_str().unwrap_or_default();
        let optional = (!required(name)).then(|| view! { <span class="dim">" optional"</span> });
        view! {
            <tr>
                <td>
                    <code>{name.clone()}</code>
                    {optional}
                </td>
                <td>
                    <p class="dim">{kind(field)}</p>
                    {prose(about)}
                </td>
            </tr>
        }
        .into_any()
    };
    schema["properties"].as_object().into_iter().flatten().map(row).collect()
}
