//! `sluice retention`: how long and how much of events is kept, and what is due to be removed.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::chosen::segment;
use super::client::ServerArgs;
use super::events::text;
use super::{OutputArgs, output};

#[derive(Subcommand)]
pub(super) enum RetentionCommand {
    /// List what is kept, with what is due to be removed now.
    List {
        #[command(flatten)]
        with: With,
    },
    /// Keep events for so long, for example: sluice retention keep processed 30d --source shop
    Keep {
        #[command(flatten)]
        which: Which,
        /// Such as 30d; a day at least.
        duration: String,
        #[command(flatten)]
        with: With,
    },
    /// Keep events however old they are.
    KeepForever {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        with: With,
    },
    /// Keep so much of payloads, the youngest, for example: sluice retention limit processed 20GiB
    Limit {
        /// Processed or failed.
        status: String,
        /// Such as 20GiB; 1 MiB at least.
        size: String,
        #[command(flatten)]
        with: With,
    },
    /// Keep events whatever they take.
    Unlimit {
        /// Processed or failed.
        status: String,
        #[command(flatten)]
        with: With,
    },
}

/// Every command ends by showing what is kept then.
#[derive(Args)]
pub(super) struct With {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Args)]
pub(super) struct Which {
    /// Processed or failed.
    status: String,
    /// Only events of this source; without it, of every source that has no rule of its own.
    #[arg(long)]
    source: Option<String>,
}

const RULES: &str = "/api/v1/retention";
const LIMITS: &str = "/api/v1/retention/limits";

pub(super) async fn run(command: RetentionCommand) -> anyhow::Result<()> {
    let (client, output) = match command {
        RetentionCommand::List { with } => (with.server.client()?, with.output),
        RetentionCommand::Keep { which: Which { status, source }, duration, with } => {
            let client = with.server.client()?;
            let rule = json!({ "status": status, "keep": duration, "source": source });
            client.put(RULES, &rule).await?;
            (client, with.output)
        }
        RetentionCommand::KeepForever { which: Which { status, source }, with } => {
            let client = with.server.client()?;
            let source = segment(&source.unwrap_or_default());
            client.delete(&format!("{RULES}?status={}&source={source}", segment(&status))).await?;
            (client, with.output)
        }
        RetentionCommand::Limit { status, size, with } => {
            let client = with.server.client()?;
            client.put(LIMITS, &json!({ "status": status, "max": size })).await?;
            (client, with.output)
        }
        RetentionCommand::Unlimit { status, with } => {
            let client = with.server.client()?;
            client.delete(&format!("{LIMITS}?status={}", segment(&status))).await?;
            (client, with.output)
        }
    };
    let (rules, limits) = (client.get(RULES).await?, client.get(LIMITS).await?);
    match output.json {
        true => output::line(json!({ "rules": rules["items"], "limits": limits["items"] })),
        false => show(&rules, &limits),
    }
    Ok(())
}

fn show(rules: &Value, limits: &Value) {
    let rows = |page: &Value, row: fn(&Value) -> [String; 6]| -> Vec<_> {
        page["items"].as_array().into_iter().flatten().map(row).collect()
    };
    let rules = rows(rules, |it| {
        let source = it["source"].as_str().unwrap_or("every source");
        let oldest = it["oldest"].as_str().unwrap_or("-");
        let due = [&it["due"], &it["dueBytes"]].map(Value::to_string);
        let [events, bytes] = due;
        [text(&it["status"]), source.into(), text(&it["keep"]), events, bytes, oldest.into()]
    });
    output::table(["STATUS", "SOURCE", "KEEP", "DUE", "BYTES", "OLDEST"], &rules);
    let limits = rows(limits, |it| {
        let [events, bytes] = [&it["events"], &it["bytes"]].map(Value::to_string);
        [text(&it["status"]), "every source".into(), text(&it["max"]), events, bytes, String::new()]
    });
    if !limits.is_empty() {
        output::line("");
        output::table(["STATUS", "SOURCE", "LIMIT", "EVENTS", "BYTES", ""], &limits);
    }
}
