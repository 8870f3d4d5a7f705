//! The event types: how many events, how they went, and whether their payloads still look the same.

use leptos::prelude::*;

use crate::{
    api::list_types,
    model::TypeView,
    ui::{
        Columns, EventTypeName, Fetched, Header, Moment, SendCommand,
        json::size,
        number::{count, share},
    },
};

#[component]
pub fn TypesPage() -> impl IntoView {
    let types = Resource::new(|| (), |()| list_types());
    view! {
        <Header title="Event types" />
        <div class="scroll">
            <Fetched from=types let:types>
                <List types />
            </Fetched>
        </div>
    }
}

#[component]
fn List(types: Vec<TypeView>) -> AnyView {
    if types.is_empty() {
        return view! {
            <section class="empty">
                <h2>"No event types yet"</h2>
                <p>"A second or two after its first event, a type is here."</p>
                <SendCommand />
            </section>
        }
        .into_any();
    }
    let rows: Vec<_> = types.into_iter().map(|line| view! { <Row line /> }).collect();
    view! {
        <div class="bar">
            <p class="dim">
                "Events and latency of the last 24 hours; changes of what payloads look like within 7 days."
            </p>
        </div>
        <table class="plain">
            <Columns
                names=&["Type", "Events", "Failed", "p50, p95", "Payload", "Changes", "Last seen"]
            />
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

/// Where a type has its page.
pub fn page_of(name: &str) -> String {
    let mut path = String::from("/types/");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' => path.push(byte.into()),
            other => path.push_str(&format!("%{other:02X}")),
        }
    }
    path
}

#[component]
fn Row(line: TypeView) -> AnyView {
    let href = page_of(&line.event_type);
    view! {
        <tr>
            <td>
                <a class="to" href=href>
                    <EventTypeName name=line.event_type.clone() />
                </a>
            </td>
            <td data-label="Events">{count(line.accepted)}</td>
            <td data-label="Failed">{line.failure_rate.map(share).unwrap_or_default()}</td>
            <td data-label="p50, p95">{latency(&line)}</td>
            <td data-label="Payload">{size(line.average_bytes)}</td>
            <td data-label="Changes">{count(line.drifts)}</td>
            <td data-label="Last seen">
                <Moment at=line.last_seen />
            </td>
        </tr>
    }
    .into_any()
}

/// `12 ms, 80 ms`; nothing where no event had runs.
pub fn latency(line: &TypeView) -> String {
    match (line.p50, line.p95) {
        (Some(p50), Some(p95)) => format!("{p50} ms, {p95} ms"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::page_of;

    #[test]
    fn a_type_has_an_address_whatever_is_in_it() {
        assert_eq!(page_of("order.created"), "/types/order.created");
        assert_eq!(page_of("a/b é?"), "/types/a%2Fb%20%C3%A9%3F");
    }
}
