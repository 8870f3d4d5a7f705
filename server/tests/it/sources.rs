//! Sources by REST: made, delivered to, rotated and removed.

use bench::http::Request;
use bench::sluice::Sluice;
use serde_json::json;

use crate::start::sluice;

const OLD: &str = "s3cret-of-the-hub";
/// HMAC-SHA256 of `{}` under it.
const BY_OLD: &str = "bcbcee4b7102c2f676c4118b65bbabdeafe0cd00580780eee28008bde5d77a8c";
const NEW: &str = "s3cret-of-tomorrow";
const BY_NEW: &str = "20ebee851db02ccb58a1b5802939d29328d74449f6ca6f6e61065413e71509ed";

/// The status of a delivery to `hub` with this signature.
async fn deliver(sluice: &Sluice, signature: &str) -> u16 {
    let signed = Request::post("/api/webhooks/hub").header("x-hub-signature", signature);
    let signed = signed.header("content-type", "application/json").bytes("{}");
    sluice.call(signed.header("x-event-type", "stock.counted")).await.unwrap().status
}

#[tokio::test]
async fn a_source_is_made_rotated_and_removed() {
    let (sluice, key) = sluice().await;
    let post = |path: &str| Request::post(format!("/api/v1/sources{path}")).key(&key);
    let hub = json!({
        "name": "hub", "kind": "hmac", "secret": OLD, "signatureHeader": "X-Hub-Signature",
    });
    let made = sluice.call(post("").json(&hub)).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains(OLD), "a secret is never shown: {}", made.text());
    assert_eq!(made.json().unwrap(), sluice.get("/api/v1/sources/hub", &key).await.unwrap());
    assert_eq!(sluice.call(post("").json(&hub)).await.unwrap().status, 409);
    assert_eq!((deliver(&sluice, BY_OLD).await, deliver(&sluice, BY_NEW).await), (202, 401));

    let rotated = sluice.call(post("/hub/rotate").json(&json!({ "secret": NEW }))).await.unwrap();
    assert_eq!(rotated.json().unwrap()["secrets"], 2, "{}", rotated.text());
    assert_eq!((deliver(&sluice, BY_OLD).await, deliver(&sluice, BY_NEW).await), (202, 202));
    let ended = sluice.call(post("/hub/end-old")).await.unwrap();
    assert_eq!(ended.json().unwrap()["secrets"], 1, "{}", ended.text());
    assert_eq!((deliver(&sluice, BY_OLD).await, deliver(&sluice, BY_NEW).await), (401, 202));

    let delete = || Request::new("DELETE", "/api/v1/sources/hub").key(&key);
    assert_eq!(sluice.call(delete()).await.unwrap().status, 204);
    assert_eq!(deliver(&sluice, BY_NEW).await, 404);
    assert_eq!(sluice.call(delete()).await.unwrap().status, 404);
    assert_eq!(sluice.get("/api/v1/sources", &key).await.unwrap()["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_a_source_changes_nothing() {
    let (sluice, key) = sluice().await;
    let wrong = [
        json!({ "name": "Hub!", "kind": "hmac", "secret": "s" }),
        json!({ "name": "hub", "kind": "hmac", "secret": "" }),
        json!({ "name": "hub", "kind": "gitlab", "secret": "s" }),
        json!({ "name": "hub", "kind": "hmac", "secret": "s", "signatureHeader": "no header" }),
        json!({ "name": "hub", "kind": "hmac" }),
        json!({ "name": "hub", "kind": "standard-webhooks", "secret": "not base64" }),
    ];
    for body in wrong {
        let made =
            sluice.call(Request::post("/api/v1/sources").key(&key).json(&body)).await.unwrap();
        assert_eq!(made.status, 400, "{body}: {}", made.text());
        assert_eq!(made.json().unwrap()["status"], 400, "problem+json: {}", made.text());
    }
    let rotate = Request::post("/api/v1/sources/hub/rotate").key(&key);
    let rotated = sluice.call(rotate.json(&json!({ "secret": "s" }))).await.unwrap();
    assert_eq!(rotated.status, 404, "{}", rotated.text());
    assert_eq!(sluice.get("/api/v1/sources", &key).await.unwrap()["items"], json!([]));
}
