//! Reads a request that is plain: `POST` to the one path, HTTP/1.1, with a length, all of it as it is. Pure.
//!
//! Invariant: what is read here means to hyper exactly what it means here. What could mean anything else, be it
//! by a fault or by a header that changes how a message is read, is left to hyper.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use httparse::{Header, Status};

use crate::config::ByteSize;

/// How such a request begins.
const LINE: &[u8] = b"POST /api/webhooks/ingest HTTP/1.1\r\n";
const MOST_HEADERS: usize = 32;
const LARGEST_HEAD: usize = 16 * 1024;
/// Larger bodies are not what a faster way is for.
const LARGEST_BODY: usize = 64 * 1024;
/// What changes how a message is read or answered.
const SPECIAL: [HeaderName; 6] = [
    header::CONTENT_ENCODING,
    header::EXPECT,
    HeaderName::from_static("proxy-connection"),
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    /// How many bytes come before the body, and how many it has.
    pub(super) head: usize,
    pub(super) length: usize,
    /// The client wants no more than this answer.
    pub(super) is_last: bool,
}

#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// Its head is there; of its body, what is there already.
    Request(Request),
    /// It may become one.
    Part,
    Other,
}

/// What `bytes` begin with, of which the first `seen` were a part when they were looked at; a body has at most
/// `most` bytes.
pub(super) fn read(bytes: &[u8], seen: usize, most: ByteSize) -> Read {
    let common = bytes.len().min(LINE.len());
    if bytes[..common] != LINE[..common] {
        return Read::Other;
    }
    // Whoever sends a head byte by byte does not have all of it read for each of them.
    if !may_end_a_head(&bytes[seen.saturating_sub(3)..]) && bytes.len() <= LARGEST_HEAD {
        return Read::Part;
    }
    let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
    match httparse::parse_headers(&bytes[LINE.len()..], &mut slots) {
        Ok(Status::Complete((head, headers))) => {
            plain(headers, &bytes[..LINE.len() + head], most).map_or(Read::Other, Read::Request)
        }
        Ok(Status::Partial) if bytes.len() <= LARGEST_HEAD => Read::Part,
        Ok(Status::Partial) | Err(_) => Read::Other,
    }
}

/// Whether there is an empty line, or what may be one to a lenient reader.
fn may_end_a_head(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes)
        .any(|end| bytes[end + 1..].starts_with(b"\r\n") || bytes[end + 1..].starts_with(b"\n"))
}

/// `given` is what was found in `head`.
fn plain(given: &[Header<'_>], head: &[u8], most: ByteSize) -> Option<Request> {
    // The values share one copy.
    let shared = Bytes::copy_from_slice(head);
    let mut headers = HeaderMap::with_capacity(given.len());
    let (mut length, mut is_last) = (None, false);
    for header in given {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        if name == header::CONTENT_LENGTH {
            // Said twice it is hyper's to refuse.
            length = Some(whole_number(header.value).filter(|_| length.is_none())?);
        }
        if name == header::CONNECTION {
            match header.value {
                value if value.eq_ignore_ascii_case(b"keep-alive") => {}
                value if value.eq_ignore_ascii_case(b"close") => is_last = true,
                _ => return None,
            }
        }
        if SPECIAL.contains(&name) {
            return None;
        }
        // A value that is empty lies nowhere.
        let value = match header.value {
            [] => Bytes::new(),
            value => {
                let start = value.as_ptr().addr() - head.as_ptr().addr();
                shared.slice(start..start + value.len())
            }
        };
        headers.append(name, HeaderValue::from_maybe_shared(value).ok()?);
    }
    let length = length.filter(|length| *length <= most.0.min(LARGEST_BODY))?;
    Some(Request { headers, head: head.len(), length, is_last })
}

/// Rust would take a sign, too.
fn whole_number(digits: &[u8]) -> Option<usize> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intake::EVENT;

    const MOST: ByteSize = ByteSize(1_000);
    const PLAIN: &str = "POST /api/webhooks/ingest HTTP/1.1\r\nHost: here\r\nX-Api-Key: slk_1\r\n\
        Connection: Keep-Alive\r\nContent-Length: 7\r\n\r\n{\"a\":1}";

    fn is_other(text: &str) -> bool {
        read(text.as_bytes(), 0, MOST) == Read::Other
    }

    #[test]
    fn the_lane_leads_where_the_router_does() {
        assert_eq!(LINE, format!("POST {EVENT} HTTP/1.1\r\n").as_bytes());
        let route = format!(".route(\"{EVENT}\", post(ingest::event))");
        assert!(include_str!("../router.rs").contains(&route));
    }

    #[test]
    fn a_plain_request_is_read() {
        let Read::Request(request) = read(PLAIN.as_bytes(), 0, MOST) else { panic!("it is one") };
        assert_eq!(request.headers["x-api-key"], "slk_1");
        assert_eq!(request.headers.len(), 4);
        assert_eq!(&PLAIN[request.head..], "{\"a\":1}");
        assert_eq!((request.length, request.is_last), (7, false));
        let empty = read(PLAIN.replace("slk_1", "").as_bytes(), 0, MOST);
        assert!(matches!(empty, Read::Request(it) if it.headers["x-api-key"].is_empty()));
        let last = read(PLAIN.replace("Keep-Alive", "close").as_bytes(), 0, MOST);
        assert!(matches!(last, Read::Request(Request { is_last: true, .. })), "{last:?}");
    }

    #[test]
    fn what_could_mean_something_else_is_left_to_hyper() {
        let with = |header: &str| PLAIN.replace("\r\n\r\n", &format!("\r\n{header}\r\n\r\n"));
        assert!(!is_other(&with("x-more: 1")));
        for special in [
            "transfer-encoding: chunked",
            "Transfer-Encoding: identity",
            "expect: 100-continue",
            "connection: close, te",
            "connection: upgrade",
            "content-encoding: gzip",
            "content-length: 7",
            "content-length: 8",
            "no colon",
            "name : 1",
            " folded",
            "nul: \0",
        ] {
            assert!(is_other(&with(special)), "{special}");
        }
        for (from, to) in [
            ("POST", "post"),
            ("POST", "GET"),
            ("ingest ", "ingest/ "),
            ("ingest ", "ingest?a=1 "),
            ("ingest ", "ingest/batch "),
            ("/api", "http://here/api"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("HTTP/1.1\r", "HTTP/1.1"),
            (": 7", ": +7"),
            (": 7", ": 7, 7"),
            (": 7", ": 0x7"),
            (": 7", ":"),
            (": 7", ": 1001"),
            (": 7", ": 99999999999999999999"),
            ("Content-Length: 7\r\n", ""),
        ] {
            assert!(is_other(&PLAIN.replacen(from, to, 1)), "{from} as {to}");
        }
        assert!(is_other(&with(&"a: b\r\n".repeat(40))), "many headers");
        assert!(is_other(
            &PLAIN.replace("here", &"h".repeat(LARGEST_HEAD)).replace("\r\n\r\n", "")
        ));
    }

    proptest! {
        /// However it comes in pieces, nothing is decided before it is known, and nothing otherwise then.
        #[test]
        fn a_beginning_is_a_part(seen in 0..PLAIN.len(), end in 0..PLAIN.len(), rest in ".{0,20}") {
            let head = PLAIN.find("\r\n\r\n").unwrap() + 4;
            let (seen, end) = (seen.min(end).min(head - 1), seen.max(end));
            let found = read(&PLAIN.as_bytes()[..end], seen, MOST);
            let whole = read(PLAIN.as_bytes(), 0, MOST);
            prop_assert_eq!(&found, if end < head { &Read::Part } else { &whole });
            let followed = format!("{PLAIN}{rest}");
            prop_assert_eq!(read(followed.as_bytes(), seen, MOST), whole);
        }

        #[test]
        fn anything_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut request = LINE.to_vec();
            request.extend(bytes);
            if let Read::Request(read) = read(&request, 0, MOST) {
                prop_assert!(read.head <= request.len());
            }
        }
    }
}
