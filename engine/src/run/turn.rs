//! Turns: a workflow may say how many of its runs are at work at once (`concurrency`), and that runs
//! which belong together come one after another (`order`).
//!
//! A run of such a workflow is born without a due time. It waits in the table `turns` and gets its due time
//! together with its turn, in the transactions that begin and end runs; so turns hold after a crash and
//! among several nodes, and who waits holds no room of the worker. It keeps its turn through delays and
//! retries until it ends, however it ends.
//!
//! Invariant: a run of a workflow with neither has no [`Turn`], and nothing is read or written for it.

use sea_orm::{ConnectionTrait, Statement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::machine;
use super::scope::{event_scope, payload_of};
use crate::Engine;
use crate::event::Event;
use crate::expression::Expression;
use crate::id::WorkflowId;
use crate::store::StoreError;
use crate::workflow::Definition;

/// Longer keys are kept by their hash.
const LONGEST_KEY: usize = 200;

/// A run needs its turn; kept in its state for as long as it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Runs of the workflow with the same key come one after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Turn {
    /// `None` where the run waits for no other. Pure.
    pub(crate) fn of(definition: &Definition, trigger: usize, event: &Event) -> Option<Self> {
        let order = definition.order.as_ref();
        let key = order.and_then(|order| key(order, definition, trigger, event));
        (key.is_some() || definition.concurrency.is_some()).then_some(Self { key })
    }
}

/// What the expression makes of the event; nothing where it has no value, or null.
fn key(
    order: &Expression,
    definition: &Definition,
    trigger: usize,
    event: &Event,
) -> Option<String> {
    let mut scope = event_scope(event);
    if order.source().contains("input") {
        let trigger = definition.triggers.get(trigger)?;
        // An input that cannot be mapped fails the run at its start, whenever that is.
        let input = machine::begin(trigger, &scope, payload_of(&event.payload)).ok()?;
        scope = scope.with("input", input);
    }
    let value = order.evaluate(&scope).ok()?;
    if value.is_null() {
        return None;
    }
    // As JSON the number 1 and the text "1" differ, and no text holds a NUL.
    let text = value.to_string();
    match text.len() {
        0..=LONGEST_KEY => Some(text),
        _ => Some(crate::hex::hex(&Sha256::digest(text.as_bytes()))),
    }
}

/// Gives the turns that are free although runs wait for them, as after a limit was raised.
pub(crate) async fn give_free(engine: &Engine) -> Result<(), StoreError> {
    let read = &engine.store.read;
    let sql = "SELECT l.workflow_id FROM turn_limits l
        WHERE EXISTS (SELECT 1 FROM turns t WHERE t.workflow_id = l.workflow_id AND t.stand = 1)
            AND (l.room IS NULL OR l.room > (SELECT COUNT(*) FROM turns t
                WHERE t.workflow_id = l.workflow_id AND t.stand = 3))";
    let statement = Statement::from_string(read.get_database_backend(), sql);
    let rows = read.query_all_raw(statement).await?;
    let workflow = |row: &sea_orm::QueryResult| {
        row.try_get_by_index::<String>(0).ok()?.parse::<WorkflowId>().ok()
    };
    let workflows: Vec<WorkflowId> = rows.iter().filter_map(workflow).collect();
    match workflows.is_empty() {
        true => Ok(()),
        false => engine.store.writer.give_turns(workflows).await,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::{EventType, Headers};
    use crate::id::EventId;
    use crate::time::Timestamp;

    fn turn(settings: &str, payload: &Value) -> Option<Turn> {
        let text = format!(
            "{{name: w, triggers: [{{eventType: 'order.*', input: {{who: '${{event.payload.customer}}'}}}}],
              {settings} steps: [{{id: s, transform: 1}}]}}"
        );
        let event = Event {
            id: EventId::new(1),
            event_id: "e".into(),
            event_type: EventType::parse("order.created").unwrap(),
            source: "shop".into(),
            subject: None,
            received_at: Timestamp::from_millis(0),
            occurred_at: None,
            payload: payload.to_string().into(),
            headers: Headers::default(),
            replay_of: None,
            key_id: None,
        };
        Turn::of(&Definition::parse(&text).unwrap(), 0, &event)
    }

    #[track_caller]
    fn check(expression: &str, payload: Value, key: Option<&str>) {
        let found = turn(&format!("order: {{key: {expression}}},"), &payload);
        assert_eq!(found.and_then(|turn| turn.key).as_deref(), key, "{expression} on {payload}");
    }

    #[test]
    fn a_key_is_a_value_of_the_event_or_the_input() {
        check("event.payload.customer", json!({ "customer": "1" }), Some("\"1\""));
        check("event.payload.customer", json!({ "customer": 1 }), Some("1"));
        check("input.who", json!({ "customer": [1, "a\u{0}"] }), Some("[1,\"a\\u0000\"]"));
        check("event.payload.customer", json!({ "customer": null }), None);
        check("event.payload.customer", json!({}), None);
        check("input.who", json!({}), None);
        let long = turn("order: {key: event.payload.a},", &json!({ "a": "a".repeat(1_000) }));
        assert_eq!(long.unwrap().key.unwrap().len(), 64);
    }

    #[test]
    fn only_what_asks_for_turns_has_them() {
        assert_eq!(turn("", &json!({ "customer": 1 })), None);
        assert_eq!(turn("concurrency: 2,", &json!({})), Some(Turn { key: None }));
        let both = turn("concurrency: 2, order: {key: input.who},", &json!({ "customer": 1 }));
        assert_eq!(both, Some(Turn { key: Some("1".into()) }));
    }
}
