//! A receiver on loopback for outgoing calls, with a behaviour that can be switched.
//!
//! Invariant: whatever arrives is remembered before it is answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

#[derive(Clone, Copy, Debug)]
struct Behaviour {
    status: StatusCode,
    delay: Duration,
    /// How many calls still get this status; later ones get 200.
    times: usize,
}

#[derive(Debug)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    behaviour: Mutex<Behaviour>,
}

#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Sink {
    /// Listens on a free port and answers 200 at once.
    pub async fn start() -> Result<Self> {
        let calm = Behaviour { status: StatusCode::OK, delay: Duration::ZERO, times: usize::MAX };
        let shared = Arc::new(Shared { seen: Mutex::default(), behaviour: Mutex::new(calm) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = axum::Router::new().fallback(receive).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, serving })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on every call is answered with `status`.
    pub fn answer(&self, status: u16) {
        self.behave(status, usize::MAX, Duration::ZERO);
    }

    /// The next `times` calls are answered with `status`, those after it with 200.
    pub fn answer_times(&self, status: u16, times: usize) {
        self.behave(status, times, Duration::ZERO);
    }

    /// From now on every call is answered with 200 after `delay`.
    pub fn slow(&self, delay: Duration) {
        self.behave(200, usize::MAX, delay);
    }

    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    pub fn forget(&self) {
        lock(&self.shared.seen).clear();
    }

    fn behave(&self, status: u16, times: usize, delay: Duration) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *lock(&self.shared.behaviour) = Behaviour { status, delay, times };
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, axum::Json<Value>) {
    lock(&shared.seen).push(Seen { path: uri.path().into(), headers, body });
    let behaviour = next(&mut lock(&shared.behaviour));
    tokio::time::sleep(behaviour.delay).await;
    (behaviour.status, axum::Json(serde_json::json!({ "received": true })))
}

fn next(behaviour: &mut Behaviour) -> Behaviour {
    if behaviour.times == 0 {
        behaviour.status = StatusCode::OK;
    } else {
        behaviour.times =
            behaviour.times.saturating_sub(usize::from(behaviour.times != usize::MAX));
    }
    *behaviour
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
