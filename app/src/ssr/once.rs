//! Secrets on their way to the one page that shows them.
//!
//! A page is an address, with or without a script, and a secret must not be in an address. So it waits
//! here under a ticket, and the address carries that. Invariant: a secret is only ever in memory, for
//! two minutes at most, and leaves with the first look of the person it was made for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::Engine;
use engine::id::random_secret;
use engine::time::Timestamp;

use crate::model::User;

const LIFE: Duration = Duration::from_secs(120);

struct Waiting {
    ticket: String,
    email: String,
    secret: String,
    until: Timestamp,
}

static WAITING: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());

/// Keeps `secret` for `user` to look at once; the ticket to look with.
pub(super) fn keep(engine: &Engine, user: &User, secret: String) -> String {
    let now = engine.now();
    let ticket = random_secret(&*engine.environment.random);
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.retain(|one| now < one.until);
    waiting.push(Waiting {
        ticket: ticket.clone(),
        email: user.email.clone(),
        secret,
        until: now.plus(LIFE),
    });
    ticket
}

/// The secret behind a ticket, unless it has been looked at before.
pub fn reveal(engine: &Engine, user: &User, ticket: &str) -> Option<String> {
    let now = engine.now();
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.retain(|one| now < one.until);
    let at = waiting.iter().position(|one| one.ticket == ticket && one.email == user.email)?;
    Some(waiting.swap_remove(at).secret)
}
