//! `sluice tail` and `sluice listen`, beside a server that goes away and comes back.

use std::process::Stdio;
use std::time::Duration;

use bench::sink::Sink;
use bench::sluice::{Sluice, order};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::start::{ONCE, accept_many, notify, setup, sluice};

const SOON: Duration = Duration::from_secs(20);

/// A command that goes on, and what it prints.
struct Watching {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn start(sluice: &Sluice, key: &str, arguments: &[&str]) -> Self {
        let mut command = sluice.setup().command(sluice.data(), arguments);
        command.env("SLUICE_URL", format!("http://{}", sluice.address().unwrap()));
        command.env("SLUICE_API_KEY", key).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn next(&mut self) -> String {
        let line = tokio::time::timeout(SOON, self.lines.next_line()).await;
        line.expect("it prints in time").unwrap().expect("it goes on")
    }

    async fn next_json(&mut self) -> Value {
        let line = self.next().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// The watcher has begun once it shows one of these; each is a new event.
async fn begun(sluice: &Sluice, key: &str, watching: &mut Watching) -> String {
    for number in 0..200 {
        let mut first = order(number);
        first["eventType"] = json!("order.first");
        sluice.accept(&first, key).await.unwrap();
        let line = tokio::time::timeout(Duration::from_millis(100), watching.lines.next_line());
        if let Ok(line) = line.await {
            return line.unwrap().expect("it goes on");
        }
    }
    panic!("nothing was shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_shows_what_it_was_asked_for_and_goes_on_after_a_restart_without_a_gap() {
    // The same address after the restart, as on a real machine.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sluice = setup().set("SLUICE_LISTEN", port.to_string()).start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let arguments = ["tail", "--type", "order.*", "--source", "shop", "--json"];
    let mut tail = Watching::start(&sluice, &key, &arguments);
    begun(&sluice, &key, &mut tail).await;

    let mut refund = order(1);
    refund["eventType"] = json!("refund.created");
    sluice.accept(&refund, &key).await.unwrap();
    let mut ids = vec![sluice.accept(&order(2), &key).await.unwrap()];
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    for number in 0..20 {
        ids.push(sluice.accept(&order(number), &key).await.unwrap());
    }
    let mut seen = Vec::new();
    while !ids.iter().all(|id| seen.contains(id)) {
        let event = tail.next_json().await;
        assert!(event["eventType"].as_str().unwrap().starts_with("order."), "{event}");
        seen.push(event["id"].as_str().unwrap().to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_by_status_shows_only_those_and_ends_where_it_may_not_look() {
    let (sluice, key) = sluice().await;
    let sink = Sink::start().await.unwrap();
    sink.answer(500);
    let mut tail = Watching::start(&sluice, &key, &["tail", "--status", "failed"]);
    let workflow = notify(&sink.url(), ONCE).replace("order.*", "order.first");
    sluice.apply(&workflow, &key).await.unwrap();
    let line = begun(&sluice, &key, &mut tail).await;
    assert!(line.contains("  failed") && line.contains("answered 500"), "{line}");
    assert!(!line.contains('\u{1b}'), "colours are for terminals: {line:?}");
    let ingest = sluice.key(&["ingest"]).await.unwrap();
    let refused = sluice.run(&["tail"], Some(&ingest)).await.unwrap();
    assert_eq!(refused.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_delivers_each_new_event_once_as_it_came_and_shows_the_answer() {
    let (sluice, key) = sluice().await;
    let old = sluice.accept(&order(1), &key).await.unwrap();
    let sink = Sink::start().await.unwrap();
    let to = format!("{}/hook", sink.url());
    let mut listen = Watching::start(&sluice, &key, &["listen", "--forward", &to, "--json"]);
    begun(&sluice, &key, &mut listen).await;
    sink.answer_times(503, 1);
    let body = r#"{"eventType":"order.paid","source":"shop","payload":{ "total": 1.50 }}"#;
    let post = bench::http::Request::post("/api/webhooks/ingest").key(&key);
    let post = post.header("content-type", "application/json").header("x-trace", "abc").bytes(body);
    let id = sluice.call(post).await.unwrap().json().unwrap()["id"].as_str().unwrap().to_owned();
    let shown = loop {
        let shown = listen.next_json().await;
        assert_ne!(shown["id"], json!(old), "it was there before");
        if shown["id"] == json!(id) {
            break shown;
        }
    };
    assert_eq!(shown["status"], 503, "{shown}");
    // Its status changes, which is no new event.
    let failed = bench::http::Request::post(format!("/api/v1/events/{id}/failed")).key(&key);
    assert_eq!(sluice.call(failed).await.unwrap().status, 200);
    let next = sluice.accept(&order(3), &key).await.unwrap();
    assert_eq!(listen.next_json().await["id"], json!(next));

    let seen = sink.seen();
    let calls: Vec<_> = seen.iter().filter(|c| c.header("webhook-id") == Some(&id)).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].path.as_str(), &calls[0].body[..]),
        ("/hook", &br#"{ "total": 1.50 }"#[..])
    );
    assert_eq!(calls[0].header("x-trace"), Some("abc"));
    assert_eq!(calls[0].header("sluice-event-type"), Some("order.paid"));
    assert!(calls[0].header("webhook-timestamp").is_some());
    assert_ne!(calls[0].header("x-api-key"), Some(key.as_str()), "the sender's key stays here");
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_delivers_all_of_a_burst_and_all_that_came_while_the_server_was_away() {
    // The same address after the restart, as on a real machine.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut sluice = setup().set("SLUICE_LISTEN", port.to_string()).start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let sink = Sink::start().await.unwrap();
    let to = sink.url();
    let arguments = ["listen", "--forward", &to, "--type", "order.created", "--json"];
    let mut listen = Watching::start(&sluice, &key, &arguments);
    let begun = loop {
        let id = sluice.accept(&order(1), &key).await.unwrap();
        let line = tokio::time::timeout(Duration::from_millis(100), listen.lines.next_line());
        if line.await.is_ok() {
            break id;
        }
    };
    let mut sent = accept_many(&sluice, &key, 1_000).await;
    sent.extend(accept_many(&sluice, &key, 1_000).await);
    // Changes of what was delivered are no new events, whether listen sees them come or not.
    let failed = bench::http::Request::post(format!("/api/v1/events/{begun}/failed")).key(&key);
    assert_eq!(sluice.call(failed).await.unwrap().status, 200);
    sluice.kill().await.unwrap();
    sluice.start().await.unwrap();
    sent.extend(accept_many(&sluice, &key, 1_000).await);
    let last = sent.last().unwrap().clone();
    while listen.next_json().await["id"] != *last {}
    sent.push(begun);
    let calls = sink.seen();
    let delivered = calls.iter().map(|call| call.header("webhook-id").unwrap());
    // Those before `begun` are others.
    let mut delivered: Vec<_> = delivered.filter(|id| sent.iter().any(|it| it == id)).collect();
    delivered.sort_unstable();
    sent.sort_unstable();
    assert_eq!(delivered, sent, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_goes_on_where_an_earlier_one_stopped() {
    let (sluice, key) = sluice().await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("tail").display().to_string();
    let arguments = ["tail", "--json", "--state", &state];
    let mut tail = Watching::start(&sluice, &key, &arguments);
    begun(&sluice, &key, &mut tail).await;
    let marker = sluice.accept(&order(1), &key).await.unwrap();
    while tail.next_json().await["id"] != *marker {}
    tail.child.kill().await.unwrap();
    let sent = accept_many(&sluice, &key, 1_000).await;
    let mut tail = Watching::start(&sluice, &key, &arguments);
    // It was killed before it could write how far it was: what it showed last may come again.
    let mut seen = Vec::new();
    while seen.last() != sent.last() {
        seen.push(tail.next_json().await["id"].as_str().unwrap().to_owned());
    }
    let mut after: Vec<_> = seen.split_off(seen.len() - sent.len());
    after.sort_unstable();
    let mut expected = sent.clone();
    expected.sort_unstable();
    assert_eq!(after, expected);

    // One that is stopped by hand says where.
    tail.child.kill().await.unwrap();
    let mut command = sluice.setup().command(sluice.data(), &["tail", "--json"]);
    command.env("SLUICE_URL", format!("http://{}", sluice.address().unwrap()));
    command.env("SLUICE_API_KEY", &key).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut tail = Watching { child, lines };
    begun(&sluice, &key, &mut tail).await;
    let pid = tail.child.id().unwrap().to_string();
    tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
    let ended = tail.child.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    let cursor = said.split_once("--since ").expect("it says where").1.split(' ').next().unwrap();
    let next = sluice.accept(&order(2), &key).await.unwrap();
    let mut tail = Watching::start(&sluice, &key, &["tail", "--json", "--since", cursor]);
    while tail.next_json().await["id"] != *next {}
    let wrong = sluice.run(&["tail", "--since", "yesterday"], Some(&key)).await.unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
