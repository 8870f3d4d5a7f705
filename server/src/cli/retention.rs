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
        plan: PlanArgs,
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
        #[command(flatten)]
        of: Limited,
        /// Such as 20GiB; 1 MiB at least.
        size: String,
        #[command(flatten)]
        plan: PlanArgs,
        #[command(flatten)]
        with: With,
    },
    /// Keep events whatever they take.
    Unlimit {
        #[command(flatten)]
        of: Limited,
        #[command(flatten)]
        with: With,
    },
}

/// Every command that changes something ends by showing what is kept then.
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

#[derive(Args)]
pub(super) struct Limited {
    /// Processed or failed.
    status: String,
    /// Only events of this source; without it, of all sources together.
    #[arg(long)]
    source: Option<String>,
}

#[derive(Args)]
pub(super) struct PlanArgs {
    /// Show what would be removed at once and change nothing.
    #[arg(long)]
    dry_run: bool,
}

const RULES: &str = "/api/v1/retention";
const LIMITS: &str = "/api/v1/retention/limits";

pub(super) async fn run(command: RetentionCommand) -> anyhow::Result<()> {
    let (client, output) = match command {
        RetentionCommand::List { with } => (with.server.client()?, with.output),
        RetentionCommand::Keep { which: Which { status, source }, duration, plan, with } => {
            let client = with.server.client()?;
            let rule = json!({
                "status": status, "keep": duration, "source": source, "dryRun": plan.dry_run,
            });
            if let Some(plan) = client.put(RULES, &rule).await? {
                tell(&with.output, plan);
                return Ok(());
            }
            (client, with.output)
        }
        RetentionCommand::KeepForever { which: Which { status, source }, with } => {
            let client = with.server.client()?;
            let source = segment(&source.unwrap_or_default());
            client.delete(&format!("{RULES}?status={}&source={source}", segment(&status))).await?;
            (client, with.output)
        }
        RetentionCommand::Limit { of: Limited { status, source }, size, plan, with } => {
            let client = with.server.client()?;
            let limit = json!({
                "status": status, "max": size, "source": source, "dryRun": plan.dry_run,
            });
            if let Some(plan) = client.put(LIMITS, &limit).await? {
                tell(&with.output, plan);
                return Ok(());
            }
            (client, with.output)
        }
        RetentionCommand::Unlimit { of: Limited { status, source }, with } => {
            let client = with.server.client()?;
            let source = segment(&source.unwrap_or_default());
            client.delete(&format!("{LIMITS}?status={}&source={source}", segment(&status))).await?;
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

/// What would be removed, which nobody has asked for yet.
fn tell(how: &OutputArgs, plan: Value) {
    if how.json {
        output::line(plan);
        return;
    }
    let oldest = plan["oldest"].as_str().map(|at| format!(", the oldest from {at}"));
    output::line(format!(
        "{} events with {} bytes would be removed at once{}; nothing was changed",
        plan["events"],
        plan["bytes"],
        oldest.unwrap_or_default()
    ));
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
        let source = it["source"].as_str().unwrap_or("all together");
        [text(&it["status"]), source.into(), text(&it["max"]), events, bytes, String::new()]
    });
    if !limits.is_empty() {
        output::line("");
        output::table(["STATUS", "SOURCE", "LIMIT", "EVENTS", "BYTES", ""], &limits);
    }
}
