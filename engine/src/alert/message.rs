//! What is told, in the words of each kind of channel, and telling it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decide::Turn;
use super::{Channel, ChannelKind, Rule};
use crate::Engine;
use crate::id::MessageId;
use crate::run::http::sign;
use crate::time::Timestamp;

const TIMEOUT: Duration = Duration::from_secs(15);
/// What is told later than this says when it was.
const LATE: Duration = Duration::from_secs(300);

/// One turn of one rule, as it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub rule: String,
    pub turn: String,
    pub text: String,
}

/// All that was to be told at one time: one message, however many rules took a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    pub at: Timestamp,
    pub lines: Vec<Line>,
}

impl Message {
    pub(super) fn trial(at: Timestamp) -> Self {
        let text = "This is a trial: alerts of Sluice arrive here.".to_owned();
        Self { at, lines: vec![Line { rule: "Trial".into(), turn: "trial".into(), text }] }
    }

    fn subject(&self) -> String {
        match self.lines.as_slice() {
            [one] => format!("[Sluice] {}", one.text),
            lines => format!("[Sluice] {} alerts changed", lines.len()),
        }
    }

    fn text(&self, now: Timestamp) -> String {
        let mut lines: Vec<_> = self.lines.iter().map(|line| line.text.clone()).collect();
        if now >= self.at.plus(LATE) {
            lines.push(format!("(This was at {}; it could not be told before.)", self.at));
        }
        lines.join("\n")
    }
}

/// A turn in words. Pure.
pub(super) fn line(rule: &Rule, turn: Turn, value: Option<f64>) -> Line {
    let reading = value.map(|value| rule.condition.found(value)).unwrap_or_default();
    let text = match turn {
        Turn::Fires => format!("{}: {reading}", rule.name),
        Turn::Reminds => format!("{} goes on: {reading}", rule.name),
        Turn::Resolves => format!("{} is over", rule.name),
    };
    Line { rule: rule.name.clone(), turn: turn.as_str().into(), text }
}

/// Tells a channel once. The error is in words for whoever looks why nothing came.
pub(super) async fn send(
    engine: &Engine,
    channel: &Channel,
    id: MessageId,
    message: &Message,
) -> Result<(), String> {
    match channel.kind {
        ChannelKind::Email => {
            let mailer = engine.mailer.as_ref().ok_or("no SLUICE_SMTP_URL is set")?;
            mailer.send(&channel.target, &message.subject(), message.text(engine.now())).await
        }
        ChannelKind::Slack => {
            let body = serde_json::json!({ "text": message.text(engine.now()) }).to_string();
            post(engine, channel, Vec::new(), body).await
        }
        ChannelKind::Webhook => {
            let body = serde_json::json!({
                "type": "alert",
                "timestamp": message.at,
                "data": { "alerts": message.lines },
            })
            .to_string();
            let headers = signature(engine, channel, id, &body)?;
            post(engine, channel, headers, body).await
        }
    }
}

/// The headers of Standard Webhooks.
fn signature(
    engine: &Engine,
    channel: &Channel,
    id: MessageId,
    body: &str,
) -> Result<Vec<(&'static str, String)>, String> {
    let sealed = channel.secret.as_deref().unwrap_or_default();
    let secret = engine.vault.unseal(&channel.id.to_string(), sealed);
    let secret = secret.map_err(|error| error.to_string())?;
    let secret = String::from_utf8_lossy(&secret).into_owned();
    let at = engine.now().millis().div_euclid(1_000);
    let signature = sign::signature(&id.to_string(), at, body.as_bytes(), &secret)
        .ok_or("the channel's secret is not readable")?;
    Ok(vec![
        ("webhook-id", id.to_string()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signature),
    ])
}

async fn post(
    engine: &Engine,
    channel: &Channel,
    headers: Vec<(&'static str, String)>,
    body: String,
) -> Result<(), String> {
    let posted = engine.caller.post(&channel.target, headers, body);
    match tokio::time::timeout(TIMEOUT, posted).await {
        Ok(Ok(status)) if (200..300).contains(&status) => Ok(()),
        Ok(Ok(status)) => Err(format!("it answered {status}")),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(format!("it did not answer within {TIMEOUT:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_says_when_it_was() {
        let message = Message::trial(Timestamp::from_millis(0));
        let trial = "This is a trial: alerts of Sluice arrive here.";
        assert_eq!(message.text(Timestamp::from_millis(299_999)), trial);
        let late = message.text(Timestamp::from_millis(300_000));
        let when = "(This was at 1970-01-01T00:00:00.000Z; it could not be told before.)";
        assert_eq!(late, format!("{trial}\n{when}"));
    }
}
