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
    open: Arc<AtomicUsize>,
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
            open: Arc::default(),
            seen: Arc::default(),
        };
        let told = sink.clone();
        let router = Router::new().fallback(move |headers: HeaderMap, body: String| async move {
            told.seen.lock().unwrap().push((headers, body));
            if told.hangs.load(Ordering::SeqCst) {
                let _open = Open::count(&told.open);
                std::future::pending::<()>().await;
            }
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

    /// How many callers wait for an answer that never comes.
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
