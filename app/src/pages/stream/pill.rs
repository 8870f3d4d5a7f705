//! What came in while the reader was elsewhere, one press away.

use leptos::prelude::*;

use super::rows::Rows;

#[component]
pub fn Pill(
    rows: RwSignal<Rows>,
    reveal: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let held = Memo::new(move |_| rows.with(Rows::held_count));
    move || {
        (held.get() > 0).then(|| {
            view! {
                <button type="button" class="pill" data-key="G" on:click=move |_| reveal()>
                    {move || match held.get() {
                        1 => "1 new event".to_owned(),
                        count => format!("{count} new events"),
                    }}
                    <kbd aria-hidden="true">"Shift G"</kbd>
                </button>
            }
        })
    }
}
