//! What the log says as JSON, by which name a request is found in it, and traces that go through.

use std::time::Duration;

use bench::http::Request;
use bench::sink::Sink;
use bench::sluice::order;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::start::{ONCE, notify, setup};

#[tokio::test]
async fn the_log_names_request_and_event_and_the_answer_carries_the_name() {
    let setup = setup().set("SLUICE_LOG_FORMAT", "json").set("SLUICE_LOG", "info,sluice=debug");
    let sluice = setup.start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let sink = Sink::start().await.unwrap();
    sink.answer(500);
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let named = Request::post("/api/webhooks/ingest").key(&key).header("x-request-id", "trial-7");
    let answer = sluice.call(named.json(&order(1))).await.unwrap();
    assert_eq!(answer.header("x-request-id"), Some("trial-7"));
    let id = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
    sluice.settled(&id, &key).await.unwrap();
    let unnamed =
        sluice.call(Request::get("/healthz").header("x-request-id", "a b")).await.unwrap();
    let given = unnamed.header("x-request-id").unwrap();
    assert!(given.len() == 16 && given != "a b", "{given}");

    let wanted = |line: &Value, message: &str| line["message"] == message;
    let mut lines = Vec::new();
    for _ in 0..100 {
        let printed = sluice.printed();
        lines =
            printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect();
        if lines.iter().any(|line| wanted(line, "an event failed")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let line = |message: &str| {
        let found = lines.iter().find(|line| wanted(line, message));
        found.unwrap_or_else(|| panic!("no `{message}`: {}", sluice.printed()))
    };
    let accepted = line("an event was accepted");
    assert_eq!((&accepted["event"], &accepted["span"]["id"]), (&json!(id), &json!("trial-7")));
    let answered = lines.iter().find(|line| line["path"] == "/api/webhooks/ingest").unwrap();
    assert_eq!((&answered["status"], &answered["span"]["id"]), (&json!(202), &json!("trial-7")));
    assert_eq!(line("an event failed")["event"], json!(id));
    assert!(line("a run failed")["error"].as_str().unwrap().contains("answered 500"));
    assert!(!sluice.printed().contains(&key), "a key has no place in a log");
}

#[tokio::test]
async fn a_trace_goes_from_the_sender_through_to_the_receiver() {
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let sluice = setup().start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    let sink = Sink::start().await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE), &key).await.unwrap();
    let traced = Request::post("/api/webhooks/ingest").key(&key).header("traceparent", PARENT);
    let answer = sluice.call(traced.json(&order(1))).await.unwrap();
    let id = answer.json().unwrap()["id"].as_str().unwrap().to_owned();
    sluice.settled(&id, &key).await.unwrap();
    let untraced = sluice.accept(&order(2), &key).await.unwrap();
    sluice.settled(&untraced, &key).await.unwrap();
    let seen = sink.seen();
    let parents: Vec<_> = seen.iter().map(|call| call.header("traceparent")).collect();
    assert_eq!(parents, [Some(PARENT), None]);
}

/// The spans that a stand-in for a collector has received.
fn received(collector: &Sink) -> Vec<Span> {
    let calls = collector.seen();
    let calls = calls.iter().filter(|call| call.path == "/v1/traces");
    let requests = calls.map(|call| {
        assert_eq!(call.header("content-type"), Some("application/x-protobuf"));
        ExportTraceServiceRequest::decode(call.body.clone()).unwrap()
    });
    let resources = requests.flat_map(|request| request.resource_spans);
    resources.flat_map(|one| one.scope_spans).flat_map(|scope| scope.spans).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const TELL: &str = r#"name: Tell
triggers:
  - eventType: order.*
steps:
  - id: tell
    emit: { eventType: told.order, payload: "${event.payload}" }
"#;

#[tokio::test]
async fn one_trace_spans_the_sender_intake_runs_what_they_emit_and_the_receiver() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SENDER: &str = "00f067aa0ba902b7";
    let (collector, sink) = (Sink::start().await.unwrap(), Sink::start().await.unwrap());
    let setup = setup().set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let sluice = setup.set("OTEL_BSP_SCHEDULE_DELAY", "50").start().await.unwrap();
    let key = sluice.full_key().await.unwrap();
    sluice.apply(TELL, &key).await.unwrap();
    sluice.apply(&notify(&sink.url(), ONCE).replace("order.*", "told.*"), &key).await.unwrap();
    let parent = format!("00-{TRACE}-{SENDER}-01");
    let traced = Request::post("/api/webhooks/ingest").key(&key).header("traceparent", parent);
    let answer = sluice.call(traced.json(&order(1))).await.unwrap();
    assert_eq!(answer.status, 202, "{answer:?}");

    let of_the_trace = || {
        let mut spans = received(&collector);
        spans.retain(|span| hex(&span.trace_id) == TRACE);
        spans
    };
    let mut spans = of_the_trace();
    for _ in 0..200 {
        if spans.len() >= 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        spans = of_the_trace();
    }
    let named = |name: &str, parent: &str| {
        let fits = |span: &&Span| span.name == name && hex(&span.parent_span_id) == parent;
        let found = spans.iter().find(fits);
        hex(&found.unwrap_or_else(|| panic!("no `{name}` of {parent}: {spans:?}")).span_id)
    };
    let intake = named("request", SENDER);
    let tells = named("run", &intake);
    let notifies = named("run", &tells);
    let onward = format!("00-{TRACE}-{}-01", named("notify", &notifies));
    assert_eq!(sink.seen()[0].header("traceparent"), Some(onward.as_str()));
}
