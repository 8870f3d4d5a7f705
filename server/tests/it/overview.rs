//! `GET /api/v1/stats` with a range, and the page that shows the same.

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use serde_json::json;

use crate::start::{ONCE, notify, sluice};

#[tokio::test]
async fn a_period_is_told_to_machines_and_shown_to_people_without_a_script() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let well = sluice.accept(&order(1), &key).await.unwrap();
    sluice.settled(&well, &key).await.unwrap();
    sink.answer(500);
    let failed = sluice.accept(&order(2), &key).await.unwrap();
    sluice.settled(&failed, &key).await.unwrap();

    for (range, slots) in [("1h", 60), ("24h", 96), ("7d", 84)] {
        let seen = sluice.get(&format!("/api/v1/stats?range={range}"), &key).await.unwrap();
        assert_eq!(seen["range"], range, "{seen}");
        assert_eq!(seen["totals"], json!({ "accepted": 2, "processed": 1, "failed": 1 }), "{seen}");
        assert_eq!(seen["course"].as_array().unwrap().len(), slots);
        assert_eq!(seen["eventTypes"][0]["name"], "order.created");
        assert_eq!(seen["workflows"][0]["runs"], 2, "{seen}");
        assert!(seen["oldestDeadLetter"].is_string() && seen["databaseBytes"].is_u64(), "{seen}");
        assert!(seen["workflows"][0]["latency"]["p95"].is_u64(), "{seen}");
        assert!(seen["roomBytes"].is_u64(), "{seen}");
        assert!(seen["growthBytesPerDay"].is_null(), "two events are too little: {seen}");
    }
    let present = sluice.get("/api/v1/stats", &key).await.unwrap();
    assert_eq!(present["counts"]["failed"], 1, "as it was before ranges: {present}");
    let wrong = sluice.call(Request::get("/api/v1/stats?range=3y").key(&key)).await.unwrap();
    assert_eq!((wrong.status, &wrong.json().unwrap()["code"]), (400, &json!("invalid_parameter")));

    let cookie = sluice.sign_in().await.unwrap();
    let page = Request::get("/overview?range=1h").header("cookie", cookie);
    let page = sluice.call(page).await.unwrap();
    assert_eq!(page.status, 200);
    let workflows = sluice.get("/api/v1/workflows", &key).await.unwrap();
    // An address may have its underscore written as it is or not.
    let text = page.text().replace("%5F", "_");
    let runs = format!("/runs?workflow={}", workflows["items"][0]["id"].as_str().unwrap());
    for part in [
        "50.00 %",
        "order<",
        "Notify",
        "/?within=1h&amp;status=failed",
        "As a table",
        "too early to say",
        &runs,
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
}
