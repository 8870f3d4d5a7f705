//! One event in the list.

use leptos::prelude::*;

use super::rows::Row;
use crate::{
    model::EventStatus,
    ui::{EventState, EventTypeName, Icon, Moment, ReplayIcon, icon::Shape},
};

#[component]
pub fn EventRow(row: Row) -> AnyView {
    let Row { id, fresh, item, .. } = row;
    let now = item.get_untracked();
    let status = {
        let item = item.clone();
        Signal::derive(move || item.with(|item| item.status))
    };
    let failure = move || {
        item.with(|item| {
            let error = item.error.as_ref().filter(|_| item.status == EventStatus::Failed);
            error.map(|error| error.error_message.clone())
        })
    };
    let href = format!("/events/{id}");
    view! {
        <tr class:new=fresh data-event-id=id.clone()>
            <td class="c-type">
                <a class="cover" href=href.clone() title=now.event_type.clone()>
                    <EventTypeName name=now.event_type.clone() />
                </a>
            </td>
            <td class="c-source" title=now.source.clone()>
                {now.source.clone()}
            </td>
            <td class="c-status" title=failure>
                <EventState status />
            </td>
            <td class="c-preview m">{now.payload_preview}</td>
            <td class="c-time m">
                <Moment at=now.received_at />
            </td>
            <td class="c-act">
                <div class="act">
                    <ReplayIcon id=id.clone() />
                    <a class="icon-btn" href=href aria-label="Open" title="Open">
                        <Icon shape=Shape::Open />
                    </a>
                </div>
            </td>
        </tr>
    }
    .into_any()
}
