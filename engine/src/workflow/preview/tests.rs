//! What a definition would do with an event, told without doing it.

use super::*;
use crate::event::{EventType, Headers};
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
        headers: Headers::default(),
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
    assert_eq!((preview.steps[3].when, &does[3]), (When::LeftOut, &Ok(Does::Wait(Some(600_000)))));
    assert!(does[4].as_ref().unwrap_err().contains("no such field `missing`"), "{:?}", does[4]);
}

#[test]
fn an_event_that_starts_nothing_is_told_why_and_shown_by_the_first_trigger() {
    let definition = Definition::parse(STEPS).unwrap();
    let preview = preview(&definition, &event(&json!({ "id": 7, "total": 90 })));
    assert!(!preview.starts());
    let Reason::Filter { clause, saw, .. } = &preview.triggers[1] else { panic!("{preview:?}") };
    assert_eq!((clause.as_str(), &saw.value), ("event.payload.total > 100", &Ok(json!(90))));
    assert_eq!((preview.by, preview.input), (0, Ok(json!(1))));
}

#[test]
fn what_a_template_makes_is_looked_at_where_it_is_known() {
    let steps = r#"
name: w
triggers: [{ eventType: order.* }]
steps:
  - { id: ask, http: { url: "https://example.com", method: "${event.payload.how}" } }
  - { id: wait, delay: { for: "${event.payload.wait}" } }
  - { id: asked, delay: { for: "${steps.ask.output.body.wait}" } }
  - { id: never, delay: { for: "${event.payload.how}" } }
  - { id: told, emit: { eventType: "told.${event.source}" } }
  - { id: spaced, emit: { eventType: "told ${event.source}" } }
  - { id: later, emit: { eventType: "told ${steps.ask.output.body}" } }
"#;
    let definition = Definition::parse(steps).unwrap();
    let preview = preview(&definition, &event(&json!({ "how": "put", "wait": "2m" })));
    let does: Vec<_> = preview.steps.into_iter().map(|step| step.does).collect();
    let Ok(Does::Call { method, .. }) = &does[0] else { panic!("{:?}", does[0]) };
    assert_eq!(method, "PUT");
    assert_eq!(does[1..3], [Ok(Does::Wait(Some(120_000))), Ok(Does::Wait(None))]);
    assert!(does[3].as_ref().is_err_and(|error| error.starts_with("for: `put` is not")));
    let emits = |at: usize| match &does[at] {
        Ok(Does::Emit { event_type, .. }) => event_type.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((emits(4), emits(6)), ("told.shop".into(), "told ${steps.ask.output.body}".into()));
    assert!(does[5].as_ref().is_err_and(|error| error.starts_with("eventType: ")), "{:?}", does[5]);
}

#[test]
fn a_payload_that_cannot_be_read_matches_no_filter_and_says_so() {
    for payload in [r#"{"total":1e400}"#, r#"{"total":"\ud83d"}"#] {
        let unreadable = Event { payload: payload.into(), ..event(&Json::Null) };
        for filter in
            ["event.payload == null", "event.payload.total > 1", "!(event.payload.total > 1)"]
        {
            let text = format!(
                "{{name: w, triggers: [{{eventType: 'order.*', filter: '{filter}'}}], steps: [{{id: s, transform: 1}}]}}"
            );
            let preview = preview(&Definition::parse(&text).unwrap(), &unreadable);
            let Reason::Filter { saw, .. } = &preview.triggers[0] else { panic!("{preview:?}") };
            let said = saw.value.as_ref().unwrap_err();
            assert!(said.starts_with("the payload cannot be read: "), "{filter}: {said}");
            assert!(preview.input.unwrap_err().starts_with("the payload cannot be read: "));
        }
    }
}
