//! Who may do what: API keys for machines, sessions for people, one extractor for both.

pub(crate) mod backend;
pub(crate) mod caller;
pub(crate) mod origin;
pub(crate) mod sessions;
pub(crate) mod throttle;

pub(crate) use caller::{Authorized, Manage, Own, Read};

pub(crate) type AuthSession = axum_login::AuthSession<backend::Users>;
