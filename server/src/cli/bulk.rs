//! `sluice bulk`: operations on many events that are under way, or were.

use clap::Subcommand;
use serde_json::Value;

use super::chosen::segment;
use super::client::ServerArgs;
use super::events::text;
use super::{OutputArgs, many, output};

#[derive(Subcommand)]
pub(super) enum BulkCommand {
    /// List operations, newest first.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show how far an operation has come.
    Get {
        id: String,
        /// Stay until it ends.
        #[arg(long, short)]
        watch: bool,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// End an operation; what is done stays done.
    Cancel {
        id: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Go on with an operation that has stopped, and watch it.
    Resume {
        id: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
}

pub(super) async fn run(command: BulkCommand) -> anyhow::Result<()> {
    let path = |id: &str| format!("/api/v1/bulk/{}", segment(id));
    match command {
        BulkCommand::List { output, server } => {
            let page = server.client()?.get("/api/v1/bulk").await?;
            if output.json {
                output::line(page);
                return Ok(());
            }
            let row = |it: &Value| {
                let done = format!("{}/{}", it["done"], it["total"]);
                let [id, action, state, at] =
                    ["id", "action", "state", "createdAt"].map(|field| text(&it[field]));
                [id, action, state, done, at]
            };
            let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(["ID", "ACTION", "STATE", "DONE", "CREATED"], &rows);
            Ok(())
        }
        BulkCommand::Get { id, watch, output, server } => {
            let client = server.client()?;
            if watch {
                return many::watch(&client, &id, output).await;
            }
            print(&client.get(&path(&id)).await?, output);
            Ok(())
        }
        BulkCommand::Cancel { id, output, server } => {
            let client = server.client()?;
            client.delete(&path(&id)).await?;
            print(&client.get(&path(&id)).await?, output);
            Ok(())
        }
        BulkCommand::Resume { id, output, server } => {
            let client = server.client()?;
            client.post(&format!("{}/resume", path(&id)), "application/json", "{}".into()).await?;
            many::watch(&client, &id, output).await
        }
    }
}

fn print(operation: &Value, output: OutputArgs) {
    match output.json {
        true => output::line(operation),
        false => output::line(many::told(operation)),
    }
}
