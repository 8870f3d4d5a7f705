//! Pages: they load what they show, and hand it to `ui`.

pub mod audit;
pub mod dead_letters;
pub mod editor;
pub mod event;
pub mod join;
pub mod keys;
pub mod login;
pub mod not_found;
pub mod people;
pub mod quarantine;
pub mod settings;
pub mod setup;
pub mod shown_once;
pub mod source;
pub mod sources;
pub mod stream;
pub mod workflow;
pub mod workflows;

pub use audit::AuditPage;
pub use dead_letters::DeadLettersPage;
pub use editor::EditorPage;
pub use event::EventPage;
pub use join::JoinPage;
pub use keys::KeysPage;
pub use login::LoginPage;
pub use not_found::NotFoundPage;
pub use people::PeoplePage;
pub use quarantine::QuarantinePage;
pub use settings::SettingsPage;
pub use setup::SetupPage;
pub use source::SourcePage;
pub use sources::SourcesPage;
pub use stream::StreamPage;
pub use workflow::WorkflowPage;
pub use workflows::WorkflowsPage;
