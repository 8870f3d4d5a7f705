//! Expressions in CEL, the language of trigger filters, `when` and `${…}`.
//!
//! Invariant: an expression reads its [`Scope`] and nothing else; it cannot loop, write or wait.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Program, Value};

use path::Path;

mod path;
pub mod scope;
mod secrets;
pub mod template;

pub use scope::Scope;
pub use template::Template;

/// Longer expressions are refused: one belongs in a filter, not a program.
const LONGEST: usize = 4_096;

static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression and the text it came from.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<Program>,
    /// The names of the secrets that it reads.
    secrets: Arc<[String]>,
    /// The field that it reads, where it does nothing else.
    path: Option<Arc<Path>>,
}

/// Why an expression was refused; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct InvalidExpression {
    pub message: String,
    pub line: usize,
    pub column: usize,
}

/// Why a valid expression had no value for this event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    #[error("no such field `{0}`")]
    NoSuchField(String),
    #[error("{0}")]
    Other(String),
}

impl Expression {
    pub fn compile(source: &str) -> Result<Self, InvalidExpression> {
        Self::compile_for(source, &scope::NAMES)
    }

    /// Where an expression may read other names than the usual ones.
    pub(super) fn compile_for(
        source: &str,
        names: &[&'static str],
    ) -> Result<Self, InvalidExpression> {
        if source.len() > LONGEST {
            let message = format!("an expression has at most {LONGEST} bytes");
            return Err(InvalidExpression { message, line: 1, column: 1 });
        }
        let program = LANGUAGE.compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (line, column) = first.map_or((1, 1), |error| error.pos);
            InvalidExpression {
                message: first.map_or_else(|| "not an expression".into(), |e| plain(&e.msg)),
                line: usize::try_from(line).unwrap_or(1).max(1),
                column: usize::try_from(column).unwrap_or(1).max(1),
            }
        })?;
        for name in program.references().variables() {
            if !names.contains(&name) {
                let (line, column) = place_of(source, name);
                let message = match name {
                    scope::SECRET => {
                        "secrets are read in the url, the headers and the body of an http step only"
                            .to_owned()
                    }
                    name => format!("`{name}` is not known here: use {}", names.join(", ")),
                };
                return Err(InvalidExpression { message, line, column });
            }
        }
        let secrets = secrets::named(source).map_err(|at| {
            let (line, column) = place_at(source, at);
            let message = "name the secret, as in `secret.WAREHOUSE_TOKEN`".to_owned();
            InvalidExpression { message, line, column }
        })?;
        let path = Path::of(source).map(Arc::new);
        let (source, program) = (source.into(), Arc::new(program));
        Ok(Self { source, program, secrets: secrets.into(), path })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the secrets that it reads, each once.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    pub fn evaluate(&self, scope: &Scope) -> Result<Value, EvaluationError> {
        // CEL copies all of a variable to read one field of it, and most expressions do just that.
        match self.path.as_ref().and_then(|path| path.find(scope)) {
            Some(value) => Ok(value.clone()),
            None => self.execute(scope),
        }
    }

    fn execute(&self, scope: &Scope) -> Result<Value, EvaluationError> {
        let mut context = Context::with_env(Arc::clone(&LANGUAGE));
        scope.bind(&mut context);
        self.program.execute(&context).map_err(|error| match error {
            ExecutionError::NoSuchKey(name) => EvaluationError::NoSuchField(name.to_string()),
            other => EvaluationError::Other(other.to_string()),
        })
    }

    /// True only for `true`: a missing field or a wrong type never matches.
    pub fn accepts(&self, scope: &Scope) -> bool {
        matches!(self.evaluate(scope), Ok(Value::Bool(true)))
    }
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The parser speaks of tokens; people think in characters.
fn plain(message: &str) -> String {
    if message.contains("<EOF>") {
        return "the expression ends too early: something is missing at its end".into();
    }
    let quoted = message.split('\'').nth(1);
    match quoted {
        Some(text) => format!("did not expect `{text}` here"),
        None => message.to_owned(),
    }
}

fn place_of(source: &str, name: &str) -> (usize, usize) {
    source.find(name).map_or((1, 1), |at| place_at(source, at))
}

fn place_at(source: &str, at: usize) -> (usize, usize) {
    let before = &source[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(filter: &str, payload: serde_json::Value, expected: bool) {
        let scope = Scope::default().with("event", &json!({ "payload": payload }));
        assert_eq!(Expression::compile(filter).unwrap().accepts(&scope), expected, "{filter}");
    }

    #[test]
    fn numbers_compare_and_calculate_whatever_their_kind() {
        check("event.payload.total > 100", json!({ "total": 120 }), true);
        check("event.payload.total > 100", json!({ "total": 120.5 }), true);
        check("event.payload.total + 1 > 100", json!({ "total": 100 }), true);
        check("event.payload.total > 100", json!({ "total": 100 }), false);
    }

    #[test]
    fn absent_fields_and_wrong_types_never_match() {
        check("event.payload.order.total > 10", json!({ "order": {} }), false);
        check("event.payload.total > 10", json!({ "total": "many" }), false);
        check("event.payload.total", json!({ "total": 1 }), false);
        check("has(event.payload.vip)", json!({}), false);
    }

    #[test]
    fn a_field_alone_is_what_the_language_makes_of_it() {
        let payload = json!({
            "a": [1, { "b": 2 }], "b": { "c": null, "size": 1 }, "d": 1.5, "e": "text", "f": -3,
            "g": u64::MAX, "true": false,
        });
        let scope = Scope::default().with("event", &json!({ "payload": payload, "type": "t" }));
        for source in [
            "event",
            "event.payload",
            "event.payload.a",
            "event.payload.b.c",
            "event.payload.d",
            "event.payload.e",
            "event.payload.f",
            "event.payload.g",
            "event.payload.b.size",
            "event.type",
            "event.payload.nothing",
            "event.payload.e.nothing",
            "input.x",
            " event.type",
            "event .payload",
            "event.payload.a.b",
        ] {
            let expression = Expression::compile(source).unwrap();
            assert_eq!(expression.evaluate(&scope), expression.execute(&scope), "{source}");
        }
        assert!(Expression::compile("event.payload.true").is_err());
    }

    #[test]
    fn a_wrong_expression_is_refused_with_its_place() {
        let refused = Expression::compile("event.payload.total >").unwrap_err();
        assert_eq!(
            (refused.line, refused.message.contains("ends too early")),
            (1, true),
            "{refused}"
        );
        let refused = Expression::compile("1 < payload.total").unwrap_err();
        assert_eq!((refused.line, refused.column), (1, 5));
        assert!(refused.message.contains("`payload` is not known here"));
    }
}
