//! Commands that do one thing to each of the things named on the command line.

use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, ServerArgs};
use super::{OutputArgs, output};

#[derive(Args)]
pub(super) struct Chosen {
    #[arg(required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl Chosen {
    /// Calls the server for each id and prints its answer, or what `said` makes of it. The first
    /// failure ends it.
    async fn each(
        self,
        call: impl AsyncFn(&Client, &str) -> anyhow::Result<Value>,
        said: impl Fn(&str, &Value) -> String,
    ) -> anyhow::Result<()> {
        let client = self.server.client()?;
        for id in &self.ids {
            let answer = call(&client, id).await?;
            match self.output.json {
                true => output::line(answer),
                false => output::line(said(id, &answer)),
            }
        }
        Ok(())
    }

    /// Posts nothing to the path made of each id.
    pub(super) async fn post_each(
        self,
        path: impl Fn(&str) -> String,
        said: impl Fn(&str, &Value) -> String,
    ) -> anyhow::Result<()> {
        let call = async |client: &Client, id: &str| {
            client.post(&path(&segment(id)), "application/json", "{}".into()).await
        };
        self.each(call, said).await
    }

    /// Deletes what lies below `resource`.
    pub(super) async fn delete_each(self, resource: &str, done: &str) -> anyhow::Result<()> {
        let call = async |client: &Client, id: &str| {
            client.delete(&format!("{resource}/{}", segment(id))).await?;
            Ok(json!({ "id": id, "deleted": true }))
        };
        self.each(call, |id, _| format!("{id} {done}")).await
    }
}

/// What was typed as one segment of a path.
pub(super) fn segment(typed: &str) -> String {
    form_urlencoded::byte_serialize(typed.as_bytes()).collect()
}
