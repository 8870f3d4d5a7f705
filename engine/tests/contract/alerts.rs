//! Alerts fire, are told once, are told again when nobody answered, and are over.

use std::sync::Arc;
use std::time::Duration;

use engine::alert::deliver::Couriers;
use engine::alert::rule::{self, NewRule};
use engine::alert::{AlertError, ChannelKind, Condition, State, Window, channel, watch};
use engine::event::repair::{Repair, repair};
use engine::id::SystemRandom;
use engine::retention::forget::forget;
use engine::store::Change;
use engine::time::{ManualClock, Timestamp};
use engine::{Engine, Environment};
use sea_orm::ConnectionTrait;

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_rule_fires_is_told_once_and_is_over,
    absence_is_seen_by_a_turned_clock,
    a_window_covers_all_that_was_asked,
    an_absence_lasts_as_long_as_its_window,
    a_message_that_does_not_arrive_is_tried_again,
    two_nodes_tell_a_turn_once,
    a_channel_that_hangs_keeps_nobody_else_waiting,
    a_channel_is_told_one_message_after_another,
    what_was_told_long_ago_is_forgotten,
    a_rule_is_muted_no_longer_than_was_said,
    a_rule_that_is_changed_is_read_anew,
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

/// Brings all that is due.
async fn deliver(engine: &Engine) {
    let mut couriers = Couriers::default();
    couriers.send(engine).await.unwrap();
    couriers.back().await;
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
        deliver(engine).await;
    }
    assert_eq!(turns(engine).await, ["fires"]);
    assert_eq!(rule::find(engine, watched.id).await.unwrap().state, State::Firing);
    assert_eq!(engine::stats::current(engine).await.unwrap().alerts_firing, 1);
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
        deliver(engine).await;
    }
    assert_eq!(turns(engine).await, ["fires", "resolves"]);
    assert_eq!(engine::stats::current(engine).await.unwrap().alerts_firing, 0);
    assert_eq!(sink.bodies().len(), 2);
    assert!(channel::sent(engine, 10).await.unwrap().iter().all(|sent| sent.status == "delivered"));
}

async fn absence_is_seen_by_a_turned_clock(database: Database) {
    let (running, clock) = at_a_full_minute(&database).await;
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

/// An engine whose clock stands at the beginning of a minute.
async fn at_a_full_minute(database: &Database) -> (Running, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    (running, clock)
}

async fn a_window_covers_all_that_was_asked(database: Database) {
    // Failing at this second of a minute, read so many seconds later.
    for (second, later) in [(59, 2), (58, 59), (1, 59), (1, 60), (59, 60), (0, 60)] {
        let database = database.another().await;
        let (running, clock) = at_a_full_minute(&database).await;
        let engine = &running.engine;
        let window = Window(MINUTE);
        let (event_type, source) = (None, None);
        let failed = Condition::FailedEvents { over: 0, window, event_type, source };
        let failing = only(engine, failed).await;
        let (event_type, source) = (None, None);
        let rate =
            Condition::FailureRate { over_percent: 10, at_least: 1, window, event_type, source };
        let sharing = rule::create(engine, new("share", rate)).await.unwrap();
        clock.turn(second * 1_000);
        fail(&running, 1).await;
        clock.turn(later * 1_000);
        watch::evaluate(engine).await.unwrap();
        for made in [&failing, &sharing] {
            let found = rule::find(engine, made.id).await.unwrap();
            let case = format!("{} at :{second:02}, {later} s later", found.name);
            assert_eq!(found.state, State::Firing, "{case}: {:?}", found.value);
        }
        // And less than a minute more.
        clock.turn(60_000);
        watch::evaluate(engine).await.unwrap();
        let found = rule::find(engine, failing.id).await.unwrap();
        assert_eq!(found.value, Some(0.0), "at :{second:02}, {} s later", later + 60);
    }
}

async fn an_absence_lasts_as_long_as_its_window(database: Database) {
    for second in [1, 59] {
        let database = database.another().await;
        let (running, clock) = at_a_full_minute(&database).await;
        let engine = &running.engine;
        let window = Window(20 * MINUTE);
        only(engine, Condition::Absence { window, event_type: None, source: None }).await;
        clock.turn(second * 1_000);
        running.order(1).await;
        for passed in [19 * 60 + 1, 58, 1] {
            clock.turn(passed * 1_000);
            watch::evaluate(engine).await.unwrap();
            assert!(turns(engine).await.is_empty(), "an event at :{second:02} is not missed yet");
        }
        clock.turn(60_000);
        watch::evaluate(engine).await.unwrap();
        assert_eq!(turns(engine).await, ["fires"], "an event at :{second:02}");
    }
}

async fn a_message_that_does_not_arrive_is_tried_again(database: Database) {
    let (running, clock) = at_a_full_minute(&database).await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    sink.answers(500);
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "chat", ChannelKind::Slack, &sink.url).await.unwrap();
    fail(&running, 1).await;
    watch::evaluate(engine).await.unwrap();
    deliver(engine).await;
    let sent = || async { channel::sent(engine, 10).await.unwrap().remove(0) };
    let waiting = sent().await;
    assert_eq!((waiting.status.as_str(), waiting.attempts), ("waiting", 1));
    assert!(waiting.error.unwrap().contains("500"));
    deliver(engine).await;
    assert_eq!(sent().await.attempts, 1, "not before it is due");
    sink.answers(200);
    clock.turn(120_000);
    deliver(engine).await;
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
    tokio::join!(deliver(engine), deliver(engine));
    assert_eq!(turns(engine).await, ["fires"]);
    assert_eq!(sink.bodies().len(), 1);
}

/// Waits until so many messages have come.
async fn reached(sink: &Sink, messages: usize) {
    for _ in 0..1_000 {
        if sink.bodies().len() >= messages {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?} came in place of {messages} messages", sink.bodies());
}

/// Fires, and is over.
async fn fire_and_resolve(running: &Running, id: i64) {
    let engine = &running.engine;
    let event = running.order(id).await;
    for (mark, readings) in [(Repair::MarkFailed, 1), (Repair::MarkProcessed, 2)] {
        repair(engine, event.id, mark).await.unwrap();
        for _ in 0..readings {
            watch::evaluate(engine).await.unwrap();
        }
    }
}

async fn a_channel_that_hangs_keeps_nobody_else_waiting(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let (hole, good) = (Sink::start().await, Sink::start().await);
    hole.hangs();
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "a hole", ChannelKind::Webhook, &hole.url).await.unwrap();
    channel::create(engine, "good", ChannelKind::Slack, &good.url).await.unwrap();
    let mut couriers = Couriers::default();
    for (id, messages) in [(1, 2), (2, 4)] {
        fire_and_resolve(&running, id).await;
        couriers.send(engine).await.unwrap();
        reached(&good, messages).await;
        reached(&hole, 1).await;
    }
    assert_eq!(turns(engine).await, ["fires", "resolves", "fires", "resolves"]);
    assert_eq!((hole.bodies().len(), hole.open()), (1, 1), "one at a time");
    engine.stop().await;
    let sent = channel::sent(engine, 10).await.unwrap();
    let waiting: Vec<_> = sent.iter().filter(|sent| sent.status == "waiting").collect();
    assert_eq!(waiting.len(), 4, "{sent:?}");
    assert!(waiting.iter().all(|sent| sent.attempts == 0), "the end waits for no answer: {sent:?}");
}

async fn a_channel_is_told_one_message_after_another(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    sink.lingers();
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "ops", ChannelKind::Slack, &sink.url).await.unwrap();
    for id in 1..=3 {
        fire_and_resolve(&running, id).await;
    }
    deliver(engine).await;
    let over: Vec<_> = sink.bodies().iter().map(|body| body.contains("is over")).collect();
    assert_eq!(over, [false, true, false, true, false, true]);
    assert_eq!(sink.busiest(), 1);
}

const DAY: i64 = 24 * 3_600_000;

async fn what_was_told_long_ago_is_forgotten(database: Database) {
    let (running, clock) = at_a_full_minute(&database).await;
    let engine = &running.engine;
    let (sink, refuses) = (Sink::start().await, Sink::start().await);
    refuses.answers(500);
    only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "ops", ChannelKind::Slack, &sink.url).await.unwrap();
    channel::create(engine, "refuses", ChannelKind::Slack, &refuses.url).await.unwrap();
    fire_and_resolve(&running, 1).await;
    deliver(engine).await;
    // More than one transaction removes, from long before.
    let change = Change::new(|transaction| {
        let lines: Vec<_> = (0..1_200)
            .map(|number| format!("('alt_{number:026}', 'r', 'r', {number}, 'fires', 'x')"))
            .collect();
        Box::pin(async move {
            let sql = format!(
                "INSERT INTO alert_history (id, rule_id, rule_name, at, turn, message) VALUES {}",
                lines.join(", ")
            );
            transaction.execute_unprepared(&sql).await?;
            Ok(())
        })
    });
    engine.store.writer.change(change).await.unwrap();
    let kept = async || {
        let turns = rule::history(engine, 2_000).await.unwrap().len();
        let sent = channel::sent(engine, 100).await.unwrap();
        (turns, sent.iter().map(|sent| sent.status.clone()).collect::<Vec<_>>())
    };
    clock.turn(89 * DAY);
    forget(engine).await.unwrap();
    let (turns, sent) = kept().await;
    assert_eq!((turns, sent.len()), (2, 4), "{sent:?}");
    fire_and_resolve(&running, 2).await;
    clock.turn(2 * DAY);
    forget(engine).await.unwrap();
    // The two turns of then, what is on its way since then, and what is to be told of now.
    assert_eq!(kept().await, (2, vec!["waiting".to_owned(); 6]));
}

async fn a_rule_is_muted_no_longer_than_was_said(database: Database) {
    let (running, clock) = at_a_full_minute(&database).await;
    let engine = &running.engine;
    let sink = Sink::start().await;
    let watched = only(engine, Condition::DeadLetters { over: 0 }).await;
    channel::create(engine, "ops", ChannelKind::Slack, &sink.url).await.unwrap();
    let until = engine.now().plus(60 * MINUTE);
    rule::mute(engine, watched.id, Some(until)).await.unwrap();
    fail(&running, 1).await;
    for (minutes, muted, told) in [(59, Some(until), 0), (1, None, 1)] {
        clock.turn(minutes * 60_000);
        watch::evaluate(engine).await.unwrap();
        deliver(engine).await;
        let found = rule::find(engine, watched.id).await.unwrap();
        assert_eq!((found.muted_until, found.state), (muted, State::Firing));
        assert_eq!(sink.bodies().len(), told, "{:?}", sink.bodies());
    }
}

async fn a_rule_that_is_changed_is_read_anew(database: Database) {
    let running = database.start().await;
    let engine = &running.engine;
    let watched = only(engine, Condition::DeadLetters { over: 0 }).await;
    fail(&running, 1).await;
    watch::evaluate(engine).await.unwrap();
    assert_eq!(rule::find(engine, watched.id).await.unwrap().value, Some(1.0));
    let slow = Condition::Latency { percentile: 99, over: Window(MINUTE), window: Window(MINUTE) };
    let changed = rule::replace(engine, watched.id, new("slow", slow)).await.unwrap();
    assert_eq!(
        (changed.state, changed.value),
        (State::Quiet, None),
        "one dead letter is no second"
    );
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
