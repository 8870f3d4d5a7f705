//! `sluice workflows`: through a running server, so that it matches by the new definition at once.

use std::path::PathBuf;

use anyhow::Context;
use clap::Subcommand;
use engine::workflow::Definition;

use super::client::ServerArgs;
use super::{OutputArgs, output};

#[derive(Subcommand)]
pub(super) enum WorkflowsCommand {
    /// Put the workflow of a YAML or JSON file in force. The same file twice changes nothing.
    Apply {
        /// The file; `-` reads standard input.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// Say what would happen and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// List the workflows in force.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
}

pub(super) async fn run(command: WorkflowsCommand) -> anyhow::Result<()> {
    match command {
        WorkflowsCommand::Apply { file, dry_run, output, server } => {
            let text = super::send::read(&file)?;
            // Refused here, a mistake costs no connection and names its place.
            Definition::parse(&text).with_context(|| file.display().to_string())?;
            let path = format!("/api/v1/workflows?dryRun={dry_run}");
            let answer = server.client()?.post(&path, "application/yaml", text).await?;
            if output.json {
                output::line(answer);
            } else {
                let would = if dry_run { "would be " } else { "" };
                let (name, result) = (answer["name"].as_str(), answer["result"].as_str());
                output::line(format!(
                    "{}: {would}{}",
                    name.unwrap_or_default(),
                    result.unwrap_or_default()
                ));
            }
        }
        WorkflowsCommand::List { output, server } => {
            let answer = server.client()?.get("/api/v1/workflows").await?;
            if output.json {
                output::line(&answer["items"]);
            } else {
                let text =
                    |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                let rows: Vec<_> = answer["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| {
                        [text(&it["name"]), it["version"].to_string(), it["enabled"].to_string()]
                    })
                    .collect();
                output::table(["NAME", "VERSION", "ENABLED"], &rows);
            }
        }
    }
    Ok(())
}
