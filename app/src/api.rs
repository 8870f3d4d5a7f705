//! Server functions, one a file: authorise, call the engine, convert.
//!
//! Each is a public endpoint under `/api/ui`. Those that change something take flat fields in
//! a form, so that they also work from a page whose script never ran.

#![allow(unreachable_pub, reason = "the macro writes `pub` items into each file's own module")]

mod get_event;
mod get_session;
mod list_dead_letters;
mod list_events;
mod list_keys;
mod list_workflows;
mod mark_processed;
mod replay_event;
mod retry_event;

pub use get_event::{GetEvent, get_event};
pub use get_session::{GetSession, get_session};
pub use list_dead_letters::{ListDeadLetters, list_dead_letters};
pub use list_events::{ListEvents, list_events};
pub use list_keys::{ListKeys, list_keys};
pub use list_workflows::{ListWorkflows, list_workflows};
pub use mark_processed::{MarkProcessed, mark_processed};
pub use replay_event::{ReplayEvent, replay_event};
pub use retry_event::{RetryEvent, retry_event};
