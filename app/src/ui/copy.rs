//! Puts a text on the clipboard, and says whether it is there.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

/// How long it is said.
const SAID: Duration = Duration::from_millis(1600);
/// What is said when the browser took nothing.
pub(super) const BY_HAND: &str = "Select and copy it";

#[component]
pub fn CopyButton(
    #[prop(into)] label: String,
    #[prop(into)] text: Signal<String>,
    /// The key that presses it.
    #[prop(optional)]
    key: Option<&'static str>,
) -> impl IntoView {
    let said = RwSignal::new(None);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            let copied = write(&text).await;
            // The reader may have moved on meanwhile.
            said.try_set(Some(if copied { "Copied" } else { BY_HAND }));
            let silent = move || {
                said.try_set(None);
            };
            set_timeout(silent, SAID);
        });
    };
    view! {
        <button type="button" class="btn needs-script" data-key=key on:click=copy>
            {move || said.get().map_or_else(|| label.clone(), str::to_owned)}
        </button>
    }
}

/// Says whether the text is on the clipboard now.
#[cfg(feature = "hydrate")]
pub(super) async fn write(text: &str) -> bool {
    let clipboard = window().navigator().clipboard();
    // Absent outside secure contexts, although the type does not say so.
    if !wasm_bindgen::JsValue::from(clipboard.clone()).is_undefined()
        && js_sys::futures::JsFuture::from(clipboard.write_text(text)).await.is_ok()
    {
        return true;
    }
    write_selected(text).unwrap_or(false)
}

/// The way of before there was a clipboard to write to: a text that is selected is copied by a command.
#[cfg(feature = "hydrate")]
fn write_selected(text: &str) -> Result<bool, wasm_bindgen::JsValue> {
    use wasm_bindgen::JsCast;
    let document = document();
    let before = document.active_element();
    let field = document.create_element("textarea")?;
    let field: web_sys::HtmlTextAreaElement = field.unchecked_into();
    field.set_class_name("unseen");
    field.set_read_only(true);
    field.set_value(text);
    // What lies behind an open dialog cannot have the focus.
    let dialog = before.as_ref().and_then(|element| element.closest("dialog, [popover]").ok()?);
    let Some(around) = dialog.or_else(|| document.body().map(Into::into)) else { return Ok(false) };
    around.append_child(&field)?;
    field.focus()?;
    field.select();
    let copied = document.unchecked_ref::<web_sys::HtmlDocument>().exec_command("copy");
    field.remove();
    if let Some(before) = before.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // It cannot be focused only when it is gone meanwhile.
        let _ = before.focus();
    }
    copied
}

#[cfg(not(feature = "hydrate"))]
async fn write(_: &str) -> bool {
    false
}
