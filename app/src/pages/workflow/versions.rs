//! The versions of a workflow: what each changed, and the way back to it.

use leptos::prelude::*;

use crate::{
    api::RestoreVersion,
    model::{DiffLine, DiffSide, VersionDetail, VersionItem},
    ui::{CallForm, ForOperators, Moment},
};

#[component]
pub fn Versions(
    versions: Vec<VersionItem>,
    older: Option<String>,
    id: String,
    in_force: u32,
    restore: ServerAction<RestoreVersion>,
) -> AnyView {
    let rows: Vec<_> = versions
        .into_iter()
        .map(|item| {
            let id = id.clone();
            view! { <Version item id in_force restore /> }
        })
        .collect();
    view! {
        <ol class="versions">{rows}</ol>
        {older
            .map(|cursor| {
                view! {
                    <a class="ref" href=format!("/workflows/{id}?before={cursor}")>
                        "Older versions"
                    </a>
                }
            })}
    }
    .into_any()
}

#[component]
fn Version(
    item: VersionItem,
    id: String,
    in_force: u32,
    restore: ServerAction<RestoreVersion>,
) -> AnyView {
    let number = item.version;
    let current = number == in_force;
    let changes = match (number, item.changes.is_empty()) {
        (1, _) => "the first".to_owned(),
        (_, true) => String::new(),
        (_, false) => item.changes.join(", "),
    };
    view! {
        <li data-version=number>
            <div>
                <a class="ref" href=format!("/workflows/{id}?version={number}")>
                    <b>"Version " {number}</b>
                </a>
                {current.then(|| view! { <span class="label">"in force"</span> })}
                <span class="dim">
                    <Moment at=item.created_at />
                </span>
                <div class="dim">{changes}</div>
            </div>
            {(!current).then(|| view! { <Restore id number in_force restore /> })}
        </li>
    }
    .into_any()
}

#[component]
fn Restore(
    id: String,
    number: u32,
    in_force: u32,
    restore: ServerAction<RestoreVersion>,
) -> AnyView {
    let label = format!("Restore version {number}");
    view! {
        <ForOperators>
            <CallForm action=restore class="inline">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="version" value=number />
                <input type="hidden" name="expected" value=in_force />
                <button class="btn" aria-label=label disabled=restore.pending()>
                    "Restore"
                </button>
            </CallForm>
        </ForOperators>
    }
    .into_any()
}

/// One version: what it changed in the one before, or all of it for the first.
#[component]
pub fn Changed(
    version: VersionDetail,
    id: String,
    in_force: u32,
    restore: ServerAction<RestoreVersion>,
) -> AnyView {
    let VersionDetail { version: number, diff, yaml, .. } = version;
    let (title, text) = match diff.is_empty() {
        true => (format!("Version {number}"), view! { <pre class="yaml">{yaml}</pre> }.into_any()),
        false => {
            (format!("What version {number} changed"), view! { <Diff lines=diff /> }.into_any())
        }
    };
    let back = format!("/workflows/{id}");
    view! {
        <section class="changed" aria-labelledby="changed">
            <div class="row">
                <h3 id="changed">{title}</h3>
                {(number != in_force).then(|| view! { <Restore id number in_force restore /> })}
                <a class="btn" href=back>
                    "Close"
                </a>
            </div>
            {text}
        </section>
    }
    .into_any()
}

/// The lines of two texts, those that differ marked by their sign and their colour.
#[component]
pub fn Diff(lines: Vec<DiffLine>) -> AnyView {
    let line = |DiffLine { side, text }: DiffLine| match side {
        DiffSide::Both => view! { <span>"  " {text} "\n"</span> }.into_any(),
        DiffSide::Removed => view! { <del>"- " {text} "\n"</del> }.into_any(),
        DiffSide::Added => view! { <ins>"+ " {text} "\n"</ins> }.into_any(),
    };
    let lines: Vec<_> = lines.into_iter().map(line).collect();
    view! {
        <pre class="yaml diff" tabindex="0">
            {lines}
        </pre>
    }
    .into_any()
}
