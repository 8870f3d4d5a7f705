//! One step in the form: its kind with the fields of that kind, when it runs, and how it is retried.

use leptos::prelude::*;
use serde_json::{Value, json};

use super::fields::{Json, Line, TYPES};
use super::items::{list, move_up, remove};
use super::lens::Lens;
use super::text::Text;
use crate::ui::Field;

const KINDS: [(&str, &str); 5] = [
    ("http", "Call over HTTP"),
    ("transform", "Make a value"),
    ("delay", "Wait"),
    ("emit", "Emit an event"),
    ("fail", "Fail"),
];
const METHODS: [&str; 6] = ["POST", "GET", "PUT", "PATCH", "DELETE", "HEAD"];

/// What a step of the kind begins with.
fn blank(kind: &str) -> Value {
    match kind {
        "http" => json!({ "method": "POST", "url": "" }),
        "delay" => json!({ "for": "10m" }),
        "emit" => json!({ "eventType": "" }),
        "fail" => json!({ "message": "" }),
        _ => json!({}),
    }
}

#[component]
pub fn StepForm(text: Text, at: usize) -> AnyView {
    let base = format!("/steps/{at}");
    let whole = base.clone();
    let kind = Memo::new(move |_| {
        text.document.with(|document| {
            let step = document.pointer(&whole);
            let has = |kind: &str| step.is_some_and(|step| step.get(kind).is_some());
            KINDS.iter().map(|(kind, _)| *kind).find(|kind| has(kind)).unwrap_or("")
        })
    });
    let choose = move |event| change_kind(text, at, event_target_value(&event));
    let options = KINDS.map(|(name, label)| {
        view! {
            <option value=name selected=move || kind.get() == name>
                {label}
            </option>
        }
    });
    let fields_base = base.clone();
    let fields = move || fields(text, &fields_base, kind.get());
    let lens = |field: &str| Lens::new(text, format!("{base}/{field}"));
    let number = at + 1;
    view! {
        <fieldset class="part">
            <legend>"Step " {number}</legend>
            <div class="pair">
                <Line lens=lens("id") label="Step ID" example="notify" required=true />
                <Field label="Kind">
                    <select on:change=choose prop:value=move || kind.get()>
                        {options}
                    </select>
                </Field>
            </div>
            {fields}
            <Line
                lens=lens("when")
                label="When"
                hint="The step is left out unless this is true; empty runs it always."
                example="steps.notify.output.status != 200"
            />
            <Retry text base=base.clone() />
            <div class="row">
                <button
                    type="button"
                    class="btn"
                    aria-label=format!("Move step {number} up")
                    disabled=at == 0
                    on:click=move |_| move_up(text, at)
                >
                    "Move up"
                </button>
                <button
                    type="button"
                    class="btn"
                    aria-label=format!("Remove step {number}")
                    on:click=move |_| remove(text, "steps", at)
                >
                    "Remove"
                </button>
            </div>
        </fieldset>
    }
    .into_any()
}

fn change_kind(text: Text, at: usize, kind: String) {
    text.formed(move |document| {
        let step = list(document, "steps").and_then(|steps| steps.get_mut(at));
        if let Some(Value::Object(fields)) = step {
            KINDS.iter().for_each(|(other, _)| drop(fields.remove(*other)));
            let begin = blank(&kind);
            fields.insert(kind, begin);
        }
    });
}

fn fields(text: Text, base: &str, kind: &'static str) -> AnyView {
    let lens = |field: &str| Lens::new(text, format!("{base}/{kind}{field}"));
    match kind {
        "http" => http(text, base),
        "transform" => view! {
            <Json lens=lens("") label="Value" hint="Later steps read it as the step's output." required=true />
        }
        .into_any(),
        "delay" => view! {
            <Line
                lens=lens("/for")
                label="For"
                hint="500ms, 15s, 10m, 1h, 2d"
                example="10m"
                required=true
            />
        }
        .into_any(),
        "emit" => view! {
            <Line
                lens=lens("/eventType")
                label="Event type"
                example="order.escalated"
                list=TYPES
                required=true
            />
            <Line lens=lens("/subject") label="Subject" />
            <Json lens=lens("/payload") label="Payload" hint="Empty sends the input." />
        }
        .into_any(),
        "fail" => view! {
            <Line lens=lens("/message") label="Message" required=true />
        }
        .into_any(),
        _ => view! { <p class="dim">"Choose what the step does."</p> }.into_any(),
    }
}

fn http(text: Text, base: &str) -> AnyView {
    let lens = |field: &str| Lens::new(text, format!("{base}/http/{field}"));
    let method = lens("method");
    let chosen = move || match method.text() {
        given if given.is_empty() => "POST".to_owned(),
        given => given.to_ascii_uppercase(),
    };
    let options = METHODS.map(|name| {
        view! {
            <option value=name selected=move || chosen() == name>
                {name}
            </option>
        }
    });
    view! {
        <div class="pair">
            <Field label="Method">
                <select
                    prop:value=chosen
                    on:change=move |event| method.set(Some(event_target_value(&event).into()))
                >
                    {options}
                </select>
            </Field>
            <Line
                lens=lens("url")
                label="URL"
                example="https://warehouse.example/orders"
                required=true
            />
        </div>
        <Json lens=lens("headers") label="Headers" example="{ \"x-from\": \"${event.source}\" }" />
        <Json
            lens=lens("body")
            label="Body"
            hint="JSON, or ${input} alone; empty sends none."
            example="${input}"
        />
        <Line lens=lens("timeout") label="Timeout" hint="At most 5m; 15s when empty." example="15s" />
    }
    .into_any()
}

/// Ten attempts over three days, or attempts of one's own.
#[component]
fn Retry(text: Text, base: String) -> AnyView {
    let retry = Lens::new(text, format!("{base}/retry"));
    let own = Memo::new(move |_| retry.get().is_some());
    let toggle = move |event| {
        let on = event_target_checked(&event);
        retry.set(on.then(|| json!({ "attempts": 8, "initial": "5s", "max": "1h" })));
    };
    let fields = move || {
        let lens = |field: &str| Lens::new(text, format!("{base}/retry/{field}"));
        own.get().then(|| {
            view! {
                <div class="pair">
                    <Line lens=lens("attempts") label="Attempts" number=true required=true />
                    <Line lens=lens("initial") label="First wait" example="5s" />
                    <Line lens=lens("max") label="Longest wait" example="1h" />
                </div>
            }
        })
    };
    view! {
        <label class="tick">
            <input type="checkbox" prop:checked=move || own.get() checked=own.get_untracked() on:change=toggle />
            <span>
                <b>"Retries of its own"</b>
                <small>"Without, a failed step is tried ten times over three days."</small>
            </span>
        </label>
        {fields}
    }
    .into_any()
}
