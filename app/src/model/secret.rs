//! Secrets as lists show them: never their values.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A named secret, which http steps read as `${secret.NAME}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Secret))]
#[serde(rename_all = "camelCase")]
pub struct SecretView {
    pub name: String,
    pub created_at: Timestamp,
    /// When its value was last set.
    pub updated_at: Timestamp,
    /// The names of the workflows in force that read it.
    pub used_by: Vec<String>,
}

/// What the calls of a workflow are signed with (Standard Webhooks).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = SigningSecret))]
#[serde(rename_all = "camelCase")]
pub struct SigningSecretView {
    /// Of the form `whsec_…`.
    pub secret: String,
    /// Until then the secret before it signs too; `null` when there is none.
    pub previous_until: Option<Timestamp>,
}
