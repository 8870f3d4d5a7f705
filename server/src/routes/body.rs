//! Request bodies, bounded in size and time before anything is parsed.

use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;

use crate::config::ByteSize;
use crate::problem::{Code, Problem};

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// The whole body, or a problem: too large (also when it does not say so beforehand) or too slow.
pub(crate) async fn read(
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
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            format!("The body did not arrive within {} s.", PATIENCE.as_secs()),
        )),
    }
}

fn too_large(most: ByteSize) -> Problem {
    let detail = format!("At most {} bytes; SLUICE_MAX_BODY sets the limit.", most.0);
    Problem::new(Code::BodyTooLarge, detail)
}

/// Refuses what is not JSON by its content type; `+json` types are JSON too.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    let json = kind.eq_ignore_ascii_case("application/json")
        || kind
            .get(kind.len().saturating_sub(5)..)
            .is_some_and(|end| end.eq_ignore_ascii_case("+json"));
    if json {
        return Ok(());
    }
    let detail = match kind {
        "" => "Say what the body is: send `content-type: application/json`.".to_owned(),
        kind => format!("`{kind}` is not understood here: send `content-type: application/json`."),
    };
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}
