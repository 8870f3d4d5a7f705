//! How the tests start a server.

use std::path::PathBuf;

use bench::http::Request;
use bench::sluice::{Setup, Sluice, order};
use serde_json::json;

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    let Some(named) = std::env::var_os("SLUICE_BIN") else {
        return PathBuf::from(env!("CARGO_BIN_EXE_sluice"));
    };
    // Cargo runs tests in the package's folder; people name files from the root.
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(named).canonicalize().expect("SLUICE_BIN names a binary that has been built")
}

pub(crate) fn setup() -> Setup {
    Setup::new(binary())
}

/// A running server and a key that may do everything.
pub(crate) async fn sluice() -> (Sluice, String) {
    let sluice = setup().start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    (sluice, key)
}

/// A workflow for expensive orders with one call to `url`.
pub(crate) fn notify(url: &str, retry: &str) -> String {
    format!(
        r#"name: Notify
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: {{ orderId: "${{event.payload.id}}", note: "from ${{event.source}}" }}
steps:
  - id: notify
    http: {{ method: POST, url: "{url}/hook", body: "${{input}}" }}
    retry: {retry}
"#
    )
}

pub(crate) const ONCE: &str = "{ attempts: 1 }";

/// Accepts so many events at once, and then one more; their ids, the first ones in no order.
pub(crate) async fn accept_many(sluice: &Sluice, key: &str, count: u64) -> Vec<String> {
    let orders: Vec<_> = (0..count).map(order).collect();
    let batch = Request::post("/api/webhooks/ingest/batch").key(key).json(&json!(orders));
    let answer = sluice.call(batch).await.unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");
    let items = answer.json().unwrap()["items"].as_array().unwrap().clone();
    let ids = items.iter().map(|item| item["id"].as_str().unwrap().to_owned());
    let mut ids: Vec<_> = ids.collect();
    ids.push(sluice.accept(&order(count), key).await.unwrap());
    ids
}
