//! By which address the browser reached this server.

use leptos::prelude::*;

/// Such as `https://sluice.example`. Empty until the page is alive: the first render cannot know it.
pub fn origin() -> RwSignal<String> {
    let origin = RwSignal::new(String::new());
    Effect::new(move |_| {
        if let Ok(here) = window().location().origin() {
            origin.set(here);
        }
    });
    origin
}
