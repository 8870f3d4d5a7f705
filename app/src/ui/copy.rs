//! Puts a text on the clipboard, and says that it did.

use leptos::prelude::*;

#[component]
pub fn CopyButton(
    #[prop(into)] label: String,
    #[prop(into)] text: Signal<String>,
    /// The key that presses it.
    #[prop(optional)]
    key: Option<&'static str>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        write(&text.get_untracked());
        copied.set(true);
        set_timeout(move || copied.set(false), std::time::Duration::from_millis(1600));
    };
    view! {
        <button type="button" class="btn needs-script" data-key=key on:click=copy>
            {move || if copied.get() { "Copied".to_owned() } else { label.clone() }}
        </button>
    }
}

#[cfg(feature = "hydrate")]
fn write(text: &str) {
    let clipboard = window().navigator().clipboard();
    // Absent outside secure contexts, although the type does not say so.
    if !wasm_bindgen::JsValue::from(clipboard.clone()).is_undefined() {
        let _ = clipboard.write_text(text);
    }
}

#[cfg(not(feature = "hydrate"))]
fn write(_: &str) {}
