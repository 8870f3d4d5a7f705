//! The course of the period: events, and how long they took. Each drawing is also a table.

use leptos::prelude::*;

use crate::{
    model::{
        Timestamp,
        filter::CUSTOM,
        overview::{Latency, Overview, Slot, Totals},
        time::duration,
    },
    ui::{
        address,
        chart::{Bars, Lines, Place},
        number,
    },
};

/// Colours by class, with what they mean.
type Legend = &'static [(&'static str, &'static str)];

const EVENTS: Legend = &[("well", "processed"), ("failed", "failed")];
const EVENTS_HEAD: [&str; 4] = ["From (UTC)", "Accepted", "Processed", "Failed"];
const LATENCY: Legend = &[("p50", "p50"), ("p95", "p95"), ("p99", "p99")];
const LATENCY_HEAD: [&str; 4] = ["From (UTC)", "p50", "p95", "p99"];

/// Where a stretch's events are, and its cells, the first of which leads there.
type Row = (String, [String; 4]);

#[component]
pub fn Charts(overview: Overview) -> AnyView {
    let each = match overview.slot_minutes {
        1 => "minute",
        15 => "quarter hour",
        _ => "two hours",
    };
    let Overview { course, now, .. } = overview;
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
    let ends = course.iter().skip(1).map(|slot| &slot.from).chain([&now]);
    let slots: Vec<(&Slot, String)> =
        course.iter().zip(ends).map(|(slot, end)| (slot, stream(slot, end))).collect();
    let places = |said: fn(&Slot) -> String| -> Vec<Place> {
        slots.iter().map(|(slot, href)| Place { said: said(slot), href: href.clone() }).collect()
    };
    let (settled, took) = (places(settled), places(took));
    let moments = || {
        let middle = course.get(course.len() / 2);
        course.first().into_iter().chain(middle).map(|slot| slot.from.clone()).chain([now.clone()])
    };
    let (below_bars, below_lines) = (moments().collect(), moments().collect());
    let rows = |cells: fn(&Slot) -> Option<[String; 4]>| -> Vec<Row> {
        slots.iter().filter_map(|(slot, href)| Some((href.clone(), cells(slot)?))).collect()
    };
    let (events, latencies) = (rows(events_row), rows(latency_row));
    let (events_title, latency_title) =
        (format!("Settled events per {each}"), "Accepted to settled".to_owned());
    view! {
        <div class="charts">
            <Chart title=events_title legend=EVENTS head=EVENTS_HEAD rows=events>
                <Bars values=bars places=settled moments=below_bars />
            </Chart>
            <Chart title=latency_title legend=LATENCY head=LATENCY_HEAD rows=latencies>
                <Lines lines places=took moments=below_lines />
            </Chart>
        </div>
    }
    .into_any()
}

/// The stream of what was received in the slot.
fn stream(slot: &Slot, end: &Timestamp) -> String {
    address("/", [("within", CUSTOM), ("from", slot.from.as_str()), ("to", end.as_str())])
}

fn settled(slot: &Slot) -> String {
    let Totals { processed, failed, .. } = slot.totals;
    format!(
        "{} UTC: {} processed, {} failed",
        clock(slot),
        number::count(processed),
        number::count(failed)
    )
}

fn took(slot: &Slot) -> String {
    match slot.latency {
        Some(Latency { p50, p95, p99 }) => {
            let [p50, p95, p99] = [p50, p95, p99].map(duration);
            format!("{} UTC: p50 {p50}, p95 {p95}, p99 {p99}", clock(slot))
        }
        None => format!("{} UTC: nothing settled", clock(slot)),
    }
}

fn clock(slot: &Slot) -> String {
    format!("{} {}", slot.from.date(), slot.from.clock().get(..5).unwrap_or_default())
}

fn events_row(slot: &Slot) -> Option<[String; 4]> {
    let totals = slot.totals;
    let [accepted, processed, failed] =
        [totals.accepted, totals.processed, totals.failed].map(number::count);
    Some([clock(slot), accepted, processed, failed])
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
    rows: Vec<Row>,
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
fn Rows(head: [&'static str; 4], rows: Vec<Row>) -> AnyView {
    let row = |(href, [from, figures @ ..]): Row| {
        view! {
            <tr>
                <td>
                    <a href=href>{from}</a>
                </td>
                {figures.map(|figure| view! { <td>{figure}</td> })}
            </tr>
        }
    };
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
