//! Whether the page is live, and how fast events come.

use leptos::prelude::*;

use super::chart::Spark;
use crate::{
    live::{Connection, Live},
    model::Stats,
};

#[component]
pub fn Pulse() -> impl IntoView {
    let live = expect_context::<Live>();
    let state = live.connection;
    // Only a lost or regained connection is worth an interruption, not the first one.
    let spoken = Memo::new(move |before: Option<&&str>| match (before, state.get()) {
        (None | Some(&""), Connection::Connecting | Connection::Live) => "",
        (_, state) => state.label(),
    });
    view! {
        <div class="pulse" data-connection=move || state.get().name()>
            <span class="dot"></span>
            <span>{move || state.get().label()}</span>
            {move || live.rates.with(|rates| line(rates)).map(|points| view! { <Spark points /> })}
            <span class="rate">{move || live.stats.get().map(rate)}</span>
        </div>
        <span class="unseen" role="status">
            {move || spoken.get()}
        </span>
    }
}

fn rate(stats: Stats) -> String {
    match stats.events_per_second {
        none if none < 0.05 => String::new(),
        slow if slow < 10.0 => format!("{slow:.1} events/s"),
        fast => format!("{fast:.0} events/s"),
    }
}

/// The rates from left to right, the highest at the top. A still line says nothing.
fn line(rates: &[f64]) -> Option<String> {
    let highest = rates.iter().copied().fold(0.0, f64::max);
    if rates.len() < 3 || highest <= 0.0 {
        return None;
    }
    let points = rates.iter().enumerate().map(|(at, rate)| {
        let x = at as f64 * 120.0 / (rates.len() - 1) as f64;
        let y = 20.0 - rate / highest * 16.0;
        format!("{x:.1},{y:.1}")
    });
    Some(points.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_spans_the_width() {
        assert_eq!(line(&[0.0, 0.0, 0.0]), None);
        assert_eq!(line(&[0.0, 1.0, 2.0]).as_deref(), Some("0.0,20.0 60.0,12.0 120.0,4.0"));
    }
}
