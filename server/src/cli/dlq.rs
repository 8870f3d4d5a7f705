//! `sluice dlq`: the dead letters, and what can be done about them.

use clap::{Args, Subcommand};
use serde_json::json;

use super::client::ServerArgs;
use super::events::{self, segment};
use super::{OutputArgs, output};

#[derive(Subcommand)]
pub(super) enum DlqCommand {
    /// List the events that failed, newest first.
    List {
        /// How many at most, up to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Try failed events again, each from the step that failed.
    Retry(Chosen),
    /// Take failed events as processed.
    Resolve(Chosen),
    /// Delete failed events with their runs.
    Delete(Chosen),
}

#[derive(Args)]
pub(super) struct Chosen {
    #[arg(required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(command: DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List { limit, output, server } => {
            let limit = limit.to_string();
            let filter = [("limit", Some(limit.as_str()))];
            events::list(&server.client()?, "/api/v1/dead-letters", &filter, output).await
        }
        DlqCommand::Retry(chosen) => {
            each(chosen, "is tried again", |id| format!("/api/v1/dead-letters/{id}/retry")).await
        }
        DlqCommand::Resolve(chosen) => {
            each(chosen, "counts as processed", |id| format!("/api/v1/events/{id}/processed")).await
        }
        DlqCommand::Delete(chosen) => {
            let client = chosen.server.client()?;
            for id in &chosen.ids {
                client.delete(&format!("/api/v1/events/{}", segment(id))).await?;
                match chosen.output.json {
                    true => output::line(json!({ "id": id, "deleted": true })),
                    false => output::line(format!("{id} is deleted")),
                }
            }
            Ok(())
        }
    }
}

async fn each(chosen: Chosen, done: &str, path: impl Fn(&str) -> String) -> anyhow::Result<()> {
    let client = chosen.server.client()?;
    for id in &chosen.ids {
        let event = client.post(&path(&segment(id)), "application/json", "{}".into()).await?;
        match chosen.output.json {
            true => output::line(event),
            false => output::line(format!("{id} {done}")),
        }
    }
    Ok(())
}
