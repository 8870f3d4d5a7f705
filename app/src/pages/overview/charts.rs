//! The course of the period: events, and how long they took. Each drawing is also a table.

use leptos::prelude::*;

use crate::{
    model::{
        overview::{Latency, Overview, Slot},
        time::duration,
    },
    ui::{
        chart::{Bars, Lines},
        number,
    },
};

/// Colours by class, with what they mean.
type Legend = &'static [(&'static str, &'static str)];

const EVENTS: Legend = &[("well", "processed"), ("failed", "failed")];
const EVENTS_HEAD: [&str; 4] = ["From (UTC)", "Accepted", "Processed", "Failed"];
const LATENCY: Legend = &[("p50", "p50"), ("p95", "p95"), ("p99", "p99")];
const LATENCY_HEAD: [&str; 4] = ["From (UTC)", "p50", "p95", "p99"];

#[component]
pub fn Charts(overview: Overview) -> AnyView {
    let each = match overview.slot_minutes {
        1 => "minute",
        15 => "quarter hour",
        _ => "two hours",
    };
    let course = overview.course;
    let bars: Vec<(u64, u64)> =
        course.iter().map(|slot| (slot.totals.processed, slot.totals.failed)).collect();
    let line = |of: fn(Latency) -> u64| -> Vec<Option<u64>> {
        course.iter().map(|slot| slot.latency.map(of)).collect()
    };
    let lines = vec![
        ("p50", line(|latency| latency.p50)),
        ("p95", line(|latency| latency.p95)),
        ("p99", line(|latency| latency.p99)),
    ];
    let events: Vec<_> = course.iter().map(events_row).collect();
    let latencies: Vec<_> = course.iter().filter_map(latency_row).collect();
    let (events_title, latency_title) =
        (format!("Settled events per {each}"), "Accepted to settled".to_owned());
    view! {
        <div class="charts">
            <Chart title=events_title legend=EVENTS head=EVENTS_HEAD rows=events>
                <Bars values=bars />
            </Chart>
            <Chart title=latency_title legend=LATENCY head=LATENCY_HEAD rows=latencies>
                <Lines lines />
            </Chart>
        </div>
    }
    .into_any()
}

fn clock(slot: &Slot) -> String {
    format!("{} {}", slot.from.date(), slot.from.clock().get(..5).unwrap_or_default())
}

fn events_row(slot: &Slot) -> [String; 4] {
    let totals = slot.totals;
    let [accepted, processed, failed] =
        [totals.accepted, totals.processed, totals.failed].map(number::count);
    [clock(slot), accepted, processed, failed]
}

fn latency_row(slot: &Slot) -> Option<[String; 4]> {
    let Latency { p50, p95, p99 } = slot.latency?;
    let [p50, p95, p99] = [p50, p95, p99].map(duration);
    Some([clock(slot), p50, p95, p99])
}

#[component]
fn Chart(
    title: String,
    legend: Legend,
    head: [&'static str; 4],
    rows: Vec<[String; 4]>,
    children: Children,
) -> AnyView {
    let legend: Vec<_> = legend
        .iter()
        .map(|&(class, name)| {
            view! {
                <span class=class>
                    <i aria-hidden="true"></i>
                    {name}
                </span>
            }
        })
        .collect();
    let label = format!("{title}, as a table");
    view! {
        <section class="chart-box">
            <h2>
                {title} <span class="legend">{legend}</span>
            </h2>
            {children()}
            <details>
                <summary>"As a table"</summary>
                <div class="wide" tabindex="0" role="region" aria-label=label>
                    <Rows head rows />
                </div>
            </details>
        </section>
    }
    .into_any()
}

#[component]
fn Rows(head: [&'static str; 4], rows: Vec<[String; 4]>) -> AnyView {
    let row = |cells: [String; 4]| view! { <tr>{cells.map(|cell| view! { <td>{cell}</td> })}</tr> };
    view! {
        <table>
            <thead>
                <tr>{head.map(|name| view! { <th scope="col">{name}</th> })}</tr>
            </thead>
            <tbody>{rows.into_iter().rev().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}
