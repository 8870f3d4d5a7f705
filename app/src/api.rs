//! Server functions, one a file: authorise, call the engine, convert.
//!
//! Each is a public endpoint under `/api/ui`. Those that change something take flat fields in
//! a form, so that they also work from a page whose script never ran.

#![allow(unreachable_pub, reason = "the macro writes `pub` items into each file's own module")]

mod backtest_workflow;
mod change_password;
mod change_role;
mod create_key;
mod create_source;
mod delete_source;
mod delete_workflow;
mod end_old_secrets;
mod explain_event;
mod get_event;
mod get_instance;
mod get_neighbours;
mod get_session;
mod get_source;
mod get_workflow;
mod invite_person;
mod list_audit;
mod list_dead_letters;
mod list_events;
mod list_keys;
mod list_people;
mod list_quarantine;
mod list_sources;
mod list_workflows;
mod mark_processed;
mod remove_person;
mod replay_event;
mod restore_version;
mod retry_event;
mod reveal_secret;
mod revoke_key;
mod rotate_source;
mod save_workflow;
mod settle_deliveries;
mod start_editor;
mod switch_workflow;
mod test_workflow;
mod understand_workflow;
mod withdraw_invitation;

pub use backtest_workflow::{BacktestWorkflow, backtest_workflow};
pub use change_password::{ChangePassword, change_password};
pub use change_role::{ChangeRole, change_role};
pub use create_key::{CreateKey, create_key};
pub use create_source::{CreateSource, create_source};
pub use delete_source::{DeleteSource, delete_source};
pub use delete_workflow::{DeleteWorkflow, delete_workflow};
pub use end_old_secrets::{EndOldSecrets, end_old_secrets};
pub use explain_event::{ExplainEvent, explain_event};
pub use get_event::{GetEvent, get_event};
pub use get_instance::{GetInstance, get_instance};
pub use get_neighbours::{GetNeighbours, get_neighbours};
pub use get_session::{GetSession, get_session};
pub use get_source::{GetSource, get_source};
pub use get_workflow::{GetWorkflow, get_workflow};
pub use invite_person::{InvitePerson, invite_person};
pub use list_audit::{ListAudit, list_audit};
pub use list_dead_letters::{ListDeadLetters, list_dead_letters};
pub use list_events::{ListEvents, list_events};
pub use list_keys::{ListKeys, list_keys};
pub use list_people::{ListPeople, list_people};
pub use list_quarantine::{ListQuarantine, list_quarantine};
pub use list_sources::{ListSources, list_sources};
pub use list_workflows::{ListWorkflows, list_workflows};
pub use mark_processed::{MarkProcessed, mark_processed};
pub use remove_person::{RemovePerson, remove_person};
pub use replay_event::{ReplayEvent, replay_event};
pub use restore_version::{RestoreVersion, restore_version};
pub use retry_event::{RetryEvent, retry_event};
pub use reveal_secret::{RevealSecret, reveal_secret};
pub use revoke_key::{RevokeKey, revoke_key};
pub use rotate_source::{RotateSource, rotate_source};
pub use save_workflow::{SaveWorkflow, save_workflow};
pub use settle_deliveries::{SettleDeliveries, settle_deliveries};
pub use start_editor::{StartEditor, start_editor};
pub use switch_workflow::{SwitchWorkflow, switch_workflow};
pub use test_workflow::{TestWorkflow, test_workflow};
pub use understand_workflow::{UnderstandWorkflow, understand_workflow};
pub use withdraw_invitation::{WithdrawInvitation, withdraw_invitation};
