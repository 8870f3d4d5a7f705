//! Alerts for the dashboard: rules made and muted, channels made and tried out.

use engine::Engine;
use engine::alert::rule::{self, NewRule};
use engine::alert::{AlertError, ChannelKind, Condition, channel};
use engine::workflow::duration;
use serde_json::{Value, json};

use super::{convert, fail, invalid, not_found, once};
use crate::ApiError;
use crate::model::{Alerts, Muted, User};

const TURNS: u64 = 50;
const MESSAGES: u64 = 100;

pub async fn list(engine: &Engine) -> Result<Alerts, ApiError> {
    let rules = rule::list(engine).await.map_err(fail)?;
    let channels = channel::list(engine).await.map_err(fail)?;
    let turns = rule::history(engine, TURNS).await.map_err(fail)?;
    let sent = channel::sent(engine, MESSAGES).await.map_err(fail)?;
    let troubles = sent.into_iter().filter(|message| message.error.is_some());
    Ok(Alerts {
        rules: rules.iter().map(convert::alert_rule).collect(),
        channels: channels.iter().map(convert::channel).collect(),
        turns: turns.into_iter().map(convert::alert_turn).collect(),
        troubles: troubles.map(convert::alert_message).collect(),
    })
}

/// What the form says, as it says it; fields that its kind does not have are blank.
pub struct RuleForm {
    pub name: String,
    pub kind: String,
    pub over: String,
    pub window: String,
    pub event_type: String,
    pub source: String,
    pub repeat: String,
}

impl RuleForm {
    /// Read as REST reads it, so that there is one set of rules for both.
    fn condition(&self) -> Result<Condition, ApiError> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let mut all = json!({ "kind": self.kind });
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                all[name] = value;
            }
        };
        let number =
            || given(&self.over).map(|text| text.parse::<u32>().map_or(json!(text), Value::from));
        let window = || given(&self.window).map(Value::from);
        match self.kind.as_str() {
            "deadLetters" => set("over", number()),
            "latency" => {
                set("percentile", Some(json!(99)));
                set("over", given(&self.over).map(Value::from));
                set("window", window());
            }
            "failureRate" => {
                set("overPercent", number());
                set("atLeast", Some(json!(20)));
                set("window", window());
            }
            "absence" | "schemaDrift" => set("window", window()),
            _ => {
                set("over", number());
                set("window", window());
            }
        }
        if matches!(self.kind.as_str(), "failedEvents" | "failureRate" | "absence" | "schemaDrift")
        {
            set("eventType", given(&self.event_type).map(Value::from));
        }
        if !matches!(self.kind.as_str(), "deadLetters" | "latency" | "schemaDrift") {
            set("source", given(&self.source).map(Value::from));
        }
        serde_json::from_value(all)
            .map_err(|error| invalid(format!("This rule cannot be read: {error}.")))
    }
}

pub async fn create_rule(engine: &Engine, form: RuleForm) -> Result<(), ApiError> {
    let condition = form.condition()?;
    let repeat = match form.repeat.trim() {
        "" => "4h",
        given => given,
    };
    let repeat = duration::parse(repeat).map_err(invalid)?;
    let new = NewRule { name: form.name, condition, repeat };
    rule::create(engine, new).await.map(drop).map_err(refused)
}

pub async fn delete_rule(engine: &Engine, id: &str) -> Result<(), ApiError> {
    rule::delete(engine, id.parse().map_err(|_| not_found())?).await.map_err(refused)
}

/// `length` such as `1h`; blank lets it speak again.
pub async fn mute(engine: &Engine, id: &str, length: &str) -> Result<Muted, ApiError> {
    let (now, length) = (engine.now(), length.trim());
    let until = match length {
        "" => None,
        given => Some(now.plus(duration::parse(given).map_err(invalid)?)),
    };
    let rule = id.parse().map_err(|_| not_found())?;
    let before = rule::find(engine, rule).await.map_err(refused)?.muted_until;
    let left = before.map(|until| until.millis_since(now)).filter(|left| *left > 0);
    let name = rule::mute(engine, rule, until).await.map_err(refused)?.name;
    Ok(Muted {
        id: id.to_owned(),
        name,
        length: length.to_owned(),
        before: left.map(|left| format!("{left}ms")).unwrap_or_default(),
    })
}

/// Makes a channel; the ticket with which a webhook's secret is seen once.
pub async fn create_channel(
    engine: &Engine,
    me: &User,
    name: &str,
    kind: &str,
    target: &str,
) -> Result<Option<String>, ApiError> {
    let kind = ChannelKind::parse(kind).ok_or_else(|| invalid("Choose a kind of channel."))?;
    let (_, secret) = channel::create(engine, name, kind, target).await.map_err(refused)?;
    Ok(secret.map(|secret| once::keep(engine, me, secret)))
}

pub async fn delete_channel(engine: &Engine, id: &str) -> Result<(), ApiError> {
    channel::delete(engine, id.parse().map_err(|_| not_found())?).await.map_err(refused)
}

pub async fn try_out(engine: &Engine, id: &str) -> Result<(), ApiError> {
    let tried = channel::try_out(engine, id.parse().map_err(|_| not_found())?).await;
    tried.map_err(refused)?.map_err(|error| invalid(format!("It did not arrive: {error}.")))
}

fn refused(error: AlertError) -> ApiError {
    match error {
        AlertError::Store(_) => fail(error),
        AlertError::UnknownRule(_) | AlertError::UnknownChannel(_) => not_found(),
        error => invalid(error),
    }
}
