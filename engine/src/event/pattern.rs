//! Event type patterns: `order.*` is one more segment, `order.**` one or more; a lone `*` is every
//! type. Everything else is literal.

use std::fmt;

use super::EventType;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    Literal(String),
    /// `*`: exactly one segment.
    One,
    /// `**`: one or more segments.
    Many,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    #[error("a pattern cannot be empty: write `*` for every event type")]
    Empty,
    #[error("a pattern has at most 255 bytes; this one has {0}")]
    TooLong(usize),
    #[error("segment {position} of the pattern is empty: remove the extra dot")]
    EmptySegment { position: usize },
    #[error(
        "character {position} of the pattern: `*` stands for a whole segment, as in order.* or order.**"
    )]
    Star { position: usize },
    #[error("character {position} of the pattern cannot be {found:?}")]
    Character { found: char, position: usize },
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if text.len() > 255 {
            return Err(InvalidPattern::TooLong(text.len()));
        }
        if text == "*" {
            return Ok(Self { text: text.into(), segments: vec![Segment::Many] });
        }
        let mut segments = Vec::new();
        let mut start = 1;
        for (index, part) in text.split('.').enumerate() {
            segments.push(segment(part, index + 1, start)?);
            start += part.chars().count() + 1;
        }
        Ok(Self { text: text.into(), segments })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub fn matches(&self, event_type: &EventType) -> bool {
        let parts: Vec<&str> = event_type.as_str().split('.').collect();
        matches(&self.segments, &parts)
    }

    /// The whole type, when the pattern names just one.
    pub fn literal(&self) -> Option<&str> {
        let literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
        self.segments.iter().all(literal).then_some(self.text.as_str())
    }

    /// The text every matching type begins with; empty when the pattern begins with a star.
    pub fn prefix(&self) -> &str {
        self.text.find('*').map_or(self.text.as_str(), |star| &self.text[..star])
    }
}

fn segment(part: &str, position: usize, start: usize) -> Result<Segment, InvalidPattern> {
    match part {
        "" => return Err(InvalidPattern::EmptySegment { position }),
        "*" => return Ok(Segment::One),
        "**" => return Ok(Segment::Many),
        _ => {}
    }
    for (offset, found) in part.chars().enumerate() {
        let position = start + offset;
        if found == '*' {
            return Err(InvalidPattern::Star { position });
        }
        if found.is_whitespace() || found.is_control() {
            return Err(InvalidPattern::Character { found, position });
        }
    }
    Ok(Segment::Literal(part.into()))
}

/// Costs at most the product of the lengths: only the last `**` is ever made to take more, because
/// whatever one before it could take, the last one can take as well.
fn matches(pattern: &[Segment], parts: &[&str]) -> bool {
    let (mut at, mut part) = (0, 0);
    // Behind the last `**`, and the first part that it has not taken.
    let mut last: Option<(usize, usize)> = None;
    loop {
        let fits = match (pattern.get(at), parts.get(part)) {
            (None, None) => return true,
            (Some(Segment::Many), Some(_)) => {
                last = Some((at + 1, part + 1));
                true
            }
            (Some(Segment::One), Some(_)) => true,
            (Some(Segment::Literal(text)), Some(part)) => text == part,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if fits {
            (at, part) = (at + 1, part + 1);
            continue;
        }
        match &mut last {
            Some((behind, taken)) if *taken < parts.len() => {
                *taken += 1;
                (at, part) = (*behind, *taken);
            }
            _ => return false,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, event_type: &str, expected: bool) {
        let event_type = EventType::parse(event_type).unwrap();
        assert_eq!(
            Pattern::parse(pattern).unwrap().matches(&event_type),
            expected,
            "{pattern} {event_type}"
        );
    }

    #[test]
    fn a_star_is_exactly_one_segment() {
        check("order.*", "order.created", true);
        check("order.*", "order.item.added", false);
        check("order.*", "order", false);
        check("*.created", "order.created", true);
    }

    #[test]
    fn two_stars_are_one_segment_or_more() {
        check("order.**", "order.created", true);
        check("order.**", "order.item.added", true);
        check("order.**", "order", false);
        check("order.**.added", "order.item.line.added", true);
        check("order.**.added", "order.added", false);
    }

    #[test]
    fn a_lone_star_is_every_type() {
        check("*", "push", true);
        check("*", "order.item.added", true);
        check("**", "order.item.added", true);
    }

    #[test]
    fn many_stars_cost_little() {
        let (stars, parts) = (["**"; 60].join("."), ["a"; 120].join("."));
        check(&stars, &parts, true);
        check(&format!("{stars}.b"), &parts, false);
        check(&format!("a.{stars}.a"), &parts, true);
    }

    #[test]
    fn a_bad_pattern_is_refused_with_its_position() {
        let refused = |text| Pattern::parse(text).unwrap_err();
        assert_eq!(refused("order.cre*"), InvalidPattern::Star { position: 10 });
        assert_eq!(refused("order..x"), InvalidPattern::EmptySegment { position: 2 });
        assert_eq!(refused("a b"), InvalidPattern::Character { found: ' ', position: 2 });
        assert_eq!(refused(""), InvalidPattern::Empty);
    }
}
