//! A new rule, and a new channel.

use leptos::prelude::*;

use crate::{
    api::{CreateAlert, CreateChannel},
    ui::{CallForm, Field, FormEnd, Refusal},
};

/// What a rule can be about, and what it fires over.
const KINDS: [(&str, &str); 7] = [
    ("failedEvents", "Failed events: more than so many"),
    ("failureRate", "Failure rate: more than so many percent"),
    ("deadLetters", "Dead letters: more than so many wait"),
    ("latency", "Latency: p99 of settling over a time"),
    ("absence", "Absence: no event within the window"),
    ("schemaDrift", "Schema drift: payloads look different"),
    ("rejected", "Rejected deliveries: more than so many"),
];

#[component]
pub fn RuleForm() -> AnyView {
    let create = ServerAction::<CreateAlert>::new();
    let options: Vec<_> = KINDS
        .into_iter()
        .map(|(value, name)| view! { <option value=value>{name}</option> })
        .collect();
    view! {
        <section class="sheet-form" aria-labelledby="rule-form">
            <h2 id="rule-form">"New rule"</h2>
            <p class="dim">"It fires at once and is over after two calm readings in a row."</p>
            <CallForm action=create class="form rule-form">
                <Refusal action=create />
                <Field label="Name" hint="As the message will say it.">
                    <input name="name" required maxlength="100" autocomplete="off" autofocus />
                </Field>
                <Field label="Fires on">
                    <select class="wide" name="kind">
                        {options}
                    </select>
                </Field>
                <div class="for-over">
                    <Field label="More than" hint="A number; for latency a time such as 30s.">
                        <input class="m" name="over" autocomplete="off" placeholder="10" />
                    </Field>
                </div>
                <div class="for-window">
                    <Field label="Within" hint="From 1m to 31d.">
                        <input class="m" name="window" autocomplete="off" value="15m" />
                    </Field>
                </div>
                <div class="for-type">
                    <Field label="Event type" hint="A pattern such as payment.*. Empty means every type.">
                        <input class="m" name="event_type" autocomplete="off" spellcheck="false" />
                    </Field>
                </div>
                <div class="for-source">
                    <Field label="Source" hint="Empty means every source.">
                        <input class="m" name="source" autocomplete="off" spellcheck="false" />
                    </Field>
                </div>
                <Field label="Told again after" hint="While it goes on.">
                    <input class="m" name="repeat" autocomplete="off" value="4h" />
                </Field>
                <FormEnd pending=create.pending() label="Make rule" back="/alerts" />
            </CallForm>
        </section>
    }
    .into_any()
}

#[component]
pub fn ChannelForm() -> AnyView {
    let create = ServerAction::<CreateChannel>::new();
    view! {
        <section class="sheet-form" aria-labelledby="channel-form">
            <h2 id="channel-form">"New channel"</h2>
            <p class="dim">
                "Every rule is told there. What does not arrive is tried again for some ten hours, and shown \
                 here."
            </p>
            <CallForm action=create class="form">
                <Refusal action=create />
                <Field label="Name">
                    <input name="name" required maxlength="100" autocomplete="off" autofocus />
                </Field>
                <Field label="Kind">
                    <select class="wide" name="kind">
                        <option value="webhook">"Webhook, signed by Standard Webhooks"</option>
                        <option value="slack">"Slack, or what takes the same"</option>
                        <option value="email">"Email"</option>
                    </select>
                </Field>
                <Field label="Address" hint="A URL, or an email address.">
                    <input
                        class="m"
                        name="target"
                        required
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="https://…"
                    />
                </Field>
                <FormEnd pending=create.pending() label="Make channel" back="/alerts" />
            </CallForm>
        </section>
    }
    .into_any()
}
