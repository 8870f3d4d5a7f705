//! Reads server-sent events as they come over the wire. Pure.

use engine::live::Cursor;

/// One message of a stream; comments are left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) event: String,
    pub(super) data: String,
    /// The cursor, where the message carries one.
    pub(super) id: Option<String>,
}

impl Message {
    pub(super) fn cursor(&self) -> Option<Cursor> {
        self.id.as_deref()?.parse().ok()
    }
}

/// Puts pieces of any size together.
#[derive(Debug, Default)]
pub(super) struct Reader {
    rest: Vec<u8>,
    message: Message,
}

impl Reader {
    /// The messages that are whole with this piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<Message> {
        self.rest.extend_from_slice(piece);
        let mut whole = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            whole.extend(self.line(line.trim_end_matches(['\r', '\n'])));
        }
        whole
    }

    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            return (!message.data.is_empty()).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.message.event = value.to_owned(),
            "id" => self.message.id = Some(value.to_owned()),
            "data" => {
                if !self.message.data.is_empty() {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_the_same_however_the_wire_cuts_them() {
        let wire = ": alive\n\nevent: event\nid: 7-2\ndata: {\"a\":\ndata: 1}\n\nevent: stats\r\ndata: {}\r\n\r\nid: 9\n\n";
        let whole = Reader::default().push(wire.as_bytes());
        let message = |event: &str, data: &str, id: Option<&str>| Message {
            event: event.into(),
            data: data.into(),
            id: id.map(str::to_owned),
        };
        let expected = [message("event", "{\"a\":\n1}", Some("7-2")), message("stats", "{}", None)];
        assert_eq!(whole, expected);
        for size in 1..wire.len() {
            let mut reader = Reader::default();
            let cut: Vec<_> = wire.as_bytes().chunks(size).flat_map(|c| reader.push(c)).collect();
            assert_eq!(cut, expected, "in pieces of {size}");
        }
    }
}
