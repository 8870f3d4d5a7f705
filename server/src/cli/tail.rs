//! `sluice tail`: events as they arrive and change, until you stop it.

use std::ops::ControlFlow;

use clap::Args;
use serde_json::Value;

use super::client::ServerArgs;
use super::events::text;
use super::follow::{Watched, follow};
use super::{OutputArgs, output};

#[derive(Args)]
pub(super) struct TailArgs {
    #[command(flatten)]
    watched: Watched,
    /// Only events that get there: pending, processing, processed or failed.
    #[arg(long)]
    status: Option<String>,
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
                // The stream also tells of events that have just left the status.
                if args.status.as_deref().is_some_and(|status| event["status"] != *status) {
                    return Ok(ControlFlow::Continue(()));
                }
                let shown = if args.output.json { message.data } else { row(&event) };
                if !output::line_is_read(shown) {
                    return Ok(ControlFlow::Break(()));
                }
            }
            "folded" => {
                let folded: Value = serde_json::from_str(&message.data)?;
                eprintln!("sluice: a burst: {} more events are not shown", folded["count"]);
            }
            "resync" => eprintln!(
                "sluice: more was missed than can be sent again: `sluice events list` has it"
            ),
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    };
    follow(&client, &query, each).await
}

fn row(event: &Value) -> String {
    let status = output::standing(&format!("{:10}", text(&event["status"])));
    let [received, id, kind, source] =
        ["receivedAt", "id", "eventType", "source"].map(|field| text(&event[field]));
    let error = text(&event["error"]["errorMessage"]);
    let line = format!("{received}  {status}  {kind}  {source}  {id}  {error}");
    line.trim_end().to_owned()
}
