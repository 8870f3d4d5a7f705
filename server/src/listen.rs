//! The socket: HTTP/1.1 through hyper, with what `axum::serve` leaves open closed — slow headers,
//! idle connections, too many of them, refusals that nobody gets to read, and a shutdown that ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures::poll;
use hyper::body::{Body, Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::intake::Door;
use crate::lane::{self, Left};
use crate::request_id;

mod linger;

use linger::{Lingering, Refused};

/// How long a client may take to send its headers, or stay silent between requests.
pub(crate) const HEADER_PATIENCE: Duration = Duration::from_secs(10);
/// Headers beyond this are refused with 431.
const HEADER_BYTES: usize = 64 * 1024;
/// How long open requests may go on after the signal to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(4);
/// How long what a client is sent may wait for it.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(120);
const MOST_CONNECTIONS: u64 = 32_768;
/// How many may knock at once. A client that finds no place tries again after a second, and the usual 128
/// are gone when a few hundred come together; the system may allow less.
const BACKLOG: u32 = 4_096;
/// Files that are not connections: the database, logs, outgoing calls.
const OTHER_FILES: u64 = 1_024;

/// Listens at `address`; the error says what to do about it.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listening = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart need not wait for what is left of old connections.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listening().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use: stop what listens there, or choose another address with --listen"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot listen on {address}")),
    })
}

/// Serves until `stop`, then lets open requests end within the drain time.
pub(crate) async fn serve(listener: TcpListener, door: Door, stop: CancellationToken) {
    let files = rlimit::increase_nofile_limit(MOST_CONNECTIONS + OTHER_FILES).unwrap_or(1_024);
    let most = MOST_CONNECTIONS.min(files.saturating_sub(OTHER_FILES)).max(128);
    let room = Arc::new(Semaphore::new(most as usize));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match Arc::clone(&room).try_acquire_owned() {
                Ok(permit) => {
                    let served =
                        connection(stream, peer, door.clone(), graceful.watcher(), stop.clone());
                    tokio::spawn(async move {
                        served.await;
                        drop(permit);
                    });
                }
                // Full: closing at once tells the client more than silence would.
                Err(_) => drop(stream),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut off");
    }
}

/// Serves one client; as long as the watcher is there, the server does not end.
async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    watcher: Watcher,
    stop: CancellationToken,
) {
    prepare(&stream);
    let left = match door.has_lane() {
        true => lane::serve(&mut stream, peer.ip(), &door, &stop).await,
        false => Left::GoesOn(Bytes::new()),
    };
    // How a client's connection ends is not ours to report.
    let _ended = match left {
        Left::Closed => stream.shutdown().await.is_ok(),
        Left::Refused => linger::hear_out(stream).await.is_ok(),
        Left::GoesOn(first) => {
            let has_begun = !first.is_empty();
            let mut served = by_hyper(stream, first, peer, door);
            // Hyper has to know of a request that has begun before it hears that it is to stop.
            let begun = if has_begun { poll!(&mut served) } else { Poll::Pending };
            match begun {
                Poll::Ready(ended) => ended.is_ok(),
                Poll::Pending => watcher.watch(served).await.is_ok(),
            }
        }
    };
}

/// Neither of these is worth refusing a connection for.
fn prepare(stream: &TcpStream) {
    // Small answers must not wait for more to come.
    let _best_effort = stream.set_nodelay(true);
    // Whoever takes nothing for so long holds a place that others need, and the kernel would wait for ever.
    #[cfg(target_os = "linux")]
    let _best_effort = nix::sys::socket::setsockopt(
        stream,
        nix::sys::socket::sockopt::TcpUserTimeout,
        &(UNREAD.as_millis() as u32),
    );
}

fn by_hyper(
    stream: TcpStream,
    first: Bytes,
    peer: SocketAddr,
    door: Door,
) -> hyper::server::conn::http1::Connection<
    TokioIo<Lingering>,
    impl hyper::service::Service<
        hyper::Request<Incoming>,
        Response = Response,
        Error = std::convert::Infallible,
        Future: Send,
    >,
> {
    let refused = Refused::default();
    let io = TokioIo::new(Lingering::new(stream, first, refused.clone()));
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        let (refused, has_body) = (refused.clone(), !request.body().is_end_stream());
        request.extensions_mut().insert(ConnectInfo(peer));
        let id = request_id::of(request.headers());
        let span = request_id::span(&id, &request);
        let line = request_id::Line::begin(request.method(), request.uri().path());
        let door = door.clone();
        let answer = async move {
            // Made where it is awaited, as in `Door::answer`.
            let response = request_id::within(id.clone(), door.answer(request)).await;
            response.map(|response| {
                let status = response.status();
                refused.set(has_body && (status.is_client_error() || status.is_server_error()));
                if let Some(line) = line {
                    line.end(status.as_u16());
                }
                hardened(response, id)
            })
        };
        answer.instrument(span)
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(io, service)
}

pub(crate) const EVERYWHERE: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
/// For answers that are not pages; pages bring their own.
pub(crate) const NOTHING_RUNS: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds the headers that every answer carries. Here rather than in a layer, which would cost each
/// request two more boxes.
pub(crate) fn hardened(mut response: Response, id: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.extend(EVERYWHERE);
    headers.insert(request_id::HEADER, id);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING_RUNS);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hundreds_that_come_at_once_find_a_place() {
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        // Whoever is one too many waits until somebody is let in, and here nobody is.
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
        let room = most.trim().parse().unwrap_or(128_usize).min(512);
        let all = async {
            let mut inside = Vec::new();
            for _ in 0..room {
                inside.push(TcpStream::connect(address).await.unwrap());
            }
            inside.len()
        };
        let inside = tokio::time::timeout(Duration::from_secs(60), all).await;
        assert_eq!(inside.expect("the queue is full"), room);
    }
}
