//! Failures of one kind: a hundred dead letters of one broken receiver are one thing to mend.
//!
//! What tells failures apart is the workflow, the step, the kind of failure, the status that was
//! answered, and the message without the numbers, ids and URLs in it.

use std::net::Ipv4Addr;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sha2::{Digest, Sha256};

use super::EventError;
use crate::Engine;
use crate::store::StoreError;
use crate::store::entity::error_group;
use crate::time::Timestamp;

pub const PREFIX: &str = "grp_";
/// How much of a message tells failures apart, in characters.
const LONGEST: usize = 240;
/// The most groups a list has.
const MOST: u64 = 200;

/// What the failures of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorGroup {
    /// `grp_` and 16 hexadecimal digits, made from all the rest.
    pub id: String,
    pub workflow: Option<String>,
    pub step: Option<String>,
    /// The kind of failure, for example `http_status`.
    pub code: String,
    /// What the receiver answered, where it did.
    pub http_status: Option<i64>,
    /// The message with `#` for what differs from event to event.
    pub message: String,
}

/// The group that a failure belongs to. Pure: the same failure is always in the same group.
pub fn of(error: &EventError) -> ErrorGroup {
    let http_status =
        (error.error_code == "http_status").then(|| answered(&error.error_message)).flatten();
    let message = fold(&error.error_message, http_status);
    let mut hash = Sha256::new();
    let status = http_status.map(|status| status.to_string()).unwrap_or_default();
    let parts = [
        error.workflow.as_deref().unwrap_or_default(),
        error.step.as_deref().unwrap_or_default(),
        &error.error_code,
        &status,
        &message,
    ];
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits = crate::hex::hex(&hash.finalize()[..8]);
    ErrorGroup {
        id: format!("{PREFIX}{digits}"),
        workflow: error.workflow.clone(),
        step: error.step.clone(),
        code: error.error_code.clone(),
        http_status,
        message,
    }
}

/// The status in `warehouse.example answered 503`.
fn answered(message: &str) -> Option<i64> {
    let (_, rest) = message.split_once("answered ")?;
    rest.get(..3)?.parse().ok()
}

/// The message with `#` for numbers and ids and `<url>` for URLs; the status and hosts stay.
pub(crate) fn fold(message: &str, status: Option<i64>) -> String {
    let status = status.map(|status| status.to_string());
    let mut folded = String::with_capacity(message.len().min(LONGEST));
    for word in message.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        if word.contains("://") {
            folded.push_str("<url>");
        } else if status.as_deref() == Some(word.trim_matches(|c: char| !c.is_ascii_digit())) {
            folded.push_str(word);
        } else {
            let host = host(word);
            folded.push_str(host);
            fold_word(&word[host.len()..], &mut folded);
        }
        if folded.len() >= LONGEST {
            break;
        }
    }
    folded.truncate(folded.floor_char_boundary(LONGEST));
    folded
}

/// The address that a word begins with, which is a receiver's name as good as any; or nothing.
fn host(word: &str) -> &str {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let start = word[..end].trim_end_matches('.');
    start.parse::<Ipv4Addr>().map_or("", |_| start)
}

/// Folds the parts of a word that are made of letters, digits, `-` and `_`.
fn fold_word(word: &str, folded: &mut String) {
    let inside = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        if !inside(first) {
            folded.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        fold_part(part, folded);
        rest = after;
    }
}

fn fold_part(part: &str, folded: &mut String) {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return folded.push_str(part);
    }
    // An id, as far as its looks tell: long, or with many digits.
    if part.len() >= 20 || part.len() >= 8 && digits * 4 >= part.len() {
        return folded.push('#');
    }
    let mut number = false;
    for character in part.chars() {
        match character.is_ascii_digit() {
            true if !std::mem::replace(&mut number, true) => folded.push('#'),
            true => {}
            false => {
                number = false;
                folded.push(character);
            }
        }
    }
}

/// A group with how often its failure came.
#[derive(Debug, Clone)]
pub struct Counted {
    pub group: ErrorGroup,
    /// How many events are failed for this reason now.
    pub count: i64,
    /// How many ever were.
    pub seen: i64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// The groups that have events now, the largest first.
pub async fn list(engine: &Engine) -> Result<Vec<Counted>, StoreError> {
    let query = error_group::Entity::find().filter(error_group::Column::Count.gt(0));
    let query = query
        .order_by_desc(error_group::Column::Count)
        .order_by_asc(error_group::Column::Id)
        .limit(MOST);
    Ok(query.all(&engine.store.read).await?.into_iter().map(Counted::from).collect())
}

/// The groups of these ids, in no order.
pub async fn named(engine: &Engine, ids: Vec<String>) -> Result<Vec<Counted>, StoreError> {
    let query = error_group::Entity::find().filter(error_group::Column::Id.is_in(ids));
    Ok(query.all(&engine.store.read).await?.into_iter().map(Counted::from).collect())
}

impl From<error_group::Model> for Counted {
    fn from(model: error_group::Model) -> Self {
        Self {
            group: ErrorGroup {
                id: model.id,
                workflow: model.workflow,
                step: model.step,
                code: model.code,
                http_status: model.http_status,
                message: model.message,
            },
            count: model.count,
            seen: model.seen,
            first_seen: Timestamp::from_millis(model.first_seen),
            last_seen: Timestamp::from_millis(model.last_seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> EventError {
        EventError {
            error_code: code.into(),
            error_message: message.into(),
            exhausted_retry_condition: None,
            retry_attempts: 3,
            first_failed_at: Timestamp::from_millis(1),
            last_failed_at: Timestamp::from_millis(2),
            run_id: None,
            workflow: Some("Notify".into()),
            step: Some("notify".into()),
        }
    }

    #[track_caller]
    fn check(message: &str, folded: &str) {
        assert_eq!(of(&error("timeout", message)).message, folded);
    }

    #[test]
    fn what_differs_from_event_to_event_is_folded() {
        check("no answer within 15000 ms", "no answer within # ms");
        check("order 17 of evt_01jd8xkq2v8s1yzt6c3m9p4rwn", "order # of #");
        check("id 550e8400-e29b-41d4-a716-446655440000!", "id #!");
        check("see https://shop.example/orders/7?x=1 please", "see <url> please");
        check("127.0.0.1:39281 refused, not 10.0.0.1.", "127.0.0.1:# refused, not 10.0.0.1.");
        check("version 1.2.3.4.5 or 300.1.1.1", "version #.#.#.#.# or #.#.#.#");
        check("payload.items[12].price is null", "payload.items[#].price is null");
        check("utf8 is not utf16", "utf# is not utf#");
        check("no such field `total`", "no such field `total`");
        check("", "");
        assert!(of(&error("x", &"é".repeat(500))).message.len() <= LONGEST);
    }

    #[test]
    fn the_status_tells_failures_apart() {
        let answered = |status| of(&error("http_status", &format!("a.example answered {status}")));
        assert_eq!(answered(503).http_status, Some(503));
        assert_eq!(answered(503).message, "a.example answered 503");
        assert_ne!(answered(503).id, answered(500).id);
        assert_eq!(answered(503), answered(503));
        assert_eq!(of(&error("http_status", "answered")).http_status, None);
        assert_eq!(of(&error("http_status", "answered é")).http_status, None);
    }

    #[test]
    fn so_do_workflow_step_and_kind() {
        let first = error("timeout", "slow");
        let other = EventError { workflow: None, ..first.clone() };
        assert_ne!(of(&first).id, of(&other).id);
        let other = EventError { step: Some("other".into()), ..first.clone() };
        assert_ne!(of(&first).id, of(&other).id);
        assert_ne!(of(&first).id, of(&error("connect", "slow")).id);
        let later = EventError { retry_attempts: 9, ..first.clone() };
        assert_eq!(of(&first), of(&later), "neither when nor how often it was tried");
    }
}
