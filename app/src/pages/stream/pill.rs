//! What came in while the reader was elsewhere, one press away.

use leptos::prelude::*;

use super::rows::Rows;

#[component]
pub fn Pill(
    rows: RwSignal<Rows>,
    reveal: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let held = Memo::new(move |_| rows.with(Rows::held_count));
    let key = window_event_listener(leptos::ev::keydown, move |event| {
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if plain && event.key() == "g" && !in_field(&event) && held.get_untracked() > 0 {
            reveal();
        }
    });
    on_cleanup(move || key.remove());
    move || {
        (held.get() > 0).then(|| {
            view! {
                <button type="button" class="pill" on:click=move |_| reveal()>
                    {move || match held.get() {
                        1 => "1 new event".to_owned(),
                        count => format!("{count} new events"),
                    }}
                    <kbd aria-hidden="true">"G"</kbd>
                </button>
            }
        })
    }
}

fn in_field(event: &leptos::ev::KeyboardEvent) -> bool {
    let target: web_sys::HtmlElement = event_target(event);
    matches!(target.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA")
}
