//! An API key, without its secret.

use serde::{Deserialize, Serialize};

use super::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema), schema(as = Key))]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    pub id: String,
    pub name: String,
    /// The part of the key that may be shown.
    pub prefix: String,
    /// Of `ingest`, `read` and `manage`.
    pub permissions: Vec<String>,
    /// Event type patterns the key may send; none means every type.
    pub scopes: Vec<String>,
    /// Such as `600/min`.
    pub rate_limit: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub state: KeyState,
}

impl KeyView {
    pub fn is_live(&self) -> bool {
        self.state == KeyState::Live
    }

    pub fn may(&self, permission: &str) -> bool {
        self.permissions.iter().any(|one| one == permission)
    }

    /// What to call the key that follows this one: `shop`, `shop 2`, `shop 3`.
    pub fn successor_name(&self) -> String {
        let numbered = self.name.rsplit_once(' ').and_then(|(name, number)| {
            number.parse::<u32>().ok().filter(|number| *number > 1).map(|number| (name, number))
        });
        match numbered {
            Some((name, number)) => format!("{name} {}", number.saturating_add(1)),
            None => format!("{} 2", self.name),
        }
    }
}

/// What a key is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    Live,
    Expired,
    Revoked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successors_are_numbered() {
        let follows = |name: &str| {
            let moment = Timestamp("2025-11-24T09:41:07.088Z".to_owned());
            let key = KeyView {
                id: String::new(),
                name: name.to_owned(),
                prefix: String::new(),
                permissions: Vec::new(),
                scopes: Vec::new(),
                rate_limit: None,
                created_at: moment,
                expires_at: None,
                last_used_at: None,
                revoked_at: None,
                state: KeyState::Live,
            };
            key.successor_name()
        };
        assert_eq!(follows("shop"), "shop 2");
        assert_eq!(follows("shop 2"), "shop 3");
        assert_eq!(follows("till 0"), "till 0 2");
    }
}
