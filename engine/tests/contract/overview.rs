//! How a period went, from the minutes that the writer keeps.

use engine::event::EventStatus;
use engine::event::repair::{Repair, repair};
use engine::stats::overview::{self, Range, Totals};
use serde_json::json;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_period_tells_what_came_how_it_ended_and_who_took_part,
    what_somebody_does_by_hand_is_no_latency,
    what_was_before_the_period_is_only_compared_with,
);

fn workflow(name: &str, event_type: &str, url: &str) -> String {
    format!(
        "name: {name}\ntriggers: [{{ eventType: \"{event_type}\" }}]\nsteps:\n  - id: call\n    \
         http: {{ url: \"{url}\" }}\n    retry: {{ attempts: 1 }}\n"
    )
}

async fn a_period_tells_what_came_how_it_ended_and_who_took_part(database: Database) {
    let (running, well, broken) =
        (database.start().await, Sink::start().await, Sink::start().await);
    broken.answers(500);
    running.apply(&workflow("well", "order.created", &well.url)).await;
    running.apply(&workflow("broken", "order.lost", &broken.url)).await;
    for number in 0..3 {
        let id = running.order(number).await.id;
        running.reaches(id, EventStatus::Processed).await;
    }
    let lost = json!({ "eventType": "order.lost", "source": "till", "payload": {} });
    let id = running.send(lost).await.id;
    let failed = running.reaches(id, EventStatus::Failed).await;
    let quiet = json!({ "eventType": "stock.counted", "source": "till", "payload": {} });
    running.send(quiet).await;

    for range in Range::ALL {
        let seen = overview::current(&running.engine, range).await.unwrap();
        let totals = Totals { accepted: 5, processed: 4, failed: 1 };
        assert_eq!((seen.totals, seen.before), (totals, Totals::default()), "{range:?}");
        let (slots, _) = range.slots();
        assert_eq!(seen.course.len(), slots);
        let settled: i64 = seen.course.iter().map(|slot| slot.totals.processed).sum();
        assert_eq!(settled, 4);
        assert!(seen.course.iter().any(|slot| slot.latency.is_some()));
        assert!(seen.latency.is_some() && seen.latency_before.is_none());
        let types: Vec<_> =
            seen.types.iter().map(|line| (line.name.as_str(), line.totals.accepted)).collect();
        assert_eq!(types, [("order.created", 3), ("order.lost", 1), ("stock.counted", 1)]);
        assert_eq!(seen.types[0].course.iter().sum::<i64>(), 3);
        let sources: Vec<_> =
            seen.sources.iter().map(|line| (line.name.as_str(), line.totals.failed)).collect();
        assert_eq!(sources, [("shop", 0), ("till", 1)]);
        let mut workflows: Vec<_> = seen
            .workflows
            .iter()
            .map(|line| (line.name.as_str(), line.runs, line.failed))
            .collect();
        workflows.sort_unstable();
        assert_eq!(workflows, [("broken", 1, 1), ("well", 3, 0)]);
        assert_eq!(seen.oldest_dead_letter, failed.row.processed_at);
        assert!(seen.size.database > 0);
    }
}

async fn what_somebody_does_by_hand_is_no_latency(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    sink.answers(500);
    running.apply(&workflow("broken", "order.lost", &sink.url)).await;
    let mut lost = Vec::new();
    for _ in 0..2 {
        let event = json!({ "eventType": "order.lost", "source": "till", "payload": {} });
        let id = running.send(event).await.id;
        running.reaches(id, EventStatus::Failed).await;
        lost.push(id);
    }
    let [.., longest] =
        overview::current(&running.engine, Range::Hour).await.unwrap().latency.unwrap();
    let an_hour_ago = "UPDATE events SET received_at = received_at - 3600000";
    execute(&running, an_hour_ago.into()).await;

    let engine = &running.engine;
    repair(engine, lost[0], Repair::MarkProcessed).await.unwrap();
    sink.answers(200);
    repair(engine, lost[1], Repair::Retry).await.unwrap();
    running.reaches(lost[1], EventStatus::Processed).await;
    // Another range: what was read is kept for a moment.
    let seen = overview::current(engine, Range::Day).await.unwrap();
    assert_eq!(seen.totals.processed, 2);
    let [.., after] = seen.latency.unwrap();
    assert!(after < 60_000, "{after} ms, and {longest} ms before anybody came");
}

/// A minute of the past, as the writer left it.
async fn past(running: &Running, minutes: i64) {
    let minute = running.engine.now().minute() - minutes;
    let sql = format!(
        "INSERT INTO event_rollups (minute, event_type, source, accepted, processed, failed)
         VALUES ({minute}, 'order.old', 'shop', 10, 7, 3)"
    );
    execute(running, sql).await;
}

async fn execute(running: &Running, sql: String) {
    let change = engine::store::Change::new(move |transaction| {
        let sql = sql.clone();
        Box::pin(async move {
            sea_orm::ConnectionTrait::execute_unprepared(transaction, &sql).await?;
            Ok(())
        })
    });
    running.engine.store.writer.change(change).await.unwrap();
}

async fn what_was_before_the_period_is_only_compared_with(database: Database) {
    let running = database.start().await;
    running.order(1).await;
    // Well inside the stretch before the hour, and outside of both.
    past(&running, 90).await;
    past(&running, 150).await;
    let hour = overview::current(&running.engine, Range::Hour).await.unwrap();
    assert_eq!(hour.totals, Totals { accepted: 1, processed: 1, failed: 0 });
    assert_eq!(hour.before, Totals { accepted: 10, processed: 7, failed: 3 });
    let day = overview::current(&running.engine, Range::Day).await.unwrap();
    assert_eq!(day.totals, Totals { accepted: 21, processed: 15, failed: 6 });
    assert_eq!(day.types[0].name, "order.old");
}
