//! `sluice tail`: events as they arrive and change, until you stop it.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use engine::live::Cursor;
use serde_json::Value;

use super::client::ServerArgs;
use super::events::text;
use super::follow::{Place, Watched, follow};
use super::{OutputArgs, output};

#[derive(Args)]
pub(super) struct TailArgs {
    #[command(flatten)]
    watched: Watched,
    /// Only events that get there: pending, processing, processed or failed.
    #[arg(long)]
    status: Option<String>,
    /// Go on from here: the cursor that a tail named when it was stopped, or `id:` of the stream.
    #[arg(long, value_name = "CURSOR")]
    since: Option<Cursor>,
    /// Keep in this file how far was shown, and go on from there the next time.
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    state: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: TailArgs) -> anyhow::Result<()> {
    let client = args.server.client()?;
    let query = args.watched.query(args.status.as_deref());
    let each = async |message: super::sse::Message| {
        match message.event.as_str() {
            "event" => {
                let event: Value = serde_json::from_str(&message.data)?;
                let shown = if args.output.json { message.data } else { row(&event) };
                if !output::line_is_read(shown) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            "resync" => eprintln!(
                "sluice: some changes are no longer known: `sluice events list` shows how events stand"
            ),
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    };
    let mut place = match &args.state {
        Some(file) => Place::kept_in(file.clone())?,
        None => Place::since(args.since),
    };
    tokio::select! {
        ended = follow(&client, &query, &mut place, each) => return ended,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    if let Some(cursor) = place.cursor {
        eprintln!("sluice: stopped; --since {cursor} goes on from here");
    }
    Ok(())
}

fn row(event: &Value) -> String {
    let status = output::standing(&format!("{:10}", text(&event["status"])));
    let [received, id, kind, source] =
        ["receivedAt", "id", "eventType", "source"].map(|field| text(&event[field]));
    let error = text(&event["error"]["errorMessage"]);
    let line = format!("{received}  {status}  {kind}  {source}  {id}  {error}");
    line.trim_end().to_owned()
}
