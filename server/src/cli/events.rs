//! `sluice events`: look at events and send them through again.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::chosen::segment;
use super::client::{Client, ServerArgs};
use super::many::{Cautious, Many};
use super::{OutputArgs, output};

/// How an event can be settled by hand.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Settled {
    Processed,
    Failed,
}

#[derive(Subcommand)]
pub(super) enum EventsCommand {
    /// List events, newest first.
    List {
        /// Only event types that match, for example 'order.*'.
        #[arg(long = "type", value_name = "PATTERN")]
        event_type: Option<String>,
        #[arg(long)]
        source: Option<String>,
        /// pending, processing, processed or failed.
        #[arg(long)]
        status: Option<String>,
        /// What the payload says: words, or 'order.total = 12'.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those that nobody may remove.
        #[arg(long)]
        held: bool,
        /// How many at most, up to 500.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Show one event with its payload, headers and runs.
    Get {
        id: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Send events through again; each becomes a new one.
    Replay {
        #[command(flatten)]
        chosen: Cautious,
        /// Start what each event started when it came, in the versions of then; for events named by their ids.
        #[arg(long, conflicts_with_all = ["all", "event_type", "source", "group", "from", "to", "canary", "dry_run"])]
        original: bool,
    },
    /// Take an event as processed or as failed.
    UpdateStatus {
        id: String,
        status: Settled,
        /// Why, shown with the event; for `processed`.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Delete events with their payloads and runs.
    Delete(Many),
    /// Keep an event from being removed by anything, until it is released.
    Hold(Holding),
    /// Let a held event go.
    Release(Holding),
}

#[derive(Args)]
pub(super) struct Holding {
    id: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

impl Holding {
    async fn post(self, deed: &str, done: &str) -> anyhow::Result<()> {
        let Self { id, note, output, server } = self;
        let path = format!("/api/v1/events/{}/{deed}", segment(&id));
        let body = note.map_or(json!({}), |note| json!({ "note": note }));
        let event = server.client()?.post(&path, "application/json", body.to_string()).await?;
        match output.json {
            true => output::line(event),
            false => output::line(format!("{id} is {done}")),
        }
        Ok(())
    }
}

pub(super) async fn run(command: EventsCommand) -> anyhow::Result<()> {
    match command {
        EventsCommand::List { event_type, source, status, search, held, limit, output, server } => {
            let limit = limit.to_string();
            let filter = [
                ("eventType", event_type.as_deref()),
                ("source", source.as_deref()),
                ("status", status.as_deref()),
                ("search", search.as_deref()),
                ("held", held.then_some("true")),
                ("limit", Some(&limit)),
            ];
            list(&server.client()?, "/api/v1/events", &filter, output).await
        }
        EventsCommand::Get { id, output, server } => {
            let event =
                server.client()?.get_text(&format!("/api/v1/events/{}", segment(&id))).await?;
            // As it came: parsing it would change the numbers of the payload.
            output::line(if output.json { event } else { pretty(&event) });
            Ok(())
        }
        EventsCommand::Replay { chosen, original } => {
            let versions = if original { "original" } else { "current" };
            let path = |id: &str| format!("/api/v1/events/{id}/replay?versions={versions}");
            let said = |id: &str, new: &Value| format!("{id} goes again as {}", text(&new["id"]));
            chosen.run("replay", None, path, said).await
        }
        EventsCommand::UpdateStatus { id, status, note, output, server } => {
            let end = match status {
                Settled::Processed => "processed",
                Settled::Failed => "failed",
            };
            let path = format!("/api/v1/events/{}/{end}", segment(&id));
            let body = note.map_or(json!({}), |note| json!({ "note": note }));
            let client = server.client()?;
            let event = client.post(&path, "application/json", body.to_string()).await?;
            match output.json {
                true => output::line(event),
                false => output::line(format!("{id} counts as {end}")),
            }
            Ok(())
        }
        EventsCommand::Delete(chosen) => chosen.delete(None).await,
        EventsCommand::Hold(holding) => holding.post("hold", "held").await,
        EventsCommand::Release(holding) => holding.post("release", "released").await,
    }
}

/// One page of a list of events, as a table or as the server sent it.
pub(super) async fn list(
    client: &Client,
    path: &str,
    filter: &[(&str, Option<&str>)],
    output: OutputArgs,
) -> anyhow::Result<()> {
    let given = filter.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    let page = client.get(&format!("{path}?{query}")).await?;
    if output.json {
        output::line(page);
        return Ok(());
    }
    let rows: Vec<_> = page["items"].as_array().into_iter().flatten().map(row).collect();
    output::table(["ID", "TYPE", "SOURCE", "STATUS", "RECEIVED", "ERROR"], &rows);
    if page["nextCursor"].is_string() {
        eprintln!("There are more: raise --limit, or narrow the list.");
    }
    Ok(())
}

fn row(event: &Value) -> [String; 6] {
    let error = text(&event["error"]["errorMessage"]);
    [
        text(&event["id"]),
        text(&event["eventType"]),
        text(&event["source"]),
        text(&event["status"]),
        text(&event["receivedAt"]),
        error.chars().take(60).collect(),
    ]
}

/// A text, or nothing.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pretty(event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap_or(json!(event));
    serde_json::to_string_pretty(&event).unwrap_or_default()
}
