//! `sluice dlq`: the dead letters, and what can be done about them.

use clap::Subcommand;

use super::chosen::Chosen;
use super::client::ServerArgs;
use super::{OutputArgs, events};

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

pub(super) async fn run(command: DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List { limit, output, server } => {
            let limit = limit.to_string();
            let filter = [("limit", Some(limit.as_str()))];
            events::list(&server.client()?, "/api/v1/dead-letters", &filter, output).await
        }
        DlqCommand::Retry(chosen) => {
            let path = |id: &str| format!("/api/v1/dead-letters/{id}/retry");
            chosen.post_each(path, |id, _| format!("{id} is tried again")).await
        }
        DlqCommand::Resolve(chosen) => {
            let path = |id: &str| format!("/api/v1/events/{id}/processed");
            chosen.post_each(path, |id, _| format!("{id} counts as processed")).await
        }
        DlqCommand::Delete(chosen) => chosen.delete_each("/api/v1/events", "is deleted").await,
    }
}
