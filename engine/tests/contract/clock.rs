//! The wall clock is set or stands still, and every timer rings when its time has passed.

use engine::Environment;
use engine::event::EventStatus;
use engine::id::{EventId, SystemRandom};
use engine::run::{RunStatus, read, trial};
use engine::store::health;
use engine::time::{Clock, ManualClock, Timestamp};
use sea_orm::{ConnectionTrait, Statement};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    a_wall_that_is_set_rings_nothing_early_and_leaves_nothing_out,
    a_wall_that_stands_still_holds_nothing_up,
    a_wall_that_is_set_takes_no_run_from_who_works_on_it,
    proving_that_the_writer_commits_writes_a_row,
    what_is_under_way_is_not_claimed_from_oneself,
);

const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;

const WAIT: &str = "name: wait\ntriggers: [{ eventType: order.* }]\nsteps:\n  - id: wait\n    delay: { for: 10m }\n  \
                    - id: then\n    transform: 1\n";
const CALL: &str =
    "name: call\ntriggers: [{ eventType: order.* }]\nsteps: [{ id: a, http: { url: \"URL\" } }]";
const CANARY: &str =
    "name: canary\ntriggers: [{ eventType: none }]\nsteps: [{ id: a, transform: 1 }]";

fn clock() -> (ManualClock, Environment) {
    let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
    (clock.clone(), Environment::new(clock, SystemRandom))
}

async fn waiting(running: &Running) -> EventId {
    let event = running.order(1).await.id;
    while running.get(event).await.runs[0].status != RunStatus::Waiting {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    event
}

/// Comes back when the worker has taken from the queue what is due by now: a run that was put into it last
/// has been worked off.
async fn all_due_is_taken(running: &Running, event: EventId) {
    let workflows = running.engine.workflows.current();
    let canary = workflows.workflows().iter().find(|it| it.definition.name == "canary").unwrap();
    let id = trial::on_event(&running.engine, canary, event).await.unwrap();
    for _ in 0..1_000 {
        if read::get(&running.engine, id).await.unwrap().run.status == RunStatus::Succeeded {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nothing is taken from the queue");
}

async fn is_waiting(running: &Running, event: EventId) -> bool {
    all_due_is_taken(running, event).await;
    running.get(event).await.runs[0].status == RunStatus::Waiting
}

async fn a_wall_that_is_set_rings_nothing_early_and_leaves_nothing_out(database: Database) {
    for jump in [HOUR, -HOUR, YEAR, -YEAR] {
        let (clock, environment) = clock();
        let running = database.start_with(environment).await;
        running.apply(WAIT).await;
        running.apply(CANARY).await;
        let event = waiting(&running).await;
        clock.set(clock.now().millis() + jump);
        clock.turn(2 * SECOND);
        assert!(is_waiting(&running, event).await, "{jump}: two seconds have passed");
        let left = running.get(event).await.runs[0].due_at.unwrap().millis() - clock.now().millis();
        assert_eq!(left, 598 * SECOND, "what is shown is what the wall will show");
        clock.turn(597 * SECOND);
        assert!(is_waiting(&running, event).await, "{jump}: a second is left");
        clock.turn(SECOND);
        running.reaches(event, EventStatus::Processed).await;
        running.engine.stop().await;
    }
}

async fn a_wall_that_stands_still_holds_nothing_up(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    running.apply(WAIT).await;
    running.apply(CANARY).await;
    let event = waiting(&running).await;
    for _ in 0..599 {
        clock.pass(SECOND);
        running.engine.environment.steady.now();
    }
    assert!(is_waiting(&running, event).await);
    clock.pass(2 * SECOND);
    running.reaches(event, EventStatus::Processed).await;
}

/// A run in the middle of a call that takes long.
async fn calling(database: &Database, environment: Environment) -> (Running, Sink, EventId) {
    let (running, sink) = (database.start_with(environment).await, Sink::start().await);
    sink.hangs();
    running.apply(&CALL.replace("URL", &sink.url)).await;
    running.apply(CANARY).await;
    let event = running.order(1).await.id;
    while sink.open() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    (running, sink, event)
}

async fn a_wall_that_is_set_takes_no_run_from_who_works_on_it(database: Database) {
    let (clock, environment) = clock();
    let (running, sink, event) = calling(&database, environment).await;
    for jump in [HOUR, -HOUR, YEAR] {
        clock.set(clock.now().millis() + jump);
        clock.turn(2 * SECOND);
        all_due_is_taken(&running, event).await;
    }
    assert_eq!(sink.bodies().len(), 1, "it was not begun again");
}

async fn what_is_under_way_is_not_claimed_from_oneself(database: Database) {
    let (clock, environment) = clock();
    let (running, sink, event) = calling(&database, environment).await;
    // The lease has run out before anybody could extend it.
    clock.turn(60 * SECOND);
    all_due_is_taken(&running, event).await;
    let due = running.get(event).await.runs[0].due_at.unwrap();
    assert!(due > clock.now(), "it is extended: {due}");
    sink.goes_on();
    let record = running.reaches(event, EventStatus::Processed).await;
    assert_eq!((record.runs[0].attempts.len(), sink.bodies().len()), (1, 1));
}

/// Nodes that share a Postgres keep no gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_goes_on_where_the_last_one_was() {
    let database = Database::sqlite();
    let (clock, mut environment) = clock();
    let mut event = None;
    // Each process sees the wall being set once.
    for jump in [HOUR, -YEAR, YEAR] {
        let running = database.start_with(environment).await;
        running.apply(WAIT).await;
        running.apply(CANARY).await;
        let event = match event {
            Some(event) => event,
            None => *event.insert(waiting(&running).await),
        };
        clock.set(clock.now().millis() + jump);
        clock.turn(100 * SECOND);
        assert!(is_waiting(&running, event).await, "{jump}");
        running.engine.stop().await;
        // No process sees this minute but by the wall.
        clock.turn(60 * SECOND);
        environment = Environment::new(clock.clone(), SystemRandom);
    }
    let running = database.start_with(environment).await;
    let event = event.unwrap();
    clock.turn(119 * SECOND);
    assert!(is_waiting(&running, event).await, "480 + 119 seconds");
    clock.turn(2 * SECOND);
    running.reaches(event, EventStatus::Processed).await;
}

/// A machine that begins in 1970, until a time server sets its clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_begins_in_1970_does_not_hold_timers_up() {
    let database = Database::sqlite();
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    running.apply(WAIT).await;
    running.apply(CANARY).await;
    let event = waiting(&running).await;
    clock.turn(300 * SECOND);
    running.engine.stop().await;
    drop(running);
    let right = clock.now().millis() + 30 * SECOND;
    clock.set(0);
    let running = database.start_with(Environment::new(clock.clone(), SystemRandom)).await;
    clock.set(right);
    clock.turn(298 * SECOND);
    assert!(is_waiting(&running, event).await);
    clock.turn(3 * SECOND);
    running.reaches(event, EventStatus::Processed).await;
}

async fn proving_that_the_writer_commits_writes_a_row(database: Database) {
    let (clock, environment) = clock();
    let running = database.start_with(environment).await;
    let written = async || {
        health::prove_writing(&running.engine).await.unwrap();
        let connection = database.connect().await;
        let sql = "SELECT at FROM steady_time";
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap()
    };
    let before = written().await;
    clock.turn(2 * SECOND);
    assert_eq!(written().await, before + 2 * SECOND);
}
