//! Pages: they load what they show, and hand it to `ui`.

pub mod dead_letters;
pub mod event;
pub mod keys;
pub mod login;
pub mod not_found;
pub mod setup;
pub mod stream;
pub mod workflows;

pub use dead_letters::DeadLettersPage;
pub use event::EventPage;
pub use keys::KeysPage;
pub use login::LoginPage;
pub use not_found::NotFoundPage;
pub use setup::SetupPage;
pub use stream::StreamPage;
pub use workflows::WorkflowsPage;
