//! Watching: in the order of commits, and resumed without a gap.

use std::collections::HashSet;

use engine::event::EventStatus;
use engine::event::repair::{Repair, repair};
use engine::live::{self, Cursor, Missed, Next};

use sea_orm::ConnectionTrait;

use crate::databases::Database;
use crate::on_both;

on_both!(
    changes_come_in_order_after_their_commit,
    whoever_comes_back_gets_what_it_missed,
    too_much_missed_asks_to_load_afresh,
    what_was_missed_comes_in_pages_the_oldest_first,
    changes_that_are_no_longer_known_are_told_once,
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

async fn what_was_missed_comes_in_pages_the_oldest_first(database: Database) {
    let running = database.start().await;
    let old = running.order(0).await.id;
    let mut since = running.engine.live.cursor();
    let mut expected = vec![old];
    for number in 1..=25 {
        expected.push(running.order(number).await.id);
    }
    repair(&running.engine, old, Repair::MarkFailed).await.unwrap();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let next = live::next(&running.engine, since, 10).await.unwrap();
        let Next::Page { changes, last, more } = next else { panic!("unknown after {since}") };
        seen.extend(changes.into_iter().map(|change| (change.cursor, change.row.id)));
        (since, pages) = (last, pages + 1);
        if !more {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(since, running.engine.live.cursor());
    assert_eq!(seen.iter().map(|(_, id)| *id).collect::<Vec<_>>(), expected);
    // Whoever has seen one of them gets the rest and nothing twice.
    for (number, (cursor, _)) in seen.iter().enumerate() {
        let next = live::next(&running.engine, *cursor, 100).await.unwrap();
        let Next::Page { changes, more: false, .. } = next else { panic!("after {cursor}") };
        let rest: Vec<_> = changes.into_iter().map(|change| change.row.id).collect();
        assert_eq!(rest, expected[number + 1..], "after {cursor}");
    }
}

async fn changes_that_are_no_longer_known_are_told_once(database: Database) {
    let running = database.start().await;
    let id = running.order(0).await.id;
    for _ in 0..3 {
        repair(&running.engine, id, Repair::MarkFailed).await.unwrap();
        repair(&running.engine, id, Repair::MarkProcessed).await.unwrap();
    }
    let now = running.engine.live.cursor();
    let since = Cursor { change: now.change - 5, ..now };
    let trimmed = format!("DELETE FROM event_changes WHERE id < {}", now.change - 1);
    database.connect().await.execute_unprepared(&trimmed).await.unwrap();
    let next = live::next(&running.engine, since, 10).await.unwrap();
    let Next::Unknown(on) = next else { panic!("they are gone") };
    let next = live::next(&running.engine, on, 10).await.unwrap();
    assert!(matches!(next, Next::Page { last, more: false, .. } if last == now));
    let future = Cursor { seq: now.seq + 1, ..now };
    let next = live::next(&running.engine, future, 10).await.unwrap();
    assert!(matches!(next, Next::Unknown(on) if on == now));
}
