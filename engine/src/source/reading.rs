//! What a believed delivery says: the type and id of its event, where each provider puts them. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{Delivery, Kind, Source};
use crate::event::envelope::{self, FieldError, InvalidEnvelope, NewEvent};

/// What a provider wanted.
#[derive(Debug)]
pub(super) enum Said {
    Event(Box<NewEvent>),
    /// Slack asks whether the address is ours (`url_verification`) and wants this back.
    Challenge(String),
}

pub(super) fn read(source: &Source, delivery: &Delivery<'_>) -> Result<Said, InvalidEnvelope> {
    let payload = payload(source.kind, delivery)?;
    // Payloads that are no objects say nothing about themselves.
    let fields = Fields(serde_json::from_str(&payload).unwrap_or_default());
    if source.kind == Kind::Slack
        && fields.text("type").as_deref() == Some("url_verification")
        && let Some(challenge) = fields.text("challenge")
    {
        return Ok(Said::Challenge(challenge));
    }
    let header = |name: &str| delivery.header(name).map(str::to_owned);
    let (event_type, event_id) = match source.kind {
        Kind::Github => (header("x-github-event"), header("x-github-delivery")),
        Kind::Stripe => (fields.text("type"), fields.text("id")),
        Kind::Shopify => (header("x-shopify-topic"), header("x-shopify-webhook-id")),
        Kind::Slack => {
            let inner =
                fields.0.get("event").and_then(|inner| serde_json::from_str(inner.get()).ok());
            let inner = inner.and_then(|inner| Fields(inner).text("type"));
            let command = || fields.text("command").map(|command| command.replace('/', "command."));
            (inner.or_else(|| fields.text("type")).or_else(command), fields.text("event_id"))
        }
        Kind::StandardWebhooks => (fields.text("type"), header("webhook-id")),
        Kind::Hmac => (
            header("x-event-type")
                .or_else(|| fields.text("eventType"))
                .or_else(|| fields.text("type")),
            // Not `id`: that may be the id of what the event is about.
            header("x-event-id").or_else(|| fields.text("eventId")),
        ),
    };
    let event_type = event_type.ok_or_else(|| unknown_type(source.kind))?;
    let mut errors = Vec::new();
    let event_type = envelope::event_type("eventType", &event_type, &mut errors);
    if event_id.as_ref().is_some_and(|id| id.contains('\0')) {
        errors.push(field("eventId", envelope::NUL));
    }
    let Some(event_type) = event_type.filter(|_| errors.is_empty()) else {
        return Err(envelope::refused(errors));
    };
    let new = NewEvent {
        event_type,
        source: source.name.clone(),
        payload: payload.into(),
        event_id: event_id.filter(|id| !id.is_empty()),
        subject: None,
        occurred_at: None,
        attributes: Vec::new(),
    };
    Ok(Said::Event(Box::new(new.checked()?)))
}

fn field(field: &'static str, message: impl ToString) -> FieldError {
    FieldError { field, message: message.to_string() }
}

fn unknown_type(kind: Kind) -> InvalidEnvelope {
    let place = match kind {
        Kind::Github => "the header `x-github-event`",
        Kind::Shopify => "the header `x-shopify-topic`",
        Kind::Stripe | Kind::StandardWebhooks => "`type` in the body",
        Kind::Slack => "`event.type`, `type` or `command` in the body",
        Kind::Hmac => "the header `x-event-type`, or `eventType` or `type` in the body",
    };
    InvalidEnvelope::Fields(vec![field(
        "eventType",
        format!("is missing: it is read from {place}"),
    )])
}

/// The body as JSON. Forms become objects of texts; in GitHub's, and Slack's of what people press and fill in
/// (docs.slack.dev/interactivity/handling-user-interaction), the event is the field `payload`.
fn payload(kind: Kind, delivery: &Delivery<'_>) -> Result<String, InvalidEnvelope> {
    let content_type = delivery.header("content-type");
    if !content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        return envelope::as_json(content_type, delivery.body);
    }
    let form: BTreeMap<Cow<'_, str>, Cow<'_, str>> =
        form_urlencoded::parse(delivery.body).collect();
    match (kind, form.get("payload")) {
        (Kind::Github | Kind::Slack, Some(payload)) => {
            envelope::as_json(Some("application/json"), payload.as_bytes())
        }
        _ => serde_json::to_string(&form).map_err(InvalidEnvelope::Malformed),
    }
}

/// The members of the payload.
#[derive(Default)]
struct Fields<'p>(BTreeMap<Cow<'p, str>, &'p RawValue>);

impl Fields<'_> {
    fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, headers: &[(&str, &str)], body: &str) -> String {
        let source = Source::unstored(kind, []);
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        match read(&source, &Delivery { headers: &headers, body: body.as_bytes() }) {
            Ok(Said::Event(event)) => format!(
                "{} {} {}",
                event.event_type,
                event.event_id.as_deref().unwrap_or("-"),
                event.payload
            ),
            Ok(Said::Challenge(text)) => format!("challenge {text}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn each_provider_names_its_events_in_its_own_place() {
        let github = [("x-github-event", "push"), ("x-github-delivery", "d-1")];
        assert_eq!(said(Kind::Github, &github, "{ }"), "push d-1 { }");
        let form = [github[0], github[1], ("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(said(Kind::Github, &form, "payload=%7B%22a%22%3A1%7D"), r#"push d-1 {"a":1}"#);
        let stripe = r#"{"id":"evt_1","type":"invoice.paid"}"#;
        assert_eq!(said(Kind::Stripe, &[], stripe), format!("invoice.paid evt_1 {stripe}"));
        let shopify = [("x-shopify-topic", "orders/create"), ("x-shopify-webhook-id", "w-1")];
        assert_eq!(said(Kind::Shopify, &shopify, "{}"), "orders/create w-1 {}");
        let slack = r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}"#;
        assert_eq!(said(Kind::Slack, &[], slack), format!("app_mention Ev1 {slack}"));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let pressed = "payload=%7B%22type%22%3A%22block_actions%22%7D";
        assert_eq!(
            said(Kind::Slack, &form, pressed),
            r#"block_actions - {"type":"block_actions"}"#
        );
        let command = r#"command.deploy - {"command":"/deploy","text":"now"}"#;
        assert_eq!(said(Kind::Slack, &form, "command=%2Fdeploy&text=now"), command);
        let asks = r#"{"type":"url_verification","challenge":"c-1"}"#;
        assert_eq!(said(Kind::Slack, &[], asks), "challenge c-1");
        let standard = r#"{"type":"user.created"}"#;
        let id = [("webhook-id", "msg_1")];
        assert_eq!(
            said(Kind::StandardWebhooks, &id, standard),
            format!("user.created msg_1 {standard}")
        );
        assert!(said(Kind::Hmac, &[], "[]").contains("x-event-type"));
    }
}
