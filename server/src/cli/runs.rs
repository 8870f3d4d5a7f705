//! `sluice runs`: what the workflows did, and ending what they are still at.

use clap::Subcommand;
use serde_json::Value;

use super::chosen::{Chosen, segment};
use super::client::ServerArgs;
use super::events::text;
use super::{OutputArgs, output};

#[derive(Subcommand)]
pub(super) enum RunsCommand {
    /// List runs, newest first.
    List {
        /// A workflow's name or id.
        #[arg(long)]
        workflow: Option<String>,
        /// queued, running, waiting, succeeded, failed or cancelled.
        #[arg(long)]
        status: Option<String>,
        /// Created at this time or later, for example 2026-01-31T09:41:07Z.
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Created before this time.
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// How many at most, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show one run with every attempt.
    Get {
        id: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// End runs wherever they stand; a call under way is dropped.
    Cancel(Chosen),
}

pub(super) async fn run(command: RunsCommand) -> anyhow::Result<()> {
    match command {
        RunsCommand::List { workflow, status, from, to, limit, output, server } => {
            let limit = limit.to_string();
            let given = [
                ("workflow", workflow),
                ("status", status),
                ("from", from),
                ("to", to),
                ("limit", Some(limit)),
            ];
            let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let query =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
            let page = server.client()?.get(&format!("/api/v1/runs?{query}")).await?;
            if output.json {
                output::line(page);
                return Ok(());
            }
            let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(["ID", "WORKFLOW", "STATUS", "CREATED", "ATTEMPTS", "ERROR"], &rows);
            if page["nextCursor"].is_string() {
                eprintln!("There are more: raise --limit, or narrow the list.");
            }
            Ok(())
        }
        RunsCommand::Get { id, output, server } => {
            let path = format!("/api/v1/runs/{}", segment(&id));
            let run = server.client()?.get(&path).await?;
            match output.json {
                true => output::line(run),
                false => output::line(serde_json::to_string_pretty(&run)?),
            }
            Ok(())
        }
        RunsCommand::Cancel(chosen) => {
            let path = |id: &str| format!("/api/v1/runs/{id}/cancel");
            chosen.post_each(path, |id, _| format!("{id} is cancelled")).await
        }
    }
}

fn row(run: &Value) -> [String; 6] {
    [
        text(&run["id"]),
        text(&run["workflow"]["name"]),
        text(&run["status"]),
        text(&run["createdAt"]),
        run["attempts"].to_string(),
        text(&run["error"]).chars().take(60).collect(),
    ]
}
