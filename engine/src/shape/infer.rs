//! A shape, and what one more payload changes about it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most fields that a shape has.
pub const MOST_FIELDS: usize = 500;
/// An object with more members than this is a map: its names are data.
const MOST_MEMBERS: usize = 50;
/// How deep it is looked.
const DEEPEST: usize = 12;
/// How many items of an array are looked at.
const ITEMS: usize = 50;
/// The first events of a type are only learnt from.
const LEARNT: u64 = 5;
/// A field that is not always there has gone when so many events in a row lacked it.
const SILENT: u64 = 1_000;
/// The most changes that are told of one event.
const MOST_TURNS: usize = 20;
/// Names that are longer are data.
const LONGEST_NAME: usize = 64;

pub const ROOT: &str = "$";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Object,
    Array,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

type Kinds = BTreeSet<Kind>;

/// `number or string`.
pub fn words(kinds: &Kinds) -> String {
    kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
}

/// What is known of a place in the payloads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    pub kinds: Kinds,
    /// In how many events it was.
    pub seen: u64,
    /// In how many it was not, though the object that it belongs to was there.
    pub missed: u64,
    /// How many of those came last, in a row.
    pub silent: u64,
}

/// What the payloads of one event type look like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub events: u64,
    /// By their paths: `$`, `$.customer.email`, `$.items[].price`.
    pub fields: BTreeMap<String, Field>,
    /// Objects whose names are data.
    #[serde(default)]
    pub maps: BTreeSet<String>,
    /// Whether there were more fields than are kept.
    #[serde(default)]
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnKind {
    Appeared,
    Changed,
    Disappeared,
}

impl TurnKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Changed => "changed",
            Self::Disappeared => "disappeared",
        }
    }
}

impl fmt::Display for TurnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub path: String,
    pub kind: TurnKind,
    pub was: Option<String>,
    pub became: Option<String>,
}

impl Shape {
    /// Learns from one more payload; what that changes. The same payloads in the same order always give
    /// the same.
    pub fn learn(&mut self, payload: &Value) -> Vec<Turn> {
        let mut seen = BTreeMap::new();
        observe(payload, ROOT, 0, &self.maps, &mut seen);
        if self.fold(&seen) {
            seen.clear();
            observe(payload, ROOT, 0, &self.maps, &mut seen);
        }
        let tells = self.events >= LEARNT;
        self.events += 1;
        let mut turns = self.take_in(&seen, tells);
        turns.extend(self.miss(&seen, tells));
        turns.truncate(MOST_TURNS);
        turns
    }

    /// Adds what was seen. Of what is new, or of another kind, what is in it is not told.
    fn take_in(&mut self, seen: &BTreeMap<String, Kinds>, tells: bool) -> Vec<Turn> {
        let (mut turns, mut new) = (Vec::new(), BTreeSet::new());
        for (path, kinds) in seen {
            let Some(field) = self.fields.get_mut(path) else {
                if self.fields.len() >= MOST_FIELDS {
                    self.full = true;
                    continue;
                }
                let missed = self.fields.get(parent(path)).map_or(0, |parent| parent.seen - 1);
                let field = Field { kinds: kinds.clone(), seen: 1, missed, silent: 0 };
                self.fields.insert(path.clone(), field);
                if tells && !new.contains(parent(path)) {
                    let became = Some(words(kinds));
                    turns.push(turn(path, TurnKind::Appeared, None, became));
                }
                new.insert(path.clone());
                continue;
            };
            field.seen += 1;
            field.silent = 0;
            if !kinds.is_subset(&field.kinds) {
                let was = words(&field.kinds);
                field.kinds.extend(kinds);
                if tells {
                    let became = Some(words(&field.kinds));
                    turns.push(turn(path, TurnKind::Changed, Some(was), became));
                }
                new.insert(path.clone());
            }
        }
        turns
    }

    /// Counts what was not there though its object was.
    fn miss(&mut self, seen: &BTreeMap<String, Kinds>, tells: bool) -> Vec<Turn> {
        let (mut turns, mut gone) = (Vec::new(), Vec::new());
        for (path, field) in &mut self.fields {
            let belongs = parent(path);
            let there = seen.get(belongs).is_some_and(|kinds| kinds.contains(&Kind::Object));
            if seen.contains_key(path) || path.ends_with("[]") || !there {
                continue;
            }
            let always = field.missed == 0 && field.seen >= LEARNT;
            field.missed += 1;
            field.silent += 1;
            if field.silent == SILENT {
                gone.push(path.clone());
            }
            if tells && (always || field.silent == SILENT) && !path.ends_with(".*") {
                let was = Some(words(&field.kinds));
                turns.push(turn(path, TurnKind::Disappeared, was, None));
            }
        }
        for path in gone {
            self.fields.retain(|known, _| !is_within(known, &path));
        }
        turns
    }

    /// Takes objects with too many names as maps; whether there are new ones.
    fn fold(&mut self, seen: &BTreeMap<String, Kinds>) -> bool {
        let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for path in self.fields.keys().chain(seen.keys()) {
            if let Some((object, name)) = path.rsplit_once('.')
                && !name.ends_with("[]")
            {
                members.entry(object).or_default().insert(name);
            }
        }
        let many = members.into_iter().filter(|(_, names)| names.len() > MOST_MEMBERS);
        let maps: Vec<String> = many.map(|(object, _)| object.to_owned()).collect();
        for object in &maps {
            let inside = format!("{object}.");
            let fields = std::mem::take(&mut self.fields);
            for (path, field) in fields {
                let folded = match path.strip_prefix(&inside) {
                    Some(rest) => {
                        let end = rest.find(['.', '[']).unwrap_or(rest.len());
                        format!("{inside}*{}", &rest[end..])
                    }
                    None => path,
                };
                let into = self.fields.entry(folded).or_default();
                into.kinds.extend(field.kinds);
                into.seen = into.seen.max(field.seen);
                into.missed = into.missed.max(field.missed);
                into.silent = into.silent.max(field.silent);
            }
            self.maps.insert(object.clone());
        }
        !maps.is_empty()
    }
}

fn turn(path: &str, kind: TurnKind, was: Option<String>, became: Option<String>) -> Turn {
    Turn { path: shown(path).to_owned(), kind, was, became }
}

/// The path as people read it: the root is `$`, all else is without it.
pub fn shown(path: &str) -> &str {
    path.strip_prefix("$.").unwrap_or(path)
}

/// The object or array that a path belongs to.
fn parent(path: &str) -> &str {
    if let Some(array) = path.strip_suffix("[]") {
        return array;
    }
    path.rsplit_once('.').map_or("", |(object, _)| object)
}

fn is_within(path: &str, object: &str) -> bool {
    path.strip_prefix(object).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Collects every place of a payload with the kinds of what stands there.
fn observe(
    value: &Value,
    path: &str,
    depth: usize,
    maps: &BTreeSet<String>,
    seen: &mut BTreeMap<String, Kinds>,
) {
    // Some more than are kept, so that maps are found by their members.
    if !seen.contains_key(path) && seen.len() >= 2 * MOST_FIELDS {
        return;
    }
    seen.entry(path.to_owned()).or_default().insert(Kind::of(value));
    if depth == DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            let is_map = maps.contains(path);
            for (name, member) in members {
                let name = if is_map || is_data(name) { "*".to_owned() } else { plain(name) };
                observe(member, &format!("{path}.{name}"), depth + 1, maps, seen);
            }
        }
        Value::Array(items) => {
            let inside = format!("{path}[]");
            items.iter().take(ITEMS).for_each(|item| {
                observe(item, &inside, depth + 1, maps, seen);
            });
        }
        _ => {}
    }
}

/// A name without what paths are written with.
fn plain(name: &str) -> String {
    name.replace(['.', '[', ']'], "_")
}

/// Whether a name looks like an id, an address or a text rather than the name of a field.
fn is_data(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    name.is_empty()
        || name.len() > LONGEST_NAME
        || letters == 0
        || name.contains(['@', ' ', '/', ':'])
        || digits >= 4 && digits * 4 >= name.len()
}

#[cfg(test)]
mod tests;
