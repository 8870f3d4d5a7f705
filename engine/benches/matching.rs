//! What it costs to find the triggers that an event matches, among few and among many. `cargo xtask bench
//! match` prints it, and fails where it is more than was promised.

use std::error::Error;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::event::{Event, EventType, Headers};
use engine::id::{EventId, WorkflowId};
use engine::time::Timestamp;
use engine::workflow::{Definition, TriggerIndex, Workflow};
use serde_json::json;

/// The event matches these, whatever else there is.
const MATCHING: [&str; 3] = ["order.created.eu", "order.*.eu", "order.**"];
const SIZES: [usize; 4] = [3, 100, 1_000, 10_000];
const ROUNDS: usize = 9;
const MATCHES: u32 = 2_000;
/// With the most triggers.
const PROMISED: Duration = Duration::from_micros(20);

fn main() -> Result<(), Box<dyn Error>> {
    let event = event()?;
    let mut out = std::io::stdout();
    writeln!(out, "| triggers | ns for a match |\n|---|---|")?;
    let mut took = Duration::ZERO;
    for size in SIZES {
        let index = TriggerIndex::new(workflows(size)?);
        if index.matching(&event).len() != MATCHING.len() {
            return Err("the event matches something else than was meant".into());
        }
        took = median(&index, &event);
        writeln!(out, "| {size} | {} |", took.as_nanos())?;
    }
    match took <= PROMISED {
        true => Ok(()),
        false => Err(format!("a match takes {took:?}, and {PROMISED:?} were promised").into()),
    }
}

/// The time of one match in the middle round.
fn median(index: &TriggerIndex, event: &Event) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..MATCHES {
                black_box(index.matching(black_box(event)));
            }
            begun.elapsed() / MATCHES
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

/// Three that match, and others that share a part of their way with them.
fn workflows(size: usize) -> Result<Vec<Arc<Workflow>>, Box<dyn Error>> {
    let others = (MATCHING.len()..size).map(|number| match number % 3 {
        0 => format!("order.created.t{number}"),
        1 => format!("order.*.t{number}"),
        _ => format!("t{number}.**"),
    });
    let patterns = MATCHING.map(str::to_owned).into_iter().chain(others);
    patterns.enumerate().map(|(number, pattern)| workflow(number, &pattern)).collect()
}

fn workflow(number: usize, pattern: &str) -> Result<Arc<Workflow>, Box<dyn Error>> {
    let text = json!({
        "name": format!("w{number}"),
        "triggers": [{ "eventType": pattern, "filter": "event.payload.total > 100" }],
        "steps": [{ "id": "s", "transform": 1 }],
    });
    let made = Timestamp::from_millis(0);
    Ok(Arc::new(Workflow {
        id: WorkflowId::new(number as u128 + 1),
        version: 1,
        enabled: true,
        created_at: made,
        updated_at: made,
        definition: Definition::parse(&text.to_string())?,
    }))
}

/// Some 600 bytes of payload, as the ingest figures have.
fn event() -> Result<Event, Box<dyn Error>> {
    let line =
        |number: u32| json!({ "sku": format!("sku-{number}"), "count": number, "price": 12.5 });
    let payload = json!({
        "id": 4711,
        "total": 120,
        "customer": { "id": "cus_18", "name": "Ada Lovelace", "country": "GB" },
        "lines": (0..10).map(line).collect::<Vec<_>>(),
    });
    Ok(Event {
        id: EventId::new(1),
        event_id: "evt-1".into(),
        event_type: EventType::parse("order.created.eu")?,
        source: "shop".into(),
        subject: None,
        received_at: Timestamp::from_millis(0),
        occurred_at: None,
        payload: payload.to_string().into(),
        headers: Headers::default(),
        replay_of: None,
        key_id: None,
    })
}
