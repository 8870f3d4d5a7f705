//! `sluice quarantine`: deliveries that were not believed.

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::ServerArgs;
use super::events::{segment, text};
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
    /// Check deliveries again with the secrets of today, and take those that fit.
    Release {
        #[arg(required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Forget deliveries.
    Delete {
        #[arg(required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
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
        }
        QuarantineCommand::Release { ids, output, server } => {
            let client = server.client()?;
            for id in ids {
                let path = format!("/api/v1/quarantine/{}/release", segment(&id));
                let event = client.post(&path, "application/json", "{}".into()).await?;
                match output.json {
                    true => output::line(event),
                    false => output::line(format!("{id} is taken as {}", text(&event["id"]))),
                }
            }
        }
        QuarantineCommand::Delete { ids, output, server } => {
            let client = server.client()?;
            for id in ids {
                client.delete(&format!("/api/v1/quarantine/{}", segment(&id))).await?;
                match output.json {
                    true => output::line(json!({ "id": id, "deleted": true })),
                    false => output::line(format!("{id} is forgotten")),
                }
            }
        }
    }
    Ok(())
}
