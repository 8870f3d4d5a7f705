//! What a browser may learn when something fails. Causes are logged, never serialized.

use crate::encoding::JsonText;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ApiError {
    #[error("This is not here, or no longer.")]
    NotFound,
    #[error("Your session has ended. Sign in again.")]
    SignedOut,
    /// The request makes no sense as it stands; the sentence says why.
    #[error("{0}")]
    Refused(String),
    /// Carries a reference to the log, not the cause.
    #[error("Something failed inside Sluice; its log says more under reference {0}.")]
    Internal(String),
    #[error("Sluice could not be reached: {0}")]
    Transport(String),
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(message)
            | ServerFnErrorErr::MissingArg(message)
            | ServerFnErrorErr::Deserialization(message) => Self::Refused(message),
            other => Self::Transport(other.to_string()),
        }
    }
}
