//! What the workflow would do with a chosen event; nothing of it is done.

use leptos::prelude::*;

use super::text::Text;
use crate::model::{EventSample, PreviewPart, PreviewText};

#[component]
pub fn Preview(text: Text, events: Vec<EventSample>) -> AnyView {
    if events.is_empty() {
        return view! {
            <section class="pane-part" aria-labelledby="preview">
                <h3 id="preview">"Preview"</h3>
                <p class="dim">"No event has come yet to try it on. Send one, and open this page again."</p>
            </section>
        }
        .into_any();
    }
    // Asked for once when the page has come to life; from then on with each change.
    Effect::new(move |_| text.ask(false));
    let options: Vec<_> = events
        .into_iter()
        .map(|event| {
            let EventSample { id, event_type, source, received_at } = event;
            let chosen = id.clone();
            view! {
                <option value=id selected=move || text.event.get() == chosen>
                    {format!("{event_type} from {source}, {}", received_at.0)}
                </option>
            }
        })
        .collect();
    let choose = move |event| {
        text.event.set(event_target_value(&event));
        text.ask(false);
    };
    let told = move || match text.preview.get() {
        Some(preview) => view! { <Told preview /> }.into_any(),
        None => view! { <p class="dim">"What is wrong with the text comes first."</p> }.into_any(),
    };
    view! {
        <section class="pane-part needs-script" aria-labelledby="preview">
            <h3 id="preview">"Preview" <span>"nothing is called"</span></h3>
            <label class="field">
                <span>"With this event"</span>
                <select on:change=choose>{options}</select>
            </label>
            <div class="told" role="status" aria-label="Preview">
                {told}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Told(preview: PreviewText) -> AnyView {
    let PreviewText { starts, parts } = preview;
    let (class, says) = match starts {
        true => ("s on", "It would start"),
        false => ("s off", "It would not start"),
    };
    let parts: Vec<_> = parts.into_iter().map(part).collect();
    view! {
        <p>
            <span class=class>{says}</span>
        </p>
        <ol class="previewed">{parts}</ol>
    }
    .into_any()
}

fn part(part: PreviewPart) -> AnyView {
    let PreviewPart { title, note, text } = part;
    view! {
        <li>
            <b>{title}</b>
            " "
            <span class="dim">{note}</span>
            <pre>{text}</pre>
        </li>
    }
    .into_any()
}
