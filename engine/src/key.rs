//! API keys: `slk_<prefix>_<secret>`. The prefix finds the key, the secret proves it.
//!
//! Invariant: the secret itself is never stored, logged or shown again; only its SHA-256 is kept.
//! A fast hash is enough because the secret is 256 random bits, not a password.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::{EventType, Pattern};
use crate::id::{KeyId, Random, random_secret};
use crate::time::Timestamp;

use limit::Rate;

pub mod limit;
pub mod manage;
pub mod verify;

const PREFIX_LENGTH: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// Send events.
    Ingest,
    /// Read events, runs and settings.
    Read,
    /// Change everything that a key may change.
    Manage,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a permission: use ingest, read or manage")]
pub struct InvalidPermission(String);

impl Permission {
    pub const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Manage];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = InvalidPermission;

    fn from_str(text: &str) -> Result<Self, InvalidPermission> {
        Self::ALL
            .into_iter()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| InvalidPermission(text.chars().take(32).collect()))
    }
}

/// A key as it is stored.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: KeyId,
    pub name: String,
    /// What is shown of it: `slk_` and ten characters.
    pub prefix: String,
    pub permissions: Vec<Permission>,
    /// Event types that the key may send; empty for all.
    pub scopes: Vec<Pattern>,
    /// How many events it may send; without one only the limit of its address holds.
    pub rate_limit: Option<Rate>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub(crate) secret_hash: SecretHash,
}

impl ApiKey {
    pub fn allows(&self, permission: Permission) -> bool {
        // Whoever may change everything may also read it.
        self.permissions.contains(&permission)
            || permission == Permission::Read && self.permissions.contains(&Permission::Manage)
    }

    pub fn may_send(&self, event_type: &EventType) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|scope| scope.matches(event_type))
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

/// A key as its owner has it; printed once.
pub struct Secret {
    prefix: String,
    whole: String,
}

impl Secret {
    pub fn generate(random: &dyn Random) -> Self {
        let prefix = format!("slk_{}", &random_secret(random)[..PREFIX_LENGTH]);
        let whole = format!("{prefix}_{}", random_secret(random));
        Self { prefix, whole }
    }

    pub fn reveal(&self) -> &str {
        &self.whole
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.whole)
    }
}

/// The prefix of a key as it came in a request, or `None` when it does not look like one.
pub fn prefix_of(presented: &str) -> Option<&str> {
    let rest = presented.strip_prefix("slk_")?;
    let end = rest.find('_').filter(|end| *end == PREFIX_LENGTH)?;
    presented.get(.."slk_".len() + end)
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of what a request says, part after part, in hexadecimal.
pub fn fingerprint<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut hash = Sha256::new();
    parts.into_iter().for_each(|part| hash.update(part));
    crate::hex::hex(&hash.finalize())
}

/// SHA-256 of a whole key.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    pub fn of(whole: &str) -> Self {
        Self(digest(whole.as_bytes()))
    }

    /// Takes the same time wherever the difference lies.
    pub fn matches(&self, other: &Self) -> bool {
        use subtle::ConstantTimeEq;
        self.0.ct_eq(&other.0).into()
    }

    pub fn to_hex(&self) -> String {
        crate::hex::hex(&self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SystemRandom;

    #[test]
    fn a_key_is_found_by_its_prefix_and_proven_by_its_hash() {
        let secret = Secret::generate(&SystemRandom);
        assert_eq!(prefix_of(secret.reveal()), Some(secret.prefix()));
        let stored = SecretHash::from_hex(&secret.hash().to_hex()).unwrap();
        assert!(stored.matches(&SecretHash::of(secret.reveal())));
        assert!(!stored.matches(&SecretHash::of(&format!("{}x", secret.reveal()))));
        assert_eq!(prefix_of("slk_short_x"), None);
        assert_eq!(prefix_of("nonsense"), None);
    }
}
