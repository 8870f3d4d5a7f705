//! Who takes part: event types, sources, and the workflows that take longest.

use leptos::prelude::*;

use crate::{
    model::{
        overview::{Line, Overview, Totals, WorkflowLine},
        time::duration,
    },
    ui::{EventTypeName, SendCommand, address, chart::Course, number},
};

#[component]
pub fn Tables(overview: Overview) -> AnyView {
    let Overview { range, event_types, sources, workflows, .. } = overview;
    if event_types.is_empty() {
        return view! {
            <section class="empty">
                <h2>"No events in this period"</h2>
                <p>"Send one, or choose a longer period above."</p>
                <SendCommand />
            </section>
        }
        .into_any();
    }
    view! {
        <LineTable title="Event types" field="eventType" range=range.clone() lines=event_types />
        <LineTable title="Sources" field="source" range lines=sources />
        <WorkflowTable workflows />
    }
    .into_any()
}

/// The stream, narrowed to what a figure counts.
fn stream(field: &'static str, name: &str, range: &str, status: Option<&str>) -> String {
    let status = status.map(|status| ("status", status));
    address("/", [("within", range), (field, name)].into_iter().chain(status))
}

#[component]
fn LineTable(title: &'static str, field: &'static str, range: String, lines: Vec<Line>) -> AnyView {
    let row = |line: Line| view! { <LineRow field range=range.clone() line /> };
    let rows: Vec<_> = lines.into_iter().map(row).collect();
    view! {
        <section class="list takes-part" aria-label=title>
            <table>
                <thead>
                    <tr>
                        <th scope="col">{title}</th>
                        <th scope="col" class="n">
                            "Events"
                        </th>
                        <th scope="col">"Course"</th>
                        <th scope="col" class="n">
                            "Failed"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
    .into_any()
}

#[component]
fn LineRow(field: &'static str, range: String, line: Line) -> AnyView {
    let Line { name, totals, course } = line;
    let (all, failed) =
        (stream(field, &name, &range, None), stream(field, &name, &range, Some("failed")));
    let shown = match field {
        "eventType" => view! { <EventTypeName name=name.clone() /> }.into_any(),
        _ => name.clone().into_any(),
    };
    let (failures, bad) = (failures(totals), totals.failed > 0);
    view! {
        <tr>
            <td>
                <a href=all>{shown}</a>
            </td>
            <td class="n">{number::count(totals.accepted)}</td>
            <td>
                <Course values=course />
            </td>
            <td class="n">
                <a href=failed class:bad=bad>
                    {failures}
                </a>
            </td>
        </tr>
    }
    .into_any()
}

/// How many, and which share of what was settled.
fn failures(totals: Totals) -> String {
    let share = totals.success().map(|success| number::share(1.0 - success));
    match (totals.failed, share) {
        (0, _) | (_, None) => number::count(totals.failed),
        (failed, Some(share)) => format!("{} ({share})", number::count(failed)),
    }
}

#[component]
fn WorkflowTable(workflows: Vec<WorkflowLine>) -> AnyView {
    if workflows.is_empty() {
        return ().into_any();
    }
    let row = |workflow: WorkflowLine| {
        let WorkflowLine { id, name, runs, failed, latency } = workflow;
        let bad = failed > 0;
        let of_it = || ("workflow", id.as_str());
        let (all, broken) =
            (address("/runs", [of_it()]), address("/runs", [of_it(), ("status", "failed")]));
        view! {
            <tr>
                <td>
                    <a href=all>{name}</a>
                </td>
                <td class="n">{number::count(runs)}</td>
                <td class="n">
                    <a href=broken class:bad=bad>
                        {number::count(failed)}
                    </a>
                </td>
                <td class="n">{duration(latency.p50)}</td>
                <td class="n">{duration(latency.p95)}</td>
                <td class="n">{duration(latency.p99)}</td>
            </tr>
        }
    };
    view! {
        <section class="list takes-part" aria-label="Slowest workflows">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Slowest workflows"</th>
                        <th scope="col" class="n">
                            "Runs"
                        </th>
                        <th scope="col" class="n">
                            "Failed"
                        </th>
                        <th scope="col" class="n">
                            "p50"
                        </th>
                        <th scope="col" class="n">
                            "p95"
                        </th>
                        <th scope="col" class="n">
                            "p99"
                        </th>
                    </tr>
                </thead>
                <tbody>{workflows.into_iter().map(row).collect::<Vec<_>>()}</tbody>
            </table>
        </section>
    }
    .into_any()
}
