//! Keys for people who do not reach for the mouse.
//!
//! A page says what a key does where it is done: the element with `data-key="r"` is pressed by that key. In
//! a list, `data-row` is what stands for a row and gets the focus by `j` and `k` (as do links that are
//! `cover` or `to`), and `data-row-key="r"` is what `r` presses in the row that has it. Nothing happens while
//! someone types or with another modifier held. The sheet is what `?` shows.

use leptos::{html, prelude::*};

use super::Role::{self, Operator, Viewer};

/// What a key does and who may do it, for the sheet.
const KEYS: &[(&[&str], &str, Role)] = &[
    (&["Ctrl", "K"], "Go anywhere, or find an event", Viewer),
    (&["/"], "Filter what is listed", Viewer),
    (&["j"], "Next row; on an event, the next older one", Viewer),
    (&["k"], "Row before; on an event, the next newer one", Viewer),
    (&["Enter"], "Open the row", Viewer),
    (&["r"], "Replay the event, or the one of the row; retry a dead letter", Operator),
    (&["c"], "Copy the event's ID, or that of the row", Viewer),
    (&["Shift", "G"], "Show the new events that wait", Viewer),
    (&["g", "o"], "Overview", Viewer),
    (&["g", "s"], "Stream", Viewer),
    (&["g", "r"], "Runs", Viewer),
    (&["g", "t"], "Event types", Viewer),
    (&["g", "d"], "Dead letters", Viewer),
    (&["g", "q"], "Quarantine", Viewer),
    (&["g", "l"], "Alerts", Viewer),
    (&["g", "w"], "Workflows", Viewer),
    (&["g", "a"], "Audit log", Operator),
    (&["?"], "This sheet", Viewer),
];

/// The sheet, opened by `?` and by the link in the navigation.
#[component]
pub fn ShortcutSheet() -> AnyView {
    let sheet = NodeRef::<html::Div>::new();
    #[cfg(feature = "hydrate")]
    let notices = expect_context::<super::Notices>();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let show_sheet = move || {
            if let Some(sheet) = sheet.get_untracked() {
                // It refuses only when it is open already.
                let _ = sheet.show_popover();
            }
        };
        let listener = window_event_listener(leptos::ev::keydown, move |event| {
            keyboard::pressed(&event, show_sheet, notices);
        });
        on_cleanup(move || listener.remove());
    });
    let role = Role::current();
    let rows: Vec<_> = KEYS
        .iter()
        .filter(|(_, _, least)| role >= *least)
        .map(|(keys, what, _)| {
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

    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlElement, KeyboardEvent};

    use crate::ui::{Notice, Notices, copy};

    /// Keys that begin a pair wait this long for the second, in milliseconds.
    const PAIR: f64 = 1_200.0;

    thread_local! {
        /// When `g` was pressed, by the event's clock.
        static GOING: Cell<Option<f64>> = const { Cell::new(None) };
    }

    pub(super) fn pressed(event: &KeyboardEvent, show_sheet: impl Fn(), notices: Notices) {
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
            "/" => search(),
            "j" => press("j") || step(1),
            "k" => press("k") || step(-1),
            "r" => press_in_row("r") || press("r"),
            "c" => copy_row(notices) || press("c"),
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
        // The field of a popover that has just closed keeps the focus until the next frame.
        if target.closest("[popover]:not(:popover-open)").ok().flatten().is_some() {
            return false;
        }
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
        click(document().query_selector(&format!("[data-key=\"{key}\"]")).ok().flatten())
    }

    fn click(element: Option<Element>) -> bool {
        let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
        element.inspect(HtmlElement::click).is_some()
    }

    fn focus(element: Option<Element>) -> bool {
        let element = element.and_then(|element| element.dyn_into::<HtmlElement>().ok());
        element.is_some_and(|element| element.focus().is_ok())
    }

    /// Focuses the first field of what narrows the list.
    fn search() -> bool {
        let fields = "form[role=search] :is(input:not([type=hidden]), select)";
        focus(document().query_selector(fields).ok().flatten())
    }

    /// The row that `element` is in.
    fn row_of(element: &Element) -> Option<Element> {
        element.closest("tbody tr, .letters > li").ok()?
    }

    /// The row that has the focus.
    fn row() -> Option<Element> {
        row_of(&document().active_element()?)
    }

    fn press_in_row(key: &str) -> bool {
        let within = format!("[data-row-key=\"{key}\"]");
        click(row().and_then(|row| row.query_selector(&within).ok()?))
    }

    /// Copies the ID of the event, or of the run, that the row is about.
    fn copy_row(notices: Notices) -> bool {
        let id = |row: Element| {
            row.get_attribute("data-event-id").or_else(|| row.get_attribute("data-run-id"))
        };
        let Some(id) = row().and_then(id) else { return false };
        spawn_local(async move {
            let said = match copy::write(&id).await {
                true => format!("Copied {id}."),
                false => format!("{}: {id}", copy::BY_HAND),
            };
            notices.show(Notice::done(said));
        });
        true
    }

    /// Moves the focus by rows.
    fn step(by: i32) -> bool {
        let rows = document().query_selector_all("main :is(.cover, .to, [data-row])");
        let Ok(rows) = rows else { return false };
        let count: u32 = rows.length();
        if count == 0 {
            return false;
        }
        let get = |at| rows.get(at).and_then(|row| row.dyn_into::<Element>().ok());
        let here = row();
        let at = here.and_then(|here| {
            (0..count).find(|at| get(*at).and_then(|row| row_of(&row)).as_ref() == Some(&here))
        });
        let next = match at {
            Some(at) => at.saturating_add_signed(by).min(count - 1),
            None => 0,
        };
        focus(get(next))
    }
}
