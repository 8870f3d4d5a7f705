//! What definitions mean, and what is wrong with them.

use super::*;

const GOOD: &str = r#"
name: Notify warehouse
triggers:
  - eventType: order.*
    filter: event.payload.total > 100
    input: { orderId: "${event.payload.id}", note: "from ${event.source}" }
steps:
  - id: notify
    http: { method: POST, url: "https://warehouse.example/orders", body: "${input}", timeout: 15s }
    retry: { attempts: 8, initial: 5s, max: 1h }
  - id: wait
    delay: { for: 10m }
"#;

#[test]
fn yaml_and_json_mean_the_same() {
    let definition = Definition::parse(GOOD).unwrap();
    assert_eq!(definition.steps.len(), 2);
    let json = serde_json::to_string(&definition.document).unwrap();
    assert_eq!(Definition::parse(&json).unwrap().document, definition.document);
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert!(GOOD.contains(from), "{from}");
    let error = Definition::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_call_knows_which_secrets_it_reads() {
    let body = "\"${secret.B_2}\", headers: { authorization: \"Bearer ${secret.A}${secret.B_2}\" }";
    let definition = Definition::parse(&GOOD.replace("\"${input}\"", body)).unwrap();
    let StepKind::Http(http) = &definition.steps[0].kind else { panic!("a call") };
    assert_eq!(http.secrets, ["A", "B_2"]);
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    refused("steps:", "concurrency: 0\nsteps:", "concurrency: between 1 and 10000 runs");
    refused("steps:", "order: { key: event.id + }\nsteps:", "order.key: line 1, column");
    refused("steps:", "order: { key: steps.a }\nsteps:", "order.key: line 1, column 1: `steps`");
    refused("steps:", "order: event.id\nsteps:", "order");
    refused("order.*", "order.x*", "triggers.0.eventType: character 8");
    refused("> 100", ">", "triggers.0.filter: line 1");
    refused("${input}", "${inptu}", "steps.notify.http.body: line 1, column 1: `inptu`");
    refused("id: wait", "id: notify", "steps.notify: two steps have this id");
    refused("10m", "10x", "steps.wait.delay.for: `10x` is not a duration");
    refused("https://", "ftp://", "steps.notify.http.url: the URL begins with");
    refused("delay: { for: 10m }", "when: 'true'", "exactly one of http, transform");
    refused("timeout: 15s", "timeout: 0s", "steps.notify.http.timeout: a timeout is between");
    refused("method: POST", "method: TRACE", "steps.notify.http.method: use GET");
    refused("timeout: 15s", "timeoot: 15s", "timeoot");
    refused("timeout: 15s", "followRedirects: 6", "steps.notify.http.followRedirects: follow");
    refused("${event.source}", "${secret.TOKEN}", "secrets are read in the url, the headers");
    refused("${input}", "${secret[input.x]}", "name the secret, as in `secret.");
    refused("> 100", "> size(steps)", "triggers.0.filter: line 1, column 28: `steps`");
    refused("${event.source}", "${input.a}", "triggers.0.input.note: line 1, column 1: `input`");
    refused(
        "${input}",
        "${steps.wait.output}",
        "steps.notify.http.body: line 1, column 1: no step",
    );
    let itself = "delay: { for: 10m }\n    when: steps.wait.output == 1";
    refused("delay: { for: 10m }", itself, "steps.wait.when: line 1, column 1: no step before");
}

/// The definition with these steps, and with this instead of the filter.
fn with(filter: &str, steps: &str) -> Result<Definition, InvalidDefinition> {
    let text = format!("name: w\ntriggers:\n  - eventType: order.*\n{filter}\nsteps:\n{steps}\n");
    Definition::parse(&text)
}

#[test]
fn every_text_of_a_step_is_a_template_and_is_checked_where_it_is_fixed() {
    let rendered = r#"
  - { id: call, http: { method: "${input.method}", url: "${input.url}", timeout: "${input.wait}" } }
  - { id: wait, delay: { for: "${steps.call.output.body.wait}" } }
  - { id: emit, emit: { eventType: "told.${event.source}", subject: "${input.id}" } }
  - { id: fail, fail: { message: "no ${steps.wait.output}" } }"#;
    assert_eq!(with("", rendered).unwrap().steps.len(), 4);
    for (step, place) in [
        ("{ id: a, delay: { for: \"${input.wait\" } }", "steps.a.delay.for: line 1"),
        ("{ id: a, emit: { eventType: \"${inptu}\" } }", "steps.a.emit.eventType: line 1"),
        ("{ id: a, emit: { eventType: \"a b\" } }", "steps.a.emit.eventType: an event type"),
        ("{ id: a, http: { url: \"http://a.example\", timeout: \"${secret.A}\" } }", "secrets are"),
    ] {
        let refused = with("", &format!("  - {step}")).unwrap_err().to_string();
        assert!(refused.contains(place), "{refused}");
    }
}

#[test]
fn a_circle_is_refused_at_the_step_that_closes_it() {
    let emits = |event_type: &str, when: &str| {
        format!("  - {{ id: again, {when} emit: {{ eventType: \"{event_type}\" }} }}")
    };
    let refused = with("", &emits("order.again", "")).unwrap_err();
    let InvalidDefinition::Place { at, hint, .. } = &refused else { panic!("{refused}") };
    assert_eq!(at, "steps.again.emit.eventType");
    assert!(hint.as_ref().is_some_and(|hint| hint.contains("filter")), "{hint:?}");
    for (filter, event_type, when) in [
        ("    filter: event.source == 'shop'", "order.again", ""),
        ("", "order.again", "when: input.again,"),
        ("", "orders.again", ""),
        ("", "order.${event.payload.next}", ""),
    ] {
        assert!(with(filter, &emits(event_type, when)).is_ok(), "{filter} {event_type} {when}");
    }
}

#[test]
fn what_was_put_in_force_by_older_rules_stays_readable() {
    let text = "{name: w, triggers: [{eventType: a.*, filter: run.id == ''}],
            steps: [{id: a, emit: {eventType: a.b, subject: '${steps.later.output}'}}]}";
    let open = text.replace(", filter: run.id == ''", "");
    for text in [text, &open] {
        assert!(Definition::parse(text).is_err() && Definition::stored(text).is_ok(), "{text}");
    }
    assert!(Definition::stored(&text.replace("a.b", "a b")).is_err());
}
