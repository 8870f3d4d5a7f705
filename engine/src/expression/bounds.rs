//! What an evaluation may cost.
//!
//! An expression is rewritten once, when it is compiled, so that what costs by its data says so: a loop
//! before it begins, a list, a map or a sum once it is made, and within loops whatever looks through a
//! value. All of them take from the steps that one evaluation has.
//!
//! Invariant: an evaluation that has used up its steps has no value, whatever it says.

use std::cell::Cell;

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelBytes, CelInt, CelList, CelMap, CelString, DYN_TYPE, INT_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{Env, ExecutionError, IdedExpr};

/// About a tenth of a second.
const MOST: u64 = 1_000_000;
/// So many bytes of a text that is made cost a step; so what an evaluation makes is bounded too.
const MADE_BYTES: usize = 16;
/// So many bytes of a text that is looked through cost a step.
const SEEN_BYTES: usize = 256;

const LOOP: &str = "@loop";
const MADE: &str = "@made";
const SEEN: &str = "@seen";

/// What costs no more for a large value than for a small one, or says what it costs by itself.
const CHEAP: [&str; 12] = [
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::NOT_STRICTLY_FALSE,
    operators::INDEX,
    operators::OPT_INDEX,
    operators::OPT_SELECT,
    operators::ADD,
    operators::NEGATE,
    "size",
    "type",
];

thread_local! {
    /// The steps that the evaluation under way has left; `None` once it wanted more.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Adds what rewritten expressions call.
pub(super) fn declare(language: &mut Env) -> Result<(), cel::DeclarationError> {
    language.add_overload(LOOP, "sluice_loop", vec![DYN_TYPE, INT_TYPE], begins_loop)?;
    language.add_overload(MADE, "sluice_made", vec![DYN_TYPE], is_made)?;
    language.add_overload(SEEN, "sluice_seen", vec![DYN_TYPE], is_seen)
}

/// What comes of an evaluation; nothing when it took too much.
pub(super) fn within<T>(evaluate: impl FnOnce() -> T) -> Option<T> {
    LEFT.set(Some(MOST));
    let value = evaluate();
    LEFT.get().map(|_| value)
}

pub(super) fn pay(steps: u64) -> Result<(), ExecutionError> {
    let rest = LEFT.get().and_then(|left| left.checked_sub(steps));
    LEFT.set(rest);
    match rest {
        Some(_) => Ok(()),
        None => Err(ExecutionError::function_error("evaluation", "it takes too many steps")),
    }
}

/// Rewrites an expression as described above.
pub(super) fn set(expression: &mut IdedExpr) {
    bound(expression, false);
}

/// How many parts lie within one another.
pub(super) fn depth(it: &IdedExpr) -> usize {
    let entry = |entry: &EntryExpr| match entry {
        EntryExpr::StructField(field) => depth(&field.value),
        EntryExpr::MapEntry(entry) => depth(&entry.key).max(depth(&entry.value)),
    };
    let below = match &it.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => None,
        Expr::Select(select) => Some(depth(&select.operand)),
        Expr::Call(call) => {
            call.target.iter().map(|target| &**target).chain(&call.args).map(depth).max()
        }
        Expr::List(list) => list.elements.iter().map(depth).max(),
        Expr::Map(map) => map.entries.iter().map(|it| entry(&it.expr)).max(),
        Expr::Struct(of) => of.entries.iter().map(|it| entry(&it.expr)).max(),
        Expr::Comprehension(of) => {
            let parts = [&of.iter_range, &of.accu_init, &of.loop_cond, &of.loop_step, &of.result];
            parts.into_iter().map(depth).max()
        }
    };
    below.unwrap_or(0) + 1
}

/// How many parts are evaluated each time, without those of loops.
fn bound(it: &mut IdedExpr, looping: bool) -> i64 {
    let below = match &mut it.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => 0,
        Expr::Select(select) => bound(&mut select.operand, looping),
        Expr::Call(call) => {
            let target = call.target.iter_mut().map(|target| &mut **target);
            let mut below = 0;
            for operand in target.chain(&mut call.args) {
                below += bound(operand, looping);
                if looping && !CHEAP.contains(&call.func_name.as_str()) {
                    charge(operand, SEEN);
                }
            }
            below
        }
        Expr::List(list) => list
            .elements
            .iter_mut()
            .map(|element| bound(element, looping) + charge(element, MADE))
            .sum(),
        Expr::Map(map) => map.entries.iter_mut().map(|it| entry(&mut it.expr, looping)).sum(),
        Expr::Struct(of) => of.entries.iter_mut().map(|it| entry(&mut it.expr, looping)).sum(),
        Expr::Comprehension(of) => {
            let each = bound(&mut of.loop_cond, true) + bound(&mut of.loop_step, true);
            let range = std::mem::take(&mut of.iter_range);
            let each = Expr::Literal(LiteralValue::Int(each.into()));
            let each = IdedExpr { id: range.id, expr: each };
            of.iter_range = call(LOOP, range.id, vec![range, each]);
            let IdedExpr { expr: Expr::Call(paid), .. } = &mut of.iter_range else { return 1 };
            bound(&mut paid.args[0], looping)
                + bound(&mut of.accu_init, looping)
                + bound(&mut of.result, looping)
        }
    };
    if sums_values(&it.expr) {
        charge(it, MADE);
    }
    below + 1
}

fn entry(entry: &mut EntryExpr, looping: bool) -> i64 {
    let part = |it: &mut IdedExpr| bound(it, looping) + charge(it, MADE);
    match entry {
        EntryExpr::StructField(field) => part(&mut field.value),
        EntryExpr::MapEntry(entry) => part(&mut entry.key) + part(&mut entry.value),
    }
}

/// A sum of more than numbers. What a macro adds to its own result is charged where it is made.
fn sums_values(it: &Expr) -> bool {
    let Expr::Call(call) = it else { return false };
    let plain = |it: &IdedExpr| match &it.expr {
        Expr::Literal(LiteralValue::String(_) | LiteralValue::Bytes(_)) => false,
        Expr::Literal(_) => true,
        other => is_result(other),
    };
    call.func_name == operators::ADD && !call.args.iter().any(plain)
}

fn is_result(it: &Expr) -> bool {
    matches!(it, Expr::Ident(name) if name.starts_with('@'))
}

/// Puts a call around it; what is fixed costs what the expression's own length allows.
fn charge(it: &mut IdedExpr, how: &str) -> i64 {
    if matches!(it.expr, Expr::Literal(_)) || is_result(&it.expr) {
        return 0;
    }
    let (id, inner) = (it.id, std::mem::take(it));
    *it = call(how, id, vec![inner]);
    1
}

fn call(name: &str, id: u64, args: Vec<IdedExpr>) -> IdedExpr {
    let call = CallExpr { func_name: name.to_owned(), target: None, args };
    IdedExpr { id, expr: Expr::Call(call) }
}

/// Takes what is gone through and how many parts each round has; each item is copied for its round.
fn begins_loop<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let each = args.pop().and_then(|each| each.downcast_ref::<CelInt>().map(|each| *each.inner()));
    let range = first(args)?;
    let rounds = range.as_sizer().map_or(0, |sizer| *sizer.size().inner());
    let rounds = rounds.saturating_mul(each.unwrap_or(1).saturating_add(1));
    pay(rounds.unsigned_abs().saturating_add(size(range.as_ref(), MADE_BYTES, MOST)))?;
    Ok(range)
}

fn is_made<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first(args)?;
    pay(size(value.as_ref(), MADE_BYTES, MOST))?;
    Ok(value)
}

fn is_seen<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = first(args)?;
    pay(size(value.as_ref(), SEEN_BYTES, MOST))?;
    Ok(value)
}

fn first<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    args.pop().ok_or_else(ExecutionError::missing_argument_or_target)
}

/// One for each value in it, and one for each so many bytes of its texts; counted no further than `most`.
fn size(value: &dyn Val, bytes: usize, most: u64) -> u64 {
    let mut found = 1;
    let mut count = |value: &dyn Val| {
        if found <= most {
            found += size(value, bytes, most - found);
        }
    };
    if let Some(list) = value.downcast_ref::<CelList>() {
        list.inner().iter().for_each(|item| count(item.as_ref()));
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        for (key, value) in map.inner() {
            count(key.inner());
            count(value.as_ref());
        }
    } else if let Some(text) = value.downcast_ref::<CelString>() {
        found += (text.inner().len() / bytes) as u64;
    } else if let Some(text) = value.downcast_ref::<CelBytes>() {
        found += (text.inner().len() / bytes) as u64;
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::expression::{EvaluationError, Expression, Scope};

    fn evaluate(source: &str, payload: &Json) -> Result<Json, EvaluationError> {
        let scope = Scope::default().with("event", json!({ "payload": payload }));
        Expression::compile(source).unwrap().evaluate(&scope)
    }

    #[track_caller]
    fn check_too_much(source: &str, payload: &Json) {
        assert_eq!(evaluate(source, payload), Err(EvaluationError::TooMuch), "{source}");
    }

    #[test]
    fn loops_within_loops_end() {
        let thousand = json!({ "a": (0..1_000).collect::<Vec<_>>() });
        let a = "event.payload.a";
        check_too_much(&format!("{a}.all(x, {a}.all(y, {a}.all(z, x + y + z >= 0)))"), &thousand);
        check_too_much(&format!("{a}.map(x, {a}.map(y, {a}.map(z, z)))"), &thousand);
        check_too_much(&format!("{a}.exists(x, {a}.exists(y, {a}.exists(z, z < 0)))"), &thousand);
        let small = json!({ "a": (0..30).collect::<Vec<_>>() });
        let triple = format!("{a}.all(x, {a}.all(y, {a}.all(z, x + y + z >= 0)))");
        assert_eq!(evaluate(&triple, &small), Ok(json!(true)));
    }

    #[test]
    fn an_alternative_does_not_hide_that_it_took_too_much() {
        let thousand = json!({ "a": (0..1_000).collect::<Vec<_>>() });
        let a = "event.payload.a";
        check_too_much(&format!("{a}.all(x, {a}.all(y, {a}.all(z, z >= 0))) || true"), &thousand);
    }

    #[test]
    fn what_is_made_does_not_grow_beyond_measure() {
        let text = json!({ "t": "0123456789".repeat(10) });
        let doubled = "[event.payload.t]".to_owned() + &".map(x, x + x)".repeat(40);
        check_too_much(&doubled, &text);
        let nested = "[event.payload.t]".to_owned() + &".map(x, [x, x])".repeat(40);
        check_too_much(&nested, &text);
        let mapped = "[event.payload.t]".to_owned() + &".map(x, {'a': x, 'b': x})".repeat(40);
        check_too_much(&mapped, &text);
        let large = json!({ "t": "0".repeat(1 << 20) });
        check_too_much(&vec!["event.payload.t"; 100].join(" + "), &large);
        check_too_much(&format!("[{}]", vec!["event.payload.t"; 100].join(", ")), &large);
    }

    #[test]
    fn large_values_are_not_looked_through_again_and_again() {
        let payload = json!({ "a": (0..1_000).collect::<Vec<_>>(), "t": "0".repeat(1 << 20) });
        check_too_much("event.payload.a.exists(x, event.payload.t.contains('1'))", &payload);
        check_too_much("event.payload.a.exists(x, event.payload.a == [x])", &payload);
        let once = "event.payload.t.contains('1') || event.payload.a.exists(x, x == 999)";
        assert_eq!(evaluate(once, &payload), Ok(json!(true)));
    }

    #[test]
    fn expressions_mean_what_they_meant() {
        let payload = json!({ "a": [3, 1, 2], "m": { "k": "v" }, "t": "text" });
        for (source, expected) in [
            ("event.payload.a.map(x, x * 2)", json!([6, 2, 4])),
            ("event.payload.a.filter(x, x > 1)", json!([3, 2])),
            ("event.payload.a.map(x, x > 1, [x, x])", json!([[3, 3], [2, 2]])),
            ("event.payload.a.exists_one(x, x == 3)", json!(true)),
            ("event.payload.m.all(k, event.payload.m[k] == 'v')", json!(true)),
            ("event.payload.a + [4]", json!([3, 1, 2, 4])),
            ("event.payload.t + '-' + string(event.payload.a[0])", json!("text-3")),
            ("{'t': event.payload.t, event.payload.t: 1}", json!({ "t": "text", "text": 1 })),
            ("2 in event.payload.a ? size(event.payload.a) : 0", json!(3)),
            ("event.payload.a.map(x, string(x)).exists(x, x.matches('^[12]$'))", json!(true)),
            ("has(event.payload.m.k) && !has(event.payload.m.l)", json!(true)),
            ("duration('1h') + duration('30m') == duration('90m')", json!(true)),
        ] {
            assert_eq!(evaluate(source, &payload), Ok(expected), "{source}");
        }
        let missing = evaluate("event.payload.a.map(x, x.y)", &json!({ "a": [{}] }));
        assert_eq!(missing, Err(EvaluationError::NoSuchField("y".into())));
    }
}
