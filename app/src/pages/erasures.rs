//! Erasing what there is about somebody, and the receipts.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{StartErasure, list_erasures},
    model::ErasureView,
    ui::{
        Actions, CallForm, Columns, Confirm, Fetched, Field, ForOwners, Header, Moment, Notice,
        Refusal, announce, json::size, number::count,
    },
};

#[component]
pub fn ErasuresPage() -> impl IntoView {
    let done = expect_context::<Actions>().done;
    let start = ServerAction::<StartErasure>::new();
    announce(start, |begun| {
        Notice::done(match begun {
            true => "It is being erased; the receipt tells what went.",
            false => "Counted. Nothing is erased yet.",
        })
    });
    let receipts = Resource::new(move || done.get(), |_| list_erasures());
    view! {
        <Header title="Erasures" />
        <div class="scroll">
            // Not read again with the receipts: what was counted is still there to be erased.
            <ForOwners>
                <Form start />
            </ForOwners>
            <Fetched from=receipts let:receipts>
                <Receipts receipts />
            </Fetched>
        </div>
    }
}

#[component]
fn Form(start: ServerAction<StartErasure>) -> AnyView {
    let pending = start.pending();
    view! {
        <section class="sheet-form" aria-labelledby="erasure-form">
            <h2 id="erasure-form">"Erase what there is about somebody"</h2>
            <p class="dim">
                "Events with their payloads, runs and journals go, whether they have settled or not, with \
                 what their runs emitted and the deliveries in quarantine. Held events stay. What is looked \
                 for is kept encrypted until the erasure has ended, and then nowhere."
            </p>
            <CallForm action=start class="form">
                <Refusal action=start />
                <Field
                    label="Where"
                    hint="A path in the payload, such as customer.email or $.items[*].to. Empty is the subject of events."
                >
                    <input class="m" name="path" maxlength="500" autocomplete="off" spellcheck="false" />
                </Field>
                <Field label="Value" hint="Exactly as it stands there.">
                    <input class="m" name="value" required maxlength="1000" autocomplete="off" spellcheck="false" />
                </Field>
                <Counted />
                <div class="row">
                    <button class="btn main" name="how" value="count" disabled=pending>
                        "Count"
                    </button>
                    <Confirm
                        id="erase"
                        label="Erase"
                        title="Erase all of it?"
                        text="It cannot come back, except from backups, which are to be erased by themselves."
                        disabled=pending
                    >
                        <button class="btn danger" name="how" value="erase">
                            "Erase it"
                        </button>
                    </Confirm>
                </div>
            </CallForm>
        </section>
    }
    .into_any()
}

/// What was counted last, by the page's address.
#[component]
fn Counted() -> impl IntoView {
    let query = use_query_map();
    let number = move |name: &str| {
        query.with(|query| query.get(name)).and_then(|text| text.parse::<u64>().ok())
    };
    move || {
        let events = number("events")?;
        let rest = |name| number(name).unwrap_or(0);
        let bytes = size(rest("bytes"));
        let held = rest("held");
        Some(view! {
            <p role="status" aria-label="Counted">
                {format!(
                    "It would erase {} events with {} runs, {bytes}, and {} deliveries in quarantine.",
                    count(events),
                    count(rest("runs")),
                    count(rest("deliveries")),
                )}
                {(held > 0).then(|| format!(" {} more are held and would stay.", count(held)))}
            </p>
        })
    }
}

#[component]
fn Receipts(receipts: Vec<ErasureView>) -> AnyView {
    if receipts.is_empty() {
        return view! {
            <section class="empty">
                <h2>"Nothing has been erased"</h2>
                <p>"Each erasure leaves a receipt here, which does not say about whom."</p>
            </section>
        }
        .into_any();
    }
    let rows: Vec<_> = receipts.into_iter().map(|receipt| view! { <Receipt receipt /> }).collect();
    view! {
        <table class="plain">
            <Columns names=&["Receipt", "What", "Erased", "When"] />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

#[component]
fn Receipt(receipt: ErasureView) -> AnyView {
    let ErasureView { id, state, path, value_hash, digest, created_by, created_at, .. } = receipt;
    let bytes = size(receipt.bytes);
    let (events, runs, held) = (receipt.events, receipt.runs, receipt.held);
    let named = id.clone();
    let short = |text: &str| text.chars().take(16).collect::<String>();
    view! {
        <tr data-erasure-id=named>
            <td>
                <span class="m">{id}</span>
                <div class="dim">{created_by}</div>
            </td>
            <td data-label="What">
                {path.unwrap_or_else(|| "subject".to_owned())}
                <div class="dim m" title=value_hash.clone()>
                    "hash " {short(&value_hash)} "…"
                </div>
            </td>
            <td data-label="Erased">
                {count(events)} " events, " {count(runs)} " runs, " {bytes}
                {(held > 0).then(|| view! { <div class="dim">{count(held)} " held stayed"</div> })}
                {(!digest.is_empty())
                    .then(|| {
                        view! {
                            <div class="dim m" title=digest.clone()>
                                "digest " {short(&digest)} "…"
                            </div>
                        }
                    })}
            </td>
            <td data-label="When">
                <Moment at=created_at />
                <div class="dim">{state}</div>
            </td>
        </tr>
    }
    .into_any()
}
