//! `matches`: regular expressions, matched in a time that grows with the text and never with what the
//! pattern might mean (the regex crate never goes back). What is bounded here is how large a pattern may
//! become, for patterns may come from payloads; and those that come again are not compiled again.

use std::cell::RefCell;
use std::collections::HashMap;

use cel::common::types::{CelBool, CelString, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use regex::{Regex, RegexBuilder};

use super::bounds;

/// In bytes, once compiled.
const LARGEST: usize = 1024 * 1024;
/// What compiling one costs of the steps of an evaluation.
const COMPILING: u64 = 20_000;
/// How many compiled patterns each thread keeps.
const KEPT: usize = 64;

thread_local! {
    static KNOWN: RefCell<HashMap<String, Regex>> = RefCell::default();
}

pub(super) fn declare(language: &mut Env) -> Result<(), DeclarationError> {
    let text = || STRING_TYPE;
    language.add_overload("matches", "matches", vec![text(), text()], matches)?;
    language.add_member_overload("matches", "string_matches", text(), vec![text()], matches)
}

fn matches<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let text = |at: usize| args.get(at).and_then(|it| it.downcast_ref::<CelString>());
    let (Some(text), Some(pattern)) = (text(0), text(1)) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let found = KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern.inner()) {
            return Ok(regex.is_match(text.inner()));
        }
        bounds::pay(COMPILING)?;
        let built = RegexBuilder::new(pattern.inner()).size_limit(LARGEST).build();
        let regex = built.map_err(|error| ExecutionError::function_error("matches", error))?;
        if known.len() >= KEPT {
            known.clear();
        }
        let found = regex.is_match(text.inner());
        known.insert(pattern.inner().to_owned(), regex);
        Ok(found)
    })?;
    Ok(CowVal::owned(CelBool::from(found)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expression::{EvaluationError, Expression, Scope};

    fn accepts(source: &str, payload: &serde_json::Value) -> Result<bool, EvaluationError> {
        let scope = Scope::default().with("event", json!({ "payload": payload }));
        Ok(Expression::compile(source).unwrap().evaluate(&scope)? == json!(true))
    }

    #[test]
    fn a_pattern_is_searched_for_anywhere() {
        let payload = json!({ "t": "order-17", "p": "[0-9]+$" });
        assert_eq!(accepts("event.payload.t.matches('^order')", &payload), Ok(true));
        assert_eq!(accepts("matches(event.payload.t, event.payload.p)", &payload), Ok(true));
        assert_eq!(accepts("event.payload.t.matches('^17')", &payload), Ok(false));
        assert!(accepts("event.payload.t.matches('(')", &payload).is_err());
        assert!(accepts("event.payload.t.matches(1)", &payload).is_err());
    }

    #[test]
    fn hostile_patterns_end() {
        let hostile =
            json!({ "t": "a".repeat(100_000), "p": "(a*)*b", "q": r"((\w{50}){50}){50}" });
        assert_eq!(accepts("event.payload.t.matches(event.payload.p)", &hostile), Ok(false));
        assert!(accepts("event.payload.t.matches(event.payload.q)", &hostile).is_err());
        let many: Vec<_> = (0..100).map(|number| format!("a{number}")).collect();
        let many = json!({ "t": "a", "p": many });
        let each = accepts("event.payload.p.exists(p, event.payload.t.matches(p))", &many);
        assert_eq!(each, Err(EvaluationError::TooMuch));
    }
}
