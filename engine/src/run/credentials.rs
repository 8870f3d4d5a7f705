//! What a call is made with beside its definition: the secrets that it reads, and those that it is
//! signed with. They are read from the store when a call needs them and remembered for a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::machine::Failure;
use crate::Engine;
use crate::expression::Scope;
use crate::expression::scope::SECRET;
use crate::id::WorkflowId;
use crate::secret;
use crate::workflow::definition::HttpStep;
use crate::workflow::signing::{self, SigningError, SigningSecret};

/// How long a secret that another server has changed may still be used.
const REMEMBERED: Duration = Duration::from_secs(2);

/// Secrets that calls used lately.
pub(crate) struct Cache {
    named: moka::future::Cache<String, String>,
    signing: moka::future::Cache<WorkflowId, SigningSecret>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            named: moka::future::Cache::builder()
                .max_capacity(1_000)
                .time_to_live(REMEMBERED)
                .build(),
            signing: moka::future::Cache::builder()
                .max_capacity(1_000)
                .time_to_live(REMEMBERED)
                .build(),
        }
    }
}

impl Cache {
    pub(crate) async fn forget_named(&self, name: &str) {
        self.named.invalidate(name).await;
    }

    pub(crate) async fn forget_signing(&self, workflow: WorkflowId) {
        self.signing.invalidate(&workflow).await;
    }
}

#[derive(Default)]
pub struct Credentials {
    named: BTreeMap<String, String>,
    /// Of the form `whsec_…`, the newest first.
    pub(super) signing: Vec<String>,
}

impl Credentials {
    /// All that the call needs, or why it cannot be made.
    pub(super) async fn of(
        engine: &Engine,
        workflow: WorkflowId,
        http: &HttpStep,
    ) -> Result<Self, Failure> {
        let mut credentials = Self::default();
        for name in &http.secrets {
            let value = match engine.credentials.named.get(name).await {
                Some(known) => known,
                None => {
                    let found = Box::pin(secret::value(&engine.store, &engine.vault, name)).await;
                    let value = found.map_err(|error| {
                        failure("secret", error.to_string(), !error.is_temporary())
                    })?;
                    engine.credentials.named.insert(name.clone(), value.clone()).await;
                    value
                }
            };
            credentials.named.insert(name.clone(), value);
        }
        if http.sign {
            let secret = match engine.credentials.signing.get(&workflow).await {
                Some(known) => known,
                None => {
                    let found =
                        Box::pin(signing::find(&engine.store, &engine.vault, workflow)).await;
                    let secret = found.map_err(|error| {
                        let temporary = matches!(error, SigningError::Store(_));
                        failure("signing_secret", error.to_string(), !temporary)
                    })?;
                    engine.credentials.signing.insert(workflow, secret.clone()).await;
                    secret
                }
            };
            let in_force = secret.in_force(engine.now());
            credentials.signing = in_force.into_iter().map(ToOwned::to_owned).collect();
        }
        Ok(credentials)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.named.values().map(String::as_str)
    }

    /// The scope of the call, and the same where no secret has a value.
    pub(super) fn scopes(&self, scope: &Scope) -> (Scope, Scope) {
        if self.named.is_empty() {
            return (scope.clone(), scope.clone());
        }
        let masked: serde_json::Map<String, Json> =
            self.named.keys().map(|name| (name.clone(), json!("•••"))).collect();
        let full = scope.clone().with(SECRET, json!(self.named));
        (full, scope.clone().with(SECRET, Json::Object(masked)))
    }
}

fn failure(code: &'static str, message: String, permanent: bool) -> Failure {
    Failure { code, message, permanent, retry_after: None }
}
