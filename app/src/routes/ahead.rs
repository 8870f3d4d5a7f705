//! Fetches a page's program while a pointer or the keyboard comes near a link to it: it is there
//! then when the link is followed, and nobody downloads pages that they never open.

pub(super) fn fetch_ahead() {
    #[cfg(feature = "hydrate")]
    for coming_near in ["pointerover", "focusin"] {
        let _ = leptos::prelude::window_event_listener_untyped(coming_near, |event| {
            if let Some(path) = event.target().and_then(path_of_link) {
                leptos::task::spawn_local(async move { super::fetch(&path).await });
            }
        });
    }
}

#[cfg(feature = "hydrate")]
fn path_of_link(target: web_sys::EventTarget) -> Option<String> {
    use wasm_bindgen::JsCast;
    let element = target.dyn_into::<web_sys::Element>().ok()?;
    let address = element.closest("a[href^='/']").ok()??.get_attribute("href")?;
    address.split(['?', '#']).next().map(str::to_owned)
}
