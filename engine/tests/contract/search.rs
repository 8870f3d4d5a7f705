//! Events are found by what their payloads say, on both databases alike, for as long as they are there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::event::repair::{Repair, repair};
use engine::event::{EventFilter, Pattern, read};
use engine::id::SystemRandom;
use engine::retention::{self, Rule, Settled, sweep};
use engine::search::{Search, index, retain};
use engine::store::{Accepted, Change};
use engine::time::{ManualClock, Timestamp};
use engine::{Engine, Environment};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::databases::{Database, Running};
use crate::on_both;

on_both!(
    words_and_values_are_found,
    a_search_goes_with_other_filters_page_by_page,
    what_is_removed_is_not_found_any_more,
    the_index_goes_on_where_it_stopped,
    the_index_and_the_payloads_agree,
);

async fn send(running: &Running, payload: Value) -> Accepted {
    running.send(json!({ "eventType": "a.b", "source": "shop", "payload": payload })).await
}

fn filter(search: &str) -> EventFilter {
    EventFilter { search: Some(Search::parse(search).unwrap()), ..EventFilter::default() }
}

/// The numbers of what is found, once the index has come to it.
async fn found(engine: &Engine, filter: &EventFilter) -> Vec<i64> {
    index::catch_up(engine).await.unwrap();
    let page = read::list(engine, filter, None, 500).await.unwrap();
    page.rows.iter().map(|row| row.seq).collect()
}

async fn words_and_values_are_found(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let ann = send(
        &running,
        json!({ "customer": { "email": "ann@example.com" }, "total": 12, "note": "It's a \\ \"box\"" }),
    )
    .await;
    let bob =
        send(&running, json!({ "customer": { "email": "bob@example.com" }, "total": 120 })).await;
    let (ann, bob) = (running.get(ann.id).await.row.seq, running.get(bob.id).await.row.seq);
    for (search, expected) in [
        ("example", vec![bob, ann]),
        ("exam", vec![bob, ann]),
        ("BOX", vec![ann]),
        ("example box", vec![ann]),
        ("total = 12", vec![ann]),
        ("total = 12*", vec![bob, ann]),
        ("customer.email = \"BOB@example.com\"", vec![bob]),
        ("note = it's*", vec![ann]),
        ("total = 12 bob", vec![]),
        ("email = ann@example.com", vec![]),
    ] {
        assert_eq!(found(engine, &filter(search)).await, expected, "{search}");
    }
    let progress = index::progress(engine).await.unwrap();
    assert_eq!((progress.behind, progress.indexed_to), (0, None));
}

async fn a_search_goes_with_other_filters_page_by_page(database: Database) {
    let running = database.start().await;
    for number in 0..60 {
        let kind = ["order.created", "order.paid", "push"][number % 3];
        let payload = json!({ "number": number, "even": number % 2 == 0 });
        running.send(json!({ "type": kind, "source": "shop", "data": payload })).await;
    }
    index::catch_up(&running.engine).await.unwrap();
    let orders = EventFilter {
        event_type: Some(Pattern::parse("*.created").unwrap()),
        ..filter("even = true")
    };
    let (mut seqs, mut before) = (Vec::new(), None);
    loop {
        let page = read::list(&running.engine, &orders, before, 3).await.unwrap();
        assert!(page.rows.len() == 3 || page.next.is_none());
        seqs.extend(page.rows.iter().map(|row| row.seq));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seqs.len(), 10);
    assert!(seqs.is_sorted_by(|newer, older| newer > older), "{seqs:?}");
    assert_eq!(found(&running.engine, &filter("number")).await.len(), 60, "a key is a word");
    let other = EventFilter { source: Some("bank".into()), ..filter("number") };
    assert!(found(&running.engine, &other).await.is_empty());
}

async fn what_is_removed_is_not_found_any_more(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    let engine = &running.engine;
    let here = filter("here = true");
    let (first, second) = (
        send(&running, json!({ "here": true })).await,
        send(&running, json!({ "here": true })).await,
    );
    assert_eq!(found(engine, &here).await.len(), 2);
    repair(engine, first.id, Repair::Delete).await.unwrap();
    assert_eq!(found(engine, &here).await, [running.get(second.id).await.row.seq]);
    // One that goes before the index has come to it is not waited for.
    let third = send(&running, json!({ "here": true })).await;
    repair(engine, third.id, Repair::Delete).await.unwrap();
    assert_eq!(found(engine, &here).await.len(), 1);
    assert_eq!(index::behind(engine), 0);

    clock.turn(3 * 86_400_000);
    let keep = Duration::from_secs(86_400);
    let rule = Rule { status: Settled::Processed, source: None, keep };
    retention::set(engine, rule).await.unwrap();
    assert_eq!(sweep::sweep(engine).await.unwrap(), 1);
    assert!(found(engine, &here).await.is_empty());
    assert!(indexed(engine).await.is_empty(), "nothing is left in the index");
}

/// What the index holds, whether or not the events are there.
async fn indexed(engine: &Engine) -> Vec<i64> {
    let seqs = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&seqs);
    let look = Change::new(move |transaction| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            let sql = "SELECT rowid FROM event_search ORDER BY rowid";
            let ask = Statement::from_string(transaction.get_database_backend(), sql);
            let rows = transaction.query_all_raw(ask).await?;
            let seqs = rows.iter().map(|row| row.try_get_by_index::<i64>(0));
            *seen.lock().unwrap() = seqs.collect::<Result<Vec<_>, _>>()?;
            Ok(())
        })
    });
    engine.store.writer.change(look).await.unwrap();
    seqs.lock().unwrap().clone()
}

async fn the_index_goes_on_where_it_stopped(database: Database) {
    let mut sent = Vec::new();
    for round in 0..3 {
        let running = database.start().await;
        for _ in 0..60 {
            let accepted = send(&running, json!({ "round": round })).await;
            sent.push(running.get(accepted.id).await.row.seq);
        }
        // It stops wherever it is.
        running.engine.stop().await;
    }
    let running = database.start().await;
    assert_eq!(found(&running.engine, &filter("round = 1")).await.len(), 60);
    assert_eq!(indexed(&running.engine).await, sent, "each once");
}

async fn the_index_and_the_payloads_agree(database: Database) {
    let running = database.start().await;
    let payloads = [
        json!("a'b \"c\" \\ d"),
        json!({ "k=v": "x", "a'b": ["Ünï", "ÇA VA", 1.0, -0.5e3, null, false] }),
        json!({ "long": "y".repeat(3_000), "nested": { "deep": [{ "er": "*" }] } }),
        json!({ "nul": "a\u{0}b", "line": "a\nb\tc", "emoji": "👍 ok" }),
        json!([]),
    ];
    for payload in payloads {
        send(&running, payload).await;
    }
    let all = read::list(&running.engine, &EventFilter::default(), None, 500).await.unwrap().rows;
    for text in [
        "a'b",
        "\"c\" d",
        "ünï",
        "ça",
        "\"k=v\" = x",
        "\"a'b\" = ünï",
        "\"a'b\" = 1",
        "\"a'b\" = -500",
        "\"a'b\" = null",
        "long = yyy*",
        "nested.deep.er = \"*\"",
        "nested.deep.er = *",
        "line = \"a b c\"",
        "emoji = \"👍 ok\"",
        "nul = \"a b\"",
        "ok",
    ] {
        let search = Search::parse(text).unwrap();
        let expected = retain(&running.engine, &search, all.clone()).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|row| row.seq).collect();
        assert!(!expected.is_empty(), "{text}");
        let filter = EventFilter { search: Some(search), ..EventFilter::default() };
        assert_eq!(found(&running.engine, &filter).await, expected, "{text}");
    }
}
