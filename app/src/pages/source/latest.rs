//! The newest events of a source.

use leptos::prelude::*;

use crate::{
    model::EventItem,
    ui::{EventState, EventTypeName, Moment},
};

#[component]
pub fn Latest(events: Vec<EventItem>) -> AnyView {
    let rows: Vec<_> = events.into_iter().map(row).collect();
    view! {
        <section class="pane whole">
            <h3>"Latest events"</h3>
            <table class="latest">
                <thead>
                    <tr>
                        <th>"Event type"</th>
                        <th>"Status"</th>
                        <th class="c-preview">"Payload preview"</th>
                        <th class="end">"Received"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

fn row(event: EventItem) -> impl IntoView {
    view! {
        <tr data-event-id=event.id.clone()>
            <td>
                <a class="to" href=format!("/events/{}", event.id)>
                    <EventTypeName name=event.event_type />
                </a>
            </td>
            <td>
                <EventState status=event.status />
            </td>
            <td class="c-preview m">{event.payload_preview}</td>
            <td class="end m">
                <Moment at=event.received_at />
            </td>
        </tr>
    }
}
