//! The numbers of the dashboard beside what is stored.

use engine::event::EventStatus;
use engine::stats::overview::{self, Range};
use engine::stats::{self, Stats};

use crate::databases::Database;
use crate::on_both;

on_both!(whoever_was_answered_is_counted, what_fails_later_is_counted_once,);

async fn whoever_was_answered_is_counted(database: Database) {
    let running = database.start().await;
    for number in 1..=20 {
        running.order(number).await;
        let counted = stats::current(&running.engine).await.unwrap();
        assert_eq!(counted.processed, number);
    }
    let hour = overview::current(&running.engine, Range::Hour).await.unwrap();
    assert_eq!((hour.totals.accepted, hour.totals.processed), (20, 20));
}

const FAIL: &str = "name: Fail
triggers: [{ eventType: order.created }]
steps: [{ id: fail, fail: { message: sold out } }]
";

async fn what_fails_later_is_counted_once(database: Database) {
    let running = database.start().await;
    running.order(1).await;
    running.apply(FAIL).await;
    let failed = running.order(2).await.id;
    running.reaches(failed, EventStatus::Failed).await;
    let Stats { pending, processing, processed, failed, .. } =
        stats::current(&running.engine).await.unwrap();
    assert_eq!((pending, processing, processed, failed), (0, 0, 1, 1));
}
