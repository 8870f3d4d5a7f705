//! Pages: they load what they show, and hand it to `ui`.

pub mod dead_letters;
pub mod event;
pub mod keys;
pub mod login;
pub mod not_found;
pub mod quarantine;
pub mod setup;
pub mod shown_once;
pub mod source;
pub mod sources;
pub mod stream;
pub mod workflows;

pub use dead_letters::DeadLettersPage;
pub use event::EventPage;
pub use keys::KeysPage;
pub use login::LoginPage;
pub use not_found::NotFoundPage;
pub use quarantine::QuarantinePage;
pub use setup::SetupPage;
pub use source::SourcePage;
pub use sources::SourcesPage;
pub use stream::StreamPage;
pub use workflows::WorkflowsPage;
