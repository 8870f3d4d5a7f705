//! A receiver on loopback that answers as it is told and remembers what it got.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};

#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) url: String,
    status: Arc<AtomicU16>,
    hangs: Arc<AtomicBool>,
    lingers: Arc<AtomicBool>,
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
            if told.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            drop(open);
            StatusCode::from_u16(told.status.load(Ordering::SeqCst)).unwrap()
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        sink
    }

    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Takes requests from now on, and never answers.
    pub(crate) fn hangs(&self) {
        self.hangs.store(true, Ordering::SeqCst);
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
