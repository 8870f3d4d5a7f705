//! Going anywhere by typing: pages by name, events by their id, type or source.

use leptos::{html, prelude::*};
use leptos_router::hooks::use_navigate;

use super::address;

/// Where one can go: its name, its address, and other words for it.
const PLACES: &[(&str, &str, &str)] = &[
    ("Overview", "/overview", "figures charts latency throughput"),
    ("Stream", "/", "events live all"),
    ("Failed events", "/?status=failed", "errors"),
    ("Dead letters", "/dead-letters", "dlq retry"),
    ("Runs", "/runs", "workflow cancel steps"),
    ("Event types", "/types", "schema shape drift payload fields"),
    ("Quarantine", "/quarantine", "signature rejected"),
    ("Alerts", "/alerts", "rules monitoring"),
    ("New alert rule", "/alerts?new=rule", "add create"),
    ("Workflows", "/workflows", "triggers steps"),
    ("Sources", "/sources", "webhooks providers"),
    ("New source", "/sources?new=1", "add create github stripe shopify slack"),
    ("Secrets", "/secrets", "token password vault"),
    ("New secret", "/secrets?set=", "add set token password"),
    ("Keys", "/keys", "api tokens"),
    ("New key", "/keys?new=1", "add create api"),
    ("People", "/people", "users roles"),
    ("Invite someone", "/people?new=1", "add user"),
    ("Audit log", "/audit", "history who"),
    ("Retention", "/retention", "keep delete old purge"),
    ("Erasures", "/erasures", "erase forget gdpr subject privacy receipt"),
    ("Settings", "/settings", "password limits"),
];

/// A line to choose.
#[derive(Clone, PartialEq)]
struct Choice {
    label: String,
    href: String,
}

/// What fits `typed`: places first, then what events it may mean.
fn choices(typed: &str) -> Vec<Choice> {
    let wanted = typed.trim().to_lowercase();
    let fits = |(name, _, words): &&(&str, &str, &str)| {
        let all = format!("{name} {words}").to_lowercase();
        wanted.split_whitespace().all(|word| all.contains(word))
    };
    let places = PLACES.iter().filter(fits);
    let places = places
        .map(|(name, href, _)| Choice { label: (*name).to_owned(), href: (*href).to_owned() });
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
    let field = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let found = Memo::new(move |_| typed.with(|typed| choices(typed)));
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
    // It begins anew each time.
    let opened = move |_| {
        typed.set(String::new());
        at.set(0);
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
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
            on:toggle=opened
        >
            <input
                node_ref=field
                type="text"
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
        choices(typed).into_iter().map(|choice| choice.label).collect()
    }

    #[test]
    fn pages_are_found_by_other_words_and_events_by_what_is_typed() {
        assert_eq!(labels("dlq")[0], "Dead letters");
        assert!(labels("").len() > 5);
        // A dot may be written as it is or not.
        let typed: Vec<_> =
            choices("order.*").into_iter().map(|choice| choice.href.replace("%2E", ".")).collect();
        assert_eq!(typed[0], "/?q=order.%2A");
        assert_eq!(typed[1], "/?eventType=order.%2A");
        assert_eq!(typed[2], "/?search=order.%2A");
    }

    #[test]
    fn a_whole_id_leads_to_its_event() {
        let id = "evt_01m89b91gf7xshtq86zvdyj2jb";
        assert_eq!(choices(id)[0].href, format!("/events/{id}"));
    }
}
