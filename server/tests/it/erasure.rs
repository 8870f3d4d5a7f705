//! Holding and erasing from outside: by REST and by the command line, refused in words, owners only, and
//! going on after the process was killed.

use bench::http::Request;
use bench::sluice::Sluice;
use serde_json::{Value, json};

use crate::people::{came_in, with_cookie};
use crate::start::sluice;

const ADA: &str = "ada@example.test";

fn order(id: u64, email: &str) -> Value {
    let payload = json!({ "id": id, "customer": { "email": email } });
    json!({ "eventType": "order.created", "source": "shop", "subject": email, "payload": payload })
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The erasure once it has ended.
async fn finished(sluice: &Sluice, key: &str, id: &str) -> Value {
    for _ in 0..1_200 {
        let erasure = sluice.get(&format!("/api/v1/erasures/{id}"), key).await.unwrap();
        if erasure["state"] == "finished" {
            return erasure;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{id} did not end");
}

#[tokio::test]
async fn a_held_event_is_refused_in_words_and_found_by_the_filter() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let held = sluice.accept(&order(1, ADA), &key).await.unwrap();
    let other = sluice.accept(&order(2, ADA), &key).await.unwrap();
    let told = run(&["events", "hold", &held, "--note", "asked for by the court"]).await;
    assert!(told.contains("is held"), "{told}");

    let delete = || Request::new("DELETE", format!("/api/v1/events/{held}")).key(&key);
    let refused = sluice.call(delete()).await.unwrap();
    assert_eq!(refused.status, 409, "{}", refused.text());
    let problem = refused.json().unwrap();
    assert_eq!(problem["code"], "conflict");
    assert!(problem["detail"].as_str().unwrap().contains("held"), "{problem}");

    let whole = sluice.get(&format!("/api/v1/events/{held}"), &key).await.unwrap();
    assert_eq!(whole["hold"]["note"], "asked for by the court", "{whole}");
    let listed = sluice.get("/api/v1/events?held=true", &key).await.unwrap();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["held"]),
        (&json!(held), &json!(true))
    );
    let listed = parsed(&run(&["events", "list", "--held", "--json"]).await);
    assert_eq!(listed["items"][0]["id"], json!(held));
    let plan = json!({ "action": "delete", "filter": { "eventType": "order.*" }, "dryRun": true });
    let plan = sluice.call(Request::post("/api/v1/bulk").key(&key).json(&plan)).await.unwrap();
    let plan = plan.json().unwrap();
    assert_eq!((&plan["total"], &plan["held"]), (&json!(1), &json!(1)), "{plan}");

    run(&["events", "release", &held]).await;
    let again = sluice.run(&["events", "release", &held], Some(&key)).await.unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(sluice.call(delete()).await.unwrap().status, 204);
    sluice.get(&format!("/api/v1/events/{other}"), &key).await.unwrap();
}

#[tokio::test]
async fn what_there_is_about_somebody_is_counted_and_erased_by_the_command_line() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    for number in 0..6 {
        let email = if number % 2 == 0 { ADA } else { "bob@example.test" };
        sluice.accept(&order(number, email), &key).await.unwrap();
    }
    let plan = run(&["erase", "payload", "customer.email", ADA, "--dry-run", "--json"]).await;
    let plan = parsed(&plan);
    assert_eq!((&plan["events"], &plan["dryRun"]), (&json!(3), &json!(true)));
    let nobody = sluice.run(&["erase", "subject", ADA], Some(&key)).await.unwrap();
    assert_eq!(nobody.status.code(), Some(1), "nobody is there to agree");
    let started = parsed(&run(&["erase", "subject", ADA, "--yes", "--json"]).await);
    let id = started["id"].as_str().unwrap();
    let receipt = finished(&sluice, &key, id).await;
    assert_eq!((&receipt["events"], &receipt["kind"]), (&json!(3), &json!("subject")));
    // With what no id and no hash can have in it by chance, as they may have `ada`.
    for said in [ADA, "ada@", "example.test"] {
        assert!(!receipt.to_string().contains(said), "{receipt}");
    }
    let listed = run(&["erase", "list"]).await;
    assert!(listed.contains(id) && listed.contains("finished"), "{listed}");
    let left = sluice.get("/api/v1/events", &key).await.unwrap();
    assert_eq!(left["items"].as_array().unwrap().len(), 3);
    for body in [
        json!({}),
        json!({ "subject": "a", "path": "b", "value": "c" }),
        json!({ "path": "a..b", "value": "c" }),
        json!({ "path": "$.items[?(@.to)]", "value": "c" }),
    ] {
        let wrong =
            sluice.call(Request::post("/api/v1/erasures").key(&key).json(&body)).await.unwrap();
        assert_eq!(wrong.status, 400, "{body}: {}", wrong.text());
    }
}

#[tokio::test]
async fn only_owners_erase() {
    let (sluice, _) = sluice().await;
    let operator = came_in(&sluice, "operator@example.test", "operator").await;
    let owner = came_in(&sluice, "owner2@example.test", "owner").await;
    let ask = || Request::post("/api/v1/erasures").json(&json!({ "subject": "x", "dryRun": true }));
    let refused = with_cookie(&sluice, ask(), &operator).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("owner"), "{}", refused.text());
    assert_eq!(with_cookie(&sluice, ask(), &owner).await.status, 200);
    let list = || Request::get("/api/v1/erasures");
    assert_eq!(with_cookie(&sluice, list(), &operator).await.status, 403);
    assert_eq!(with_cookie(&sluice, list(), &owner).await.status, 200);
}

#[tokio::test]
async fn an_erasure_goes_on_after_the_process_was_killed() {
    let (mut sluice, key) = sluice().await;
    let numbers: Vec<u64> = (0..1_500).collect();
    for some in numbers.chunks(500) {
        let batch: Vec<Value> = some.iter().map(|number| order(*number, ADA)).collect();
        let post = Request::post("/api/webhooks/ingest/batch").key(&key).json(&json!(batch));
        assert!(matches!(sluice.call(post).await.unwrap().status, 200..=207));
    }
    let ask = Request::post("/api/v1/erasures").key(&key);
    let ask = ask.json(&json!({ "path": "customer.email", "value": ADA }));
    let started = sluice.call(ask).await.unwrap().json().unwrap();
    let id = started["id"].as_str().unwrap().to_owned();
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    let receipt = finished(&sluice, &key, &id).await;
    assert_eq!(receipt["events"], json!(1_500), "each once: {receipt}");
    let left = sluice.get("/api/v1/events", &key).await.unwrap();
    assert_eq!(left["items"], json!([]));
    let database = std::fs::read(sluice.database().unwrap()).unwrap();
    assert!(!database.windows(ADA.len()).any(|bytes| bytes == ADA.as_bytes()));
}
