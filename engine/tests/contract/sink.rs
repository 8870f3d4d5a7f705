//! A receiver on loopback that answers as it is told and remembers what it got.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::AppendHeaders;

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) url: String,
    status: Arc<AtomicU16>,
    hangs: Arc<AtomicBool>,
    lingers: Arc<AtomicBool>,
    /// Seconds for which it asks to be left alone.
    asks: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    busiest: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let sink = Self {
            url,
            status: Arc::new(AtomicU16::new(200)),
            hangs: Arc::default(),
            lingers: Arc::default(),
            asks: Arc::default(),
            open: Arc::default(),
            busiest: Arc::default(),
            seen: Arc::default(),
        };
        let told = sink.clone();
        let router = Router::new().fallback(move |headers: HeaderMap, body: String| async move {
            told.seen.lock().unwrap().push((headers, body));
            let open = Open::count(&told.open);
            told.busiest.fetch_max(told.open.load(Ordering::SeqCst), Ordering::SeqCst);
            if told.lingers.load(Ordering::SeqCst) {
                // Long enough for a call that should not be there to come in beside this one.
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
            while told.hangs.load(Ordering::SeqCst) {
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
            }
            drop(open);
            let status = StatusCode::from_u16(told.status.load(Ordering::SeqCst)).unwrap();
            let asks = Some(told.asks.load(Ordering::SeqCst)).filter(|seconds| *seconds > 0);
            (status, asks.map(|seconds| AppendHeaders([("retry-after", seconds.to_string())])), ())
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Asks to be left alone with each answer from now on.
    pub(crate) fn asks(&self, seconds: usize) {
        self.asks.store(seconds, Ordering::SeqCst);
    }

    /// Takes requests from now on, and answers none of them before it [`goes_on`](Self::goes_on).
    pub(crate) fn hangs(&self) {
        self.hangs.store(true, Ordering::SeqCst);
    }

    pub(crate) fn goes_on(&self) {
        self.hangs.store(false, Ordering::SeqCst);
    }

    /// Takes a moment for each answer from now on.
    pub(crate) fn lingers(&self) {
        self.lingers.store(true, Ordering::SeqCst);
    }

    /// How many calls were open at once at most.
    pub(crate) fn busiest(&self) -> usize {
        self.busiest.load(Ordering::SeqCst)
    }

    /// How many callers wait for an answer.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// The bodies received so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// The idempotency keys received so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        let key = |(headers, _): &(HeaderMap, String)| {
            headers["idempotency-key"].to_str().unwrap().into()
        };
        self.seen.lock().unwrap().iter().map(key).collect()
    }
}

/// Counted for as long as its caller waits.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What the journal kept of a request or an answer.
#[track_caller]
pub(crate) fn kept(journal: Option<&String>) -> serde_json::Value {
    serde_json::from_str(journal.expect("the journal kept nothing")).expect("it is JSON")
}
