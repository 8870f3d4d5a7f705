//! Exports: one event a line, however many there are, with little in memory at any time.

use app::ssr::convert;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::Engine;
use engine::event::EventFilter;
use engine::event::export::{Export, Exported};
use engine::store::StoreError;
use futures::stream;

use crate::problem::Problem;

/// Newline-delimited JSON of the events, the newest first. A failure before the first line is told as a
/// problem; after that the answer breaks off.
pub(super) async fn lines(
    engine: &Engine,
    filter: EventFilter,
    name: &str,
) -> Result<Response, Problem> {
    let mut export = Export::new(engine, filter);
    let first = export.next().await?;
    let rest = stream::unfold((Some(first), export), |(ready, mut export)| async {
        let piece = match ready {
            Some(piece) => piece,
            None => match export.next().await {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), (Some(Vec::new()), export))),
            },
        };
        (!piece.is_empty()).then(|| (written(piece), (None, export)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.ndjson\"")),
    ];
    Ok((headers, Body::from_stream(rest)).into_response())
}

fn written(piece: Vec<Exported>) -> Result<Bytes, StoreError> {
    let mut lines = Vec::new();
    for event in piece {
        let id = event.row.id;
        let begun = lines.len();
        if let Err(error) = serde_json::to_writer(&mut lines, &convert::exported(event)) {
            // Only valid JSON is ever stored; what a damaged file holds must not hide the rest.
            tracing::error!(%id, %error, "an event could not be exported");
            lines.truncate(begun);
            continue;
        }
        lines.push(b'\n');
    }
    Ok(lines.into())
}
