//! One event type: its figures, what its payloads look like, and the events that changed that.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::types::latency;
use crate::{
    api::get_type,
    model::{DriftView, FieldView, TypeDetailView, TypeView},
    ui::{
        Columns, EventTypeName, Fact, Fetched, Header, Moment,
        json::size,
        number::{count, share},
    },
};

#[component]
pub fn EventTypePage() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name")).unwrap_or_default());
    let found = Resource::new(move || name.get(), get_type);
    view! {
        <Header title="Event type" />
        <div class="scroll">
            <Fetched from=found let:found>
                <Detail found />
            </Fetched>
        </div>
    }
}

#[component]
fn Detail(found: TypeDetailView) -> AnyView {
    let TypeDetailView { line, events, fields, full, changes } = found;
    let name = line.event_type.clone();
    view! {
        <Title text=name.clone() />
        <div class="event" data-event-type=name.clone()>
            <div class="event-top">
                <h2>
                    <EventTypeName name=name.clone() />
                </h2>
                <div class="row actions">
                    <a class="btn" href=format!("/?eventType={name}")>
                        "Its events"
                    </a>
                </div>
            </div>
            <div class="event-body">
                <section class="pane">
                    <h3>
                        "Changes of the payload" <span>{format!("{} told", changes.len())}</span>
                    </h3>
                    <Changes changes />
                </section>
                <section class="pane">
                    <h3>"Figures"</h3>
                    <Figures line />
                </section>
                <section class="pane">
                    <h3>
                        "What payloads look like"
                        <span>{format!("learnt from {} events", count(events))}</span>
                    </h3>
                    <Fields fields full />
                </section>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Figures(line: TypeView) -> AnyView {
    let latency = latency(&line);
    view! {
        <dl class="facts">
            <Fact name="Events">{count(line.accepted)} " in 24 hours"</Fact>
            <Fact name="Failed">
                {line.failure_rate.map_or_else(|| "none settled".to_owned(), share)}
            </Fact>
            {(!latency.is_empty()).then(|| view! { <Fact name="p50, p95">{latency}</Fact> })}
            <Fact name="Payload">
                {size(line.average_bytes)} " on average, " {size(line.largest_bytes)} " at most"
            </Fact>
            <Fact name="First seen">
                <Moment at=line.first_seen />
            </Fact>
            <Fact name="Last seen">
                <Moment at=line.last_seen />
            </Fact>
        </dl>
    }
    .into_any()
}

#[component]
fn Changes(changes: Vec<DriftView>) -> AnyView {
    if changes.is_empty() {
        return view! { <p class="dim">"None: all payloads look as the first ones did."</p> }
            .into_any();
    }
    let lines: Vec<_> = changes
        .into_iter()
        .map(|change| {
            let said = said(&change);
            view! {
                <li>
                    <p>
                        <span class="m">{change.path}</span> " " {said}
                    </p>
                    <span class="dim">
                        <Moment at=change.at /> " by "
                        <a class="m ref" href=format!("/events/{}", change.event_id)>
                            {change.event_id.clone()}
                        </a>
                    </span>
                </li>
            }
        })
        .collect();
    view! { <ul class="notes">{lines}</ul> }.into_any()
}

/// `changed from number to number or string`.
fn said(change: &DriftView) -> String {
    match (change.was.as_deref(), change.became.as_deref()) {
        (Some(was), Some(became)) => format!("{} from {was} to {became}", change.turn),
        (Some(was), None) => format!("{}, a {was}", change.turn),
        (None, Some(became)) => format!("{} as {became}", change.turn),
        (None, None) => change.turn.clone(),
    }
}

#[component]
fn Fields(fields: Vec<FieldView>, full: bool) -> AnyView {
    let rows: Vec<_> = fields
        .into_iter()
        .map(|field| {
            let often = match field.share {
                share if share >= 1.0 => "always".to_owned(),
                other => share(other),
            };
            view! {
                <tr>
                    <td class="m">{field.path}</td>
                    <td>{field.kinds}</td>
                    <td>{often}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="plain">
            <Columns names=&["Field", "Kind", "There"] />
            <tbody>{rows}</tbody>
        </table>
        {full.then(|| view! { <p class="dim">"There are more fields than are kept."</p> })}
    }
    .into_any()
}
