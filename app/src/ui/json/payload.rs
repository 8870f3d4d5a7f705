//! A payload with what one does with it: find something, copy a path or a value, see the bytes.

use std::sync::Arc;

use leptos::{html, prelude::*};

use super::{JsonView, Sheet, size, walk};
use crate::ui::CopyButton;

/// So many places are counted.
const MOST: usize = 1_000;
/// How much of the bytes is shown at once.
const PIECE: usize = 64 * 1024;

/// How far somebody has read. A page that is drawn again when its event moves keeps it, and puts it in
/// the context.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    typed: RwSignal<String>,
    /// Which of the places found.
    at: RwSignal<Option<usize>>,
    chosen: RwSignal<Option<usize>>,
    /// How many pieces of the bytes are shown.
    pieces: RwSignal<usize>,
}

#[component]
pub fn PayloadView(#[prop(into)] text: String) -> AnyView {
    let text: Arc<str> = text.into();
    let reading = use_context::<Memo<Reading>>();
    let reading = reading.map_or_else(Reading::default, |reading| reading.get_untracked());
    match Sheet::of(Arc::clone(&text)) {
        Some(sheet) => view! {
            <Document sheet=sheet.clone() reading />
            <AsSent text first=sheet.lazy pieces=reading.pieces />
        }
        .into_any(),
        None => view! { <JsonView text=text.to_string() /> }.into_any(),
    }
}

#[component]
fn Document(sheet: Sheet, reading: Reading) -> AnyView {
    let drawn = NodeRef::<html::Div>::new();
    let text = StoredValue::new(Arc::clone(&sheet.text));
    let chosen = reading.chosen;
    let choose = move |event: leptos::ev::MouseEvent| {
        if let Some(at) = place(&event) {
            chosen.set(Some(at));
        }
    };
    let focused = move |event: leptos::ev::FocusEvent| {
        if let Some(at) = place(&event) {
            chosen.set(Some(at));
        }
    };
    view! {
        <div class="json-bar needs-script">
            <Find sheet=sheet.clone() drawn reading />
            <Chosen text chosen />
        </div>
        <div node_ref=drawn on:click=choose on:focusin=focused>
            {sheet.draw()}
        </div>
    }
    .into_any()
}

/// A field, how many places there are, and the way from one to the next.
#[component]
fn Find(sheet: Sheet, drawn: NodeRef<html::Div>, reading: Reading) -> AnyView {
    let Reading { typed, at, chosen, .. } = reading;
    let text = Arc::clone(&sheet.text);
    let places = Memo::new(move |_| typed.with(|typed| walk::find(&text, typed.trim(), MOST)));
    let go = move |forward: bool| {
        let count = places.with_untracked(Vec::len);
        if count == 0 {
            return;
        }
        let next = match (at.get_untracked(), forward) {
            (None, true) => 0,
            (Some(at), true) => (at + 1) % count,
            (None | Some(0), false) => count - 1,
            (Some(at), false) => at - 1,
        };
        at.set(Some(next));
        let place = places.with_untracked(|places| places[next]);
        let trail = walk::trail(&sheet.text, place);
        chosen.set(trail.last().map(|step| step.child.value.start));
        if let Some(drawn) = drawn.get_untracked() {
            show(&sheet, &drawn, &trail);
        }
    };
    let (onward, back, enter) = (go.clone(), go.clone(), go);
    let pressed = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            enter(!event.shift_key());
        }
    };
    let told = move || match (typed.with(|typed| typed.trim().is_empty()), at.get()) {
        (true, _) => String::new(),
        (_, at) => {
            let count = places.with(Vec::len);
            let more = if count == MOST { "+" } else { "" };
            match (count, at) {
                (0, _) => "not there".to_owned(),
                (_, None) => format!("{count}{more} places"),
                (_, Some(at)) => format!("{} of {count}{more}", at + 1),
            }
        }
    };
    view! {
        <input
            type="search"
            aria-label="Find in the payload"
            placeholder="Find"
            autocomplete="off"
            spellcheck="false"
            prop:value=typed
            on:input=move |event| {
                at.set(None);
                typed.set(event_target_value(&event));
            }
            on:keydown=pressed
        />
        <span class="dim" role="status">
            {told}
        </span>
        <button type="button" class="btn" on:click=move |_| back(false)>
            "Previous"
        </button>
        <button type="button" class="btn" on:click=move |_| onward(true)>
            "Next"
        </button>
    }
    .into_any()
}

/// The piece that was found, pressed or focused, to be copied.
#[component]
fn Chosen(text: StoredValue<Arc<str>>, chosen: RwSignal<Option<usize>>) -> AnyView {
    let trail = Memo::new(move |_| match chosen.get() {
        Some(at) => text.with_value(|text| walk::trail(text, at)),
        None => Vec::new(),
    });
    let path =
        Signal::derive(move || text.with_value(|text| trail.with(|trail| walk::path(text, trail))));
    let value = Signal::derive(move || {
        text.with_value(|text| {
            trail.with(|trail| trail.last().map(|step| plain(&text[step.child.value.clone()])))
        })
        .unwrap_or_default()
    });
    let is_chosen = Memo::new(move |_| trail.with(|trail| !trail.is_empty()));
    view! {
        <span class="chosen m" title=path>
            {path}
        </span>
        {move || {
            is_chosen
                .get()
                .then(|| {
                    view! {
                        <CopyButton label="Copy path" text=path />
                        <CopyButton label="Copy value" text=value />
                    }
                })
        }}
    }
    .into_any()
}

/// A text without its quotation marks and escapes; all else as it is.
fn plain(value: &str) -> String {
    serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned())
}

/// The payload byte for byte, a piece at a time. `first`: its beginning is there without a script.
#[component]
fn AsSent(text: Arc<str>, first: bool, pieces: RwSignal<usize>) -> AnyView {
    pieces.update_untracked(|pieces| *pieces = (*pieces).max(usize::from(first)));
    let total = text.len();
    let end = {
        let text = Arc::clone(&text);
        move || text.floor_char_boundary(pieces.get().saturating_mul(PIECE))
    };
    let (shown, rest) = (end.clone(), end);
    let toggled = move |_| {
        if pieces.get_untracked() == 0 {
            pieces.set(1);
        }
    };
    view! {
        <details class="as-sent" class:needs-script=!first on:toggle=toggled>
            <summary>"As sent, byte for byte"</summary>
            <pre class="json">{move || text[..shown()].to_owned()}</pre>
            {move || {
                let shown = rest();
                (0 < shown && shown < total)
                    .then(|| {
                        view! {
                            <p class="dim">
                                {size(shown as u64)} " of " {size(total as u64)} " "
                                <button
                                    type="button"
                                    class="btn needs-script"
                                    on:click=move |_| pieces.update(|pieces| *pieces += 1)
                                >
                                    "Show more"
                                </button>
                            </p>
                        }
                    })
            }}
        </details>
    }
    .into_any()
}

/// Where the piece begins that an event is about.
#[cfg(feature = "hydrate")]
fn place(event: &web_sys::Event) -> Option<usize> {
    use wasm_bindgen::JsCast;
    let target = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let line = target.closest("[data-at]").ok().flatten()?;
    line.get_attribute("data-at")?.parse().ok()
}

#[cfg(not(feature = "hydrate"))]
fn place(_: &web_sys::Event) -> Option<usize> {
    None
}

/// Unfolds the way to the last step and marks it.
#[cfg(feature = "hydrate")]
fn show(sheet: &Sheet, drawn: &web_sys::Element, trail: &[walk::Step]) {
    let (names, drawn) = (sheet.way(trail), drawn.clone());
    leptos::task::spawn_local(async move {
        let mut found = None;
        for name in names {
            if let Some(line) = &found {
                unfold(line);
                // What was folded is drawn by then.
                leptos::task::tick().await;
            }
            let line = drawn.query_selector(&format!("[data-at=\"{name}\"]"));
            let Some(line) = line.ok().flatten() else { break };
            found = Some(line);
        }
        // Attributes cannot be refused, their names are good.
        if let Ok(Some(before)) = drawn.query_selector("[data-hit]") {
            let _ = before.remove_attribute("data-hit");
        }
        if let Some(line) = found {
            let _ = line.set_attribute("data-hit", "");
            line.scroll_into_view();
        }
    });
}

#[cfg(feature = "hydrate")]
fn unfold(line: &web_sys::Element) {
    use wasm_bindgen::JsCast;
    if let Some(fold) = line.dyn_ref::<web_sys::HtmlDetailsElement>() {
        fold.set_open(true);
        // The browser says so itself, but later.
        let _ = web_sys::Event::new("toggle").map(|toggled| fold.dispatch_event(&toggled));
    }
}

#[cfg(not(feature = "hydrate"))]
fn show<T>(_: &Sheet, _: &T, _: &[walk::Step]) {}
