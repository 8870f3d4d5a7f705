//! Working on a definition by REST and on the command line: checked, previewed, tried, versioned.

use bench::http::{Answer, Request};
use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};

use crate::start::{ONCE, notify, sluice};

async fn post(sluice: &Sluice, key: &str, path: &str, body: &Value) -> Answer {
    sluice.call(Request::post(path).key(key).json(body)).await.unwrap()
}

async fn workflow_id(sluice: &Sluice, key: &str) -> String {
    let listed = sluice.get("/api/v1/workflows", key).await.unwrap();
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_text_is_checked_with_all_its_problems_and_nothing_is_stored() {
    let (sluice, key) = sluice().await;
    let text = notify("http://sink", "{ attempts: 0 }").replace("order.*", "order.x*");
    let yaml = Request::post("/api/v1/workflows/check").key(&key);
    let yaml = yaml.header("content-type", "application/yaml").bytes(text.as_str());
    let checked = sluice.call(yaml).await.unwrap().json().unwrap();
    assert_eq!(checked["valid"], false, "{checked}");
    let told = |at: usize, field: &str| checked["problems"][at][field].clone();
    assert_eq!((told(0, "line"), told(0, "path")), (json!(3), json!("triggers.0.eventType")));
    assert_eq!((told(1, "line"), told(1, "path")), (json!(9), json!("steps.0.retry.attempts")));
    assert!(told(0, "hint").as_str().unwrap().contains("order.**"), "{checked}");
    let good = post(&sluice, &key, "/api/v1/workflows/check", &checked["definition"]).await;
    assert_eq!(good.json().unwrap()["problems"].as_array().unwrap().len(), 2, "JSON is read too");
    assert_eq!(sluice.get("/api/v1/workflows", &key).await.unwrap()["items"], json!([]));
}

#[tokio::test]
async fn a_text_that_is_refused_is_told_all_that_is_wrong_with_it() {
    let (sluice, key) = sluice().await;
    let text =
        notify("http://sink", "{ attempts: 0 }").replace("event.payload.total", "steps.total");
    let apply = |text: &str| {
        let request = Request::post("/api/v1/workflows").key(&key);
        request.header("content-type", "application/yaml").bytes(text)
    };
    let refused = sluice.call(apply(&text)).await.unwrap();
    assert_eq!(refused.status, 422);
    let refused = refused.json().unwrap();
    assert_eq!(refused["code"], "invalid_definition", "{refused}");
    assert!(refused["detail"].as_str().unwrap().starts_with("triggers.0.filter: "), "{refused}");
    let told = |at: usize, field: &str| refused["errors"][at][field].clone();
    assert_eq!(
        (told(0, "line"), told(0, "column"), told(0, "path")),
        (json!(4), json!(13), json!("triggers.0.filter"))
    );
    assert_eq!((told(1, "line"), told(1, "path")), (json!(9), json!("steps.0.retry.attempts")));
    assert_eq!(told(1, "hint"), "a number such as 8");

    let file = sluice.data().join("wrong.yaml");
    std::fs::write(&file, format!("{}---\n{text}", notify("http://sink", ONCE))).unwrap();
    let file = file.to_str().unwrap();
    let printed = sluice.run(&["workflows", "apply", "-f", file], Some(&key)).await.unwrap();
    assert_eq!(printed.status.code(), Some(1));
    let said = String::from_utf8(printed.stderr).unwrap();
    let lines: Vec<_> = said.lines().filter_map(|line| line.strip_prefix(file)).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with(":14:13: triggers.0.filter: `steps` is not known"), "{said}");
    assert!(lines[1].starts_with(":19:24: steps.0.retry.attempts: between 1 and 100"), "{said}");
    assert!(lines[1].ends_with(" (a number such as 8)"), "{said}");
    assert_eq!(sluice.get("/api/v1/workflows", &key).await.unwrap()["items"], json!([]));

    let secret = notify("http://sink", ONCE).replace("/hook", "/${secret.NO_SUCH}");
    let refused = sluice.call(apply(&secret)).await.unwrap().json().unwrap();
    let place = &refused["errors"][0];
    assert_eq!(
        (&place["line"], &place["path"]),
        (&json!(8), &json!("steps.0.http.url")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_preview_calls_nobody_and_a_test_run_does() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    let text = notify(&sink.url(), ONCE);
    let event = json!({ "eventType": "order.made", "source": "shop", "payload": { "id": 7, "total": 120 } });
    let body = json!({ "definition": text, "event": event });
    let preview = post(&sluice, &key, "/api/v1/workflows/preview", &body).await.json().unwrap();
    assert_eq!((&preview["starts"], &preview["input"]["orderId"]), (&json!(true), &json!(7)));
    let request = &preview["steps"][0]["request"];
    assert_eq!(request["body"]["note"], "from shop", "{preview}");
    assert_eq!(request["url"], format!("{}/hook", sink.url()));

    let came = sluice.accept(&order(3), &key).await.unwrap();
    let small = text.replace("> 100", "> 1000");
    let body = json!({ "definition": small, "eventId": came });
    let preview = post(&sluice, &key, "/api/v1/workflows/preview", &body).await.json().unwrap();
    let verdict = &preview["triggers"][0];
    assert_eq!((&preview["starts"], &verdict["reason"]), (&json!(false), &json!("filter")));
    assert_eq!(verdict["clause"], "event.payload.total > 1000");
    let both = json!({ "definition": small, "eventId": came, "event": event });
    assert_eq!(post(&sluice, &key, "/api/v1/workflows/preview", &both).await.status, 400);
    let body = json!({ "definition": text, "last": 100 });
    let backtest = post(&sluice, &key, "/api/v1/workflows/backtest", &body).await.json().unwrap();
    assert_eq!(
        (&backtest["lookedAt"], &backtest["gainedEvents"][0]["id"]),
        (&json!(1), &json!(came))
    );
    assert_eq!(sink.seen().len(), 0, "nobody has been called");

    sluice.apply(&text, &key).await.unwrap();
    let path = format!("/api/v1/workflows/{}/test", workflow_id(&sluice, &key).await);
    let begun = post(&sluice, &key, &path, &json!({ "event": event })).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let id = begun.json().unwrap()["id"].clone();
    for _ in 0..200 {
        let runs = sluice.get("/api/v1/runs", &key).await.unwrap();
        let run = runs["items"].as_array().unwrap().iter().find(|run| run["id"] == id).unwrap();
        assert_eq!(run["test"], true, "{run}");
        if run["status"] == "succeeded" {
            assert_eq!(sink.seen().len(), 1);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the test run did not succeed");
}

#[tokio::test]
async fn versions_are_kept_compared_restored_and_guarded() {
    let (sluice, key) = sluice().await;
    let run = async |arguments: &[&str]| sluice.command(arguments, Some(&key)).await.unwrap();
    let write = |name: &str, text: &str| {
        let file = sluice.data().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let first = write("first.yaml", &notify("http://127.0.0.1:9", ONCE));
    run(&["workflows", "apply", "-f", &first]).await;
    let second =
        write("second.yaml", &notify("http://127.0.0.1:9", ONCE).replace("> 100", "> 200"));
    let dry = run(&["workflows", "apply", "-f", &second, "--dry-run"]).await;
    assert!(dry.contains("Notify: would be updated: trigger order.* changed"), "{dry}");
    assert!(
        dry.contains(
            "-   filter: event.payload.total > 100\n+   filter: event.payload.total > 200"
        ),
        "{dry}"
    );
    run(&["workflows", "apply", "-f", &second]).await;

    let id = workflow_id(&sluice, &key).await;
    let late = format!("/api/v1/workflows/{id}/versions/1/restore?expectedVersion=1");
    let late = post(&sluice, &key, &late, &json!({})).await;
    assert_eq!((late.status, &late.json().unwrap()["code"]), (409, &json!("conflict")));
    let history = run(&["workflows", "history", "Notify"]).await;
    assert!(
        history.contains("2 (in force)") && history.contains("trigger order.* changed"),
        "{history}"
    );
    let shown = run(&["workflows", "history", "Notify", "--version", "2"]).await;
    assert!(shown.contains("+   filter: event.payload.total > 200"), "{shown}");
    run(&["workflows", "restore", "Notify", "1"]).await;
    let exported = run(&["workflows", "export", "Notify"]).await;
    assert!(
        exported.starts_with("name: Notify\ntriggers:") && exported.contains("> 100"),
        "{exported}"
    );
    let again = write("again.yaml", &exported);
    assert!(run(&["workflows", "apply", "-f", &again]).await.contains("unchanged"));
    let json: Value = serde_json::from_str(&run(&["workflows", "export", "--json"]).await).unwrap();
    assert_eq!(json[0]["name"], "Notify");

    run(&["workflows", "delete", "Notify"]).await;
    let gone =
        sluice.call(Request::get(format!("/api/v1/workflows/{id}")).key(&key)).await.unwrap();
    assert_eq!(gone.status, 404);
    let versions = sluice.get(&format!("/api/v1/workflows/{id}/versions"), &key).await.unwrap();
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    assert!(run(&["workflows", "restore", &id, "2"]).await.contains("Notify: created"));
}
