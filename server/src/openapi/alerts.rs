//! Alerts: rules, where they are told, and what was told.

use app::model::{AlertMessageView, AlertRuleView, AlertTurnView, ChannelView};
use axum::http::StatusCode;
use engine::key::Permission;
use serde_json::json;

use super::operation::Operation;
use super::{ALERTS, shape};
use crate::problem::Code;
use crate::routes::alerts::{ChannelBody, CreatedChannel, MuteBody, RuleBody, Tried};

const RULE: &str = "The rule's id, `alr_…`.";
const CHANNEL: &str = "The channel's id, `chn_…`.";

pub(super) fn operations() -> Vec<Operation> {
    rules().into_iter().chain(channels()).collect()
}

fn rules() -> Vec<Operation> {
    let rule = || {
        shape::json::<RuleBody>().such_as(json!({
            "name": "No payments",
            "condition": { "kind": "absence", "window": "20m", "eventType": "payment.*" },
            "repeat": "4h",
        }))
    };
    vec![
        ALERTS
            .get("/api/v1/alerts", "listAlerts", "List alert rules and how they stand")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All of them.", shape::page::<AlertRuleView>()),
        ALERTS
            .post("/api/v1/alerts", "createAlert", "Make an alert rule")
            .says("It is read every 15 seconds and told to every channel.")
            .needs(Permission::Manage)
            .takes([rule()])
            .answers(StatusCode::CREATED, "The rule.", shape::json::<AlertRuleView>())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter]),
        ALERTS
            .put("/api/v1/alerts/{id}", "replaceAlert", "Change an alert rule")
            .needs(Permission::Manage)
            .named("id", RULE)
            .takes([rule()])
            .answers(StatusCode::OK, "As it is now.", shape::json::<AlertRuleView>())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter]),
        ALERTS
            .post("/api/v1/alerts/{id}/mute", "muteAlert", "Silence an alert rule, or let it speak")
            .needs(Permission::Manage)
            .named("id", RULE)
            .takes([shape::json::<MuteBody>().such_as(json!({ "for": "1h" }))])
            .answers(StatusCode::OK, "As it is now.", shape::json::<AlertRuleView>())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter]),
        ALERTS
            .delete("/api/v1/alerts/{id}", "deleteAlert", "Remove an alert rule")
            .needs(Permission::Manage)
            .named("id", RULE)
            .answers_nothing(StatusCode::NO_CONTENT, "It is gone; its history stays."),
        ALERTS
            .get("/api/v1/alert-history", "listAlertHistory", "What alert rules did")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The newest 200.", shape::page::<AlertTurnView>()),
        ALERTS
            .get(
                "/api/v1/alert-messages",
                "listAlertMessages",
                "What was told, and whether it arrived",
            )
            .needs(Permission::Read)
            .answers(StatusCode::OK, "The newest 200.", shape::page::<AlertMessageView>()),
    ]
}

fn channels() -> Vec<Operation> {
    let channel =
        json!({ "name": "ops", "kind": "webhook", "target": "https://ops.example/alerts" });
    vec![
        ALERTS
            .get("/api/v1/alert-channels", "listAlertChannels", "List where alerts are told")
            .says("Never with their secrets.")
            .needs(Permission::Read)
            .answers(StatusCode::OK, "All of them.", shape::page::<ChannelView>()),
        ALERTS
            .post("/api/v1/alert-channels", "createAlertChannel", "Tell alerts somewhere")
            .needs(Permission::Manage)
            .takes([shape::json::<ChannelBody>().such_as(channel)])
            .answers(StatusCode::CREATED, "The channel.", shape::json::<CreatedChannel>())
            .refuses(&[Code::MalformedJson, Code::InvalidParameter, Code::Conflict]),
        ALERTS
            .post("/api/v1/alert-channels/{id}/test", "testAlertChannel", "Send a trial message")
            .needs(Permission::Manage)
            .named("id", CHANNEL)
            .answers(StatusCode::OK, "Whether it arrived.", shape::json::<Tried>()),
        ALERTS
            .delete("/api/v1/alert-channels/{id}", "deleteAlertChannel", "Remove a channel")
            .needs(Permission::Manage)
            .named("id", CHANNEL)
            .answers_nothing(StatusCode::NO_CONTENT, "It is gone, with what was on its way."),
    ]
}
