//! The terms of a payload: its words, and its values with their paths. Pure.
//!
//! Invariant: no term has a control character or an apostrophe in it, none is longer than what Postgres
//! keeps as one, and only those with a path have a `=`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// A payload has at most so many terms; what comes after them is not found.
const MOST: usize = 4_000;
/// A word counts by its first so many bytes.
const WORD: usize = 64;
/// A longer path or value counts by its beginning and its hash.
const PART: usize = 96;
/// How much of it that beginning is.
const BEGINNING: usize = 64;

/// All of a payload. Of text that is no JSON only the words count.
pub(super) fn of(payload: &str) -> BTreeSet<String> {
    let mut terms = Terms(BTreeSet::new());
    match serde_json::from_str::<Value>(payload) {
        Ok(value) => terms.take("", &value),
        Err(_) => terms.add_words(payload),
    }
    terms.0
}

/// Letters and digits that stand together, in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|character: char| !character.is_alphanumeric());
    parts.filter(|part| !part.is_empty()).map(|part| {
        let word = part.to_lowercase();
        word[..word.floor_char_boundary(WORD)].to_owned()
    })
}

/// A path as somebody writes it: in a filter it begins at the event, and lists may have places.
pub(super) fn path(written: &str) -> String {
    let written = written.strip_prefix("event.payload.").unwrap_or(written);
    let mut path = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('[') {
        path.push_str(before);
        match after.split_once(']') {
            Some((place, after)) if place.bytes().all(|byte| byte.is_ascii_digit()) => rest = after,
            _ => {
                path.push('[');
                rest = after;
            }
        }
    }
    path + rest
}

/// The term of a value at a path.
pub(super) fn value(path: &str, value: &str) -> String {
    format!("{}={}", whole(path), whole(&number(value)))
}

/// How the terms begin of the values at a path that begin so.
pub(super) fn beginning(path: &str, beginning: &str) -> String {
    let mut beginning = plain(beginning);
    beginning.truncate(beginning.floor_char_boundary(BEGINNING));
    format!("{}={beginning}", whole(path))
}

struct Terms(BTreeSet<String>);

impl Terms {
    fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    fn add_words(&mut self, text: &str) {
        for word in words(text) {
            if self.is_full() {
                return;
            }
            self.0.insert(word);
        }
    }

    fn add(&mut self, path: &str, text: &str) {
        self.add_words(text);
        if !path.is_empty() && !self.is_full() {
            self.0.insert(value(path, text));
        }
    }

    fn take(&mut self, path: &str, value: &Value) {
        if self.is_full() {
            return;
        }
        match value {
            Value::Null => self.add(path, "null"),
            Value::Bool(bool) => self.add(path, if *bool { "true" } else { "false" }),
            Value::Number(number) => self.add(path, &plain_number(number)),
            Value::String(text) => self.add(path, text),
            Value::Array(items) => items.iter().for_each(|item| self.take(path, item)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.add_words(key);
                    match path {
                        "" => self.take(key, value),
                        _ => self.take(&format!("{path}.{key}"), value),
                    }
                }
            }
        }
    }
}

/// What is said in different ways is one number: `12`, `12.0` and `1.2e1`.
fn number(text: &str) -> Cow<'_, str> {
    let may_be = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let number = Some(text).filter(|_| may_be).and_then(|text| serde_json::from_str(text).ok());
    number.map_or(Cow::Borrowed(text), |number: Number| Cow::Owned(plain_number(&number)))
}

fn plain_number(number: &Number) -> String {
    /// Up to here every whole number has a floating one of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT => {
            format!("{}", float as i64)
        }
        _ => number.to_string(),
    }
}

/// In lower case, without what would part a term.
fn plain(text: &str) -> String {
    let plain = |character: char| match character {
        '\'' => '’',
        control if control.is_control() => ' ',
        other => other,
    };
    text.to_lowercase().chars().map(plain).collect()
}

/// The same, shortened where it is long, and still different from all others.
fn whole(text: &str) -> String {
    let mut plain = plain(text);
    if plain.len() > PART {
        let hash = Sha256::digest(plain.as_bytes());
        plain.truncate(plain.floor_char_boundary(BEGINNING));
        plain.push('…');
        plain.push_str(&crate::hex::hex(&hash[..8]));
    }
    plain
}
