//! What the API's description says is true: Schemathesis makes requests from it, good and bad ones, and
//! compares every answer with it.

use std::process::Stdio;

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::{Setup, Sluice, order};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::start::{ONCE, notify, setup, sluice};

/// How many ids of each kind there are to try things on.
const EACH: u64 = 8;

#[tokio::test]
async fn every_answer_is_as_described_on_sqlite() {
    check(setup(), 30).await;
}

/// Fewer: what differs is the database, not the description.
#[tokio::test]
async fn every_answer_is_as_described_on_postgres() {
    let server = std::env::var("SLUICE_TEST_POSTGRES")
        .expect("SLUICE_TEST_POSTGRES names no server: run these tests with `cargo xtask test`");
    let admin = sea_orm::Database::connect(&server).await.unwrap();
    let name = format!("described_{}", std::process::id());
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    check(setup().set("SLUICE_DATABASE_URL", format!("{base}/{name}")), 8).await;
}

/// Runs Schemathesis on a server with something of everything, at most `examples` of each kind of
/// request.
async fn check(setup: Setup, examples: u32) {
    let tool = std::env::var("SLUICE_SCHEMATHESIS")
        .expect("SLUICE_SCHEMATHESIS names no program: run these tests with `cargo xtask test`");
    let sluice = setup.start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let known = fill(&sluice, &key).await;
    let config = sluice.data().join("schemathesis.toml");
    std::fs::write(&config, configuration(&known, examples)).unwrap();

    let description = format!("http://{}/api/v1/openapi.json", sluice.address().unwrap());
    let mut command = Command::new(tool);
    command.arg("--config-file").arg(&config).args(["run", &description, "--no-color"]);
    command.args(["--header", &format!("x-api-key: {key}")]);
    // It leaves what it learnt in the folder where it runs.
    command.current_dir(sluice.data()).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");

    // Without its key it would have seen nothing but refusals.
    let events = sluice.get("/api/v1/events?limit=500", &key).await.unwrap();
    let events = events["items"].as_array().unwrap().len() as u64;
    assert!(events > 3 * EACH, "only {events} events were stored:\n{said}");
    assert!(!sluice.printed().contains("ERROR"), "{}", sluice.printed());
}

/// What there is to try things on, by operation and the parameter of its path.
type Known = Vec<(&'static str, &'static str, Vec<String>)>;

/// Events that went well, events that failed, deliveries that were not believed, and spare keys.
async fn fill(sluice: &Sluice, key: &str) -> Known {
    let sink = Sink::start().await.unwrap();
    sink.answer(500);
    sluice.apply(&notify(&sink.url(), ONCE), key).await.unwrap();
    let (mut events, mut failed, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=EACH {
        let quiet = json!({ "eventType": "stock.counted", "source": "shop", "payload": number });
        events.push(sluice.accept(&quiet, key).await.unwrap());
        failed.push(sluice.accept(&order(number), key).await.unwrap());
        let spare = Request::post("/api/v1/keys").key(key);
        let spare = spare.json(&json!({ "name": "spare", "permissions": ["read"] }));
        let made = sluice.call(spare).await.unwrap().json().unwrap();
        keys.push(made["id"].as_str().unwrap().to_owned());
    }
    for id in &failed {
        assert_eq!(sluice.settled(id, key).await.unwrap()["status"], "failed");
    }
    let operations = bulk(sluice, key).await;
    let (rules, channels) = alerts(sluice, &sink.url(), key).await;
    let (kept, spare) = workflows(sluice, &sink.url(), key).await;
    let create = ["sources", "create", "--name", "hub", "--kind", "github", "--secret", "s3cret"];
    sluice.command(&create, None).await.unwrap();
    for number in 1..=EACH {
        let unsigned = Request::post("/api/webhooks/hub").json(&json!({ "number": number }));
        assert_eq!(sluice.call(unsigned).await.unwrap().status, 401);
    }
    let mut spares = Vec::new();
    for number in 1..=EACH {
        let name = format!("spare-{number}");
        let spare = json!({ "name": name, "kind": "hmac", "secret": "s3cret" });
        let made = sluice.call(Request::post("/api/v1/sources").key(key).json(&spare)).await;
        assert_eq!(made.unwrap().status, 201);
        spares.push(name);
    }
    let held = sluice.get("/api/v1/quarantine", key).await.unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    let held: Vec<_> = held["items"].as_array().unwrap().iter().map(id).collect();
    let half = held.len() / 2;
    vec![
        ("getEvent", "id", events.clone()),
        ("explainEvent", "id", failed.clone()),
        ("replayEvent", "id", events.clone()),
        ("markProcessed", "id", events.clone()),
        ("markFailed", "id", events[..2].to_vec()),
        ("holdEvent", "id", events[..2].to_vec()),
        ("releaseEvent", "id", events[..2].to_vec()),
        ("deleteEvent", "id", events[2..].to_vec()),
        ("retryDeadLetter", "id", failed),
        ("releaseDelivery", "id", held[..half].to_vec()),
        ("deleteDelivery", "id", held[half..].to_vec()),
        ("revokeKey", "id", keys),
        ("getBulk", "id", operations.clone()),
        ("cancelBulk", "id", operations.clone()),
        ("resumeBulk", "id", operations),
        ("getErasure", "id", erasures(sluice, key).await),
        ("getSigningSecret", "id", kept.clone()),
        ("rotateSigningSecret", "id", kept.clone()),
        ("replaceAlert", "id", rules[..2].to_vec()),
        ("muteAlert", "id", rules[..2].to_vec()),
        ("deleteAlert", "id", rules[2..].to_vec()),
        ("testAlertChannel", "id", channels[..2].to_vec()),
        ("deleteAlertChannel", "id", channels[2..].to_vec()),
        ("getWorkflow", "id", kept.clone()),
        ("listVersions", "id", kept.clone()),
        ("getVersion", "id", kept.clone()),
        ("restoreVersion", "id", kept.clone()),
        ("testWorkflow", "id", kept),
        ("deleteWorkflow", "id", spare),
        ("getType", "type", vec!["stock.counted".to_owned(), "order.created".to_owned()]),
        ("deliver", "source", vec!["hub".to_owned()]),
        ("getSource", "name", vec!["hub".to_owned()]),
        ("rotateSource", "name", spares[..2].to_vec()),
        ("endOldSecrets", "name", spares[..2].to_vec()),
        ("deleteSource", "name", spares[2..].to_vec()),
    ]
}

/// Operations that had nothing to do.
async fn bulk(sluice: &Sluice, key: &str) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 1..=EACH {
        let nothing = json!({ "action": "resolve", "filter": { "eventType": "no.such" } });
        let begun = Request::post("/api/v1/bulk").key(key).json(&nothing);
        let begun = sluice.call(begun).await.unwrap();
        assert_eq!(begun.status, 202, "{}", begun.text());
        all.push(begun.json().unwrap()["id"].as_str().unwrap().to_owned());
    }
    all
}

/// Erasures that had nothing to take.
async fn erasures(sluice: &Sluice, key: &str) -> Vec<String> {
    let mut all = Vec::new();
    for number in 1..=EACH {
        let nobody = json!({ "subject": format!("nobody {number}") });
        let begun = sluice.call(Request::post("/api/v1/erasures").key(key).json(&nobody));
        let begun = begun.await.unwrap();
        assert_eq!(begun.status, 202, "{}", begun.text());
        all.push(begun.json().unwrap()["id"].as_str().unwrap().to_owned());
    }
    all
}

/// Rules and channels.
async fn alerts(sluice: &Sluice, url: &str, key: &str) -> (Vec<String>, Vec<String>) {
    let (mut rules, mut channels) = (Vec::new(), Vec::new());
    let made = async |path: &str, body: Value| {
        let request = Request::post(path).key(key).json(&body);
        let made = sluice.call(request).await.unwrap().json().unwrap();
        made["id"].as_str().unwrap().to_owned()
    };
    for number in 1..=EACH {
        let rule = json!({
            "name": format!("rule {number}"),
            "condition": { "kind": "deadLetters", "over": 1_000_000 },
        });
        rules.push(made("/api/v1/alerts", rule).await);
        let channel =
            json!({ "name": format!("channel {number}"), "kind": "slack", "target": url });
        channels.push(made("/api/v1/alert-channels", channel).await);
    }
    (rules, channels)
}

/// Workflows with two versions that stay, and others that may be deleted.
async fn workflows(sluice: &Sluice, url: &str, key: &str) -> (Vec<String>, Vec<String>) {
    for number in 1..=2 * EACH {
        for attempts in ["{ attempts: 1 }", "{ attempts: 2 }"] {
            let quiet = notify(url, attempts).replace("order.*", "nothing");
            let named = quiet.replace("name: Notify", &format!("name: W{number}"));
            sluice.apply(&named, key).await.unwrap();
        }
    }
    let listed = sluice.get("/api/v1/workflows", key).await.unwrap();
    let quiet = listed["items"].as_array().unwrap().iter().filter(|it| it["name"] != "Notify");
    let mut ids: Vec<_> = quiet.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    let spare = ids.split_off(ids.len() / 2);
    (ids, spare)
}

/// Real ids beside made-up ones, the same requests at every run, and no warning left unread.
fn configuration(known: &Known, examples: u32) -> String {
    let mut text = format!(
        r#"
continue-on-failure = true
request-timeout = 10

[generation]
max-examples = {examples}
deterministic = true
database = "none"

[warnings]
display = ["missing_auth", "missing_test_data", "missing_deserializer", "unsupported_regex"]
fail-on = true

[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_headers_conformance.enabled = true
response_schema_conformance.enabled = true
ignored_auth.enabled = true

# A stream has no end: its first event tells enough.
[[operations]]
include-operation-id = "watch"
max-stream-events = 1
phases.stateful.enabled = false
"#
    );
    for (operation, _, ids) in known {
        text += &format!("\n[dictionaries.{operation}]\nvalues = {}\n", json!(ids));
    }
    for (operation, parameter, _) in known {
        text += &format!("\n[[operations]]\ninclude-operation-id = \"{operation}\"\n");
        text += &format!(
            "parameters.\"path.{parameter}\" = {{ dictionary = \"{operation}\", probability = 0.5 }}\n"
        );
        match *operation {
            // Following what other answers name, they would end the key that is used itself, and take
            // away what others are to be tried on.
            "revokeKey" | "deleteDelivery" | "deleteSource" | "deleteWorkflow" | "deleteAlert"
            | "deleteAlertChannel" => {
                text += "phases.stateful.enabled = false\n";
                for phase in ["coverage", "fuzzing"] {
                    text += &format!("phases.{phase}.extra-data-sources.responses = false\n");
                }
            }
            // Nothing that is made up has the right signature; what has failed may have been deleted
            // meanwhile; workflows that sign nothing have no secret, and few operations and held
            // deliveries are met by chance.
            "deliver"
            | "releaseDelivery"
            | "retryDeadLetter"
            | "getSigningSecret"
            | "rotateSigningSecret"
            | "getBulk"
            | "cancelBulk"
            | "resumeBulk" => text += "warnings = false\n",
            _ => {}
        }
    }
    text
}

#[tokio::test]
async fn the_command_line_prints_what_is_served() {
    let (sluice, key) = sluice().await;
    let served = sluice.get("/api/v1/openapi.json", &key).await.unwrap();
    let printed = sluice.command(&["openapi"], None).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), served);
    assert_eq!(served["openapi"], "3.1.0");
}

/// The other half of what the document must tell: no method that it does not name is taken.
#[tokio::test]
async fn only_described_methods_are_taken() {
    let (sluice, key) = sluice().await;
    let document = sluice.get("/api/v1/openapi.json", &key).await.unwrap();
    let mut taken = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address =
            path.replace("{id}", "none").replace("{source}", "none").replace("{version}", "1");
        let address = address.replace("{type}", "none");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            // An open stream does not end.
            if item.get(method.to_lowercase()).is_some() || path.ends_with("/stream") {
                continue;
            }
            let answer = sluice.call(Request::new(method, &*address).key(&key)).await.unwrap();
            if answer.status != 405 {
                taken.push(format!("{method} {path}: {}", answer.status));
            }
        }
    }
    assert_eq!(taken, Vec::<String>::new());
}

#[tokio::test]
async fn people_who_are_signed_in_read_the_docs_and_others_are_sent_to_sign_in() {
    let (sluice, key) = sluice().await;
    let asked = || Request::get("/api/docs").header("accept", "text/html");
    let stranger = sluice.call(asked()).await.unwrap();
    assert_eq!(stranger.header("location"), Some("/login?next=/api/docs"));
    let cookie = sluice.sign_in().await.unwrap();
    let person = sluice.call(asked().header("cookie", cookie)).await.unwrap();
    assert_eq!(person.status, 200, "{}", person.text());
    let page = person.text();
    for part in ["Send an event", "/api/webhooks/ingest", "idempotency_key_reused", "curl "] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    for foreign in ["<script", "src=\"http", "href=\"http"] {
        assert!(!page.contains(foreign), "the page has {foreign}");
    }
    assert_eq!(sluice.call(asked().key(&key)).await.unwrap().status, 200);
}

#[tokio::test]
async fn addresses_that_are_no_text_are_refused_as_problems() {
    let (sluice, key) = sluice().await;
    for path in ["/api/v1/events/%FF", "/api/v1/events/%00", "/api/v1/events?limit=x"] {
        let answer = sluice.call(Request::get(path).key(&key)).await.unwrap();
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    let revoke = Request::new("DELETE", "/api/v1/keys/%00").key(&key);
    assert_eq!(sluice.call(revoke).await.unwrap().status, 404);
    for body in ["{", "[]", r#"{"name":"a\u0000","permissions":["read"]}"#] {
        let post = Request::post("/api/v1/keys").key(&key);
        let post = post.header("content-type", "application/json").bytes(body);
        let answer = sluice.call(post).await.unwrap();
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
}
