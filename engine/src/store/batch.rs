//! A batch of rows as one parameter: an array of arrays that either database turns into rows, JSON
//! text for Postgres and its binary form for SQLite.

use sea_orm::{DbBackend, Value};
use serde::Serialize;

use super::jsonb::{self, Jsonb, Plain};

/// A batch being written.
#[derive(Clone)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    rows: usize,
    postgres: bool,
}

impl Batch {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self { bytes: Vec::new(), rows: 0, postgres: backend == DbBackend::Postgres }
    }

    /// Adds a row: a tuple or array of numbers, texts and options of them.
    pub(super) fn push(&mut self, row: &impl Serialize) {
        match (self.rows, self.postgres) {
            (0, true) => self.bytes.push(b'['),
            (0, false) => jsonb::begin_array(&mut self.bytes),
            (_, true) => self.bytes.push(b','),
            (_, false) => {}
        }
        self.rows += 1;
        let written = match self.postgres {
            true => serde_json::to_writer(&mut self.bytes, row).is_ok(),
            false => row.serialize(Jsonb(&mut self.bytes)).is_ok(),
        };
        assert!(written, "a row holds plain values only");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Each of its rows, as SQLite's statements for one take them.
    pub(super) fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = Plain<'_>>> {
        debug_assert!(!self.postgres, "there a statement takes a batch");
        jsonb::rows(self.bytes.get(jsonb::HEAD..).unwrap_or_default())
    }

    pub(super) fn into_value(mut self) -> Value {
        if self.postgres {
            self.bytes.push(b']');
            return String::from_utf8(self.bytes).unwrap_or_default().into();
        }
        jsonb::end_array(&mut self.bytes);
        self.bytes.into()
    }
}
