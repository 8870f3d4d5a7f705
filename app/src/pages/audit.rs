//! The audit log: who changed what, the newest first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_audit,
    model::{AuditFilter, AuditView, Page},
    ui::{self, Columns, Fetched, Header, Moment, found_by},
};

/// What actions begin with, for the filter.
const KINDS: [(&str, &str); 13] = [
    ("", "Everything"),
    ("event", "Events"),
    ("bulk", "Operations on many events"),
    ("run", "Runs"),
    ("workflow", "Workflows"),
    ("source", "Sources"),
    ("quarantine", "Quarantine"),
    ("alert", "Alerts"),
    ("secret", "Secrets"),
    ("key", "Keys"),
    ("user", "People"),
    ("retention", "Retention"),
    ("erasure", "Erasures"),
];

#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| AuditFilter::read(|name| query.get(name))));
    let entries = Resource::new(move || filter.get(), |filter| found_by(filter, list_audit));
    view! {
        <Header title="Audit log" />
        <div class="scroll">
            <Fetched from=entries let:found>
                <Log page=found.1 filter=found.0 />
            </Fetched>
        </div>
    }
}

#[component]
fn Log(page: Page<AuditView>, filter: AuditFilter) -> AnyView {
    let older = page.next_cursor.map(|cursor| {
        let older = AuditFilter { cursor, ..filter.clone() };
        view! {
            <a class="btn" href=address(&older)>
                "Load older"
            </a>
        }
    });
    let narrow = filter.is_narrow();
    let empty = page.items.is_empty();
    let rows: Vec<_> = page.items.into_iter().map(|entry| view! { <Line entry /> }).collect();
    view! {
        <Filter filter />
        {if empty {
            view! { <Nothing narrow /> }.into_any()
        } else {
            view! {
                <table class="plain">
                    <Columns names=&["When", "Who", "What", "Of"] />
                    <tbody>{rows}</tbody>
                </table>
                <div class="more-bar">{older}</div>
            }
                .into_any()
        }}
    }
    .into_any()
}

/// A plain form: it works without a script, and the address says what is shown.
#[component]
fn Filter(filter: AuditFilter) -> AnyView {
    let options: Vec<_> = KINDS
        .into_iter()
        .map(|(value, name)| {
            view! {
                <option value=value selected=filter.action == value>
                    {name}
                </option>
            }
        })
        .collect();
    let clear = filter.is_narrow().then(|| {
        view! {
            <a class="btn" href="/audit">
                "Show all"
            </a>
        }
    });
    view! {
        <form class="bar" method="get" action="/audit" role="search">
            <label class="chip">
                <span>"Kind"</span>
                <select name="action">{options}</select>
            </label>
            <label class="chip">
                <span>"Who"</span>
                <input name="actor" placeholder="anyone" autocomplete="off" value=filter.actor />
            </label>
            <label class="chip">
                <span>"Of"</span>
                <input
                    name="object"
                    placeholder="id or name"
                    autocomplete="off"
                    spellcheck="false"
                    value=filter.object
                />
            </label>
            <button class="btn">"Filter"</button>
            {clear}
        </form>
    }
    .into_any()
}

#[component]
fn Line(entry: AuditView) -> AnyView {
    let AuditView { at, actor_kind, actor, action, object, detail, .. } = entry;
    let by = match actor_kind.as_str() {
        "key" => Some("API key"),
        "command_line" if actor != "command line" => Some("command line"),
        _ => None,
    };
    let object = match object.starts_with("evt_") {
        true => view! {
            <a class="m" href=format!("/events/{object}") data-row="">
                {object.clone()}
            </a>
        }
        .into_any(),
        // There is no page to open, but the row can be read.
        false => view! {
            <span class="m" tabindex="-1" data-row="">
                {object}
            </span>
        }
        .into_any(),
    };
    view! {
        <tr>
            <td>
                <Moment at />
            </td>
            <td data-label="Who">
                {actor} {by.map(|by| view! { <div class="dim">{by}</div> })}
            </td>
            <td data-label="What">{told(&action)}</td>
            <td data-label="Of">
                {object}
                {(!detail.is_empty()).then(|| view! { <div class="dim">{detail}</div> })}
            </td>
        </tr>
    }
    .into_any()
}

/// `key.revoked` as people read it: "Key revoked".
fn told(action: &str) -> String {
    let words = action.replace(['.', '_'], " ");
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), letters.as_str())
}

#[component]
fn Nothing(narrow: bool) -> impl IntoView {
    let (title, text) = match narrow {
        true => ("No entry matches", "Nothing in the log fits these filters."),
        false => (
            "Nothing was changed yet",
            "Whoever replays an event, makes a key or changes a workflow is named here, with the time and \
             what it was.",
        ),
    };
    view! {
        <section class="empty">
            <h2>{title}</h2>
            <p>{text}</p>
        </section>
    }
}

/// The address of the log under `filter`.
fn address(filter: &AuditFilter) -> String {
    ui::address("/audit", filter.pairs())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn an_action_is_told_in_words() {
        assert_eq!(told("source.secret_rotated"), "Source secret rotated");
        assert_eq!(told(""), "");
    }
}
