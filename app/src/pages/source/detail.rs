//! The source page's contents.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{latest::Latest, secrets::Secrets};
use crate::{
    api::DeleteSource,
    model::{SourceActivity, SourceDetail, SourceView},
    pages::sources::{
        provider::{self, Provider},
        row::Held,
    },
    ui::{
        CallForm, Command, Confirm, CopyLine, Day, Fact, ForOperators, Moment, Notice, origin, tell,
    },
};

#[component]
pub fn Detail(detail: SourceDetail) -> AnyView {
    let SourceDetail { activity, latest } = detail;
    let source = activity.source.clone();
    let provider = provider::find(&source.kind);
    let (class, state) = match (&activity.last_event_at, activity.quarantined) {
        (Some(_), _) => ("s on", "Delivering"),
        (None, 0) => ("s pending", "Waiting for its first delivery"),
        (None, _) => ("s failed", "No delivery was believed yet"),
    };
    let name = source.name.clone();
    let marked = name.clone();
    view! {
        <Title text=name.clone() />
        <div class="event-top" data-source=marked>
            <h2>{name.clone()}</h2>
            <span class="dim">{provider::title(&source.kind)}</span>
            <span class=class>{state}</span>
            <div class="row actions">
                <a class="btn" href=format!("/?source={name}")>
                    "Events"
                </a>
                <DeleteButton name />
            </div>
        </div>
        <div class="event-body even">
            <section class="pane">
                <SetUp source=source.clone() provider />
            </section>
            <section class="pane">
                <h3>"Facts"</h3>
                <Facts activity />
            </section>
            <section class="pane">
                <Trial source=source.clone() provider />
            </section>
            <section class="pane">
                <Secrets source provider />
            </section>
            {(!latest.is_empty()).then(|| view! { <Latest events=latest /> })}
        </div>
    }
    .into_any()
}

#[component]
fn DeleteButton(name: String) -> AnyView {
    let delete = ServerAction::<DeleteSource>::new();
    tell(delete, |()| Notice::done("The source is deleted; its events stay.").carried());
    view! {
        <ForOperators>
            <Confirm
                id="delete-source"
                label="Delete"
                title=format!("Delete {name}?")
                text="Its deliveries are refused from now on and its secrets are forgotten. Events that came \
                      from it stay."
            >
                <CallForm action=delete class="inline">
                    <input type="hidden" name="name" value=name />
                    <button class="btn danger">"Delete source"</button>
                </CallForm>
            </Confirm>
        </ForOperators>
    }
    .into_any()
}

#[component]
fn SetUp(source: SourceView, provider: Option<Provider>) -> AnyView {
    let origin = origin();
    let address = Signal::derive(move || format!("{}{}", origin.get(), source.path));
    let steps = provider.map(|provider| {
        let steps: Vec<_> = provider.steps.iter().map(|step| view! { <li>{*step}</li> }).collect();
        view! { <ol class="todo">{steps}</ol> }
    });
    view! {
        <h3>"Address to give to the provider"</h3>
        <CopyLine text=address label="Copy address" />
        {steps}
    }
    .into_any()
}

#[component]
fn Trial(source: SourceView, provider: Option<Provider>) -> AnyView {
    let Some(signed) = provider.and_then(|provider| provider.trial) else {
        return view! {
            <h3>"Try it"</h3>
            <p class="dim">
                "Send a test from the provider. It appears in the stream the moment it is stored; one that \
                 is not believed appears in the quarantine with its cause."
            </p>
        }
        .into_any();
    };
    let origin = origin();
    let header = source.signature_header.unwrap_or_else(|| "x-signature".to_owned());
    let line = move || signed(&format!("{}{}", origin.get(), source.path), &header);
    view! {
        <h3>"Try it"</h3>
        {move || view! { <Command label="A signed delivery from your terminal" text=line() /> }}
    }
    .into_any()
}

#[component]
fn Facts(activity: SourceActivity) -> AnyView {
    let SourceActivity { source, last_event_at, quarantined } = activity;
    let header = (source.kind == "hmac")
        .then(|| source.signature_header.unwrap_or_else(|| "x-signature".to_owned()));
    view! {
        <dl class="facts">
            <Fact name="Last event">
                {match last_event_at {
                    Some(at) => view! { <Moment at /> }.into_any(),
                    None => "none yet".into_any(),
                }}
            </Fact>
            <Fact name="Quarantine">
                <Held count=quarantined name=source.name />
            </Fact>
            {header
                .map(|header| {
                    view! {
                        <Fact name="Signature in">
                            <span class="m">{header}</span>
                        </Fact>
                    }
                })}
            <Fact name="Created">
                <Day at=source.created_at />
            </Fact>
            <Fact name="ID">
                <span class="m">{source.id}</span>
            </Fact>
        </dl>
    }
    .into_any()
}
