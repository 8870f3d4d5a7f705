//! What the dashboard, the REST API and the event stream show: plain serializable types.
//!
//! They are the shapes other programs rely on, so names and meanings only ever grow.
//! Invariant: nothing here needs the engine, so all of it compiles for the browser.

pub mod alert;
pub mod audit;
pub mod bulk;
pub mod dead_letter;
pub mod done;
pub mod editor;
pub mod erasure;
pub mod event;
pub mod event_type;
pub mod explain;
pub mod exported;
pub mod filter;
pub mod held;
pub mod history;
pub mod instance;
pub mod json;
pub mod key;
pub mod overview;
pub mod page;
pub mod people;
pub mod preview;
pub mod retention;
pub mod run;
pub mod secret;
pub mod session;
pub mod source;
pub mod stats;
pub mod time;
pub mod workflow;

pub use alert::{AlertMessageView, AlertRuleView, AlertTurnView, Alerts, ChannelView};
pub use audit::{AuditFilter, AuditView};
pub use bulk::{
    BulkAction, BulkFilter, BulkPlan, BulkState, BulkView, GroupCount, GroupView, NoteView,
    TypeCount,
};
pub use dead_letter::{DeadLetter, DeadLetters, LetterFilter};
pub use done::{Muted, Released, RoleGiven, Switched};
pub use editor::{
    EditorStart, PreviewPart, PreviewText, SaveAnswer, Understood, WhyLine, WorkflowDetail,
};
pub use erasure::{ErasurePlan, ErasureView};
pub use event::{
    EventDetail, EventError, EventItem, EventStatus, HoldView, Neighbours, SearchProgress,
    WholeEvent,
};
pub use event_type::{DriftView, FieldView, TypeDetailView, TypeView};
pub use explain::{Explained, ExplainedWorkflow, Explanation, Reason, Saw};
pub use exported::ExportedEvent;
pub use filter::EventFilter;
pub use held::{HeldFilter, HeldView, Quarantine, Settled, Settling};
pub use history::{ChangeLine, Changes, History, Turn};
pub use instance::{Instance, Setting};
pub use json::RawJson;
pub use key::{KeyState, KeyView};
pub use overview::Overview;
pub use page::Page;
pub use people::{InvitationView, People, ROLES, UserView};
pub use preview::{
    BacktestView, EventSample, PreviewView, PreviewedEvent, PreviewedRequest, StepPreview,
    StepWhen, TriggerVerdict,
};
pub use retention::{RetentionLimitView, RetentionPlan, RetentionView};
pub use run::{
    AttemptStatus, EventRef, RunDetail, RunFilter, RunItem, RunRef, RunStatus, RunSummary, RunView,
    StepAttempt, StepRequest, StepResponse, WorkflowRef,
};
pub use secret::{SecretView, SigningSecretView};
pub use session::{BegunSession, OTHERS, Session, User};
pub use source::{SourceActivity, SourceDetail, SourceView};
pub use stats::{Counts, Stats};
pub use time::Timestamp;
pub use workflow::{
    AppliedResult, AppliedView, CheckedView, DiffLine, DiffSide, FindingView, StepView,
    TriggerView, VersionDetail, VersionItem, WorkflowView,
};
