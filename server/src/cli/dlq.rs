//! `sluice dlq`: the dead letters, and what can be done about them.

use clap::Subcommand;
use serde_json::Value;

use super::client::ServerArgs;
use super::events::text;
use super::many::{Cautious, Many, Noted};
use super::{OutputArgs, events, output};

#[derive(Subcommand)]
pub(super) enum DlqCommand {
    /// List the events that failed, newest first.
    List {
        /// Only event types that match, for example 'order.*'.
        #[arg(long = "type", value_name = "PATTERN")]
        event_type: Option<String>,
        #[arg(long)]
        source: Option<String>,
        /// Only one group of `sluice dlq groups`.
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// How many at most, up to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// List what they failed for, the most frequent first.
    Groups {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Try failed events again, each from the step that failed.
    Retry(Cautious),
    /// Take failed events as processed.
    Resolve(Noted),
    /// Delete failed events with their runs.
    Delete(Many),
}

pub(super) async fn run(command: DlqCommand) -> anyhow::Result<()> {
    match command {
        DlqCommand::List { event_type, source, group, limit, output, server } => {
            let limit = limit.to_string();
            let filter = [
                ("eventType", event_type.as_deref()),
                ("source", source.as_deref()),
                ("group", group.as_deref()),
                ("limit", Some(limit.as_str())),
            ];
            events::list(&server.client()?, "/api/v1/dead-letters", &filter, output).await
        }
        DlqCommand::Groups { output, server } => {
            let page = server.client()?.get("/api/v1/dead-letters/groups").await?;
            if output.json {
                output::line(page);
                return Ok(());
            }
            let row = |group: &Value| {
                let [id, last, message] = ["id", "lastSeen", "message"].map(|f| text(&group[f]));
                [id, group["count"].to_string(), last, text(&group["workflow"]), message]
            };
            let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(["ID", "EVENTS", "LAST", "WORKFLOW", "ERROR"], &rows);
            Ok(())
        }
        DlqCommand::Retry(chosen) => {
            let path = |id: &str| format!("/api/v1/dead-letters/{id}/retry");
            let said = |id: &str, _: &Value| format!("{id} is tried again");
            chosen.run("retry", Some("failed"), path, said).await
        }
        DlqCommand::Resolve(chosen) => {
            let path = |id: &str| format!("/api/v1/events/{id}/processed");
            chosen.run(path, |id, _| format!("{id} counts as processed")).await
        }
        DlqCommand::Delete(chosen) => chosen.delete(Some("failed")).await,
    }
}
