//! As much of the variables as an expression reads: what a large payload holds beside costs it nothing.

use std::collections::HashMap;

use cel::Context;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde_json::{Number, Value as Json};

use super::Scope;
use super::reads::Read;

/// Names that lead from a variable to one field.
#[derive(Clone)]
pub(super) struct Path {
    variable: String,
    names: Vec<String>,
}

impl Path {
    pub(super) fn of(read: &Read<'_>) -> Self {
        let names = read.names.iter().map(|&name| name.to_owned()).collect();
        Self { variable: read.variable.to_owned(), names }
    }

    /// What is there; `None` also where the way there ends too early, which the language has words for.
    pub(super) fn find<'s>(&self, scope: &'s Scope) -> Option<&'s Json> {
        let variable = scope.get(&self.variable)?;
        self.names.iter().try_fold(variable, |found, name| found.as_object()?.get(name))
    }
}

/// What is read of each variable.
#[derive(Clone, Default)]
pub(super) struct Parts(Vec<(String, Part)>);

impl Parts {
    pub(super) fn of(reads: &[Read<'_>]) -> Self {
        let mut parts = Self::default();
        for read in reads {
            entry(&mut parts.0, read.variable).add(&read.names);
        }
        parts
    }

    pub(super) fn bind<'s>(&'s self, scope: &'s Scope, context: &mut Context<'_, 's>) {
        for (name, part) in &self.0 {
            if let Some(value) = scope.get(name) {
                context.add_variable_as_val(name.as_str(), part.of(value));
            }
        }
    }
}

/// What is read of a value.
#[derive(Clone)]
enum Part {
    Whole,
    Fields(Vec<(String, Part)>),
}

impl Part {
    fn add(&mut self, names: &[&str]) {
        match (names, &mut *self) {
            (_, Self::Whole) => {}
            ([], _) => *self = Self::Whole,
            ([name, below @ ..], Self::Fields(fields)) => entry(fields, name).add(below),
        }
    }

    fn of<'s>(&self, json: &'s Json) -> Box<dyn Val + 's> {
        match (self, json) {
            (Self::Fields(fields), Json::Object(object)) => {
                let read = |(name, part): &(String, Self)| {
                    let (name, value) = object.get_key_value(name)?;
                    Some((key(name), part.of(value)))
                };
                Box::new(CelMap::from(fields.iter().filter_map(read).collect::<HashMap<_, _>>()))
            }
            (_, whole) => value(whole),
        }
    }
}

fn entry<'p>(parts: &'p mut Vec<(String, Part)>, name: &str) -> &'p mut Part {
    let at = parts.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        parts.push((name.to_owned(), Part::Fields(Vec::new())));
        parts.len() - 1
    });
    &mut parts[at].1
}

fn key(name: &str) -> CelMapKey<'_> {
    CelMapKey::String(CelString::from(name))
}

/// Whole numbers become `int` where they fit, so that `total + 1` works on any JSON number.
fn value(json: &Json) -> Box<dyn Val + '_> {
    let number = |number: &Number| -> Box<dyn Val> {
        match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Box::new(CelInt::from(int)),
            (None, Some(uint)) => Box::new(CelUInt::from(uint)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        }
    };
    match json {
        Json::Null => Box::new(CelNull),
        Json::Bool(truth) => Box::new(CelBool::from(*truth)),
        Json::Number(it) => number(it),
        Json::String(text) => Box::new(CelString::from(text.as_str())),
        Json::Array(items) => Box::new(CelList::from(items.iter().map(value).collect::<Vec<_>>())),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (key(name), value(field)));
            Box::new(CelMap::from(fields.collect::<HashMap<_, _>>()))
        }
    }
}
