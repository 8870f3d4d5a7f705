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
        // All of these are made to be JSON, and writing to memory does not fail.
        let Ok(data) = serde_json::to_string(data) else { return };
        let seen = seen.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
        let _written = write!(self.0, "event: {event}\n{seen}data: {data}\n\n");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0.into()
    }
}
