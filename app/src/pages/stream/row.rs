//! One event in the list.

use std::sync::Arc;

use leptos::prelude::*;

use super::{
    rows::{Row, Rows},
    window::WHOLE,
};
use crate::{
    model::{EventItem, EventStatus},
    ui::{EventState, EventTypeName, Moment, ReplayIcon},
};

#[component]
pub fn EventRow(row: Row, rows: RwSignal<Rows>, at_top: RwSignal<bool>) -> AnyView {
    let Row { seq, fresh, item: first, .. } = row;
    // One that scrolls into sight is not new any more.
    let fresh = fresh && at_top.get_untracked();
    let now = Arc::clone(&first);
    let id = now.id.clone();
    let item = Memo::new(move |before: Option<&Arc<EventItem>>| {
        let before = before.unwrap_or(&first);
        rows.with(|rows| rows.item(seq)).unwrap_or_else(|| Arc::clone(before))
    });
    let status = Signal::derive(move || item.with(|item| item.status));
    let failure = move || {
        item.with(|item| {
            let error = item.error.as_ref().filter(|_| item.status == EventStatus::Failed);
            error.map(|error| error.error_message.clone())
        })
    };
    // Counted from one, and the heading is a row too.
    let index = move || rows.with(|rows| Some(rows.above(seq).filter(|_| rows.len() > WHOLE)? + 2));
    let href = format!("/events/{id}");
    view! {
        <tr class:new=fresh data-event-id=id.clone() aria-rowindex=index>
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
            <td class="c-preview m">{now.payload_preview.clone()}</td>
            <td class="c-time m">
                <Moment at=now.received_at.clone() />
            </td>
            <td class="c-act">
                <ReplayIcon id=id.clone() />
                <a class="icon-btn open" href=href aria-label="Open" title="Open"></a>
            </td>
        </tr>
    }
    .into_any()
}
