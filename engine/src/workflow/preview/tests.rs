//! What a definition would do with an event, told without doing it.

use std::sync::Arc;

use super::*;
use crate::event::EventType;
use crate::id::EventId;
use crate::time::Timestamp;

fn event(payload: &Json) -> Event {
    Event {
        id: EventId::new(1),
        event_id: "1".into(),
        event_type: EventType::parse("order.created").unwrap(),
        source: "shop".into(),
        subject: None,
        received_at: Timestamp::from_millis(0),
        occurred_at: None,
        payload: payload.to_string().into(),
        headers: Arc::new([]),
        replay_of: None,
        key_id: None,
    }
}

const STEPS: &str = r#"
name: w
triggers:
  - { eventType: invoice.*, input: 1 }
  - { eventType: order.*, filter: "event.payload.total > 100", input: { id: "${event.payload.id}" } }
steps:
  - id: shape
    transform: { order: "${input.id}", from: "${event.source}" }
  - id: notify
    http:
      url: "https://example.com/${input.id}"
      headers: { x-from: "${event.source}" }
      body: "${steps.shape.output}"
  - id: escalate
    when: steps.notify.output.status != 200
    emit: { eventType: order.escalated, payload: { status: "${steps.notify.output.status}", id: "${input.id}" } }
  - id: never
    when: input.id == 8
    delay: { for: 10m }
  - id: broken
    fail: { message: "no ${event.payload.missing}" }
"#;

#[test]
fn each_step_is_rendered_as_far_as_it_can_be_known() {
    let definition = Definition::parse(STEPS).unwrap();
    let preview = preview(&definition, &event(&json!({ "id": 7, "total": 120 })));
    assert_eq!(preview.triggers, [Reason::EventType, Reason::Matched]);
    assert_eq!((preview.by, preview.input.as_ref()), (1, Ok(&json!({ "id": 7 }))));
    let does: Vec<_> = preview.steps.iter().map(|step| step.does.clone()).collect();
    let order = json!({ "order": 7, "from": "shop" });
    assert_eq!(does[0], Ok(Does::Output(order.clone())));
    let call = Does::Call {
        method: "POST".into(),
        url: "https://example.com/7".into(),
        headers: vec![("x-from".into(), "shop".into())],
        body: Some(order),
    };
    assert_eq!(does[1], Ok(call));
    let emit = Does::Emit {
        event_type: "order.escalated".into(),
        subject: None,
        payload: json!({ "status": "${steps.notify.output.status}", "id": 7 }),
    };
    assert_eq!(does[2], Ok(emit));
    assert_eq!(
        (preview.steps[2].when, &*preview.steps[2].reads),
        (When::Depends, &["notify".into()][..])
    );
    assert_eq!((preview.steps[3].when, &does[3]), (When::LeftOut, &Ok(Does::Wait(600_000))));
    assert!(does[4].as_ref().unwrap_err().contains("no such field `missing`"), "{:?}", does[4]);
}

#[test]
fn an_event_that_starts_nothing_is_told_why_and_shown_by_the_first_trigger() {
    let definition = Definition::parse(STEPS).unwrap();
    let preview = preview(&definition, &event(&json!({ "id": 7, "total": 90 })));
    assert!(!preview.starts());
    let Reason::Filter { clause, saw } = &preview.triggers[1] else { panic!("{preview:?}") };
    assert_eq!((clause.as_str(), &saw.value), ("event.payload.total > 100", &Ok(json!(90))));
    assert_eq!((preview.by, preview.input), (0, Ok(json!(1))));
}

#[test]
fn what_an_expression_reads_is_found_in_its_text() {
    for (source, expected) in [
        ("steps.a.output", true),
        ("steps['a'].output", true),
        ("steps[\"a\"].output", true),
        ("steps[input.name].output", true),
        ("size(steps)", true),
        ("steps.ab.output", false),
        ("steps['b'].output", false),
        ("input.steps.a", false),
        ("mysteps.a", false),
    ] {
        assert_eq!(reads_step(source, "a"), expected, "{source}");
    }
    assert!(reads_secret("secret.TOKEN") && !reads_secret("input.secret"));
}
