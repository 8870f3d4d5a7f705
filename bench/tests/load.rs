//! The load generator against the bare handler: what it counts is what happened.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bench::bare;
use bench::load::{Plan, drive, start};
use tokio::net::TcpListener;

async fn plan(connections: usize) -> Plan {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(bare::serve(listener));
    Plan { length: Duration::from_millis(300), ..Plan::new(address, "key", connections) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_numbered_once_and_accounted_for() {
    let plan = Plan { remember: true, matched_every: 3, first: 100, ..plan(8).await };
    let outcome = drive(plan).await.unwrap();
    assert_eq!((outcome.refusals(), outcome.broken), (0, 0));
    assert_eq!(outcome.accepted, outcome.next - 100);
    let mut numbers: Vec<_> = outcome.acknowledged.iter().map(|a| a.number).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(100..outcome.next), "numbers repeat or are left out");
    assert!(outcome.percentile(50.0) > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_stops_when_asked() {
    let running = start(Plan { length: Duration::from_secs(60), ..plan(4).await });
    running.stop();
    assert!(running.finish().await.unwrap().took < Duration::from_secs(10));
}
