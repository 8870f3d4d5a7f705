//! When what a list shows was: a stretch of time until now, or two times of the reader's own clock.

use leptos::prelude::*;

use super::{local_time, time::Hydrated};
use crate::model::filter::CUSTOM;

/// Stretches of time until now, from short to long.
const STRETCHES: [(&str, &str); 5] =
    [("15m", "15 min"), ("1h", "hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days")];

/// Blank is what is not asked for.
#[component]
pub fn Stretch(
    label: &'static str,
    within: Signal<String>,
    from: Signal<String>,
    to: Signal<String>,
    narrow: impl Fn() + 'static,
) -> AnyView {
    let chosen = Signal::derive(move || match within.get() {
        within if !within.is_empty() => within,
        _ if from.with(String::is_empty) && to.with(String::is_empty) => String::new(),
        _ => CUSTOM.to_owned(),
    });
    let options = STRETCHES.map(|(value, label)| {
        view! {
            <option value=value selected=move || chosen.get() == value>
                "last "
                {label}
            </option>
        }
    });
    // Two times are first to be filled in.
    let changed = move |event| {
        if event_target_value(&event) != CUSTOM {
            narrow();
        }
    };
    view! {
        <label class="chip" class:on=move || !chosen.get().is_empty()>
            <span>{label}</span>
            <select name="within" prop:value=chosen on:change=changed>
                <option value="" selected=move || chosen.get().is_empty()>
                    "any time"
                </option>
                {options}
                <option value=CUSTOM selected=move || chosen.get() == CUSTOM>
                    "between …"
                </option>
            </select>
        </label>
        <Time label="From" name="from" value=from />
        <Time label="To" name="to" value=to />
    }
    .into_any()
}

/// Shown only while two times are asked for; the style sheet sees to that, with and without a script.
#[component]
fn Time(label: &'static str, name: &'static str, value: Signal<String>) -> AnyView {
    let hydrated = expect_context::<Hydrated>().0;
    let shown = move || {
        let value = value.get();
        if hydrated.get() { local_time::of(&value) } else { local_time::minute(&value) }
    };
    view! {
        <label class="chip between">
            <span>{label}</span>
            <input
                type="datetime-local"
                name=name
                value=shown
                prop:value=shown
                title="In your own time once the page is alive, in UTC without a script."
            />
        </label>
    }
    .into_any()
}
