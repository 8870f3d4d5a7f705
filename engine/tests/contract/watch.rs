//! Watching: in the order of commits, and resumed without a gap.

use std::collections::HashSet;

use engine::event::EventStatus;
use engine::event::repair::{Repair, repair};
use engine::live::{self, Cursor, Missed};

use crate::databases::Database;
use crate::on_both;

on_both!(
    changes_come_in_order_after_their_commit,
    whoever_comes_back_gets_what_it_missed,
    too_much_missed_asks_to_load_afresh,
);

async fn changes_come_in_order_after_their_commit(database: Database) {
    let running = database.start().await;
    let mut commits = running.engine.live.watch();
    let sent: Vec<_> = futures::future::join_all((0..50).map(|n| running.order(n))).await;
    let mut seen = Vec::new();
    while seen.len() < 50 {
        seen.extend(
            commits.recv().await.unwrap().iter().map(|change| (change.cursor.seq, change.row.id)),
        );
    }
    assert!(seen.is_sorted(), "{seen:?}");
    let sent: HashSet<_> = sent.into_iter().map(|accepted| accepted.id).collect();
    assert_eq!(seen.into_iter().map(|(_, id)| id).collect::<HashSet<_>>(), sent);
}

async fn whoever_comes_back_gets_what_it_missed(database: Database) {
    let running = database.start().await;
    let old = running.order(0).await.id;
    let seen = running.engine.live.cursor();
    let new = running.order(1).await.id;
    repair(&running.engine, old, Repair::MarkFailed).await.unwrap();
    let Missed::Changes(changes) = live::missed(&running.engine, seen).await.unwrap() else {
        panic!("too much")
    };
    let got: Vec<_> = changes.iter().map(|change| (change.row.id, change.row.status)).collect();
    assert_eq!(got, [(old, EventStatus::Failed), (new, EventStatus::Processed)]);
    let last = changes.last().unwrap().cursor;
    assert_eq!(last, running.engine.live.cursor(), "the last message carries all of it");
    let none = live::missed(&running.engine, last).await.unwrap();
    assert!(matches!(none, Missed::Changes(none) if none.is_empty()));

    running.engine.stop().await;
    // The lock of a SQLite folder goes with its engine.
    drop(running);
    let running = database.start().await;
    let Missed::Changes(changes) = live::missed(&running.engine, seen).await.unwrap() else {
        panic!("too much after the restart")
    };
    assert_eq!(changes.iter().map(|change| change.row.id).collect::<Vec<_>>(), [old, new]);
}

async fn too_much_missed_asks_to_load_afresh(database: Database) {
    let running = database.start().await;
    futures::future::join_all((0..1_100).map(|n| running.order(n))).await;
    let missed = live::missed(&running.engine, Cursor::default()).await.unwrap();
    assert!(matches!(missed, Missed::TooMuch(now) if now == running.engine.live.cursor()));
    let future = Cursor { seq: 1_000_000, change: 0 };
    assert!(matches!(live::missed(&running.engine, future).await.unwrap(), Missed::TooMuch(_)));
}
