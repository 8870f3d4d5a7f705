//! A tiny HTTP/1.1 client: one request a connection, bytes as given.
//!
//! A library client refuses to send half of what the trials must send
//! (malformed JSON under any content type, bodies the server will not finish
//! reading) and hides the rest. Invariant: a request ends within `LIMIT`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIMIT: Duration = Duration::from_secs(20);
const MOST_HEADERS: usize = 64;

#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.into(), path: path.into(), headers: Vec::new(), body: None }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new("POST", path).bytes(Vec::new())
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// An API key, as machines send it.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    #[must_use]
    pub fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.header("content-type", "application/json").bytes(body)
    }

    /// A form, as a browser without JavaScript sends it.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        self.header("content-type", "application/x-www-form-urlencoded").bytes(pairs.join("&"))
    }

    /// The bytes of the request, kept open (`keep-alive`) or for one answer only.
    pub fn to_bytes(&self, host: SocketAddr, keep_alive: bool) -> Vec<u8> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| {
            format!("{} with a body that is not JSON: {}", self.status, self.text())
        })
    }

    /// `name=value` of each cookie the answer sets, attributes left out.
    pub fn cookies(&self) -> Vec<&str> {
        let set = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"));
        set.filter_map(|(_, value)| value.split(';').next()).collect()
    }
}

/// Sends one request and reads the whole answer.
pub async fn send(address: SocketAddr, request: &Request) -> Result<Answer> {
    let exchange = exchange(address, request.to_bytes(address, false));
    let answer = tokio::time::timeout(LIMIT, exchange).await;
    let said = format!("{} {}", request.method, request.path);
    answer.with_context(|| format!("{said}: no answer in {LIMIT:?}"))?.context(said)
}

async fn exchange(address: SocketAddr, bytes: Vec<u8>) -> Result<Answer> {
    let (mut reader, mut writer) = TcpStream::connect(address).await?.into_split();
    // A server may refuse before it has read everything: what it said counts.
    let sending = tokio::spawn(async move {
        let _ = writer.write_all(&bytes).await;
        writer
    });
    let mut raw = Vec::new();
    let read = loop {
        match reader.read_buf(&mut raw).await {
            Ok(0) => break Ok(()),
            Ok(_) if complete(&raw) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    sending.abort();
    match (parse(&raw), read) {
        (Ok(answer), _) => Ok(answer),
        (Err(_), Err(error)) => Err(error.into()),
        (Err(error), Ok(())) => Err(error),
    }
}

/// What comes before the body.
#[derive(Clone, Debug)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Bytes up to and with the empty line.
    pub length: usize,
}

/// The head, once all of it has arrived.
pub fn head(raw: &[u8]) -> Result<Option<Head>> {
    let mut slots = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut slots);
    let httparse::Status::Complete(length) = parsed.parse(raw)? else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = parsed.headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect();
    Ok(Some(Head { status: parsed.code.unwrap_or_default(), headers, length }))
}

fn complete(raw: &[u8]) -> bool {
    let Ok(Some(Head { headers, length, .. })) = head(raw) else { return false };
    let answer = Answer { status: 0, headers, body: Vec::new() };
    let expected = answer.header("content-length").and_then(|n| n.parse::<usize>().ok());
    expected.is_some_and(|expected| raw.len() >= length + expected)
}

fn parse(raw: &[u8]) -> Result<Answer> {
    let Some(Head { status, headers, length }) = head(raw)? else {
        bail!("the connection ended before an answer: {:?}", String::from_utf8_lossy(raw));
    };
    let mut answer = Answer { status, headers, body: raw[length..].to_vec() };
    if answer.header("transfer-encoding").is_some_and(|e| e.eq_ignore_ascii_case("chunked")) {
        let mut rest = raw[length..].to_vec();
        answer.body = Vec::new();
        while let Some(chunk) = take_chunk(&mut rest)? {
            answer.body.extend_from_slice(&chunk);
        }
    }
    Ok(answer)
}

/// Takes the next whole chunk off the front; `None` when it has not all arrived.
pub fn take_chunk(raw: &mut Vec<u8>) -> Result<Option<Vec<u8>>> {
    let Some(line) = raw.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let size = std::str::from_utf8(&raw[..line])?.split(';').next().unwrap_or_default().trim();
    let size = usize::from_str_radix(size, 16).context("a chunk without a size")?;
    let end = line + 2 + size;
    if size == 0 || raw.len() < end + 2 {
        return Ok(None);
    }
    let chunk = raw[line + 2..end].to_vec();
    raw.drain(..end + 2);
    Ok(Some(chunk))
}

/// Percent-encodes everything that is not unreserved in a URL.
pub fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::{parse, percent};

    #[test]
    fn chunks_are_joined() {
        let raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(raw).unwrap().text(), "abcde");
    }

    #[test]
    fn reserved_characters_are_encoded() {
        assert_eq!(percent("a b@c"), "a%20b%40c");
    }
}
