//! Answers as they go over the wire. Pure.

use std::cell::RefCell;
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use axum::http::{HeaderValue, header};
use axum::response::Response;

use engine::time::Timestamp;

use crate::listen;
use crate::routes::ingest::AcceptedBody;

/// What every such answer begins with.
static ACCEPTED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut head = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n".to_vec();
    for (name, value) in &listen::EVERYWHERE {
        line(name.as_str(), value.as_bytes(), &mut head);
    }
    let policy = listen::NOTHING_RUNS;
    line(header::CONTENT_SECURITY_POLICY.as_str(), policy.as_bytes(), &mut head);
    head
});

/// Writes over `out` that an event is stored: what [`write`] would make of the same answer.
pub(super) fn accepted(body: &AcceptedBody, id: &HeaderValue, now: Timestamp, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&ACCEPTED);
    line(crate::request_id::HEADER, id.as_bytes(), out);
    line(header::LOCATION.as_str(), body.location().as_bytes(), out);
    // Texts alone can always be written.
    rest(&serde_json::to_vec(body).unwrap_or_default(), now, out);
}

/// Writes over `out` any answer; after the last one the connection is closed.
pub(super) async fn write(response: Response, now: Timestamp, is_last: bool, out: &mut Vec<u8>) {
    let (parts, body) = response.into_parts();
    // Bodies of these answers are texts that are there.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    out.clear();
    // To memory, which takes all.
    let _written = write!(out, "HTTP/1.1 {}\r\n", parts.status).is_ok();
    for (name, value) in &parts.headers {
        if *name != header::CONTENT_LENGTH {
            line(name.as_str(), value.as_bytes(), out);
        }
    }
    if is_last {
        line(header::CONNECTION.as_str(), b"close", out);
    }
    rest(&body, now, out);
}

fn line(name: &str, value: &[u8], out: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// The headers that are about this very message, and its body.
fn rest(body: &[u8], now: Timestamp, out: &mut Vec<u8>) {
    date(now, out);
    out.extend_from_slice(b"content-length: ");
    out.extend_from_slice(itoa::Buffer::new().format(body.len()).as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

/// Made once a second for each thread.
fn date(now: Timestamp, out: &mut Vec<u8>) {
    thread_local! {
        static DATE: RefCell<(u64, Vec<u8>)> = const { RefCell::new((0, Vec::new())) };
    }
    let second = u64::try_from(now.millis()).unwrap_or_default() / 1_000;
    DATE.with_borrow_mut(|(made, text)| {
        if *made != second || text.is_empty() {
            *made = second;
            text.clear();
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
            line(header::DATE.as_str(), date.as_bytes(), text);
        }
        out.extend_from_slice(text);
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::response::IntoResponse;
    use engine::event::EventStatus;
    use engine::id::EventId;
    use engine::store::Accepted;

    use super::*;

    fn lines(text: &[u8]) -> BTreeSet<String> {
        let text = String::from_utf8(text.to_vec()).unwrap();
        text.split("\r\n").map(ToOwned::to_owned).collect()
    }

    #[tokio::test]
    async fn the_usual_answer_is_what_any_other_way_makes_of_it() {
        let id = EventId::new(7);
        let stored = Accepted { id, status: EventStatus::Processed, duplicate: false };
        let body = || AcceptedBody::new(stored.clone(), Some("a \"name\"".to_owned()));
        let id = HeaderValue::from_static("trial-7");
        let (mut short, mut long) = (Vec::new(), Vec::new());
        let now = Timestamp::from_millis(1_700_000_000_000);
        accepted(&body(), &id, now, &mut short);
        let response = listen::hardened(body().into_response(), id);
        write(response, now, false, &mut long).await;
        assert_eq!(lines(&short), lines(&long));
        assert!(String::from_utf8(short).unwrap().starts_with("HTTP/1.1 202 Accepted\r\n"));
    }
}
