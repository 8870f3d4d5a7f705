//! Where the browser enters the dashboard.

use leptos::prelude::window;
use wasm_bindgen::prelude::wasm_bindgen;

/// Takes the page over that the server sent. Its own program comes first: what hydrates is there
/// as a whole, so that nothing on the page moves or disappears for a moment.
#[wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let path = window().location().pathname().unwrap_or_default();
    app::routes::fetch(&path).await;
    leptos::mount::hydrate_body(app::App);
}
