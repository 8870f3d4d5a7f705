//! The yardstick: an axum handler that parses the same event and stores nothing.
//!
//! It does the least that a handler of such a request can do, with the same
//! allocator as Sluice, so the ratio to it says what durability and dispatch
//! cost. Invariant: it keeps no state.

use anyhow::Result;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpListener;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    source: String,
    event_id: Option<String>,
    payload: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    id: &'static str,
    event_id: Option<String>,
    status: &'static str,
    duplicate: bool,
}

/// Serves until the process is ended, on a free port that is printed first.
pub async fn announce_and_serve() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener)?;
    serve(listener).await
}

pub async fn serve(listener: TcpListener) -> Result<()> {
    let router = Router::new().route("/api/webhooks/ingest", post(accept));
    Ok(axum::serve(listener, router).await?)
}

#[expect(clippy::print_stdout, reason = "the parent process reads the address from here")]
fn announce(listener: &TcpListener) -> Result<()> {
    println!("listening on http://{}", listener.local_addr()?);
    Ok(())
}

async fn accept(Json(event): Json<Event>) -> (StatusCode, Json<Accepted>) {
    let complete =
        !event.event_type.is_empty() && !event.source.is_empty() && !event.payload.get().is_empty();
    let status = if complete { StatusCode::ACCEPTED } else { StatusCode::UNPROCESSABLE_ENTITY };
    let accepted = Accepted {
        id: "evt_000000000000000000000000",
        event_id: event.event_id,
        status: "processed",
        duplicate: false,
    };
    (status, Json(accepted))
}
