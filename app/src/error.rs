//! What a browser may learn when something fails. Causes are logged, never serialized.

use crate::encoding::JsonText;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Decodes};
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

    fn de(data: Bytes) -> Self {
        JsonText::decode(data.clone()).unwrap_or_else(|error| {
            // What does not reach a function is refused as everywhere: by a problem.
            match JsonText::decode(data) {
                Ok(Problem { status: 401, .. }) => Self::SignedOut,
                Ok(Problem { detail, .. }) => Self::Refused(detail),
                Err(_) => Self::Transport(error.to_string()),
            }
        })
    }
}

/// An answer in `application/problem+json` (RFC 9457), as far as a page needs it.
#[derive(Deserialize)]
struct Problem {
    status: u16,
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_however_the_server_refused() {
        let read = |text: &'static str| ApiError::de(Bytes::from_static(text.as_bytes()));
        for error in [ApiError::NotFound, ApiError::SignedOut, ApiError::Refused("No.".into())] {
            assert_eq!(ApiError::de(error.ser()), error);
        }
        let problem =
            r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Sign in."}"#;
        assert_eq!(read(problem), ApiError::SignedOut);
        assert_eq!(read(r#"{"status":403,"detail":"No."}"#), ApiError::Refused("No.".into()));
        assert!(matches!(read("<html>"), ApiError::Transport(_)));
    }
}
