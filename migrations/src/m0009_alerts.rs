//! Alerts: rules and how they stand, where they are told, and what was told.

use sea_orm_migration::prelude::*;

use crate::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Alerts;

#[async_trait::async_trait]
impl MigrationTrait for Alerts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(&Dialect::of(manager)) {
            connection.execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// Rules that hold from the first start: id, name, condition.
const DEFAULTS: [(&str, &str, &str); 4] = [
    (
        "alr_00000000000000000000000001",
        "Many events fail",
        r#"{"kind":"failureRate","overPercent":10,"atLeast":20,"window":"15m"}"#,
    ),
    (
        "alr_00000000000000000000000002",
        "Dead letters pile up",
        r#"{"kind":"deadLetters","over":100}"#,
    ),
    (
        "alr_00000000000000000000000003",
        "Deliveries are not believed",
        r#"{"kind":"rejected","over":10,"window":"15m"}"#,
    ),
    (
        "alr_00000000000000000000000004",
        "Events settle slowly",
        r#"{"kind":"latency","percentile":99,"over":"5m","window":"15m"}"#,
    ),
];

fn statements(dialect: &Dialect) -> Vec<String> {
    let text = dialect.bytewise_text();
    let mut all = vec![
        "CREATE TABLE alert_rules (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            condition TEXT NOT NULL,
            repeat_millis BIGINT NOT NULL,
            muted_until BIGINT,
            state TEXT NOT NULL,
            since BIGINT NOT NULL,
            calm BIGINT NOT NULL,
            told_at BIGINT,
            value DOUBLE PRECISION,
            created_at BIGINT NOT NULL
        )"
        .into(),
        // `secret` is sealed.
        "CREATE TABLE alert_channels (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            secret TEXT,
            created_at BIGINT NOT NULL
        )"
        .into(),
        format!(
            "CREATE TABLE alert_history (
                id {text} PRIMARY KEY,
                rule_id TEXT NOT NULL,
                rule_name TEXT NOT NULL,
                at BIGINT NOT NULL,
                turn TEXT NOT NULL,
                message TEXT NOT NULL
            )"
        ),
        // A message on its way to one channel; `due_at` is NULL once it arrived or was given up.
        format!(
            "CREATE TABLE alert_messages (
                id {text} PRIMARY KEY,
                channel_id TEXT NOT NULL,
                body TEXT NOT NULL,
                status TEXT NOT NULL,
                attempts BIGINT NOT NULL,
                due_at BIGINT,
                error TEXT,
                created_at BIGINT NOT NULL
            )"
        ),
        "CREATE INDEX alert_messages_due ON alert_messages (due_at) WHERE due_at IS NOT NULL"
            .into(),
        "CREATE INDEX quarantine_time ON quarantine (received_at)".into(),
    ];
    all.extend(DEFAULTS.map(|(id, name, condition)| {
        format!(
            "INSERT INTO alert_rules (id, name, condition, repeat_millis, state, since, calm, created_at)
             VALUES ('{id}', '{name}', '{condition}', 14400000, 'quiet', 0, 0, 0)"
        )
    }));
    all
}
