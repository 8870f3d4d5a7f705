//! The tables as sea-orm sees them, and their way into the domain's types.

pub mod alert_channel;
pub mod alert_history;
pub mod alert_message;
pub mod alert_rule;
pub mod api_key;
pub mod audit_entry;
pub mod bulk_operation;
pub mod error_group;
pub mod event;
pub mod event_body;
pub mod event_note;
pub mod invitation;
pub mod quarantine;
pub mod retention_rule;
pub mod run;
pub mod secret;
pub mod session;
pub mod setup_link;
pub mod signing_secret;
pub mod source;
pub mod status_count;
pub mod step_attempt;
pub mod user;
pub mod workflow;
pub mod workflow_version;
