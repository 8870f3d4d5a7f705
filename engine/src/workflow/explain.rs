//! Why each trigger did or did not match an event. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Workflow;
use super::definition::{Trigger, TriggerDocument};
use crate::event::Event;
use crate::expression::{EvaluationError, Expression, Scope};
use crate::id::WorkflowId;
use crate::run::scope::event_scope;

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
    /// The workflow is switched off.
    Disabled,
    /// The trigger was made, or made into what it is, after the event had come.
    CreatedLater,
    /// The event's type does not fit the pattern.
    EventType,
    /// This part of the filter is not true.
    Filter {
        clause: String,
        saw: Saw,
    },
}

/// What a clause looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Saw {
    /// The left side of its comparison, or all of it.
    pub expression: String,
    /// Its value for this event, or why it had none.
    pub value: Result<Json, String>,
}

/// The triggers of workflows as they were when the event came, where that was another version.
pub type Earlier = HashMap<WorkflowId, Vec<TriggerDocument>>;

/// The verdicts of all triggers, in the order of the workflows.
pub fn explain(workflows: &[Arc<Workflow>], event: &Event, earlier: &Earlier) -> Vec<Verdict> {
    let scope = event_scope(event);
    let verdicts = workflows.iter().flat_map(|workflow| {
        let triggers = workflow.definition.triggers.iter().enumerate();
        triggers.map(|(trigger, definition)| {
            let reason = if !workflow.enabled {
                Reason::Disabled
            } else if workflow.created_at > event.received_at
                || earlier.get(&workflow.id).is_some_and(|were| {
                    let is = &workflow.definition.document.triggers[trigger];
                    let same = |it: &TriggerDocument| {
                        (&it.event_type, &it.filter) == (&is.event_type, &is.filter)
                    };
                    !were.iter().any(same)
                })
            {
                Reason::CreatedLater
            } else {
                judge(definition, event, &scope)
            };
            Verdict { workflow: Arc::clone(workflow), trigger, reason }
        })
    });
    verdicts.collect()
}

/// What a trigger makes of an event whenever it comes; `scope` is the event's.
pub fn judge(trigger: &Trigger, event: &Event, scope: &Scope) -> Reason {
    if !trigger.pattern.matches(&event.event_type) {
        return Reason::EventType;
    }
    let fault = trigger.filter.as_ref().and_then(|filter| fault(filter, scope));
    fault.unwrap_or(Reason::Matched)
}

/// The first part of a filter that is not true.
fn fault(filter: &Expression, scope: &Scope) -> Option<Reason> {
    if filter.accepts(scope) {
        return None;
    }
    let clauses = clauses(filter.source()).into_iter();
    let false_one = |clause: &&str| !Expression::compile(clause).is_ok_and(|c| c.accepts(scope));
    let clause = clauses.into_iter().find(false_one).unwrap_or(filter.source());
    let expression = looked_at(clause);
    let value = match Expression::compile(expression).map(|it| it.evaluate(scope)) {
        Ok(Ok(value)) => value.json().map_err(|_| "it has no JSON form".to_owned()),
        Ok(Err(EvaluationError::NoSuchField(name))) => Err(format!("there is no field `{name}`")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let saw = Saw { expression: expression.to_owned(), value };
    Some(Reason::Filter { clause: clause.to_owned(), saw })
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

/// The left side of a comparison, otherwise all of the clause.
fn looked_at(clause: &str) -> &str {
    let comparison = split_at_top(clause, &["==", "!=", "<=", ">=", "<", ">", " in "]);
    match comparison.first() {
        Some((at, _)) => clause[..*at].trim(),
        None => clause,
    }
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

    #[track_caller]
    fn check(
        filter: &str,
        payload: Json,
        clause: &str,
        looked_at: &str,
        value: Result<Json, &str>,
    ) {
        let scope = Scope::default().with("event", &json!({ "payload": payload }));
        let fault = fault(&Expression::compile(filter).unwrap(), &scope);
        let saw = Saw { expression: looked_at.into(), value: value.map_err(str::to_owned) };
        assert_eq!(fault, Some(Reason::Filter { clause: clause.into(), saw }), "{filter}");
    }

    #[test]
    fn the_clause_that_is_not_true_is_named_with_what_it_saw() {
        check(
            "event.payload.vip && event.payload.total > 100",
            json!({ "vip": true, "total": 90 }),
            "event.payload.total > 100",
            "event.payload.total",
            Ok(json!(90)),
        );
        check(
            "event.payload.total > 100 && true",
            json!({}),
            "event.payload.total > 100",
            "event.payload.total",
            Err("there is no field `total`"),
        );
        check(
            r#"event.payload.name == "a && b" && (true || false)"#,
            json!({ "name": "c" }),
            r#"event.payload.name == "a && b""#,
            "event.payload.name",
            Ok(json!("c")),
        );
        check(
            "event.payload.a || event.payload.b",
            json!({ "a": false, "b": false }),
            "event.payload.a || event.payload.b",
            "event.payload.a || event.payload.b",
            Ok(json!(false)),
        );
    }

    #[test]
    fn a_filter_that_is_true_has_no_fault() {
        let scope = Scope::default().with("event", &json!({ "payload": { "a": 1 } }));
        assert_eq!(fault(&Expression::compile("event.payload.a == 1").unwrap(), &scope), None);
    }
}
