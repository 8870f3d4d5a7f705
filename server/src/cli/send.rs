//! `sluice send`: one event from the command line.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use serde_json::value::RawValue;

use super::client::ServerArgs;
use super::{OutputArgs, output};

#[derive(Args)]
pub(super) struct SendArgs {
    /// What happened, for example order.created.
    event_type: String,
    /// Who says so, for example shop.
    #[arg(long)]
    source: String,
    /// The payload as JSON; @FILE reads a file, @- standard input.
    #[arg(long, default_value = "{}", value_name = "JSON|@FILE")]
    data: String,
    /// The sender's own id; the same one twice is stored once.
    #[arg(long, value_name = "ID")]
    event_id: Option<String>,
    /// What it is about, for example an order's number.
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: SendArgs) -> anyhow::Result<()> {
    let text = match args.data.strip_prefix('@') {
        Some(file) => read(Path::new(file))?,
        None => args.data,
    };
    let payload: Box<RawValue> = serde_json::from_str(&text).context("--data is not JSON")?;
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        event_type: String,
        source: String,
        payload: Box<RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
    }
    let body = Body {
        event_type: args.event_type,
        source: args.source,
        payload,
        event_id: args.event_id,
        subject: args.subject,
    };
    let body = serde_json::to_string(&body)?;
    let answer =
        args.server.client()?.post("/api/webhooks/ingest", "application/json", body).await?;
    if args.output.json {
        output::line(answer);
    } else {
        let again = if answer["duplicate"] == json!(true) { " (sent before)" } else { "" };
        output::line(format!("{}{again}", answer["id"].as_str().unwrap_or_default()));
    }
    Ok(())
}

/// The text of a file, or of standard input for `-`.
pub(super) fn read(file: &Path) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
