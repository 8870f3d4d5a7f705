//! Expressions that read one field and do nothing else, as `event.payload.order.id`.

use cel::Value;
use cel::objects::Key;

use super::Scope;

/// Names that lead from a variable to a field.
pub(super) struct Path {
    variable: String,
    fields: Vec<Key>,
}

impl Path {
    /// `None` for what is, or may be, more than that.
    pub(super) fn of(source: &str) -> Option<Self> {
        let is_name = |name: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            name.bytes().next().is_some_and(is_letter)
                && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
        };
        let mut names = source.split('.');
        let variable = names.next().filter(|name| is_name(name))?.to_owned();
        let fields = names.map(|name| is_name(name).then(|| Key::from(name.to_owned())));
        Some(Self { variable, fields: fields.collect::<Option<_>>()? })
    }

    /// What is there; `None` also where the way there ends too early, which the language has words for.
    pub(super) fn find<'s>(&self, scope: &'s Scope) -> Option<&'s Value> {
        let mut found = scope.get(&self.variable)?;
        for field in &self.fields {
            let Value::Map(fields) = found else { return None };
            found = fields.map.get(field)?;
        }
        Some(found)
    }
}
