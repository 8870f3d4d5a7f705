//! All that was missed, in order: for whoever comes back, and at any time for who wants every event.
//!
//! Invariant: each event that is sent carries the cursor of whoever has seen it and all before it, whose
//! number of arrivals grows by nothing but the arrival of an event that is shown, or `seen`; and nothing waits
//! in memory but one piece: the rest is read from the store when that has been taken.

use std::sync::Arc;

use bytes::Bytes;
use engine::live::{self, Cursor, LiveChange, Next};
use serde_json::json;

use super::feed::{BURST, BURST_BYTES, Moment};
use super::message::{Messages, json};
use super::{Gone, Watcher, found};
use crate::problem::Problem;
use crate::routes::events;

/// So many arrivals may go by before a reader who was shown none of them hears how far it is.
const UNTOLD: i64 = 10 * BURST as i64;

impl Watcher {
    /// Takes up a stream that has been seen up to there. Who does not want every event loads afresh when too
    /// many were missed.
    pub(super) async fn resume(&mut self, seen: Cursor) -> Result<(), Gone> {
        let is_near = self.every || !live::is_far_behind(&self.state.engine, seen);
        if self.filter.is_some() && is_near {
            (self.cursor, self.told) = (seen, seen);
            return self.catch_up_every().await;
        }
        // What is no event has no cursor, and is read afresh too.
        self.send(self.resync()).await
    }

    /// A few changes are sent as they are; of more the store tells.
    pub(super) async fn relay_every(&mut self, moment: Arc<Moment>) -> Result<(), Gone> {
        let last = moment.last();
        if self.filter.is_none() {
            self.cursor = self.cursor.or_later(last);
            return Ok(());
        }
        let changes = moment.after(self.cursor);
        let few = changes.map(|changes| changes.take(BURST + 1).cloned().collect::<Vec<_>>());
        drop(moment);
        if let Some(changes) = few.filter(|changes| changes.len() <= BURST)
            && self.send_piece(changes.into_iter().rev(), last).await?
        {
            return Ok(());
        }
        self.catch_up_every().await
    }

    /// Sends what came after the cursor. When the store cannot be read the stream ends: who comes back with the
    /// cursor has lost nothing.
    pub(super) async fn catch_up_every(&mut self) -> Result<(), Gone> {
        if self.filter.is_none() {
            self.cursor = self.state.engine.live.cursor();
            return Ok(());
        }
        loop {
            match live::next(&self.state.engine, self.cursor, BURST as u64).await {
                Ok(Next::Page { changes, last, more }) => {
                    let all = self.send_piece(changes.into_iter(), last).await?;
                    if all && !more {
                        return Ok(());
                    }
                    // It may be long until something is shown.
                    if self.told.seq < self.cursor.seq - UNTOLD {
                        self.tell_seen().await?;
                    }
                }
                Ok(Next::Unknown(cursor)) => {
                    (self.cursor, self.told) = (cursor, cursor);
                    self.send(self.resync()).await?;
                }
                Err(error) => {
                    tracing::warn!(%error, "a stream could not go on");
                    return Err(Gone);
                }
            }
        }
    }

    /// Carries the cursor on where nothing was to be shown.
    pub(super) async fn tell_seen(&mut self) -> Result<(), Gone> {
        self.told = self.cursor;
        self.tell("seen", &json!({}), Some(self.cursor)).await
    }

    /// Sends as many of `changes`, the oldest first, as are sent at once; says whether these were all, up to
    /// `last`.
    async fn send_piece(
        &mut self,
        changes: impl Iterator<Item = LiveChange>,
        last: Cursor,
    ) -> Result<bool, Gone> {
        // What it is made of is gone by then: a slow reader would keep it in memory.
        let Ok((piece, all)) = self.piece(changes, last).await else { return Err(Gone) };
        self.send_some(piece).await?;
        Ok(all)
    }

    async fn piece(
        &mut self,
        changes: impl Iterator<Item = LiveChange>,
        last: Cursor,
    ) -> Result<(Option<Bytes>, bool), Problem> {
        let shown = self.shown(changes).await?;
        if shown.is_empty() {
            self.cursor = self.cursor.or_later(last);
            return Ok((None, true));
        }
        let rows: Vec<_> = shown.iter().map(|change| Arc::clone(&change.row)).collect();
        let items = events::items(&self.state.engine, &rows).await?;
        let mut messages = Messages::default();
        for (change, item) in shown.iter().zip(&items) {
            let text = json(item);
            if messages.bytes() > 0 && messages.bytes() + text.len() > BURST_BYTES {
                return Ok((messages.into_some(), false));
            }
            self.cursor = self.cursor.or_later(change.cursor);
            let seq = self.told.seq.max(change.row.seq);
            self.told = Cursor { seq, change: self.cursor.change };
            messages.push_text("event", &text, Some(self.told));
        }
        self.cursor = self.cursor.or_later(last);
        Ok((messages.into_some(), true))
    }

    async fn shown(
        &self,
        changes: impl Iterator<Item = LiveChange>,
    ) -> Result<Vec<LiveChange>, Problem> {
        let mut shown: Vec<_> = changes.filter(|change| self.shows(&change.row)).collect();
        if let Some(search) = self.filter.as_ref().and_then(|filter| filter.search.as_ref()) {
            let rows = shown.iter().map(|change| change.row.as_ref());
            let found = found(&self.state.engine, search, rows).await?;
            shown.retain(|change| found.contains(&change.row.seq));
        }
        Ok(shown)
    }
}
