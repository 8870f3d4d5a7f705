//! A connection that is closed after a refusal hears its client out first.
//!
//! Where bytes have come that nobody read, closing sends a reset, which takes the answer away from
//! clients that read it only after they have sent everything. What still comes is dropped as it comes;
//! the refusal itself is on its way already.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// How long a client is heard out, and how much of it.
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: usize = 8 * 1024 * 1024;

/// Whether the last answer of a connection refused a request that came with a body.
#[derive(Clone, Default)]
pub(super) struct Refused(Arc<AtomicBool>);

impl Refused {
    pub(super) fn set(&self, refused: bool) {
        self.0.store(refused, Ordering::Relaxed);
    }
}

pub(super) struct Lingering {
    stream: TcpStream,
    /// What was read already.
    first: Bytes,
    refused: Refused,
    /// Once our side is closed: until when the client is heard, and how much of it has come.
    closing: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Lingering {
    /// `first` is what was read from the stream already.
    pub(super) fn new(stream: TcpStream, first: Bytes, refused: Refused) -> Self {
        Self { stream, first, refused, closing: None }
    }
}

/// Closes a connection whose client was refused.
pub(super) async fn hear_out(stream: TcpStream) -> io::Result<()> {
    let refused = Refused::default();
    refused.set(true);
    Lingering::new(stream, Bytes::new(), refused).shutdown().await
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.first.is_empty() {
            let fits = self.first.len().min(buffer.remaining());
            buffer.put_slice(&self.first.split_to(fits));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, refused, closing, .. } = self.get_mut();
        let (until, heard) = match closing {
            Some(closing) => closing,
            None => {
                ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
                if !refused.0.load(Ordering::Relaxed) {
                    return Poll::Ready(Ok(()));
                }
                closing.insert((Box::pin(tokio::time::sleep(PATIENCE)), 0))
            }
        };
        let mut room = [0; 16 * 1024];
        while *heard < MOST && until.as_mut().poll(cx).is_pending() {
            let mut dropped = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut dropped));
            match dropped.filled().len() {
                some if read.is_ok() && some > 0 => *heard += some,
                // The client has closed its side, or is gone.
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
