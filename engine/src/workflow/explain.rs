//! Why each trigger did or did not match an event. Pure.
//!
//! What the event started decides: a workflow that has a run of it was on when it came, and one that would
//! match and has none was off, whatever it is now.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Workflow;
use super::definition::{Trigger, TriggerDocument};
use crate::event::{Event, replay};
use crate::expression::{EvaluationError, Expression, InvalidExpression, Scope};
use crate::id::WorkflowId;
use crate::run::scope::{event_scope, payload, payload_of};

/// How many fields of a clause are told at most.
const MOST_FIELDS: usize = 8;

/// What one trigger makes of an event.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub workflow: Arc<Workflow>,
    /// Which of the workflow's triggers, from 0.
    pub trigger: usize,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    Matched,
    /// The workflow was switched off when the event came.
    Disabled,
    /// The trigger was made, or made into what it is, after the event had come.
    CreatedLater,
    /// The event's type does not fit the pattern.
    EventType,
    /// The event is a replay of what another started, which was not this.
    NotReplayed,
    /// This part of the filter is not true.
    Filter {
        clause: String,
        saw: Saw,
        /// The other fields of the event that it looked at.
        also: Vec<Saw>,
    },
}

/// What a clause looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Saw {
    /// The left side of its comparison; where that reads nothing of the event, a field of it that the clause
    /// reads; where it reads none, the left side or all of it.
    pub expression: String,
    /// Its value for this event, or why it had none.
    pub value: Result<Json, String>,
}

/// How a workflow stood when the event came.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Then {
    /// The event started a run of it.
    pub ran: bool,
    /// Its triggers, where that was another version.
    pub triggers: Option<Vec<TriggerDocument>>,
}

/// How workflows stood when the event came; those that are left out had no run and were as they are.
pub type Earlier = HashMap<WorkflowId, Then>;

/// The verdicts of all triggers, in the order of the workflows.
pub fn explain(workflows: &[Arc<Workflow>], event: &Event, earlier: &Earlier) -> Vec<Verdict> {
    let scope = event_scope(event);
    let as_it_is = Then::default();
    let verdicts = workflows.iter().flat_map(|workflow| {
        let then = earlier.get(&workflow.id).unwrap_or(&as_it_is);
        let triggers = 0..workflow.definition.triggers.len();
        triggers.map(|trigger| {
            let reason = reason(workflow, trigger, event, &scope, then);
            Verdict { workflow: Arc::clone(workflow), trigger, reason }
        })
    });
    verdicts.collect()
}

fn reason(
    workflow: &Workflow,
    trigger: usize,
    event: &Event,
    scope: &Scope,
    then: &Then,
) -> Reason {
    let is = &workflow.definition.document.triggers[trigger];
    let same = |it: &TriggerDocument| (&it.event_type, &it.filter) == (&is.event_type, &is.filter);
    let new = then.triggers.as_ref().is_some_and(|were| !were.iter().any(same));
    if new || !then.ran && workflow.created_at > event.received_at {
        return Reason::CreatedLater;
    }
    match judge(&workflow.definition.triggers[trigger], event, scope) {
        Reason::Matched if !then.ran && replay::is_of_then(event) => Reason::NotReplayed,
        Reason::Matched if !then.ran => Reason::Disabled,
        reason => reason,
    }
}

/// What a trigger makes of an event whenever it comes; `scope` is the event's.
pub fn judge(trigger: &Trigger, event: &Event, scope: &Scope) -> Reason {
    if !trigger.pattern.matches(&event.event_type) {
        return Reason::EventType;
    }
    let fault = trigger.filter.as_ref().and_then(|filter| fault(filter, scope));
    match fault {
        None => Reason::Matched,
        Some(reason) if payload(scope).is_some() => reason,
        Some(reason) => told_of_payload(reason, event),
    }
}

/// What looked for a field of a payload that cannot be read did not see why there is none.
fn told_of_payload(reason: Reason, event: &Event) -> Reason {
    match (reason, payload_of(&event.payload)) {
        (Reason::Filter { clause, saw: Saw { expression, value: Err(_) }, also }, Err(error)) => {
            let value = Err(format!("the payload cannot be read: {error}"));
            Reason::Filter { clause, saw: Saw { expression, value }, also }
        }
        (reason, _) => reason,
    }
}

/// The first part of a filter that is not true.
fn fault(filter: &Expression, scope: &Scope) -> Option<Reason> {
    if filter.accepts(scope) {
        return None;
    }
    let judged = |clause| (clause, evaluate(clause, scope));
    let is_true = |value: &Evaluated| matches!(value, Ok(Ok(Json::Bool(true))));
    let mut clauses = clauses(filter.source()).into_iter().map(judged);
    let false_one = clauses.find(|(_, value)| !is_true(value));
    let (clause, value) = false_one.unwrap_or_else(|| judged(filter.source()));
    let (saw, also) = match value {
        // No field of it says why.
        Ok(Err(EvaluationError::TooMuch)) => (saw(clause, value), Vec::new()),
        _ => {
            let (first, others) = looked_at(clause);
            let see = |field| saw(field, evaluate(field, scope));
            (see(first), others.into_iter().map(see).collect())
        }
    };
    Some(Reason::Filter { clause: clause.to_owned(), saw, also })
}

type Evaluated = Result<Result<Json, EvaluationError>, InvalidExpression>;

fn evaluate(expression: &str, scope: &Scope) -> Evaluated {
    Expression::compile(expression).map(|it| it.evaluate(scope))
}

fn saw(expression: &str, value: Evaluated) -> Saw {
    let value = match value {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(EvaluationError::NoSuchField(name))) => Err(format!("there is no field `{name}`")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Saw { expression: expression.to_owned(), value }
}

/// The parts that must all be true. A filter with an alternative at its top is one part.
fn clauses(source: &str) -> Vec<&str> {
    let split = split_at_top(source, &["&&", "||", "?"]);
    match split.iter().all(|(_, operator)| *operator == "&&") {
        true => {
            let mut parts = Vec::new();
            let mut from = 0;
            for (at, operator) in split {
                parts.push(source[from..at].trim());
                from = at + operator.len();
            }
            parts.push(source[from..].trim());
            parts
        }
        false => vec![source.trim()],
    }
}

/// The left side of a comparison, when that reads the event; otherwise the fields that the clause reads, the
/// first of them apart.
fn looked_at(clause: &str) -> (&str, Vec<&str>) {
    let parts = split_at_top(clause, &["&&", "||", "?"]);
    let comparison = split_at_top(clause, &["==", "!=", "<=", ">=", "<", ">", " in "]);
    let left = comparison.first().filter(|_| parts.is_empty());
    let left = left.map(|(at, _)| clause[..*at].trim());
    if let Some(left) = left.filter(|left| !fields(left).is_empty()) {
        return (left, Vec::new());
    }
    let mut fields = fields(clause);
    match fields.is_empty() {
        true => (left.unwrap_or(clause), Vec::new()),
        false => (fields.remove(0), fields),
    }
}

/// The fields of the event that a clause reads, as `event.payload.total`, each once and not all too many.
fn fields(clause: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let (mut quote, mut at) = (None, 0);
    while let Some(byte) = clause.as_bytes().get(at).copied() {
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if is_part_of_name(byte) => {
                let word = name(&clause[at..]);
                let before = clause[..at].trim_end();
                let end = at + word + steps(&clause[at + word..]);
                let field = &clause[at..end];
                if field.len() > word
                    && &clause[at..at + word] == "event"
                    && !before.ends_with('.')
                    && !found.contains(&field)
                    && found.len() < MOST_FIELDS
                {
                    found.push(field);
                }
                at = end.max(at + 1);
                continue;
            }
            None => {}
        }
        at += 1;
    }
    found
}

/// How far the steps of a path go on here: `.name`, `["name"]` and `[0]`. A name that is called is none.
fn steps(rest: &str) -> usize {
    let mut end = 0;
    loop {
        let here = &rest[end..];
        let step = if let Some(after) = here.strip_prefix('.') {
            let name = name(after);
            let called = after[name..].trim_start().starts_with('(');
            if name > 0 && !called { 1 + name } else { 0 }
        } else if here.starts_with('[') {
            here.find(']').filter(|close| is_index(&here[1..*close])).map_or(0, |close| close + 1)
        } else {
            0
        };
        if step == 0 {
            return end;
        }
        end += step;
    }
}

/// A number or a text, and nothing that has to be worked out.
fn is_index(text: &str) -> bool {
    let text = text.trim();
    let quoted = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let inside = quoted('"').or_else(|| quoted('\''));
    let plain = |text: &str| !text.contains(['"', '\'', '\\', '[']);
    inside.is_some_and(plain) || !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// How long the name is that a text begins with.
fn name(text: &str) -> usize {
    text.bytes().position(|byte| !is_part_of_name(byte)).unwrap_or(text.len())
}

fn is_part_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where one of the operators stands outside of brackets and texts; the longer ones come first.
fn split_at_top<'o>(source: &str, operators: &[&'o str]) -> Vec<(usize, &'o str)> {
    let bytes = source.as_bytes();
    let (mut found, mut depth, mut quote, mut at) = (Vec::new(), 0_usize, None, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        match quote {
            Some(_) if byte == b'\\' => at += 1,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None => match byte {
                b'"' | b'\'' => quote = Some(byte),
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ if depth == 0 => {
                    let here = operators.iter().find(|o| bytes[at..].starts_with(o.as_bytes()));
                    if let Some(operator) = here {
                        found.push((at, *operator));
                        at += operator.len() - 1;
                    }
                }
                _ => {}
            },
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{EventType, Headers};
    use crate::id::EventId;
    use crate::time::Timestamp;
    use crate::workflow::Definition;

    #[track_caller]
    fn check(filter: &str, payload: Json, clause: &str, saw: &[(&str, Result<Json, &str>)]) {
        let scope = Scope::default().with("event", json!({ "payload": payload }));
        let fault = fault(&Expression::compile(filter).unwrap(), &scope);
        let mut seen = saw.iter().map(|(expression, value)| Saw {
            expression: (*expression).to_owned(),
            value: value.clone().map_err(str::to_owned),
        });
        let saw = seen.next().unwrap();
        let expected = Reason::Filter { clause: clause.into(), saw, also: seen.collect() };
        assert_eq!(fault, Some(expected), "{filter}");
    }

    /// The whole filter is the clause that is not true.
    #[track_caller]
    fn sees(filter: &str, payload: Json, saw: &[(&str, Result<Json, &str>)]) {
        check(filter, payload, filter, saw);
    }

    #[test]
    fn the_clause_that_is_not_true_is_named_with_what_it_saw() {
        check(
            "event.payload.vip && event.payload.total > 100",
            json!({ "vip": true, "total": 90 }),
            "event.payload.total > 100",
            &[("event.payload.total", Ok(json!(90)))],
        );
        check(
            "event.payload.total > 100 && true",
            json!({}),
            "event.payload.total > 100",
            &[("event.payload.total", Err("there is no field `total`"))],
        );
        check(
            r#"event.payload.name == "a && b" && (true || false)"#,
            json!({ "name": "c" }),
            r#"event.payload.name == "a && b""#,
            &[("event.payload.name", Ok(json!("c")))],
        );
    }

    #[test]
    fn what_a_clause_saw_are_fields_of_the_event() {
        let (tags, total) = ("event.payload.tags", "event.payload.total");
        sees("'vip' in event.payload.tags", json!({ "tags": ["a"] }), &[(tags, Ok(json!(["a"])))]);
        sees("'vip' in event.payload.tags", json!({}), &[(tags, Err("there is no field `tags`"))]);
        sees("100 < event.payload.total", json!({ "total": 7 }), &[(total, Ok(json!(7)))]);
        sees(
            "!event.payload.test",
            json!({ "test": true }),
            &[("event.payload.test", Ok(json!(true)))],
        );
        let coupon = ("event.payload.coupon", Err("there is no field `coupon`"));
        sees("has(event.payload.coupon)", json!({}), &[coupon]);
        sees(
            r#"event.payload.name.startsWith("event.b")"#,
            json!({ "name": "c" }),
            &[("event.payload.name", Ok(json!("c")))],
        );
        sees(
            "event.payload.a || event.payload.b == 1 || event.payload.a",
            json!({ "a": false }),
            &[
                ("event.payload.a", Ok(json!(false))),
                ("event.payload.b", Err("there is no field `b`")),
            ],
        );
        sees(
            r#"'a' == event.payload["kinds"][0]"#,
            json!({ "kinds": ["b"] }),
            &[(r#"event.payload["kinds"][0]"#, Ok(json!("b")))],
        );
        sees(
            "size(event.payload.tags) > 1",
            json!({ "tags": [1] }),
            &[("size(event.payload.tags)", Ok(json!(1)))],
        );
        sees("1 > 2", json!({}), &[("1", Ok(json!(1)))]);
        sees("false", json!({}), &[("false", Ok(json!(false)))]);
    }

    const WORKFLOW: &str =
        "{name: w, triggers: [{eventType: order.*, filter: event.payload.a == 1}],
        steps: [{id: s, transform: 1}]}";

    #[track_caller]
    fn stands(enabled: bool, created_at: i64, then: Then, payload: &str, reason: &Reason) {
        let id = WorkflowId::new(1);
        let workflow = Workflow {
            id,
            version: 2,
            enabled,
            created_at: Timestamp::from_millis(created_at),
            updated_at: Timestamp::from_millis(created_at),
            definition: Definition::parse(WORKFLOW).unwrap(),
        };
        let event = Event {
            id: EventId::new(1),
            event_id: "e".into(),
            event_type: EventType::parse("order.created").unwrap(),
            source: "shop".into(),
            subject: None,
            received_at: Timestamp::from_millis(5),
            occurred_at: None,
            payload: payload.into(),
            headers: Headers::default(),
            replay_of: None,
            key_id: None,
        };
        let earlier = Earlier::from([(id, then)]);
        let verdicts = explain(&[Arc::new(workflow)], &event, &earlier);
        assert_eq!(verdicts[0].reason, *reason);
    }

    #[test]
    fn what_the_event_started_says_whether_the_workflow_was_on() {
        let ran = || Then { ran: true, triggers: None };
        let matching = r#"{"a":1}"#;
        for enabled in [true, false] {
            stands(enabled, 1, ran(), matching, &Reason::Matched);
            stands(enabled, 1, Then::default(), matching, &Reason::Disabled);
        }
        stands(true, 9, Then::default(), matching, &Reason::CreatedLater);
        stands(true, 9, ran(), matching, &Reason::Matched);
        let other = Then { ran: true, triggers: Some(Vec::new()) };
        stands(true, 1, other, matching, &Reason::CreatedLater);
        let filtered = fault(
            &Expression::compile("event.payload.a == 1").unwrap(),
            &Scope::default().with("event", json!({ "payload": { "a": 2 } })),
        );
        stands(false, 1, Then::default(), r#"{"a":2}"#, &filtered.unwrap());
    }

    #[test]
    fn a_filter_that_is_true_has_no_fault() {
        let scope = Scope::default().with("event", json!({ "payload": { "a": 1 } }));
        assert_eq!(fault(&Expression::compile("event.payload.a == 1").unwrap(), &scope), None);
    }
}
