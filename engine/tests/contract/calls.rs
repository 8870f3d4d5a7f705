//! Outgoing calls: signed, with secrets, redirected.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::event::EventStatus;
use engine::event::read::EventRecord;
use engine::id::WorkflowId;
use engine::secret;
use engine::source::signature::{self, Rejection};
use engine::source::{Delivery, Kind, manage};
use engine::workflow::apply::{self, SaveError};
use engine::workflow::{Definition, signing};
use serde_json::{Value, json};

use crate::databases::{Database, Running};
use crate::on_both;
use crate::sink::kept;

on_both!(
    a_signed_call_is_believed_by_who_knows_the_secret,
    a_secret_goes_out_and_is_shown_nowhere,
    a_secret_that_nobody_set_is_refused_with_its_place,
    a_name_and_password_in_the_address_go_out_as_a_header,
    redirects_are_followed_as_far_as_the_step_says,
    what_answers_too_much_is_given_up_at_once,
);

type Asked = Query<Vec<(String, String)>>;

/// Echoes what it gets, redirects where `to` says, and remembers all.
#[derive(Clone, Default)]
struct Mirror {
    seen: Arc<Mutex<Vec<(String, HeaderMap, String)>>>,
}

impl Mirror {
    async fn start() -> (Self, String) {
        let mirror = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = mirror.clone();
        let router = Router::new()
            .fallback(move |query: Asked, request: Request| told.clone().answer(query, request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (mirror, url)
    }

    async fn answer(self, Query(asked): Asked, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let line = format!("{} {}", parts.method, parts.uri);
        self.seen.lock().unwrap().push((line, parts.headers.clone(), body.clone()));
        let asked = |name: &str| asked.iter().find(|(it, _)| it == name).map(|(_, value)| value);
        if let Some(to) = asked("to") {
            let status = asked("status").and_then(|it| it.parse().ok()).unwrap_or(302);
            return (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, to.clone())])
                .into_response();
        }
        if asked("big").is_some() {
            return "x".repeat(3 << 20).into_response();
        }
        let headers: serde_json::Map<String, Value> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
            .collect();
        let said = json!({ "uri": parts.uri.to_string(), "headers": headers, "body": body });
        axum::Json(said).into_response()
    }

    fn seen(&self) -> Vec<(String, HeaderMap, String)> {
        self.seen.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|(line, ..)| line).collect()
    }
}

fn calling(http: &Value) -> String {
    let step = json!({ "id": "call", "http": http, "retry": { "attempts": 1 } });
    json!({ "name": "w", "triggers": [{ "eventType": "order.*" }], "steps": [step] }).to_string()
}

async fn called(running: &Running, http: Value, ends: EventStatus) -> EventRecord {
    running.apply(&calling(&http)).await;
    let id = running.order(1).await.id;
    running.reaches(id, ends).await
}

async fn set(running: &Running, name: &str, value: &str) {
    let engine = &running.engine;
    secret::set(&engine.store, &engine.vault, &engine.environment, name, value).await.unwrap();
    secret::forget(engine, name).await;
}

/// Whether a receiver with `secret` believes the call, as one of our own sources would.
async fn believed(running: &Running, secret: &str, call: &(String, HeaderMap, String)) -> bool {
    let engine = &running.engine;
    let name = format!("r{}", engine.environment.next_id());
    let new = manage::NewSource {
        name,
        kind: Kind::StandardWebhooks,
        secret: secret.to_owned(),
        signature_header: None,
    };
    let source = manage::create(&engine.store, &engine.vault, &engine.environment, new);
    let headers: Vec<_> = call
        .1
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let delivery = Delivery { headers: &headers, body: call.2.as_bytes() };
    let now = engine.now().millis() / 1_000;
    match signature::verify(&source.await.unwrap(), &delivery, Some(now)) {
        Ok(()) => true,
        Err(Rejection::WrongSignature) => false,
        Err(rejection) => panic!("{rejection}"),
    }
}

async fn a_signed_call_is_believed_by_who_knows_the_secret(database: Database) {
    let (running, (mirror, url)) = (database.start().await, Mirror::start().await);
    let http = json!({ "url": format!("{url}/a"), "body": "${event.payload}", "sign": true });
    let record = called(&running, http.clone(), EventStatus::Processed).await;
    let id: WorkflowId = record.runs[0].workflow_id;
    let first = signing::show(&running.engine, id).await.unwrap().secret;
    let seen = mirror.seen();
    assert_eq!(seen[0].1["webhook-id"], seen[0].1["idempotency-key"]);
    assert!(believed(&running, &first, &seen[0]).await);
    let other =
        manage::generate_secret(Kind::StandardWebhooks, &*running.engine.environment.random);
    assert!(!believed(&running, &other, &seen[0]).await);

    let rotated = signing::rotate(&running.engine, id).await.unwrap();
    assert_ne!(rotated.secret, first);
    running.reaches(running.order(2).await.id, EventStatus::Processed).await;
    let both = &mirror.seen()[1];
    assert_eq!(both.1["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    assert!(
        believed(&running, &first, both).await && believed(&running, &rotated.secret, both).await
    );

    let mut changed = http;
    changed["url"] = json!(format!("{url}/b"));
    called(&running, changed, EventStatus::Processed).await;
    let kept = signing::show(&running.engine, id).await.unwrap().secret;
    assert_eq!(kept, rotated.secret, "the next version signs with the same secret");
}

async fn a_secret_goes_out_and_is_shown_nowhere(database: Database) {
    let (running, (mirror, url)) = (database.start().await, Mirror::start().await);
    let value = "s3cr3t & \"more\"/ü";
    set(&running, "TOKEN", value).await;
    set(&running, "PIN", "73573500").await;
    let http = json!({
        "url": format!("{url}/a?key=${{secret.PIN}}"),
        "headers": {
            "x-pin": "${secret.PIN}!",
            "x-half": "${secret.PIN.startsWith('7')}",
            "x-client-token": "plain",
        },
        "body": { "token": "${secret.TOKEN}", "id": "${event.payload.id}" },
    });
    let record = called(&running, http, EventStatus::Processed).await;
    let (line, headers, body) = mirror.seen().remove(0);
    assert_eq!(line, "POST /a?key=73573500");
    assert_eq!(headers["x-pin"], "73573500!");
    assert_eq!(headers["x-client-token"], "plain");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "token": value, "id": 1 }));
    let run = &record.runs[0];
    let request = kept(run.attempts[0].request.as_ref());
    assert_eq!(request["url"], json!(format!("{url}/a?key=•••")));
    assert_eq!(request["headers"]["x-pin"], "•••!");
    assert_eq!(request["headers"]["x-client-token"], "•••", "by its name");
    assert_eq!(request["headers"]["x-half"], "false", "nothing of a secret is told, not even this");
    let told = format!("{run:?} {:?}", record.row);
    assert!(
        told.contains("•••") && !told.contains("73573500") && !told.contains("s3cr3t"),
        "{told}"
    );

    let lost = json!({ "url": "http://127.0.0.1:1/${secret.PIN}" });
    let record = called(&running, lost, EventStatus::Failed).await;
    let told = format!("{:?} {:?}", record.runs, record.row);
    assert!(told.contains("connect") && !told.contains("73573500"), "{told}");

    secret::delete(&running.engine.store, "PIN").await.unwrap();
    secret::forget(&running.engine, "PIN").await;
    let record = running.reaches(running.order(3).await.id, EventStatus::Failed).await;
    let error = record.row.error.unwrap();
    assert_eq!(error.exhausted_retry_condition.as_deref(), Some("permanent"));
    assert!(error.error_message.contains("sluice secrets set PIN"), "{}", error.error_message);
}

async fn a_secret_that_nobody_set_is_refused_with_its_place(database: Database) {
    let running = database.start().await;
    let http = json!({ "url": "http://shop.example", "headers": { "x-a": "${secret.NO_SUCH}" } });
    let text = calling(&http);
    let definition = || Definition::parse(&text).unwrap();
    for dry_run in [true, false] {
        let refused = apply::apply(&running.engine, definition(), dry_run).await.unwrap_err();
        assert!(matches!(refused, SaveError::MissingSecret(_)));
        assert_eq!(
            refused.to_string(),
            "steps.call.http.headers.x-a: there is no secret `NO_SUCH`: set it with \
             `sluice secrets set NO_SUCH` first"
        );
    }
    set(&running, "NO_SUCH", "now there is").await;
    apply::apply(&running.engine, definition(), false).await.unwrap();
    let workflows = running.engine.workflows.current();
    assert_eq!(secret::used_by(&workflows, "NO_SUCH"), ["w"]);
    assert_eq!(secret::used_by(&workflows, "OTHER"), Vec::<String>::new());
}

async fn redirects_are_followed_as_far_as_the_step_says(database: Database) {
    let (running, (mirror, url)) = (database.start().await, Mirror::start().await);
    let (other, elsewhere) = Mirror::start().await;
    set(&running, "TOKEN", "tok-123456").await;
    let to = |location: &str| format!("{url}/a?status=307&to={}", location.replace('/', "%2F"));
    let http = |url: String, follow: u32| {
        let headers = json!({ "x-token": "${secret.TOKEN}", "authorization": "Bearer abc" });
        json!({ "url": url, "headers": headers, "body": { "n": 1 }, "followRedirects": follow })
    };
    let record = called(&running, http(to("/b"), 0), EventStatus::Failed).await;
    let message = record.row.error.unwrap().error_message;
    assert!(message.contains("set followRedirects"), "{message}");

    let record = called(&running, http(to("/b"), 1), EventStatus::Processed).await;
    assert_eq!(mirror.lines().last().unwrap(), "POST /b");
    assert_eq!(mirror.seen().last().unwrap().1["x-token"], "tok-123456");
    let response = kept(record.runs[0].attempts[0].response.as_ref());
    assert_eq!(response["redirects"], json!([format!("{url}/b")]));

    called(&running, http(to(&elsewhere), 1), EventStatus::Processed).await;
    let (line, headers, body) = other.seen().remove(0);
    assert_eq!((line.as_str(), body.as_str()), ("POST /", r#"{"n":1}"#));
    assert!(headers.get("x-token").is_none() && headers.get("authorization").is_none());

    for forbidden in
        ["http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/", "http://0x0a.1/"]
    {
        let record = called(&running, http(to(forbidden), 1), EventStatus::Failed).await;
        let error = record.row.error.unwrap();
        assert_eq!(error.error_code, "target_refused", "{forbidden}");
        assert!(error.error_message.contains("is a private address"), "{}", error.error_message);
    }
}

async fn a_name_and_password_in_the_address_go_out_as_a_header(database: Database) {
    let (running, (mirror, url)) = (database.start().await, Mirror::start().await);
    set(&running, "PIN", "73573500").await;
    let address = url.replace("//", "//me:${secret.PIN}@");
    let back = format!("{address}/?to=/b");
    for (to, redirects) in [(address.clone(), 0), (back, 1)] {
        let http = json!({ "url": to, "followRedirects": redirects });
        let record = called(&running, http, EventStatus::Processed).await;
        let sent = mirror.seen().pop().unwrap().1;
        assert_eq!(sent["authorization"], "Basic bWU6NzM1NzM1MDA=", "{redirects} redirects");
        assert!(!format!("{record:?}").contains("73573500"), "{record:?}");
    }
}

async fn what_answers_too_much_is_given_up_at_once(database: Database) {
    let (running, (mirror, url)) = (database.start().await, Mirror::start().await);
    let http = json!({ "url": format!("{url}/?big=1") });
    let record = called(&running, http, EventStatus::Failed).await;
    let error = record.row.error.unwrap();
    assert_eq!(error.error_code, "answer_too_large");
    assert_eq!(mirror.lines().len(), 1);
    let answer = kept(record.runs[0].attempts[0].response.as_ref());
    assert_eq!(
        (answer["truncated"].clone(), answer["body"].as_str().unwrap().len()),
        (json!(true), 16 << 10)
    );
}
