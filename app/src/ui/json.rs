//! A payload to read: coloured, folded, and never anything but text.
//!
//! What was sent is shown as it was sent: numbers keep their digits and keys their order. What is
//! too large or too deep to draw comes as plain text, cut.

use leptos::prelude::*;

pub mod parse;

use parse::Node;

/// Larger documents are shown as text.
const DRAWN: usize = 64 * 1024;
/// Of text, this much.
const SHOWN: usize = 128 * 1024;
const OPEN_DEPTH: u32 = 2;
const OPEN_LENGTH: usize = 60;

#[component]
pub fn JsonView(#[prop(into)] text: String) -> impl IntoView {
    let tree = (text.len() <= DRAWN).then(|| parse::parse(&text)).flatten();
    match tree {
        Some(node) => view! { <div class="json">{draw(None, node, 0, true)}</div> }.into_any(),
        None => view! { <Plain text /> }.into_any(),
    }
}

#[component]
fn Plain(text: String) -> impl IntoView {
    let mut end = SHOWN.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let cut = end < text.len();
    let total = size(text.len());
    view! {
        <pre class="json">{text[..end].to_owned()}</pre>
        {cut.then(|| view! { <p class="dim">"Only the beginning of " {total} " is shown."</p> })}
    }
}

/// `1.2 KB`.
pub fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024),
        _ => format!("{}.{} MB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

fn draw(key: Option<String>, node: Node, depth: u32, last: bool) -> AnyView {
    let comma = if last { "" } else { "," };
    let name = key.map(|key| view! { <span class="k">{key}</span> ": " });
    match node {
        Node::Scalar(kind, text) => view! {
            <div class="leaf">
                {name} <span class=kind.class()>{text}</span> {comma}
            </div>
        }
        .into_any(),
        Node::Object(fields) => {
            let length = fields.len();
            let inner = fields.into_iter().map(|(key, node)| (Some(key), node)).collect();
            container(name.into_any(), inner, depth, ["{", "}"], count(length, "field"), comma)
        }
        Node::Array(items) => {
            let length = items.len();
            let inner = items.into_iter().map(|node| (None, node)).collect();
            container(name.into_any(), inner, depth, ["[", "]"], count(length, "item"), comma)
        }
    }
}

fn count(length: usize, what: &str) -> String {
    format!("{length} {what}{}", if length == 1 { "" } else { "s" })
}

fn container(
    name: AnyView,
    inner: Vec<(Option<String>, Node)>,
    depth: u32,
    [open, close]: [&'static str; 2],
    summary: String,
    comma: &'static str,
) -> AnyView {
    let length = inner.len();
    if length == 0 {
        return view! { <div class="leaf">{name} {open} {close} {comma}</div> }.into_any();
    }
    let children: Vec<AnyView> = inner
        .into_iter()
        .enumerate()
        .map(|(at, (key, node))| draw(key, node, depth + 1, at + 1 == length))
        .collect();
    view! {
        <details class="node" open=depth < OPEN_DEPTH && length <= OPEN_LENGTH>
            <summary>
                {name} {open} <span class="f">" " {summary} " " {close} {comma}</span>
            </summary>
            <div class="in">{children}</div>
            <div class="leaf">{close} {comma}</div>
        </details>
    }
    .into_any()
}
