//! How commands speak to a running server.

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Clone, Args)]
pub(super) struct ServerArgs {
    /// Where Sluice listens.
    #[arg(long, env = "SLUICE_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    url: String,
    /// An API key with the permission that the command needs.
    #[arg(long, env = "SLUICE_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: Option<String>,
}

pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
}

impl ServerArgs {
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let key = self.api_key.clone().filter(|key| !key.is_empty()).ok_or_else(|| {
            anyhow!("no API key: set SLUICE_API_KEY, or make one with `sluice keys create --name me --permission manage --permission ingest`")
        })?;
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build()?;
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

    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.answer(self.http.delete(format!("{}{path}", self.url))).await.map(drop)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<String> {
        let response = request.header("x-api-key", &self.key).send().await;
        let response = response.with_context(|| {
            format!("{} cannot be reached: is `sluice serve` running?", self.url)
        })?;
        let status = response.status();
        let body = response.text().await.context("the answer broke off")?;
        if status.is_success() {
            return Ok(body);
        }
        let problem = json(&body)?;
        let title = problem["title"].as_str().unwrap_or("refused");
        Err(anyhow!("{title} ({status}): {}", problem["detail"].as_str().unwrap_or_default()))
    }
}

fn json(body: &str) -> anyhow::Result<Value> {
    serde_json::from_str(body).context("the answer is not JSON: is this Sluice?")
}
