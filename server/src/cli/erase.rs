//! `sluice erase`: what there is about somebody, and the receipts.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::chosen::segment;
use super::client::ServerArgs;
use super::events::text;
use super::{OutputArgs, many, output};

#[derive(Subcommand)]
pub(super) enum EraseCommand {
    /// Erase the events with this subject, and all that belongs to them.
    Subject {
        value: String,
        #[command(flatten)]
        how: How,
    },
    /// Erase the events that have this value in their payload, for example: customer.email ada@example.com
    Payload {
        /// Names with dots between them; arrays are gone through. `$.`, `[0]`, `[*]`, `['a name']` too.
        path: String,
        value: String,
        #[command(flatten)]
        how: How,
    },
    /// List receipts, newest first.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show how far an erasure has come, or its receipt.
    Get {
        id: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Args)]
pub(super) struct How {
    /// Show what would be erased and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do it without a question.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

const PATH: &str = "/api/v1/erasures";

pub(super) async fn run(command: EraseCommand) -> anyhow::Result<()> {
    match command {
        EraseCommand::Subject { value, how } => how.erase(json!({ "subject": value })).await,
        EraseCommand::Payload { path, value, how } => {
            how.erase(json!({ "path": path, "value": value })).await
        }
        EraseCommand::List { output, server } => {
            let page = server.client()?.get(PATH).await?;
            if output.json {
                output::line(page);
                return Ok(());
            }
            let row = |it: &Value| {
                let [id, state, by, at] =
                    ["id", "state", "createdBy", "createdAt"].map(|field| text(&it[field]));
                let what = it["path"].as_str().unwrap_or("subject").to_owned();
                [id, state, what, it["events"].to_string(), it["held"].to_string(), by, at]
            };
            let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
            output::table(["ID", "STATE", "WHAT", "EVENTS", "HELD", "BY", "STARTED"], &rows);
            Ok(())
        }
        EraseCommand::Get { id, output, server } => {
            let erasure = server.client()?.get(&format!("{PATH}/{}", segment(&id))).await?;
            match output.json {
                true => output::line(erasure),
                false => output::line(format!("{:#}", erasure)),
            }
            Ok(())
        }
    }
}

impl How {
    /// Counts, asks and starts. It goes on without anybody watching.
    async fn erase(self, mut body: Value) -> anyhow::Result<()> {
        let client = self.server.client()?;
        body["dryRun"] = json!(true);
        let plan = client.post(PATH, "application/json", body.to_string()).await?;
        if self.dry_run && self.output.json {
            output::line(plan);
            return Ok(());
        }
        let told = told(&plan);
        match self.dry_run {
            true => output::line(&told),
            false => eprintln!("{told}"),
        }
        if self.dry_run {
            return Ok(());
        }
        let total = plan["events"].as_u64().unwrap_or_default();
        if !self.yes && !many::agreed("erase", total)? {
            bail!("nothing was changed");
        }
        body["dryRun"] = json!(false);
        let started = client.post(PATH, "application/json", body.to_string()).await?;
        let id = text(&started["id"]);
        match self.output.json {
            true => output::line(started),
            false => output::line(format!("{id} is under way; its receipt: sluice erase get {id}")),
        }
        Ok(())
    }
}

fn told(plan: &Value) -> String {
    format!(
        "{} events with {} runs and {} bytes, {} deliveries in quarantine; {} more are held and stay",
        plan["events"], plan["runs"], plan["bytes"], plan["deliveries"], plan["held"]
    )
}
