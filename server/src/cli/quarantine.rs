//! `sluice quarantine`: deliveries that were not believed.

use clap::Subcommand;
use serde_json::Value;

use super::chosen::{Chosen, segment};
use super::client::ServerArgs;
use super::events::text;
use super::{OutputArgs, output};

#[derive(Subcommand)]
pub(super) enum QuarantineCommand {
    /// List deliveries that were not believed, and why.
    List {
        /// Only those of one source.
        #[arg(long)]
        source: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Check deliveries again with the secrets of today, whatever their age, and take those that fit.
    Release(Chosen),
    /// Forget deliveries.
    Delete(Chosen),
}

pub(super) async fn run(command: QuarantineCommand) -> anyhow::Result<()> {
    match command {
        QuarantineCommand::List { source, output, server } => {
            let source = segment(source.as_deref().unwrap_or_default());
            let page = server.client()?.get(&format!("/api/v1/quarantine?source={source}")).await?;
            if output.json {
                output::line(page);
                return Ok(());
            }
            let row =
                |held: &Value| ["id", "source", "cause", "receivedAt"].map(|f| text(&held[f]));
            let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(["ID", "SOURCE", "CAUSE", "RECEIVED"], &rows);
            Ok(())
        }
        QuarantineCommand::Release(chosen) => {
            let path = |id: &str| format!("/api/v1/quarantine/{id}/release");
            let said = |id: &str, event: &Value| format!("{id} is taken as {}", text(&event["id"]));
            chosen.post_each(path, said).await
        }
        QuarantineCommand::Delete(chosen) => {
            chosen.delete_each("/api/v1/quarantine", "is forgotten").await
        }
    }
}
