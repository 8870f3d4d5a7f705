//! Going anywhere by typing: pages by name, events by their id, type or source.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_navigate;

use super::{
    Role::{self, Operator, Owner, Viewer},
    address,
};

/// Where one can go: its name, its address, other words for it, and who may go there.
const PLACES: &[(&str, &str, &str, Role)] = &[
    ("Overview", "/overview", "figures charts latency throughput", Viewer),
    ("Stream", "/", "events live all", Viewer),
    ("Failed events", "/?status=failed", "errors", Viewer),
    ("Dead letters", "/dead-letters", "dlq retry", Viewer),
    ("Runs", "/runs", "workflow cancel steps", Viewer),
    ("Event types", "/types", "schema shape drift payload fields", Viewer),
    ("Quarantine", "/quarantine", "signature rejected", Viewer),
    ("Alerts", "/alerts", "rules monitoring", Viewer),
    ("New alert rule", "/alerts?new=rule", "add create", Operator),
    ("Workflows", "/workflows", "triggers steps", Viewer),
    ("New workflow", "/workflows/new", "add create editor", Operator),
    ("Sources", "/sources", "webhooks providers", Viewer),
    ("New source", "/sources?new=1", "add create github stripe shopify slack", Operator),
    ("Secrets", "/secrets", "token password vault", Viewer),
    ("New secret", "/secrets?set=", "add set token password", Operator),
    ("Keys", "/keys", "api tokens", Viewer),
    ("New key", "/keys?new=1", "add create api", Operator),
    ("People", "/people", "users roles", Viewer),
    ("Invite someone", "/people?new=1", "add user", Owner),
    ("Audit log", "/audit", "history who", Operator),
    ("Retention", "/retention", "keep delete old purge", Viewer),
    ("Erasures", "/erasures", "erase forget gdpr subject privacy receipt", Owner),
    ("Settings", "/settings", "password limits", Viewer),
];

/// A line to choose.
#[derive(Clone, PartialEq)]
struct Choice {
    label: String,
    href: String,
}

/// What fits `typed` for someone in this role: places first, then what events it may mean.
fn choices(typed: &str, role: Role) -> Vec<Choice> {
    let wanted = typed.trim().to_lowercase();
    let fits = |(name, _, words, least): &&(&str, &str, &str, Role)| {
        let all = format!("{name} {words}").to_lowercase();
        role >= *least && wanted.split_whitespace().all(|word| all.contains(word))
    };
    let places = PLACES.iter().filter(fits);
    let places = places
        .map(|(name, href, ..)| Choice { label: (*name).to_owned(), href: (*href).to_owned() });
    places.chain(events(typed.trim())).take(12).collect()
}

fn events(typed: &str) -> Vec<Choice> {
    if typed.is_empty() {
        return Vec::new();
    }
    let stream =
        |name: &'static str, label: String| Choice { label, href: address("/", [(name, typed)]) };
    let mut all = Vec::new();
    if typed.starts_with("evt_") && typed.len() == 30 {
        all.push(Choice { label: format!("Event {typed}"), href: format!("/events/{typed}") });
    }
    all.push(stream("q", format!("Events whose ID begins with {typed}")));
    let named = !typed.contains(' ');
    if named {
        all.push(stream("eventType", format!("Events of type {typed}")));
    }
    all.push(stream("search", format!("Events whose payload says {typed}")));
    if named {
        all.push(stream("source", format!("Events from {typed}")));
    }
    all
}

#[component]
pub fn Palette() -> AnyView {
    let panel = NodeRef::<html::Div>::new();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let role = Role::current();
    let found = Memo::new(move |_| typed.with(|typed| choices(typed, role)));
    let hide = move || {
        if let Some(panel) = panel.get_untracked() {
            // It refuses only when it is closed already.
            let _ = panel.hide_popover();
        }
    };
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let listener = window_event_listener(leptos::ev::keydown, move |event| {
            let asked = (event.ctrl_key() || event.meta_key()) && event.key() == "k";
            if let Some(panel) = panel.get_untracked().filter(|_| asked) {
                event.prevent_default();
                // As above: it is open or closed already.
                let _ = panel.toggle_popover();
            }
        });
        on_cleanup(move || listener.remove());
    });
    // It begins anew each time, before it has the focus, so that whoever types at once loses nothing.
    let anew = move |_: web_sys::Event| {
        typed.set(String::new());
        at.set(0);
    };
    let navigate = use_navigate();
    let keys = move |event: leptos::ev::KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                let chosen = found.with_untracked(|found| found.get(at.get_untracked()).cloned());
                if let Some(Choice { href, .. }) = chosen {
                    hide();
                    navigate(&href, Default::default());
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let input = move |event| {
        typed.set(event_target_value(&event));
        at.set(0);
    };
    view! {
        <div
            class="palette"
            id="palette"
            popover="auto"
            role="dialog"
            aria-label="Go anywhere"
            node_ref=panel
            on:beforetoggle=anew
        >
            <input
                type="text"
                autofocus
                role="combobox"
                aria-label="Go to a page or find an event"
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || format!("choice-{}", at.get())
                placeholder="Go to a page, or type an event's ID, type or source"
                autocomplete="off"
                spellcheck="false"
                prop:value=typed
                on:input=input
                on:keydown=keys
            />
            <Choices found at hide />
        </div>
    }
    .into_any()
}

#[component]
fn Choices(
    found: Memo<Vec<Choice>>,
    at: RwSignal<usize>,
    hide: impl Fn() + Copy + Send + Sync + 'static,
) -> AnyView {
    let lines = move || {
        let line = |(number, Choice { label, href }): (usize, Choice)| {
            let chosen = move || at.get() == number;
            view! {
                <a
                    id=format!("choice-{number}")
                    role="option"
                    tabindex="-1"
                    href=href
                    aria-selected=move || chosen().to_string()
                    on:click=move |_| hide()
                >
                    {label}
                </a>
            }
        };
        found.get().into_iter().enumerate().map(line).collect::<Vec<_>>()
    };
    view! {
        <div id="palette-list" class="choices" role="listbox" aria-label="Where to go">
            {lines}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(typed: &str) -> Vec<String> {
        choices(typed, Owner).into_iter().map(|choice| choice.label).collect()
    }

    #[test]
    fn nobody_is_sent_where_they_may_not_go() {
        let new = |role| choices("new ", role).into_iter().filter(|it| it.label.starts_with("New"));
        assert_eq!(new(Viewer).count(), 0);
        assert!(new(Operator).count() > 3);
        let leads = |role| choices("gdpr", role)[0].href == "/erasures";
        assert_eq!([Viewer, Operator, Owner].map(leads), [false, false, true]);
    }

    #[test]
    fn pages_are_found_by_other_words_and_events_by_what_is_typed() {
        assert_eq!(labels("dlq")[0], "Dead letters");
        assert!(labels("").len() > 5);
        // A dot may be written as it is or not.
        let typed: Vec<_> = choices("order.*", Viewer)
            .into_iter()
            .map(|choice| choice.href.replace("%2E", "."))
            .collect();
        assert_eq!(typed[0], "/?q=order.%2A");
        assert_eq!(typed[1], "/?eventType=order.%2A");
        assert_eq!(typed[2], "/?search=order.%2A");
    }

    #[test]
    fn a_whole_id_leads_to_its_event() {
        let id = "evt_01m89b91gf7xshtq86zvdyj2jb";
        assert_eq!(choices(id, Viewer)[0].href, format!("/events/{id}"));
    }
}
