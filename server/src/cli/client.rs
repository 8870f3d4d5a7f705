//! How commands speak to a running server.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::Value;

use crate::config::secret;

#[derive(Debug, Clone, Args)]
pub(super) struct ServerArgs {
    /// Where Sluice listens.
    #[arg(long, env = "SLUICE_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    url: String,
    /// An API key with the permission that the command needs.
    #[arg(long, env = "SLUICE_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: Option<String>,
    /// A file that holds the API key.
    #[arg(long, env = "SLUICE_API_KEY_FILE", value_name = "FILE", conflicts_with = "api_key")]
    api_key_file: Option<PathBuf>,
}

pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
}

/// The server answered, and said no: asking again would not help.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(String);

/// For an answer; a stream has no end to wait for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A stream that is silent for so long is broken: the server says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

impl ServerArgs {
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let key = secret(self.api_key.as_deref(), self.api_key_file.as_deref())?;
        let key = key.ok_or_else(|| {
            anyhow!("no API key: set SLUICE_API_KEY, or make one with `sluice keys create --name me --permission manage --permission ingest`")
        })?;
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().connect_timeout(PATIENCE).read_timeout(SILENCE).build()?;
        Ok(Client { http, url: self.url.trim_end_matches('/').to_owned(), key })
    }
}

impl Client {
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        json(&self.get_text(path).await?)
    }

    /// The answer as the server wrote it.
    pub(super) async fn get_text(&self, path: &str) -> anyhow::Result<String> {
        self.answer(self.http.get(format!("{}{path}", self.url))).await
    }

    pub(super) async fn post(&self, path: &str, kind: &str, body: String) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", kind);
        json(&self.answer(request.body(body)).await?)
    }

    /// Puts something in the place of what is there; `None` where the answer is nothing.
    pub(super) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Option<Value>> {
        let answer = self.http.put(format!("{}{path}", self.url)).json(body);
        let text = self.answer(answer).await?;
        (!text.is_empty()).then(|| json(&text)).transpose()
    }

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.answer(self.http.delete(format!("{}{path}", self.url))).await.map(drop)
    }

    /// Opens a stream, after the cursor of what was seen.
    pub(super) async fn open(
        &self,
        path: &str,
        seen: Option<&str>,
    ) -> anyhow::Result<reqwest::Response> {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        let response = self.send(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(refusal(response).await)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<String> {
        let response = self.send(request.timeout(PATIENCE)).await?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        response.text().await.context("the answer broke off")
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<reqwest::Response> {
        let response = request.header("x-api-key", &self.key).send().await;
        response
            .with_context(|| format!("{} cannot be reached: is `sluice serve` running?", self.url))
    }
}

/// What the server said instead of doing it.
async fn refusal(response: reqwest::Response) -> anyhow::Error {
    let status = response.status();
    let problem = match response.text().await.context("the answer broke off") {
        Ok(body) => json(&body),
        Err(error) => Err(error),
    };
    let problem = match problem {
        Ok(problem) => problem,
        Err(error) => return error,
    };
    let title = problem["title"].as_str().unwrap_or("refused");
    let said = format!("{title} ({status}): {}", problem["detail"].as_str().unwrap_or_default());
    // A server that is stopping, or cannot store now, is only away.
    match status.is_server_error() {
        true => anyhow!(said),
        false => Refused(said).into(),
    }
}

fn json(body: &str) -> anyhow::Result<Value> {
    serde_json::from_str(body).context("the answer is not JSON: is this Sluice?")
}
