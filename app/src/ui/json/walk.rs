//! Finds the pieces of a JSON text, without making anything of them.
//!
//! Nothing is built: a piece is where it begins, and only those on screen are ever looked for. Invariant:
//! every function but [`is_json`] is given text for which that one holds, and none calls itself, however
//! deep a hostile document is.

use std::ops::Range;

use serde::de::IgnoredAny;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Word,
    Object,
    Array,
}

impl Kind {
    pub fn class(self) -> &'static str {
        match self {
            Self::Text => "str",
            Self::Number => "n",
            Self::Word | Self::Object | Self::Array => "w",
        }
    }
}

/// What is in a container: a value, under its key where that is an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// With its quotation marks.
    pub key: Option<Range<usize>>,
    pub value: Range<usize>,
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place among its siblings.
    pub index: usize,
    pub child: Child,
}

pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The document itself, without the blanks around it.
pub fn root(text: &str) -> Range<usize> {
    let start = blank(text.as_bytes(), 0);
    start..end(text, start)
}

pub fn kind(text: &str, at: usize) -> Kind {
    match text.as_bytes().get(at) {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::Text,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        _ => Kind::Word,
    }
}

/// How many pieces a document has, and how deep it goes; counting ends at `most`.
pub fn measure(text: &str, most: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut at, mut pieces, mut depth, mut deepest) = (0, 1, 0_usize, 0);
    while at < bytes.len() && pieces < most {
        match bytes[at] {
            b'"' => at = after_text(bytes, at) - 1,
            b'{' | b'[' => {
                pieces += 1;
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => pieces += 1,
            _ => {}
        }
        at += 1;
    }
    (pieces, deepest)
}

/// Where the value ends that begins at `at`.
pub fn end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    match kind(text, at) {
        Kind::Text => after_text(bytes, at),
        Kind::Number | Kind::Word => {
            let ends = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-+.".contains(byte);
            let length = bytes[at..].iter().position(ends);
            length.map_or(bytes.len(), |length| at + length)
        }
        Kind::Object | Kind::Array => {
            let (mut at, mut depth) = (at, 0_usize);
            while at < bytes.len() {
                match bytes[at] {
                    b'"' => at = after_text(bytes, at) - 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth == 1 => return at + 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
            }
            at
        }
    }
}

/// What is in the container that begins at `at`, in its order.
pub fn children(text: &str, at: usize) -> Vec<Child> {
    let (bytes, keyed) = (text.as_bytes(), kind(text, at) == Kind::Object);
    let mut children = Vec::new();
    let mut at = blank(bytes, at + 1);
    while at < bytes.len() && !matches!(bytes[at], b'}' | b']') {
        let key = keyed.then(|| at..after_text(bytes, at));
        if let Some(key) = &key {
            // The colon stands between.
            at = blank(bytes, blank(bytes, key.end) + 1);
        }
        let value = at..end(text, at);
        at = blank(bytes, value.end);
        if bytes.get(at) == Some(&b',') {
            at = blank(bytes, at + 1);
        }
        children.push(Child { key, value });
    }
    children
}

/// The steps from the document to the innermost piece that has `at` in its key or its value.
pub fn trail(text: &str, at: usize) -> Vec<Step> {
    let (mut steps, mut start) = (Vec::new(), root(text).start);
    while matches!(kind(text, start), Kind::Object | Kind::Array) {
        let found = children(text, start).into_iter().enumerate().find(|(_, child)| {
            let begins = child.key.as_ref().map_or(child.value.start, |key| key.start);
            (begins..child.value.end).contains(&at)
        });
        let Some((index, child)) = found else { break };
        start = child.value.start;
        let inside = child.value.contains(&at) && at != start;
        steps.push(Step { index, child });
        if !inside {
            break;
        }
    }
    steps
}

/// The path that a filter would use: `order.items[0].sku`.
pub fn path(text: &str, steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        let Some(key) = step.child.key.clone() else {
            path.push_str(&format!("[{}]", step.index));
            continue;
        };
        let quoted = &text[key];
        let name = quoted.trim_matches('"');
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        } else {
            path.push_str(&format!("[{quoted}]"));
        }
    }
    path
}

/// Where `needle` stands in the text, whatever the case of its letters; at most `most` places.
pub fn find(text: &str, needle: &str, most: usize) -> Vec<usize> {
    let (bytes, needle) = (text.as_bytes(), needle.as_bytes());
    if needle.is_empty() {
        return Vec::new();
    }
    let places = bytes.windows(needle.len()).enumerate();
    let places = places.filter(|(_, there)| there.eq_ignore_ascii_case(needle));
    places.map(|(at, _)| at).take(most).collect()
}

fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count()
}

/// Where the text ends whose first quotation mark is at `at`.
fn after_text(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#" {"b": 1.10, "a b": ["x\"<b>]", true, null, {}, {"c": -2e5}]} "#;

    fn said(text: &str, at: usize) -> Vec<(Option<&str>, &str)> {
        let piece = |child: Child| (child.key.map(|key| &text[key]), &text[child.value]);
        children(text, at).into_iter().map(piece).collect()
    }

    #[test]
    fn pieces_keep_their_text() {
        let root = root(TEXT);
        assert_eq!(&TEXT[root.clone()], TEXT.trim());
        let list = r#"["x\"<b>]", true, null, {}, {"c": -2e5}]"#;
        assert_eq!(said(TEXT, root.start), [(Some(r#""b""#), "1.10"), (Some(r#""a b""#), list)]);
        let list = children(TEXT, root.start)[1].value.start;
        let items = [r#""x\"<b>]""#, "true", "null", "{}", r#"{"c": -2e5}"#];
        assert_eq!(said(TEXT, list), items.map(|item| (None, item)));
        assert!(children(TEXT, children(TEXT, list)[3].value.start).is_empty());
        assert_eq!(measure(TEXT, 100), (10, 3));
    }

    #[test]
    fn what_is_no_json_is_not_walked() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "nul", "\"open", "1 2", "{\"a\":1}x"] {
            assert!(!is_json(text), "{text}");
        }
        assert!(is_json(TEXT));
    }

    #[test]
    fn a_place_leads_to_its_piece_and_path() {
        let path_of = |needle: &str| {
            let trail = trail(TEXT, TEXT.find(needle).unwrap_or(usize::MAX));
            (path(TEXT, &trail), trail.last().map(|step| &TEXT[step.child.value.clone()]))
        };
        assert_eq!(path_of("1.1"), ("b".into(), Some("1.10")));
        assert_eq!(path_of("<b>"), (r#"["a b"][0]"#.into(), Some(r#""x\"<b>]""#)));
        assert_eq!(path_of("2e5"), (r#"["a b"][4].c"#.into(), Some("-2e5")));
        assert_eq!(path_of("c\""), (r#"["a b"][4].c"#.into(), Some("-2e5")));
        assert_eq!(path_of("a b").0, r#"["a b"]"#);
        assert_eq!(path_of("nowhere"), (String::new(), None));
    }

    #[test]
    fn places_are_found_in_any_case() {
        assert_eq!(find("aB ab AB", "Ab", 2), [0, 3]);
        assert!(find("aB", "", 2).is_empty());
        assert!(find("é", "é and more", 2).is_empty());
    }

    #[test]
    fn depth_and_length_are_no_matter() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(is_json(&deep));
        assert_eq!(root(&deep), 0..200_000);
        assert_eq!(measure(&deep, 4_000).0, 4_000);
        let long = format!("[{}1]", "1,".repeat(100_000));
        assert_eq!(children(&long, 0).len(), 100_001);
    }
}
