//! Server-sent events as they go out.

use std::io::Write;

use bytes::Bytes;
use engine::live::Cursor;
use serde::Serialize;

/// Keeps a connection open through whatever lies between.
pub(super) const ALIVE: Bytes = Bytes::from_static(b": alive\n\n");

/// One after another, to be sent at once.
#[derive(Default)]
pub(super) struct Messages(Vec<u8>);

impl Messages {
    /// `seen`: who comes back with it has seen everything up to there.
    pub(super) fn push(&mut self, event: &str, data: &impl Serialize, seen: Option<Cursor>) {
        self.push_text(event, &json(data), seen);
    }

    /// The same with what [`json`] has made.
    pub(super) fn push_text(&mut self, event: &str, data: &str, seen: Option<Cursor>) {
        let seen = seen.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
        // Writing to memory does not fail.
        let _written = write!(self.0, "event: {event}\n{seen}data: {data}\n\n");
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    /// Nothing where there are none.
    pub(super) fn into_some(self) -> Option<Bytes> {
        (!self.0.is_empty()).then(|| self.into_bytes())
    }

    pub(super) fn into_bytes(mut self) -> Bytes {
        // It may wait for long, and no more of it than is needed.
        self.0.shrink_to_fit();
        self.0.into()
    }
}

/// A message alone.
pub(super) fn one(event: &str, data: &impl Serialize, seen: Option<Cursor>) -> Bytes {
    let mut message = Messages::default();
    message.push(event, data, seen);
    message.into_bytes()
}

/// In one line, as all JSON that is written without spaces is.
pub(super) fn json(data: &impl Serialize) -> String {
    // All of these are made to be JSON.
    serde_json::to_string(data).unwrap_or_default()
}
