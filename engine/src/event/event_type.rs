//! The name of what happened, for example `order.created`: segments between dots.

use std::fmt;
use std::sync::Arc;

/// A valid event type: 1 to 255 bytes, no white space, no control characters, no `*`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventType(Arc<str>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEventType {
    #[error("an event type cannot be empty: name what happened, for example order.created")]
    Empty,
    #[error("an event type has at most 255 bytes; this one has {0}")]
    TooLong(usize),
    #[error(
        "an event type cannot contain {found:?} (character {position}): use letters, digits, dots and dashes"
    )]
    Character { found: char, position: usize },
}

impl EventType {
    pub fn parse(text: &str) -> Result<Self, InvalidEventType> {
        if text.is_empty() {
            return Err(InvalidEventType::Empty);
        }
        if text.len() > 255 {
            return Err(InvalidEventType::TooLong(text.len()));
        }
        match text
            .chars()
            .enumerate()
            .find(|(_, c)| c.is_whitespace() || c.is_control() || *c == '*')
        {
            Some((at, found)) => Err(InvalidEventType::Character { found, position: at + 1 }),
            None => Ok(Self(text.into())),
        }
    }

    /// A type that was valid when it was stored.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_character_that_does_not_fit() {
        assert!(EventType::parse("com.github.pull_request/opened").is_ok());
        assert_eq!(EventType::parse(""), Err(InvalidEventType::Empty));
        let refused = EventType::parse("order.*");
        assert_eq!(refused, Err(InvalidEventType::Character { found: '*', position: 7 }));
        assert!(EventType::parse("a\u{0}b").is_err());
    }
}
