//! One keep-alive connection on which requests are sent as bytes and answers are read with little ado.
//!
//! Invariant: an answer has a `content-length`, as all those do that load is made of.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Wire {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 4096] })
    }

    /// Sends one request; status and body of its answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.answer.len() {
                self.answer.resize(filled * 2, 0);
            }
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            if let Some((status, body)) = whole(&self.answer[..filled])? {
                return Ok((status, &self.answer[body..filled]));
            }
        }
    }
}

/// Status and where the body begins, once all of it is there.
fn whole(raw: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(head) = raw.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let status = std::str::from_utf8(raw.get(9..12).unwrap_or_default())?.parse()?;
    let length = content_length(&raw[..head]).context("an answer without content-length")?;
    let body = head + 4;
    Ok((raw.len() >= body + length).then_some((status, body)))
}

fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|byte| *byte == b'\n');
    let line =
        lines.find(|l| l.len() > NAME.len() && l[..NAME.len()].eq_ignore_ascii_case(NAME))?;
    std::str::from_utf8(&line[NAME.len()..]).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn an_answer_is_whole_only_with_all_of_its_body() {
        let raw = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole(raw).unwrap(), Some((202, raw.len() - 2)));
        assert_eq!(whole(&raw[..raw.len() - 1]).unwrap(), None);
    }
}
