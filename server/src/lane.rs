//! The way of single events, which come by the ten thousand a second: read and answered on the socket
//! itself, for what a server for all of HTTP does for each request costs more than all that is done for the
//! event.
//!
//! Invariant: only what is plain is taken (see [`request`]). Whatever else comes goes on to hyper, from the
//! first byte that was not answered, and so does all that follows on the connection.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::intake::{self, Door};
use crate::listen;
use crate::request_id;
use crate::routes::body;
use crate::routes::ingest;

mod answer;
mod request;

use request::{Read, Request};

/// Room for a few requests.
const ROOM: usize = 8 * 1024;

/// How a connection leaves the lane.
pub(crate) enum Left {
    /// It has ended.
    Closed,
    /// It was refused, and may not have said all that it has to say.
    Refused,
    /// Hyper is to go on, with these bytes first.
    GoesOn(Bytes),
}

/// What comes of waiting for a request.
enum Next {
    Request(Request),
    Other,
    /// The head is there, the rest is not.
    SlowBody,
    Gone,
}

/// Answers single events until something else comes, or the connection ends.
pub(crate) async fn serve(stream: &mut TcpStream, door: &Door, stop: &CancellationToken) -> Left {
    let (mut room, mut out) = (BytesMut::new(), Vec::new());
    // One of each for the whole connection: to make them anew for every request costs more than to ask them.
    let mut patience = pin!(Patience::new(listen::HEADER_PATIENCE));
    let mut stopped = pin!(stop.cancelled());
    loop {
        let next = next(stream, &mut room, door, patience.as_mut(), stopped.as_mut()).await;
        let is_last = match next {
            Ok(Next::Request(request)) => {
                let is_last = request.is_last || stop.is_cancelled();
                answer(door, &request, &room, is_last, &mut out).await;
                room.advance(request.head + request.length);
                is_last
            }
            Ok(Next::SlowBody) => {
                let id = request_id::of(&HeaderMap::new());
                let slow =
                    request_id::within(id.clone(), async { body::too_slow().into_response() });
                write(door, slow.await, Duration::ZERO, (id, true), &mut out).await;
                // Whether it got that is not ours to report.
                let _told = stream.write_all(&out).await;
                return Left::Refused;
            }
            Ok(Next::Other) => return Left::GoesOn(room.freeze()),
            // How a client's connection ends is not ours to report.
            Ok(Next::Gone) | Err(_) => return Left::Closed,
        };
        if stream.write_all(&out).await.is_err() || is_last {
            return Left::Closed;
        }
    }
}

/// The next request, once all of it is there.
async fn next(
    stream: &mut TcpStream,
    room: &mut BytesMut,
    door: &Door,
    mut patience: Pin<&mut Patience>,
    mut stopped: Pin<&mut impl Future<Output = ()>>,
) -> io::Result<Next> {
    let mut has_head = false;
    patience.as_mut().begin(listen::HEADER_PATIENCE);
    loop {
        match request::read(room, door.max_body()) {
            Read::Whole(request) if !ingest::is_batch(&request.headers) => {
                return Ok(Next::Request(request));
            }
            Read::Whole(_) | Read::Other => return Ok(Next::Other),
            Read::Part { missing } => {
                if !has_head && missing.is_some() {
                    has_head = true;
                    patience.as_mut().begin(body::PATIENCE);
                }
                room.reserve(missing.unwrap_or(ROOM));
            }
        }
        let is_idle = room.is_empty();
        tokio::select! {
            biased;
            read = stream.read_buf(room) => {
                if read? == 0 {
                    return Ok(Next::Gone);
                }
            }
            // A request that has begun to come may still end.
            () = stopped.as_mut(), if is_idle => return Ok(Next::Gone),
            () = patience.as_mut() => {
                return Ok(if has_head { Next::SlowBody } else { Next::Gone });
            }
        }
    }
}

/// Stores the event and writes over `out` what its sender is told.
async fn answer(door: &Door, request: &Request, room: &[u8], is_last: bool, out: &mut Vec<u8>) {
    let begun = Instant::now();
    let id = request_id::of(&request.headers);
    let body = &room[request.head..request.head + request.length];
    let storing = ingest::at_once(door.state(), &request.headers, body);
    let response = match request_id::within(id.clone(), storing).await {
        Ok((accepted, None)) if !is_last => {
            door.state().metrics.took(begun.elapsed());
            return answer::accepted(&accepted, &id, door.state().engine.now(), out);
        }
        Ok((accepted, standing)) => (standing, accepted).into_response(),
        Err(problem) => request_id::within(id.clone(), async { problem.into_response() }).await,
    };
    write(door, response, begun.elapsed(), (id, is_last), out).await;
}

async fn write(
    door: &Door,
    response: Response,
    took: Duration,
    (id, is_last): (HeaderValue, bool),
    out: &mut Vec<u8>,
) {
    let response = intake::answered(door.state(), door.limit(), response, took);
    let now = door.state().engine.now();
    answer::write(listen::hardened(response, id), now, is_last, out).await;
}

/// How long is waited. Its timer is set once and then only when it rings too early.
struct Patience {
    until: tokio::time::Instant,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    fn new(length: Duration) -> Self {
        let until = tokio::time::Instant::now() + length;
        Self { until, timer: Box::pin(tokio::time::sleep_until(until)) }
    }

    fn begin(mut self: Pin<&mut Self>, length: Duration) {
        self.until = tokio::time::Instant::now() + length;
    }
}

impl Future for Patience {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let until = self.until;
            if self.timer.deadline() >= until {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}
