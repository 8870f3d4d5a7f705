//! Finding events by what their payloads say: words, and values at a path.
//!
//! A payload is a set of terms, made here and kept as they are by either database. Invariant: an event is
//! found exactly when [`Search::matches`] its payload, once the index has come as far as the event.

use std::fmt;
use std::str::FromStr;

mod find;
pub mod index;
mod terms;

pub(crate) use find::older;
pub use find::retain;

/// The longest search.
pub const LONGEST: usize = 500;
/// Words of at least this many letters are found by their beginning too.
const BEGINNING: usize = 3;

/// A term that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    term: String,
    /// A term that begins with it will do.
    begins: bool,
}

/// What is looked for; all of it must be in the payload.
///
/// `order.total = 12` is a value at a path, where lists do not count as steps of the path; a value that
/// ends in `*` is the beginning of one, and one in quotation marks is taken as it is. All else is words.
/// Case never counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    text: String,
    wanted: Vec<Wanted>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSearch {
    #[error("a search has at most {LONGEST} characters; this one has {0}")]
    TooLong(usize),
    #[error("there is no word to look for: letters and digits are looked for, or `path = value`")]
    Nothing,
    #[error("character {0}: name the path before `=`, as in order.total = 12")]
    NoPath(usize),
    #[error("character {0}: a value is missing after `=`, as in order.total = 12")]
    NoValue(usize),
    #[error("character {0}: these quotation marks are not closed")]
    Open(usize),
}

impl Search {
    pub fn parse(text: &str) -> Result<Self, InvalidSearch> {
        let length = text.chars().count();
        if length > LONGEST {
            return Err(InvalidSearch::TooLong(length));
        }
        let mut reader = Reader { text, at: 0 };
        let mut wanted = Vec::new();
        while let Some(piece) = reader.piece(true)? {
            match reader.equals() {
                false => wanted.extend(terms::words(piece.text).map(|term| {
                    let begins = term.chars().count() >= BEGINNING;
                    Wanted { term, begins }
                })),
                true if piece.text.is_empty() => {
                    return Err(InvalidSearch::NoPath(piece.position));
                }
                true => {
                    let missing = InvalidSearch::NoValue(reader.position());
                    let value = reader.piece(false)?.ok_or(missing)?;
                    wanted.push(value.wanted(piece.text));
                }
            }
        }
        if wanted.is_empty() {
            return Err(InvalidSearch::Nothing);
        }
        Ok(Self { text: text.to_owned(), wanted })
    }

    /// Whether an event with this payload is one that is looked for.
    pub fn matches(&self, payload: &str) -> bool {
        let terms = terms::of(payload);
        self.wanted.iter().all(|Wanted { term, begins }| {
            let found = terms.range(term.clone()..).next();
            found.is_some_and(|found| found == term || *begins && found.starts_with(term.as_str()))
        })
    }

    /// As FTS5 asks: strings in quotation marks, doubled within.
    fn for_sqlite(&self) -> String {
        let ask = |Wanted { term, begins }: &Wanted| {
            let star = if *begins { "*" } else { "" };
            format!("\"{}\"{star}", term.replace('"', "\"\""))
        };
        self.wanted.iter().map(ask).collect::<Vec<_>>().join(" AND ")
    }

    /// As `tsquery` is written: in apostrophes, of which terms have none.
    fn for_postgres(&self) -> String {
        let ask = |Wanted { term, begins }: &Wanted| {
            let star = if *begins { ":*" } else { "" };
            format!("'{}'{star}", term.replace('\\', "\\\\"))
        };
        self.wanted.iter().map(ask).collect::<Vec<_>>().join(" & ")
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Search {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        Self::parse(text)
    }
}

struct Piece<'t> {
    text: &'t str,
    quoted: bool,
    /// Of its first character, counted from one.
    position: usize,
}

impl Piece<'_> {
    /// This value at that path.
    fn wanted(&self, path: &str) -> Wanted {
        let path = terms::path(path);
        match self.text.strip_suffix('*').filter(|_| !self.quoted) {
            Some(beginning) => Wanted { term: terms::beginning(&path, beginning), begins: true },
            None => Wanted { term: terms::value(&path, self.text), begins: false },
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Counted from one, in characters.
    fn position(&self) -> usize {
        self.text[..self.at].chars().count() + 1
    }

    /// What stands between blanks, or within quotation marks; a path ends at `=` too.
    fn piece(&mut self, path: bool) -> Result<Option<Piece<'t>>, InvalidSearch> {
        self.blank();
        let (position, rest) = (self.position(), self.rest());
        if rest.is_empty() {
            return Ok(None);
        }
        if let Some(inner) = rest.strip_prefix('"') {
            let end = inner.find('"').ok_or(InvalidSearch::Open(position))?;
            self.at += end + 2;
            return Ok(Some(Piece { text: &inner[..end], quoted: true, position }));
        }
        let ends = |c: char| c.is_whitespace() || path && c == '=';
        let text = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += text.len();
        Ok(Some(Piece { text, quoted: false, position }))
    }

    /// Takes `=`, or `==` as filters write it.
    fn equals(&mut self) -> bool {
        let rest = self.rest().trim_start();
        let Some(after) = rest.strip_prefix('=') else { return false };
        self.at = self.text.len() - after.strip_prefix('=').unwrap_or(after).len();
        true
    }
}

#[cfg(test)]
mod tests;
