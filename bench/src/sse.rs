//! Reads a server-sent event stream, one message at a time.
//!
//! Invariant: `next` may be cancelled (by a time limit) without losing bytes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{Head, Request, head, take_chunk};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    pub event: String,
    pub id: String,
    pub data: String,
}

impl Message {
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.data)?)
    }
}

#[derive(Debug)]
pub struct Stream {
    connection: TcpStream,
    raw: Vec<u8>,
    text: Vec<u8>,
}

/// Opens the stream; an answer other than `200 text/event-stream` is an error.
pub async fn open(address: SocketAddr, request: Request) -> Result<Stream> {
    let request = request.header("accept", "text/event-stream");
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(&request.to_bytes(address, true)).await?;
    let mut raw = Vec::new();
    loop {
        if let Some(Head { status, headers, length }) = head(&raw)? {
            let streams = headers.iter().any(|(_, value)| value.starts_with("text/event-stream"));
            if status != 200 || !streams {
                bail!("expected an event stream, got {status}: {}", String::from_utf8_lossy(&raw));
            }
            raw.drain(..length);
            return Ok(Stream { connection, raw, text: Vec::new() });
        }
        if connection.read_buf(&mut raw).await? == 0 {
            bail!("the connection ended before an answer");
        }
    }
}

/// The same for so many, some at a time: more would overflow the queue of the listening socket.
pub async fn open_many(
    address: SocketAddr,
    count: usize,
    request: impl Fn(usize) -> Request,
) -> Result<Vec<Stream>> {
    const TOGETHER: usize = 50;
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let some = streams.len()..count.min(streams.len() + TOGETHER);
        streams.extend(try_join_all(some.map(|number| open(address, request(number)))).await?);
    }
    Ok(streams)
}

/// How the chunk begins that ends an answer.
const LAST_CHUNK: &[u8] = b"0\r\n";

impl Stream {
    /// The next message with data; `None` when the server has ended the stream.
    pub async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            while let Some(message) = self.take_message() {
                if !message.data.is_empty() {
                    return Ok(Some(message));
                }
            }
            if let Some(chunk) = take_chunk(&mut self.raw)? {
                self.text.extend(chunk.into_iter().filter(|byte| *byte != b'\r'));
            } else if self.raw.starts_with(LAST_CHUNK)
                || self.connection.read_buf(&mut self.raw).await? == 0
            {
                return Ok(None);
            }
        }
    }

    /// Messages up to the first for which `wanted` holds, that one last.
    pub async fn until(
        &mut self,
        limit: Duration,
        wanted: impl Fn(&Message) -> bool,
    ) -> Result<Vec<Message>> {
        let mut seen = Vec::new();
        let search = async {
            while let Some(message) = self.next().await? {
                let found = wanted(&message);
                seen.push(message);
                if found {
                    return Ok(true);
                }
            }
            anyhow::Ok(false)
        };
        match tokio::time::timeout(limit, search).await {
            Ok(Ok(true)) => Ok(seen),
            Ok(Ok(false)) => bail!("the stream ended before the wanted message; seen: {seen:?}"),
            Ok(Err(error)) => Err(error),
            Err(_) => bail!("the wanted message did not come in {limit:?}; seen: {seen:?}"),
        }
    }

    /// For [`drain`].
    pub fn detach(self) -> Result<std::net::TcpStream> {
        Ok(self.connection.into_std()?)
    }

    fn take_message(&mut self) -> Option<Message> {
        let end = self.text.windows(2).position(|pair| pair == b"\n\n")?;
        let block = String::from_utf8_lossy(&self.text[..end]).into_owned();
        self.text.drain(..end + 2);
        Some(read(&block))
    }
}

/// Reads and forgets what a stream brings until the server ends it; to be called on the runtime that does it.
pub fn drain(stream: std::net::TcpStream) -> Result<impl Future<Output = ()>> {
    let mut connection = TcpStream::from_std(stream)?;
    Ok(async move {
        let mut bytes = vec![0; 16 * 1024];
        while connection.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    })
}

fn read(block: &str) -> Message {
    let mut message = Message::default();
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => message.event = value.into(),
            "id" => message.id = value.into(),
            "data" => data.push(value),
            _ => {}
        }
    }
    message.data = data.join("\n");
    message
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn comments_are_skipped_and_data_lines_joined() {
        let message = read(": hello\nevent: event\nid: 7\ndata: a\ndata: b");
        assert_eq!((message.event.as_str(), message.id.as_str()), ("event", "7"));
        assert_eq!(message.data, "a\nb");
        assert!(read(": heartbeat").data.is_empty());
    }
}
