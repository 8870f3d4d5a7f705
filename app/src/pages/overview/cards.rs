//! The figures in large type, each beside the period before and a way to what it counts.

use leptos::prelude::*;

use crate::{
    live::Live,
    model::{
        Counts,
        overview::{Latency, Overview},
        time::duration,
    },
    ui::number,
};

#[component]
pub fn Cards(overview: Overview) -> AnyView {
    let Overview { range, totals, before, latency, latency_before, .. } = &overview;
    let stream = |status: &str| format!("/?within={range}{status}");
    let success = totals.success();
    let points = success.zip(before.success()).map(|(now, before)| (now - before) * 100.0);
    let tail = |latency: &Option<Latency>| latency.map(|latency| duration(latency.p99));
    let beside = match latency {
        Some(latency) => {
            format!("p50 {}, p95 {}", duration(latency.p50), duration(latency.p95))
        }
        None => "nothing was worked on".to_owned(),
    };
    let tail_before = tail(latency_before).map(|before| format!("before: {before}"));
    let success_figure = success.map_or_else(|| "–".to_owned(), number::share);
    let success_beside = points.map_or_else(|| "of what was settled".to_owned(), moved);
    let tail_figure = tail(latency).unwrap_or_else(|| "–".to_owned());
    let tail_beside = match tail_before {
        Some(before) => format!("{beside}; {before}"),
        None => beside,
    };
    let stored = number::bytes(overview.database_bytes + overview.log_bytes.unwrap_or(0));
    let stored_beside = forecast(overview.room_bytes, overview.growth_bytes_per_day);
    let accepted = number::count(totals.accepted);
    let accepted_beside = compared(number::change(totals.accepted, before.accepted));
    let failed = number::count(totals.failed);
    let failed_beside = compared(number::change(totals.failed, before.failed));
    let (all, processed_ones) = (stream(""), stream("&status=processed"));
    let (timed_ones, failed_ones) = (stream(""), stream("&status=failed"));
    view! {
        <section class="figures" aria-label="Figures">
            <Card name="Events" href=all figure=accepted beside=accepted_beside />
            <Card
                name="Processed well"
                href=processed_ones
                figure=success_figure
                beside=success_beside
            />
            <Card
                name="Accepted to settled, p99"
                href=timed_ones
                figure=tail_figure
                beside=tail_beside
            />
            <DeadLetters overview=overview.clone() />
            <Card name="Failed" href=failed_ones figure=failed beside=failed_beside />
            <Open counts=overview.counts />
            <Throughput overview=overview.clone() />
            <Card name="Storage" href="/settings" figure=stored beside=stored_beside />
        </section>
    }
    .into_any()
}

/// Days that nobody has to think of.
const LONG: u64 = 1_000;

/// For how long the disk has room, as far as that can be said.
fn forecast(room: Option<u64>, per_day: Option<u64>) -> String {
    match (room, per_day) {
        (None, None) => "in Postgres".to_owned(),
        (None, Some(per_day)) => format!("in Postgres, grows by {} a day", number::bytes(per_day)),
        (Some(room), None) => {
            format!("{} free; too early to say for how long", number::bytes(room))
        }
        (Some(room), Some(0)) => format!("{} free; it did not grow in a day", number::bytes(room)),
        (Some(room), Some(per_day)) => match room / per_day {
            LONG.. => "room for years".to_owned(),
            0 => "under a day until the disk is full".to_owned(),
            1 => "about a day until the disk is full".to_owned(),
            days => format!("about {days} days until the disk is full, if nothing is removed"),
        },
    }
}

fn compared(change: Option<String>) -> String {
    change.map_or_else(|| "none before".to_owned(), |change| format!("{change} to before"))
}

fn moved(points: f64) -> String {
    match points {
        same if same.abs() < 0.005 => "as before".to_owned(),
        worse if worse < 0.0 => format!("−{:.2} points to before", -worse),
        better => format!("+{better:.2} points to before"),
    }
}

/// As of the overview, until the stream knows better.
fn present(counts: Counts) -> Signal<Counts> {
    let live = expect_context::<Live>();
    Signal::derive(move || live.stats.get().map_or(counts, |stats| stats.counts))
}

#[component]
fn Card(
    name: &'static str,
    #[prop(into)] href: String,
    #[prop(into)] figure: Signal<String>,
    #[prop(into)] beside: String,
) -> AnyView {
    view! {
        <a class="figure" href=href>
            <span class="of">{name}</span>
            <strong>{move || figure.get()}</strong>
            <span class="beside">{beside}</span>
        </a>
    }
    .into_any()
}

#[component]
fn DeadLetters(overview: Overview) -> AnyView {
    let oldest = overview.oldest_dead_letter.as_ref().and_then(|at| overview.now.since(at));
    let counts = present(overview.counts);
    let figure = Signal::derive(move || number::count(counts.get().failed));
    let beside = oldest.map_or_else(
        || "none waits".to_owned(),
        |waited| format!("the oldest for {}", duration(waited)),
    );
    view! { <Card name="Dead letters" href="/dead-letters" figure beside /> }.into_any()
}

/// Events that are not settled yet.
#[component]
fn Open(counts: Counts) -> AnyView {
    let counts = present(counts);
    let figure = Signal::derive(move || {
        let counts = counts.get();
        number::count(counts.pending + counts.processing)
    });
    view! { <Card name="In work now" href="/?status=processing" figure beside="pending or processing" /> }
        .into_any()
}

/// On average over the period; the pulse above tells of now.
#[component]
fn Throughput(overview: Overview) -> AnyView {
    let seconds = overview.now.since(&overview.from).unwrap_or(0).max(1_000) as f64 / 1_000.0;
    let busiest = overview.course.iter().map(|slot| slot.totals.accepted).max().unwrap_or(0);
    let busiest = busiest as f64 / (overview.slot_minutes * 60) as f64;
    let rate = |rate: f64| match rate {
        0.0 => "0".to_owned(),
        slow if slow < 0.01 => "under 0.01".to_owned(),
        slow if slow < 10.0 => format!("{slow:.2}"),
        fast => number::count(fast.round() as u64),
    };
    let figure = rate(overview.totals.accepted as f64 / seconds);
    let beside = format!("{} at its busiest", rate(busiest));
    let href = format!("/?within={}", overview.range);
    view! { <Card name="Events per second" href figure beside /> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_the_disk_has_room_is_said_as_far_as_it_is_known() {
        const MIB: u64 = 1 << 20;
        let cases = [
            ((None, None), "in Postgres"),
            ((None, Some(2 * MIB)), "in Postgres, grows by 2.0 MiB a day"),
            ((Some(2 * MIB), None), "2.0 MiB free; too early to say for how long"),
            ((Some(2 * MIB), Some(0)), "2.0 MiB free; it did not grow in a day"),
            ((Some(MIB), Some(2 * MIB)), "under a day until the disk is full"),
            ((Some(3 * MIB), Some(2 * MIB)), "about a day until the disk is full"),
            (
                (Some(90 * MIB), Some(2 * MIB)),
                "about 45 days until the disk is full, if nothing is removed",
            ),
            ((Some(5_000 * MIB), Some(MIB)), "room for years"),
        ];
        for ((room, per_day), expected) in cases {
            assert_eq!(forecast(room, per_day), expected);
        }
    }
}
