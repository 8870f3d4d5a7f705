//! Request bodies, bounded in size and time before anything is parsed.

use std::error::Error;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::query;
use crate::config::ByteSize;
use crate::problem::{Code, Problem};

/// How long a body may take to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How many bodies are inflated at once.
static INFLATING: Semaphore = Semaphore::const_new(3);

/// Room to inflate into, for each of those once: what a thread gives back, the allocator keeps for that
/// thread, and inflating goes from thread to thread.
static ROOMS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// The whole body without its content encoding, or a problem: too large (also when it does not say
/// so beforehand, also once inflated) or too slow.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    most: ByteSize,
) -> Result<Bytes, Problem> {
    let encoding = Encoding::of(headers)?;
    let sent = read_as_sent(headers, body, most).await?;
    let Some(encoding) = encoding else { return Ok(sent) };
    // Each takes the room of a whole body: a flood of small ones must not take it many times.
    let _turn = INFLATING.acquire().await;
    // Inflating may take long for a small body; requests beside it must not wait.
    let inflated = tokio::task::spawn_blocking(move || {
        let mut room = rooms().pop().unwrap_or_default();
        let inflated = encoding.inflate(&sent, most, &mut room);
        rooms().push(room);
        inflated
    });
    inflated.await.unwrap_or_else(|_| Err(encoding.broken()))
}

fn rooms() -> MutexGuard<'static, Vec<Vec<u8>>> {
    ROOMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body as JSON of a known shape.
pub(crate) async fn read_json<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    most: ByteSize,
) -> Result<T, Problem> {
    require_json(headers)?;
    parse_json(&read(headers, body, most).await?)
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => query::wrong("body", error),
        _ => Problem::new(Code::MalformedJson, error.to_string()),
    })
}

/// The same where the body may be left out.
pub(crate) async fn read_json_if_any<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: Body,
    most: ByteSize,
) -> Result<T, Problem> {
    let body = read(headers, body, most).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    require_json(headers)?;
    parse_json(&body)
}

/// The whole body, byte for byte, or a problem: too large or too slow.
pub(crate) async fn read_as_sent(
    headers: &HeaderMap,
    body: Body,
    most: ByteSize,
) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > most.0) {
        return Err(too_large(most));
    }
    match tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, most.0)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error))
            if error.source().is_some_and(|cause| cause.to_string().contains("length limit")) =>
        {
            Err(too_large(most))
        }
        Ok(Err(_)) => {
            Err(Problem::new(Code::InvalidParameter, "The body broke off before its end."))
        }
        Err(_) => Err(too_slow()),
    }
}

/// For a body that did not arrive in time.
pub(crate) fn too_slow() -> Problem {
    let detail = format!("The body did not arrive within {} s.", PATIENCE.as_secs());
    Problem::new(Code::RequestTimeout, detail)
}

/// How a body was made smaller (RFC 9110, section 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Zstd,
}

/// What zstd says of a text that is longer than the room for it.
const TOO_LONG: &str = "Destination buffer is too small";

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let given =
            headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii());
        match given.map(|given| given.to_ascii_lowercase()).as_deref() {
            None | Some(b"" | b"identity") => Ok(None),
            Some(b"gzip" | b"x-gzip") => Ok(Some(Self::Gzip)),
            Some(b"zstd") => Ok(Some(Self::Zstd)),
            Some(_) => {
                let detail = "Send the body as it is, or with `content-encoding: gzip` or `zstd`.";
                Err(Problem::new(Code::UnsupportedMediaType, detail))
            }
        }
    }

    fn inflate(self, sent: &[u8], most: ByteSize, room: &mut Vec<u8>) -> Result<Bytes, Problem> {
        // All of it at once: only what is written to becomes memory, while a buffer that grows, or zstd's
        // window beside it, would leave pieces of every size behind.
        let enough = most.0 + 1;
        room.clear();
        room.reserve_exact(enough);
        let read = match self {
            Self::Gzip => {
                flate2::read::MultiGzDecoder::new(sent).take(enough as u64).read_to_end(room)
            }
            Self::Zstd => zstd::bulk::Decompressor::new()
                .and_then(|mut decoder| decoder.decompress_to_buffer(sent, room)),
        };
        match read {
            Ok(_) if room.len() > most.0 => Err(too_large(most)),
            Err(error) if error.to_string() == TOO_LONG => Err(too_large(most)),
            Ok(_) => Ok(Bytes::copy_from_slice(room)),
            Err(_) => Err(self.broken()),
        }
    }

    fn broken(self) -> Problem {
        let detail = format!("The body is not what `content-encoding` says: {self:?}.");
        Problem::new(Code::InvalidParameter, detail)
    }
}

fn too_large(most: ByteSize) -> Problem {
    let detail = format!("At most {} bytes; SLUICE_MAX_BODY sets the limit.", most.0);
    Problem::new(Code::BodyTooLarge, detail)
}

/// The content type without its parameters, in lower case; empty when there is none.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Refuses what is not JSON by its content type; `+json` types are JSON too.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = media_type(headers);
    match kind == "application/json" || kind.ends_with("+json") {
        true => Ok(()),
        false => Err(unsupported(&kind, "application/json")),
    }
}

/// JSON, or one JSON text a line.
pub(crate) fn require_json_or_lines(headers: &HeaderMap) -> Result<(), Problem> {
    const LINES: [&str; 4] = [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/jsonlines",
    ];
    match LINES.contains(&media_type(headers).as_str()) {
        true => Ok(()),
        false => require_json(headers),
    }
}

pub(crate) fn unsupported(kind: &str, wanted: &str) -> Problem {
    let detail = match kind {
        "" => format!("Say what the body is: send `content-type: {wanted}`."),
        kind => format!("`{kind}` is not understood here: send `content-type: {wanted}`."),
    };
    Problem::new(Code::UnsupportedMediaType, detail)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_inflated_up_to_the_limit_and_no_further() {
        let plain = vec![b'x'; 1_000];
        let room = &mut Vec::new();
        for (encoding, sent) in [
            (Encoding::Gzip, gzip(&plain)),
            (Encoding::Zstd, zstd::encode_all(&plain[..], 19).unwrap()),
        ] {
            assert_eq!(
                encoding.inflate(&sent, ByteSize(1_000), room).unwrap(),
                plain,
                "{encoding:?}"
            );
            for less in [999, 100] {
                let refused = encoding.inflate(&sent, ByteSize(less), room).unwrap_err();
                assert_eq!(refused.status(), 413, "{encoding:?}");
            }
            assert!(encoding.inflate(&sent[..sent.len() / 2], ByteSize(2_000), room).is_err());
            assert!(encoding.inflate(b"{}", ByteSize(2_000), room).is_err());
        }
    }
}
