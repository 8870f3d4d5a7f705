//! The figures of a period.

use engine::Engine;
use engine::stats::overview::{self, Line as EngineLine, Range, Totals as EngineTotals};

use super::{
    convert::{number, time},
    fail, invalid,
};
use crate::ApiError;
use crate::model::Counts;
use crate::model::overview::{Latency, Line, Overview, Slot, Totals, WorkflowLine};

pub async fn get(engine: &Engine, range: &str) -> Result<Overview, ApiError> {
    let range: Range = range.parse().map_err(invalid)?;
    overview::current(engine, range).await.map(|seen| view(&seen)).map_err(fail)
}

pub fn view(seen: &overview::Overview) -> Overview {
    Overview {
        range: seen.range.as_str().to_owned(),
        from: time(seen.from),
        now: time(seen.now),
        slot_minutes: seen.range.slots().1.unsigned_abs(),
        counts: {
            let [pending, processing, processed, failed] = seen.events.map(number);
            Counts { pending, processing, processed, failed }
        },
        totals: totals(seen.totals),
        before: totals(seen.before),
        latency: seen.latency.map(latency),
        latency_before: seen.latency_before.map(latency),
        course: seen
            .course
            .iter()
            .map(|slot| Slot {
                from: time(slot.from),
                totals: totals(slot.totals),
                latency: slot.latency.map(latency),
            })
            .collect(),
        event_types: seen.types.iter().map(line).collect(),
        sources: seen.sources.iter().map(line).collect(),
        workflows: seen
            .workflows
            .iter()
            .map(|workflow| WorkflowLine {
                id: workflow.id.clone(),
                name: workflow.name.clone(),
                runs: number(workflow.runs),
                failed: number(workflow.failed),
                latency: latency(workflow.latency),
            })
            .collect(),
        oldest_dead_letter: seen.oldest_dead_letter.map(time),
        database_bytes: seen.size.database,
        log_bytes: seen.size.log,
        room_bytes: seen.growth.room,
        growth_bytes_per_day: seen.growth.per_day,
    }
}

fn totals(totals: EngineTotals) -> Totals {
    Totals {
        accepted: number(totals.accepted),
        processed: number(totals.processed),
        failed: number(totals.failed),
    }
}

fn latency([p50, p95, p99]: [i64; 3]) -> Latency {
    Latency { p50: number(p50), p95: number(p95), p99: number(p99) }
}

fn line(line: &EngineLine) -> Line {
    Line {
        name: line.name.clone(),
        totals: totals(line.totals),
        course: line.course.iter().map(|count| number(*count)).collect(),
    }
}
