//! Keys for people who do not reach for the mouse.
//!
//! A page says what a key does where it is done: the element with `data-key="r"` is pressed, or a field
//! focused, by that key. `j` and `k` go through rows, or press what a page gives them. Nothing happens
//! while someone types or with another modifier held. The sheet is what `?` shows.

use leptos::{html, prelude::*};

/// What a key does, for the sheet.
const KEYS: &[(&[&str], &str)] = &[
    (&["Ctrl", "K"], "Go anywhere, or find an event"),
    (&["/"], "Filter what is listed"),
    (&["j"], "Next row; on an event, the next older one"),
    (&["k"], "Row before; on an event, the next newer one"),
    (&["Enter"], "Open the row"),
    (&["r"], "Replay the event"),
    (&["c"], "Copy the event's ID"),
    (&["g", "o"], "Overview"),
    (&["g", "s"], "Stream"),
    (&["g", "r"], "Runs"),
    (&["g", "t"], "Event types"),
    (&["g", "d"], "Dead letters"),
    (&["g", "q"], "Quarantine"),
    (&["g", "l"], "Alerts"),
    (&["g", "w"], "Workflows"),
    (&["g", "a"], "Audit log"),
    (&["?"], "This sheet"),
];

/// The sheet, opened by `?` and by the link in the navigation.
#[component]
pub fn ShortcutSheet() -> AnyView {
    let sheet = NodeRef::<html::Div>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let listener = window_event_listener(leptos::ev::keydown, move |event| {
            keyboard::pressed(&event, || {
                if let Some(sheet) = sheet.get_untracked() {
                    // It refuses only when it is open already.
                    let _ = sheet.show_popover();
                }
            });
        });
        on_cleanup(move || listener.remove());
    });
    let rows: Vec<_> = KEYS
        .iter()
        .map(|(keys, what)| {
            let keys: Vec<_> = keys.iter().map(|key| view! { <kbd>{*key}</kbd> " " }).collect();
            view! {
                <dt>{keys}</dt>
                <dd>{*what}</dd>
            }
        })
        .collect();
    view! {
        <div
            class="confirm sheet-keys"
            id="shortcuts"
            popover="auto"
            role="dialog"
            aria-labelledby="shortcuts-title"
            node_ref=sheet
        >
            <h2 id="shortcuts-title">"Keys"</h2>
            <dl>{rows}</dl>
            <div class="row">
                <button
                    type="button"
                    class="btn"
                    popovertarget="shortcuts"
                    popovertargetaction="hide"
                >
                    "Close"
                </button>
            </div>
        </div>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod keyboard {
    use std::cell::Cell;

    use leptos::prelude::*;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlElement, KeyboardEvent};

    /// Keys that begin a pair wait this long for the second, in milliseconds.
    const PAIR: f64 = 1_200.0;

    thread_local! {
        /// When `g` was pressed, by the event's clock.
        static GOING: Cell<Option<f64>> = const { Cell::new(None) };
    }

    pub(super) fn pressed(event: &KeyboardEvent, show_sheet: impl Fn()) {
        let key = event.key();
        if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing(event) {
            return;
        }
        let going = GOING.take().is_some_and(|since| event.time_stamp() - since < PAIR);
        let done = match key.as_str() {
            "?" => {
                show_sheet();
                true
            }
            "g" => {
                GOING.set(Some(event.time_stamp()));
                false
            }
            key if going => press(&format!("g {key}")),
            "j" => press("j") || step(1),
            "k" => press("k") || step(-1),
            key if key.len() == 1 => press(key),
            _ => false,
        };
        if done {
            event.prevent_default();
        }
    }

    fn is_typing(event: &KeyboardEvent) -> bool {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok())
        else {
            return false;
        };
        matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            && target.get_attribute("type").as_deref() != Some("checkbox")
            || target.closest("dialog[open], [popover]").ok().flatten().is_some()
    }

    /// Presses the page's element for this key.
    fn press(key: &str) -> bool {
        // The key comes from the keyboard: as part of a selector it must not end the string.
        if key.contains(['"', '\\']) {
            return false;
        }
        let found = document().query_selector(&format!("[data-key=\"{key}\"]")).ok().flatten();
        let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) else {
            return false;
        };
        if element.tag_name() == "INPUT" {
            // It cannot be focused only when it is gone again.
            let _ = element.focus();
        } else {
            element.click();
        }
        true
    }

    /// Moves the focus by rows.
    fn step(by: i32) -> bool {
        let Ok(rows) = document().query_selector_all("tbody tr a.cover") else { return false };
        let count: u32 = rows.length();
        if count == 0 {
            return false;
        }
        let focused = document().active_element();
        let at = (0..count).find(|at| {
            let row = rows.get(*at).and_then(|row| row.dyn_into::<Element>().ok());
            row.is_some() && row == focused
        });
        let next = match at {
            Some(at) => at.saturating_add_signed(by).min(count - 1),
            None => 0,
        };
        let row = rows.get(next).and_then(|row| row.dyn_into::<HtmlElement>().ok());
        row.is_some_and(|row| row.focus().is_ok())
    }
}
