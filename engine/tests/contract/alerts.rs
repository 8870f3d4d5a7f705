//! Alerts fire, are told once, are told again when nobody answered, and are over.

use std::sync::Arc;
use std::time::Duration;

use engine::alert::rule::{self, NewRule};
use engine::alert::{AlertError, ChannelKind, Condition, State, Window, channel, watch};
use engine::event::repair::{Repair, repair};
use engine::id::SystemRandom;
use engine::time::{ManualClock, Timestamp};
use engine::{Engine, Environment};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_rule_fires_is_told_once_and_is_over,
    absence_is_seen_by_a_turned_clock,
    a_message_that_does_not_arrive_is_tried_again,
    two_nodes_tell_a_turn_once,
    a_rule_that_makes_no_sense_is_refused,
);

const MINUTE: Duration = Duration::from_secs(60);

fn new(name: &str, condition: Condition) -> NewRule {
    NewRule { name: name.into(), condition, repeat: 60 * MINUTE }
}

/// Rules that come with the schema would speak too.
async fn only(engine: &Engine, condition: Condition) -> engine::alert::Rule {
    for known in rule::list(engine).await.unwrap() {
        rule::delete(engine, known.id).await.unwrap();
    }
    rule::create(engine, new("watched", condition)).await.unwrap()
}

async fn turns(engine: &Engine) -> Vec<String> {
    let mut told: Vec<_> =
        rule::history(engine, 100).await.unwrap().into_iter().map(|told| told.turn).collect();
    told.reverse();
    told
}

async fn fail(running: &Running, id: i64) {
    let event = running.order(id).await;
    repair(&running.engine, event.id, Repair::MarkFailed).await.unwrap();
}

async fn a_rule_fires_is_told_once_and_is_over(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    let watched = only(engine, Condition::DeadLetters { over: 1 }).await;
    let made = channel::create(engine, "ops", ChannelKind::Webhook, &sink.url).await.unwrap();
    assert!(made.1.unwrap().starts_with("whsec_"));
    watch::evaluate(engine).await.unwrap();
    assert!(turns(engine).await.is_empty(), "nothing has failed");

    for id in 1..=2 {
        fail(&running, id).await;
    }
    for _ in 0..3 {
        watch::evaluate(engine).await.unwrap();
        watch::deliver(engine).await.unwrap();
    }
    assert_eq!(turns(engine).await, ["fires"]);
    assert_eq!(rule::find(engine, watched.id).await.unwrap().state, State::Firing);
    let told = sink.bodies();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2 dead letters wait"), "{}", told[0]);

    for event in
        engine::event::read::list(engine, &Default::default(), None, 10).await.unwrap().rows
    {
        repair(engine, event.id, Repair::MarkProcessed).await.unwrap();
    }
    for _ in 0..3 {
        watch::evaluate(engine).await.unwrap();
        watch::deliver(engine).await.unwrap();
    }
    assert_eq!(turns(engine).await, ["fires", "resolves"]);
    assert_eq!(sink.bodies().len(), 2);
    assert!(channel::sent(engine, 10).await.unwrap().iter().all(|sent| sent.status == "delivered"));
}

async fn absence_is_seen_by_a_turned_clock(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    let engine = &running.engine;
    let window = Window(20 * MINUTE);
    only(engine, Condition::Absence { window, event_type: Some("order.*".into()), source: None })
        .await;
    let pass = async |minutes: i64| {
        clock.turn(minutes * 60_000);
        watch::evaluate(engine).await.unwrap();
    };
    pass(10).await;
    assert!(turns(engine).await.is_empty(), "the rule is younger than its window");
    running.order(1).await;
    pass(15).await;
    assert!(turns(engine).await.is_empty(), "one came 15 minutes ago");
    pass(10).await;
    assert_eq!(turns(engine).await, ["fires"]);
    running.order(2).await;
    pass(0).await;
    pass(1).await;
    assert_eq!(turns(engine).await, ["fires", "resolves"]);
}

async fn a_message_that_does_not_arrive_is_tried_again(database: Database) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    sink.answers(500);
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "chat", ChannelKind::Slack, &sink.url).await.unwrap();
    fail(&running, 1).await;
    watch::evaluate(engine).await.unwrap();
    watch::deliver(engine).await.unwrap();
    let sent = || async { channel::sent(engine, 10).await.unwrap().remove(0) };
    let waiting = sent().await;
    assert_eq!((waiting.status.as_str(), waiting.attempts), ("waiting", 1));
    assert!(waiting.error.unwrap().contains("500"));
    watch::deliver(engine).await.unwrap();
    assert_eq!(sent().await.attempts, 1, "not before it is due");
    sink.answers(200);
    clock.turn(120_000);
    watch::deliver(engine).await.unwrap();
    let arrived = sent().await;
    assert_eq!((arrived.status.as_str(), arrived.attempts), ("delivered", 2));
    assert!(sink.bodies().last().unwrap().contains("\"text\""), "{:?}", sink.bodies());
}

async fn two_nodes_tell_a_turn_once(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "ops", ChannelKind::Webhook, &sink.url).await.unwrap();
    fail(&running, 1).await;
    let both = tokio::join!(watch::evaluate(engine), watch::evaluate(engine));
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    let both = tokio::join!(watch::deliver(engine), watch::deliver(engine));
    assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
    assert_eq!(turns(engine).await, ["fires"]);
    assert_eq!(sink.bodies().len(), 1);
}

async fn a_rule_that_makes_no_sense_is_refused(database: Database) {
    let running = database.start().await;
    let engine = Arc::new(running.engine);
    let window = Window(5 * MINUTE);
    let bad = |event_type: &str| Condition::FailedEvents {
        over: 1,
        window,
        event_type: Some(event_type.into()),
        source: None,
    };
    for (name, condition) in [
        ("", Condition::DeadLetters { over: 1 }),
        ("pattern", bad("order..x")),
        (
            "percent",
            Condition::FailureRate {
                over_percent: 100,
                at_least: 1,
                window,
                event_type: None,
                source: None,
            },
        ),
        ("window", Condition::Latency { percentile: 99, over: window, window: Window(MINUTE / 2) }),
        ("percentile", Condition::Latency { percentile: 100, over: window, window }),
    ] {
        let made = rule::create(&engine, new(name, condition)).await;
        assert!(matches!(made, Err(AlertError::Name | AlertError::Invalid(_))), "{name}: {made:?}");
    }
    let far = channel::create(&engine, "x", ChannelKind::Webhook, "ftp://x").await;
    assert!(matches!(far, Err(AlertError::Invalid(_))), "{far:?}");
    let mail = channel::create(&engine, "x", ChannelKind::Email, "ops@acme.dev").await;
    assert!(matches!(mail, Err(AlertError::Invalid(text)) if text.contains("SLUICE_SMTP_URL")));
}
