//! Expressions in CEL, the language of trigger filters, `when` and `${…}`.
//!
//! Invariant: an expression reads its [`Scope`] and nothing else; it cannot write or wait, and what it may
//! cost is bounded.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, IdedExpr, Program, Value};
use serde_json::Value as Json;

use part::{Parts, Path};
use reads::Read;
use room::with_room;
use spelling::nearest;

mod bounds;
mod matches;
mod part;
mod reads;
mod room;
pub mod scope;
mod secrets;
pub(crate) mod spelling;
pub mod template;

pub use scope::{Names, Scope};
pub use template::Template;

/// Longer expressions are refused: one belongs in a filter, not a program.
const LONGEST: usize = 4_096;
/// Parts within parts; a sum of as many terms is nested so deep.
const DEEPEST: usize = 200;
/// What is nested deeper than this is evaluated on a stack of its own.
const SHALLOW: usize = 16;
/// What has more signs than this may be deep, and is parsed on a stack of its own.
const FEW_SIGNS: usize = 20;

static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(language()));

#[expect(clippy::expect_used, reason = "the names are fixed, and tests use each of them")]
fn language() -> Env {
    let mut language = Env::stdlib();
    bounds::declare(&mut language).expect("these names are declared once");
    matches::declare(&mut language).expect("these names are declared once");
    language
}

/// A compiled expression and the text it came from.
#[derive(Clone)]
pub struct Expression {
    source: Arc<str>,
    program: Arc<IdedExpr>,
    /// The names of the secrets that it reads.
    secrets: Arc<[String]>,
    /// The steps that it reads; `None` where it shows only when it is evaluated.
    steps: Arc<[Option<String>]>,
    /// Whether it is nested deeper than most.
    deep: bool,
    /// The field that it reads, where it does nothing else.
    path: Option<Arc<Path>>,
    /// As much as it reads of the variables.
    parts: Arc<Parts>,
}

/// Why an expression was refused; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct InvalidExpression {
    pub message: String,
    pub line: usize,
    pub column: usize,
    /// What to do, where there is more to say than how such an expression looks.
    pub hint: Option<String>,
}

/// Why a valid expression had no value for this event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    #[error("no such field `{0}`")]
    NoSuchField(String),
    #[error("it takes too many steps, or makes too much: go through fewer items")]
    TooMuch,
    #[error("its values make more than 8 MiB: send less, or in parts")]
    TooLarge,
    #[error("{0}")]
    Other(String),
}

impl Expression {
    pub fn compile(source: &str) -> Result<Self, InvalidExpression> {
        Self::compile_for(source, Names::RUN)
    }

    pub fn compile_for(source: &str, names: Names<'_>) -> Result<Self, InvalidExpression> {
        if source.len() > LONGEST {
            let message = format!("an expression has at most {LONGEST} bytes");
            return Err(InvalidExpression { message, line: 1, column: 1, hint: None });
        }
        let signs = source.bytes().filter(u8::is_ascii_punctuation).count();
        let compiled = with_room(signs > FEW_SIGNS, || Self::compiled(source, names));
        compiled.unwrap_or_else(|| {
            let message = "there is no room to read this expression now: try again".to_owned();
            Err(InvalidExpression { message, line: 1, column: 1, hint: None })
        })
    }

    fn compiled(source: &str, names: Names<'_>) -> Result<Self, InvalidExpression> {
        let program = LANGUAGE.compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (line, column) = first.map_or((1, 1), |error| error.pos);
            InvalidExpression {
                message: first.map_or_else(|| "not an expression".into(), |e| plain(&e.msg)),
                line: usize::try_from(line).unwrap_or(1).max(1),
                column: usize::try_from(column).unwrap_or(1).max(1),
                hint: None,
            }
        })?;
        let depth = bounds::depth(program.expression());
        if depth > DEEPEST {
            let message = format!("an expression is nested at most {DEEPEST} deep");
            return Err(InvalidExpression { message, line: 1, column: 1, hint: None });
        }
        let reads = reads::all(program.expression());
        if let Some((at, message, hint)) = unknown(source, &reads, names) {
            let (line, column) = place_of(source, &program, at);
            return Err(InvalidExpression { message, line, column, hint });
        }
        let secrets = secrets::named(source).map_err(|at| {
            let (line, column) = place_after(&source[..at]);
            let message = "name the secret, as in `secret.WAREHOUSE_TOKEN`".to_owned();
            InvalidExpression { message, line, column, hint: None }
        })?;
        let steps = reads.iter().filter_map(Read::step);
        let steps = steps.map(|step| step.map(ToOwned::to_owned)).collect();
        let parts = Arc::new(Parts::of(&reads));
        let path = Read::of(program.expression()).filter(|read| read.is_plain);
        let path = path.map(|read| Arc::new(Path::of(&read)));
        let mut bounded = program.expression().clone();
        bounds::set(&mut bounded);
        let (source, program) = (source.into(), Arc::new(bounded));
        let deep = depth > SHALLOW;
        Ok(Self { source, program, secrets: secrets.into(), steps, deep, path, parts })
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the secrets that it reads, each once.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Whether it reads the output of the step: by its name, or of all steps together.
    pub fn reads_step(&self, id: &str) -> bool {
        self.steps.iter().any(|step| step.as_deref().is_none_or(|step| step == id))
    }

    /// The expression's value, as JSON.
    pub fn evaluate(&self, scope: &Scope) -> Result<Json, EvaluationError> {
        match self.path.as_ref().and_then(|path| path.find(scope)) {
            Some(value) => Ok(value.clone()),
            None => self.execute(scope),
        }
    }

    fn execute(&self, scope: &Scope) -> Result<Json, EvaluationError> {
        let value = with_room(self.deep, || {
            let mut context = Context::with_env(Arc::clone(&LANGUAGE));
            self.parts.bind(scope, &mut context);
            bounds::within(|| Value::resolve(&self.program, &context))
        });
        let value =
            value.ok_or_else(|| EvaluationError::Other("there is no room for it".into()))?;
        let value = value.ok_or(EvaluationError::TooMuch)?.map_err(|error| match error {
            ExecutionError::NoSuchKey(name) => EvaluationError::NoSuchField(name.to_string()),
            other => EvaluationError::Other(other.to_string()),
        })?;
        value.json().map_err(|_| {
            EvaluationError::Other("the expression's value cannot be written as JSON".into())
        })
    }

    /// True only for `true`: a missing field or a wrong type never matches.
    pub fn accepts(&self, scope: &Scope) -> bool {
        self.holds(scope).unwrap_or(false)
    }

    /// As [`Self::accepts`]; an error only where it took too much to find out.
    pub fn holds(&self, scope: &Scope) -> Result<bool, EvaluationError> {
        match self.evaluate(scope) {
            Err(error @ EvaluationError::TooMuch) => Err(error),
            value => Ok(value == Ok(Json::Bool(true))),
        }
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

/// The first name that means nothing where the expression stands: where it is, what is wrong, and what to do.
fn unknown(
    source: &str,
    reads: &[Read<'_>],
    names: Names<'_>,
) -> Option<(u64, String, Option<String>)> {
    if let Some(read) = reads.iter().find(|read| !names.variables.contains(&read.variable)) {
        let message = match read.variable {
            scope::SECRET => {
                "secrets are read in the url, the headers and the body of an http step only".into()
            }
            name => format!("`{name}` is not known here: use {}", names.variables.join(", ")),
        };
        return Some((read.at, message, minus(source, names)));
    }
    let earlier = names.steps?;
    let is_there = |step: &str| earlier.iter().any(|earlier| earlier == step);
    let mut named = reads.iter().filter_map(|read| Some((read.step()??, read.at)));
    let (step, at) = named.find(|(step, _)| !is_there(step))?;
    let known = || earlier.iter().map(String::as_str);
    let hint = minus(source, names).unwrap_or_else(|| match nearest(step, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if earlier.is_empty() => "no step comes before this one".to_owned(),
        None => format!("the steps before this one are {}", earlier.join(", ")),
    });
    Some((at, format!("no step before this one has the id `{step}`"), Some(hint)))
}

/// `steps.notify-it` takes `it` away from `steps.notify`.
fn minus(source: &str, names: Names<'_>) -> Option<String> {
    let dashed = names.steps?.iter().filter(|id| id.contains('-'));
    let dotted = dashed.filter(|id| source.contains(&format!("steps.{id}")));
    let id = dotted.max_by_key(|id| id.len())?;
    Some(format!("a dash after a dot is a minus: write steps[\"{id}\"]"))
}

fn place_of(source: &str, program: &Program, id: u64) -> (usize, usize) {
    let at = program.source_info().offset_for(id).map_or(0, |(start, _)| start as usize);
    place_after(source.get(..at).unwrap_or_default())
}

fn place_after(before: &str) -> (usize, usize) {
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
        let scope = Scope::default().with("event", json!({ "payload": payload }));
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
        let scope = Scope::default().with("event", json!({ "payload": payload, "type": "t" }));
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
            "event.payload['a']",
            "event['payload'].b[\"size\"]",
            "event.payload.a['0']",
        ] {
            let expression = Expression::compile(source).unwrap();
            assert_eq!(expression.evaluate(&scope), expression.execute(&scope), "{source}");
        }
        assert!(Expression::compile("event.payload.true").is_err());
    }

    /// What is read besides changes nothing of what is read.
    #[test]
    fn fields_and_wholes_are_read_side_by_side() {
        let payload = json!({ "a": { "b": 1, "c": [{ "d": 2 }] }, "e": { "f": null }, "k": "b" });
        for filter in [
            "event.payload.a.b == 1 && size(event.payload) == 3",
            "size(event.payload) == 3 && event.payload.a.b == 1",
            "event.payload.a == {'b': 1, 'c': [{'d': 2}]} && event.payload.a.c[0].d == 2",
            "event.payload.a[event.payload.k] == 1 && event.payload['a'].b == 1",
            "has(event.payload.e.f) && !has(event.payload.e.g) && !has(event.payload.x)",
            "has(event.payload.a) && event.payload.e.f == null",
            "event.payload.a.c.exists(c, c.d == 2 && event.payload.a.b == 1)",
            "[event.payload.a].exists(event, event.b == 1)",
            "[1].exists(x, event.payload.e.f == null) && size(event.payload.e) == 1",
        ] {
            check(filter, payload.clone(), true);
        }
    }

    #[test]
    fn a_wrong_expression_is_refused_with_its_place() {
        let refused = Expression::compile("event.payload.total >").unwrap_err();
        assert_eq!(
            (refused.line, refused.message.contains("ends too early")),
            (1, true),
            "{refused}"
        );
        for (source, line, column) in [
            ("1 < payload.total", 1, 5),
            ("'é' + payload", 1, 7),
            ("true &&\n  payload.a", 2, 3),
            ("event.payload.exists(it, payload > it)", 1, 26),
        ] {
            let refused = Expression::compile(source).unwrap_err();
            assert_eq!((refused.line, refused.column), (line, column), "{source}");
            assert!(refused.message.contains("`payload` is not known here"), "{refused}");
        }
    }

    #[test]
    fn what_is_nested_deeply_overflows_no_stack() {
        let sum = vec!["1"; 150].join(" + ");
        check(&format!("{sum} == 150"), json!({}), true);
        let mapped = ".map(x, x + 1)".repeat(60);
        check(&format!("[0]{mapped} == [60]"), json!({}), true);
        for deep in [vec!["1"; 1_000].join("+"), format!("event{}", ".a".repeat(2_000))] {
            let refused = Expression::compile(&deep).unwrap_err();
            assert!(refused.message.contains("nested at most 200 deep"), "{refused}");
        }
        assert!(Expression::compile(&"[".repeat(4_000)).is_err());
    }

    #[test]
    fn macros_name_their_items() {
        let orders = json!({ "items": [{ "price": 5 }, { "price": 150 }] });
        check("event.payload.items.exists(item, item.price > 100)", orders.clone(), true);
        check("event.payload.items.all(item, item.price > 100)", orders.clone(), false);
        check("event.payload.items.map(item, item.price) == [5, 150]", orders, true);
        let refused = Expression::compile("event.payload.exists(item, true) || item").unwrap_err();
        assert!(refused.message.contains("`item` is not known here"), "{refused}");
    }

    #[test]
    fn what_an_expression_reads_of_steps_is_known() {
        for (source, expected) in [
            ("steps.a.output", true),
            ("steps['a'].output", true),
            ("steps[\"a\"].output", true),
            ("steps[input.name].output", true),
            ("steps.?a.output", true),
            ("has(steps.a)", true),
            ("size(steps)", true),
            ("[1].map(x, steps.a.output + x)", true),
            ("steps.ab.output", false),
            ("steps['b'].output", false),
            ("input.steps.a", false),
            ("'steps.a' + input.a", false),
            ("[input].map(steps, steps.a)", false),
        ] {
            let expression = Expression::compile(source).unwrap();
            assert_eq!(expression.reads_step("a"), expected, "{source}");
        }
    }

    #[test]
    fn a_step_that_is_not_there_is_refused_with_a_hint() {
        let earlier = ["notify".to_owned(), "look-up".to_owned()];
        let names = Names::step(&earlier);
        for (source, hint) in [
            ("steps.notfiy.output", "did you mean `notify`?"),
            ("steps['look_up'].output", "did you mean `look-up`?"),
            ("steps.escalate.output", "the steps before this one are notify, look-up"),
            ("steps.look-up.output", "a dash after a dot is a minus: write steps[\"look-up\"]"),
        ] {
            let refused = Expression::compile_for(source, names).unwrap_err();
            assert_eq!(refused.hint.as_deref(), Some(hint), "{source}: {refused}");
        }
        for source in ["steps.notify.output", "steps[\"look-up\"].output", "steps[input.x]"] {
            assert!(Expression::compile_for(source, names).is_ok(), "{source}");
        }
        let alone = Expression::compile_for("1 == steps.a.output", Names::step(&[])).unwrap_err();
        assert_eq!(
            (alone.column, alone.hint.as_deref()),
            (6, Some("no step comes before this one"))
        );
    }

    #[test]
    fn a_trigger_reads_the_event_alone() {
        for source in ["steps.a.output", "input.x", "run.id"] {
            let refused = Expression::compile_for(source, Names::TRIGGER).unwrap_err();
            assert!(refused.message.ends_with("is not known here: use event"), "{refused}");
        }
    }
}
