//! Reads JSON into pieces of its own text, without interpreting any of them.
//!
//! Payloads are hostile: nesting and the number of pieces are bounded, and whatever does not
//! parse gives nothing at all.

const DEPTH: u32 = 48;
const PIECES: usize = 4_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Word,
}

impl Kind {
    pub fn class(self) -> &'static str {
        match self {
            Self::Text => "str",
            Self::Number => "n",
            Self::Word => "w",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Scalar(Kind, String),
    /// Keys with their quotation marks.
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
}

pub fn parse(text: &str) -> Option<Node> {
    let mut reader = Reader { rest: text, pieces: 0 };
    let node = reader.node(0)?;
    reader.blank();
    reader.rest.is_empty().then_some(node)
}

struct Reader<'a> {
    rest: &'a str,
    pieces: usize,
}

impl<'a> Reader<'a> {
    fn blank(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn eat(&mut self, character: char) -> Option<()> {
        self.blank();
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    fn node(&mut self, depth: u32) -> Option<Node> {
        self.blank();
        self.pieces += 1;
        if depth > DEPTH || self.pieces > PIECES {
            return None;
        }
        match self.rest.chars().next()? {
            '{' => {
                let fields = self.list(['{', '}'], |reader| {
                    reader.blank();
                    let key = reader.text()?.to_owned();
                    reader.eat(':')?;
                    Some((key, reader.node(depth + 1)?))
                })?;
                Some(Node::Object(fields))
            }
            '[' => Some(Node::Array(self.list(['[', ']'], |reader| reader.node(depth + 1))?)),
            '"' => Some(Node::Scalar(Kind::Text, self.text()?.to_owned())),
            '-' | '0'..='9' => Some(Node::Scalar(Kind::Number, self.bare()?.to_owned())),
            _ => match self.bare()? {
                word @ ("true" | "false" | "null") => {
                    Some(Node::Scalar(Kind::Word, word.to_owned()))
                }
                _ => None,
            },
        }
    }

    fn list<T>(
        &mut self,
        [open, close]: [char; 2],
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.eat(open)?;
        let mut items = Vec::new();
        if self.eat(close).is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(',').is_none() {
                self.eat(close)?;
                return Some(items);
            }
        }
    }

    fn text(&mut self) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        for (at, byte) in inner.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return Some(self.take(at + 2)),
                _ => {}
            }
        }
        None
    }

    fn bare(&mut self) -> Option<&'a str> {
        let ends = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.');
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        (end > 0).then(|| self.take(end))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_keep_their_text() {
        let node = parse(r#" {"b": 1.10, "a": ["x\"<b>", true, null, {}]} "#);
        let scalar = |kind, text: &str| Node::Scalar(kind, text.to_owned());
        let items = vec![
            scalar(Kind::Text, r#""x\"<b>""#),
            scalar(Kind::Word, "true"),
            scalar(Kind::Word, "null"),
            Node::Object(Vec::new()),
        ];
        let fields = vec![
            (r#""b""#.to_owned(), scalar(Kind::Number, "1.10")),
            (r#""a""#.to_owned(), Node::Array(items)),
        ];
        assert_eq!(node, Some(Node::Object(fields)));
    }

    #[test]
    fn what_is_no_json_gives_nothing() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "nul", "\"open", "1 2", "{\"a\":1}x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn depth_and_length_are_bounded() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(parse(&deep), None);
        let long = format!("[{}1]", "1,".repeat(PIECES));
        assert_eq!(parse(&long), None);
    }
}
