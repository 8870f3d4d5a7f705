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
        self.answer(self.http.get(format!("{}{path}", self.url))).await
    }

    pub(super) async fn post(&self, path: &str, kind: &str, body: String) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).header("content-type", kind);
        self.answer(request.body(body)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.header("x-api-key", &self.key).send().await;
        let response = response.with_context(|| {
            format!("{} cannot be reached: is `sluice serve` running?", self.url)
        })?;
        let status = response.status();
        let body: Value =
            response.json().await.context("the answer is not JSON: is this Sluice?")?;
        if status.is_success() {
            return Ok(body);
        }
        let title = body["title"].as_str().unwrap_or("refused");
        Err(anyhow!("{title} ({status}): {}", body["detail"].as_str().unwrap_or_default()))
    }
}
