//! What an expression reads: fields of variables, each by the names that lead there. Pure.
//!
//! Names that a macro gives to its items are its own and no variables.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue, operators};

use super::scope::STEPS;

/// A field that is read, with all that is below it.
pub(super) struct Read<'e> {
    pub(super) variable: &'e str,
    /// The names that lead from the variable to the field.
    pub(super) names: Vec<&'e str>,
    /// Whether it must be there: `has(a.b)` and `a.?b` do not ask for that.
    pub(super) is_plain: bool,
    /// The id of where the variable stands.
    pub(super) at: u64,
}

impl<'e> Read<'e> {
    /// `None` for what is, or may be, more than the way to a field.
    pub(super) fn of(it: &'e IdedExpr) -> Option<Self> {
        let (from, name, is_plain) = match &it.expr {
            Expr::Ident(variable) => {
                return Some(Self { variable, names: Vec::new(), is_plain: true, at: it.id });
            }
            Expr::Select(select) => (&*select.operand, select.field.as_str(), !select.test),
            Expr::Call(call) => {
                let is_plain = match call.func_name.as_str() {
                    operators::INDEX => true,
                    operators::OPT_INDEX | operators::OPT_SELECT => false,
                    _ => return None,
                };
                (call.args.first()?, text(call.args.get(1)?)?, is_plain)
            }
            _ => return None,
        };
        let mut read = Self::of(from)?;
        read.names.push(name);
        read.is_plain &= is_plain;
        Some(read)
    }

    /// The step that it reads, where it reads of steps: within, `None` where it shows only when it is evaluated.
    pub(super) fn step(&self) -> Option<Option<&'e str>> {
        (self.variable == STEPS).then(|| self.names.first().copied())
    }
}

/// All that the expression reads, in the order in which it stands there.
pub(super) fn all(expression: &IdedExpr) -> Vec<Read<'_>> {
    let mut walk = Walk::default();
    walk.through(expression);
    walk.reads
}

#[derive(Default)]
struct Walk<'e> {
    reads: Vec<Read<'e>>,
    /// The names that macros around here have given.
    given: Vec<&'e str>,
}

impl<'e> Walk<'e> {
    fn through(&mut self, it: &'e IdedExpr) {
        if let Some(read) = Read::of(it) {
            if !self.given.contains(&read.variable) {
                self.reads.push(read);
            }
            return;
        }
        match &it.expr {
            Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
            Expr::Select(select) => self.through(&select.operand),
            Expr::Call(call) => {
                let target = call.target.iter().map(|it| &**it);
                target.chain(&call.args).for_each(|it| self.through(it));
            }
            Expr::List(list) => list.elements.iter().for_each(|it| self.through(it)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(it) => it.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(it) => {
                self.through(&it.iter_range);
                self.through(&it.accu_init);
                let outside = self.given.len();
                let names = [Some(&it.iter_var), it.iter_var2.as_ref(), Some(&it.accu_var)];
                self.given.extend(names.into_iter().flatten().map(String::as_str));
                self.through(&it.loop_cond);
                self.through(&it.loop_step);
                self.through(&it.result);
                self.given.truncate(outside);
            }
        }
    }

    fn entry(&mut self, entry: &'e EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.through(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.through(&entry.key);
                self.through(&entry.value);
            }
        }
    }
}

fn text(it: &IdedExpr) -> Option<&str> {
    match &it.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
