//! What a definition says, as it is carried out: templates in every text, and the bounds of them.

use engine::event::envelope;
use engine::event::read::EventRecord;
use engine::event::{EventFilter, EventStatus, Headers, read};
use engine::intake;
use engine::run::RunStatus;
use engine::workflow::explain::Reason;
use engine::workflow::versions;
use serde_json::{Value, json};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::Sink;

on_both!(
    an_event_is_emitted_under_the_type_that_its_template_says,
    a_text_goes_out_as_it_is_where_the_step_says_what_it_is,
    a_value_that_doubles_at_each_step_is_stopped,
    a_filter_that_never_ends_refuses_no_event,
    a_payload_that_cannot_be_read_is_a_dead_letter,
);

fn workflow(trigger: &str, steps: &str) -> String {
    format!("name: w\ntriggers:\n  - {trigger}\nsteps:\n{steps}\n")
}

async fn send(running: &Running, event_type: &str, payload: &str) -> EventRecord {
    let body = format!(r#"{{"eventType":"{event_type}","source":"shop","payload":{payload}}}"#);
    let new = envelope::parse(body.as_bytes()).unwrap();
    let accepted =
        intake::ingest(&running.engine, &running.key, new, Headers::default(), None).await;
    running.get(accepted.unwrap().id).await
}

async fn an_event_is_emitted_under_the_type_that_its_template_says(database: Database) {
    let running = database.start().await;
    let emit = r#"  - { id: tell, emit: { eventType: "told.${input.kind}", payload: 1 } }"#;
    running.apply(&workflow("{ eventType: order.* }", emit)).await;
    let sent = send(&running, "order.made", r#"{"kind":"large"}"#).await;
    let record = running.reaches(sent.row.id, EventStatus::Processed).await;
    assert_eq!(record.runs[0].status, RunStatus::Succeeded);
    let all = read::list(&running.engine, &EventFilter::default(), None, 10).await.unwrap();
    let types: Vec<_> = all.rows.iter().map(|row| row.event_type.as_str()).collect();
    assert_eq!(types, ["told.large", "order.made"]);

    let sent = send(&running, "order.made", r#"{"kind":"very large"}"#).await;
    let error = running.reaches(sent.row.id, EventStatus::Failed).await.row.error.unwrap();
    assert_eq!(error.exhausted_retry_condition.as_deref(), Some("permanent"));
    assert_eq!(error.step.as_deref(), Some("tell"));
    assert!(error.error_message.starts_with("eventType: an event type cannot contain ' '"));
}

async fn a_text_goes_out_as_it_is_where_the_step_says_what_it_is(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    let call = |id: &str, kind: &str, body: &str| {
        let http = json!({ "url": sink.url, "headers": { "content-type": kind }, "body": body });
        format!("  - {}", json!({ "id": id, "http": http }))
    };
    let steps = [
        call("plain", "text/plain", "order ${input.id}: \"${input.name}\"\n"),
        call("form", "application/x-www-form-urlencoded", "id=${input.id}"),
        call("json", "application/json", "order ${input.id}"),
        call("whole", "text/plain", "${input}"),
    ];
    running.apply(&workflow("{ eventType: order.* }", &steps.join("\n"))).await;
    let sent = send(&running, "order.made", r#"{"id":7,"name":"Ada"}"#).await;
    running.reaches(sent.row.id, EventStatus::Processed).await;
    let bodies = sink.bodies();
    assert_eq!(bodies[..3], ["order 7: \"Ada\"\n", "id=7", "\"order 7\""]);
    assert_eq!(
        serde_json::from_str::<Value>(&bodies[3]).unwrap(),
        json!({ "id": 7, "name": "Ada" })
    );
}

async fn a_value_that_doubles_at_each_step_is_stopped(database: Database) {
    let running = database.start().await;
    let mut steps = vec!["  - { id: s0, transform: 0123456789abcdef }".to_owned()];
    steps.extend((1..=30).map(|number| {
        let before = format!("steps.s{}.output", number - 1);
        format!("  - {{ id: s{number}, transform: \"${{{before} + {before}}}\" }}")
    }));
    running.apply(&workflow("{ eventType: order.* }", &steps.join("\n"))).await;
    let sent = send(&running, "order.made", "1").await;
    let error = running.reaches(sent.row.id, EventStatus::Failed).await.row.error.unwrap();
    assert_eq!(error.exhausted_retry_condition.as_deref(), Some("permanent"));
    assert_eq!(error.step.as_deref(), Some("s19"), "{}", error.error_message);
    assert!(error.error_message.contains("its values make more than 8 MiB"));
}

async fn a_filter_that_never_ends_refuses_no_event(database: Database) {
    let running = database.start().await;
    let a = "event.payload";
    let filter = format!("{a}.all(x, {a}.all(y, {a}.all(z, x + y + z >= 0)))");
    let trigger = format!("{{ eventType: order.*, filter: '{filter}' }}");
    running.apply(&workflow(&trigger, "  - { id: s, transform: 1 }")).await;
    let thousand = json!((0..1_000).collect::<Vec<_>>()).to_string();
    let record = send(&running, "order.made", &thousand).await;
    assert_eq!((record.row.status, record.runs.len()), (EventStatus::Processed, 0));
    let why = versions::explain(&running.engine, &record).await.unwrap();
    let Reason::Filter { saw, .. } = &why[0].reason else { panic!("{why:?}") };
    assert!(saw.value.as_ref().is_err_and(|said| said.contains("too many steps")), "{saw:?}");
    let few = send(&running, "order.made", "[1, 2, 3]").await;
    assert_eq!(running.reaches(few.row.id, EventStatus::Processed).await.runs.len(), 1);
}

async fn a_payload_that_cannot_be_read_is_a_dead_letter(database: Database) {
    let (running, sink) = (database.start().await, Sink::start().await);
    let call = format!("  - {{ id: s, http: {{ url: \"{}\", body: \"${{input}}\" }} }}", sink.url);
    running.apply(&workflow("{ eventType: order.* }", &call)).await;
    for payload in [r#"{"data":1e400}"#, r#"{"data":"\ud83d"}"#] {
        let sent = send(&running, "order.made", payload).await;
        let record = running.reaches(sent.row.id, EventStatus::Failed).await;
        assert_eq!(&*record.payload, payload, "kept byte for byte");
        let error = record.row.error.unwrap();
        assert!(error.error_message.starts_with("the payload cannot be read: "), "{error:?}");
        assert_eq!(error.exhausted_retry_condition.as_deref(), Some("permanent"));
    }
    assert_eq!(sink.bodies(), Vec::<String>::new(), "nothing else was sent instead");
}
