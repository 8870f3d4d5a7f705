//! The way of single events, which come by the ten thousand a second: read and answered on the socket
//! itself, for what a server for all of HTTP does for each request costs more than all that is done for the
//! event.
//!
//! Invariant: only what is plain is taken (see [`request`]). Whatever else comes goes on to hyper, from the
//! first byte that was not answered, and so does all that follows on the connection.

use std::io;
use std::net::IpAddr;
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
use crate::rate_limit;
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
    /// All of it is there; so many more its caller may send, where they are counted.
    Request(Request, Option<u32>),
    Other,
    /// The head is there, the rest is not.
    SlowBody(Option<u32>),
    Gone,
}

/// Answers single events until something else comes, or the connection ends.
pub(crate) async fn serve(
    stream: &mut TcpStream,
    peer: IpAddr,
    door: &Door,
    stop: &CancellationToken,
) -> Left {
    let (mut room, mut out) = (BytesMut::new(), Vec::new());
    let mut patience = pin!(Patience::new());
    let mut stopped = pin!(stop.cancelled());
    loop {
        let wait = Wait { patience: patience.as_mut(), stopped: stopped.as_mut() };
        let is_last = match next(stream, &mut room, (peer, door), wait).await {
            Ok(Next::Request(request, left)) => {
                let is_last = request.is_last || stop.is_cancelled();
                answer(door, &request, &room, (left, is_last), &mut out).await;
                room.advance(request.head + request.length);
                is_last
            }
            Ok(Next::SlowBody(left)) => {
                let id = request_id::of(&HeaderMap::new());
                let slow =
                    request_id::within(id.clone(), async { body::too_slow().into_response() });
                write(door, (slow.await, left), Duration::ZERO, (id, true), &mut out).await;
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
    (peer, door): (IpAddr, &Door),
    mut wait: Wait<'_, impl Future<Output = ()>>,
) -> io::Result<Next> {
    wait.patience.as_mut().begin(listen::HEADER_PATIENCE);
    let mut seen = 0;
    let request = loop {
        match request::read(room, seen, door.max_body()) {
            Read::Request(request) => break request,
            Read::Other => return Ok(Next::Other),
            Read::Part => seen = room.len(),
        }
        room.reserve(ROOM);
        if wait.more(stream, room).await? != More::Came {
            return Ok(Next::Gone);
        }
    };
    if ingest::is_batch(&request.headers) {
        return Ok(Next::Other);
    }
    // Who is to wait is told so by the router.
    let Ok(left) = door.addresses().count(peer, &request.headers) else { return Ok(Next::Other) };
    let whole = request.head + request.length;
    if room.len() < whole {
        wait.patience.as_mut().begin(body::PATIENCE);
    }
    while room.len() < whole {
        room.reserve(whole - room.len());
        match wait.more(stream, room).await? {
            More::Came => {}
            More::Ended => return Ok(Next::Gone),
            More::Late => return Ok(Next::SlowBody(left)),
        }
    }
    Ok(Next::Request(request, left))
}

#[derive(PartialEq, Eq)]
enum More {
    Came,
    Ended,
    Late,
}

/// How long is waited for more. One for the whole connection: to make it anew for every request costs more than
/// to ask it.
struct Wait<'w, S> {
    patience: Pin<&'w mut Patience>,
    stopped: Pin<&'w mut S>,
}

impl<S: Future<Output = ()>> Wait<'_, S> {
    async fn more(&mut self, stream: &mut TcpStream, room: &mut BytesMut) -> io::Result<More> {
        // A request that has begun to come may still end.
        let is_idle = room.is_empty();
        tokio::select! {
            biased;
            read = stream.read_buf(room) => Ok(if read? == 0 { More::Ended } else { More::Came }),
            () = self.stopped.as_mut(), if is_idle => Ok(More::Ended),
            () = self.patience.as_mut() => Ok(More::Late),
        }
    }
}

/// Stores the event and writes over `out` what its sender is told, to whose address so many requests are
/// left where they are counted.
async fn answer(
    door: &Door,
    request: &Request,
    room: &[u8],
    (left, is_last): (Option<u32>, bool),
    out: &mut Vec<u8>,
) {
    let begun = Instant::now();
    let id = request_id::of(&request.headers);
    let body = &room[request.head..request.head + request.length];
    let storing = ingest::at_once(door.state(), &request.headers, body);
    let answered = request_id::within(id.clone(), async {
        storing.await.map_err(IntoResponse::into_response)
    });
    let response = match answered.await {
        Ok((accepted, None)) if left.is_none() && !is_last => {
            door.state().metrics.took(begun.elapsed());
            return answer::accepted(&accepted, &id, door.state().engine.now(), out);
        }
        Ok((accepted, standing)) => (standing, accepted).into_response(),
        Err(refusal) => refusal,
    };
    write(door, (response, left), begun.elapsed(), (id, is_last), out).await;
}

async fn write(
    door: &Door,
    (mut response, left): (Response, Option<u32>),
    took: Duration,
    (id, is_last): (HeaderValue, bool),
    out: &mut Vec<u8>,
) {
    if let Some(left) = left {
        response.headers_mut().insert(rate_limit::LEFT, left.into());
    }
    let response = intake::answered(door.state(), door.addresses().limit(), response, took);
    let now = door.state().engine.now();
    answer::write(listen::hardened(response, id), now, is_last, out).await;
}

/// How long is waited. Its timer is set once and then only when it rings too early.
struct Patience {
    until: tokio::time::Instant,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    fn new() -> Self {
        let now = tokio::time::Instant::now();
        Self { until: now, timer: Box::pin(tokio::time::sleep_until(now)) }
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
