//! What an expression reads: its variables, and of `steps` which ones. Pure.
//!
//! Names that a macro gives to its items are its own and no variables.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, operators};

use super::scope::STEPS;

/// What is read, each with the id of where it stands.
#[derive(Default)]
pub(super) struct Reads<'e> {
    pub(super) variables: Vec<(&'e str, u64)>,
    /// The names of steps; `None` where it shows only when it is evaluated.
    pub(super) steps: Vec<(Option<&'e str>, u64)>,
    /// The names that macros around here have given.
    given: Vec<&'e str>,
}

impl<'e> Reads<'e> {
    pub(super) fn of(expression: &'e IdedExpr) -> Self {
        let mut reads = Self::default();
        reads.walk(expression);
        reads
    }

    fn walk(&mut self, it: &'e IdedExpr) {
        match &it.expr {
            Expr::Unspecified | Expr::Literal(_) => {}
            Expr::Ident(_) => self.variable(it, None),
            Expr::Select(select) => match self.is_steps(&select.operand) {
                true => self.variable(&select.operand, Some(&select.field)),
                false => self.walk(&select.operand),
            },
            Expr::Call(call) => {
                let field = match call.func_name.as_str() {
                    operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => {
                        call.args.split_first().zip(call.args.get(1).and_then(text))
                    }
                    _ => None,
                };
                match field {
                    Some(((of, _), field)) if self.is_steps(of) => self.variable(of, Some(field)),
                    _ => call.target.iter().map(|it| &**it).chain(&call.args).for_each(|it| {
                        self.walk(it);
                    }),
                }
            }
            Expr::List(list) => list.elements.iter().for_each(|it| self.walk(it)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(it) => it.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(it) => {
                self.walk(&it.iter_range);
                self.walk(&it.accu_init);
                let outside = self.given.len();
                let names = [Some(&it.iter_var), it.iter_var2.as_ref(), Some(&it.accu_var)];
                self.given.extend(names.into_iter().flatten().map(String::as_str));
                self.walk(&it.loop_cond);
                self.walk(&it.loop_step);
                self.walk(&it.result);
                self.given.truncate(outside);
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.walk(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.walk(&entry.key);
                self.walk(&entry.value);
            }
        }
    }

    fn is_steps(&self, it: &IdedExpr) -> bool {
        matches!(&it.expr, Expr::Ident(name) if name == STEPS) && !self.given.contains(&STEPS)
    }

    fn variable(&mut self, it: &'e IdedExpr, step: Option<&'e str>) {
        let Expr::Ident(name) = &it.expr else { return };
        if self.given.contains(&name.as_str()) {
            return;
        }
        self.variables.push((name, it.id));
        if name == STEPS {
            self.steps.push((step, it.id));
        }
    }
}

fn text(it: &IdedExpr) -> Option<&str> {
    match &it.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
