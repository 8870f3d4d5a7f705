//! What this server was started with, as the settings page shows it: names of variables, never secrets.

use app::model::time::duration;
use app::model::{Instance, Setting};
use engine::Settings;
use engine::store::Location;

use crate::config::{LogFormat, ServeArgs};

pub(crate) fn describe(args: &ServeArgs, settings: &Settings) -> Instance {
    let database = match &settings.location {
        Location::Folder(folder) => format!("SQLite in {}", folder.display()),
        Location::Postgres(_) => "Postgres".to_owned(),
    };
    let networks = |networks: &[ipnet::IpNet], none: &str| match networks {
        [] => none.to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let format = match args.log_format {
        LogFormat::Pretty => "pretty",
        LogFormat::Json => "json",
    };
    let of = |name: &str, value: String, variable: Option<&str>| Setting {
        name: name.to_owned(),
        value,
        variable: variable.map(str::to_owned),
    };
    Instance {
        settings: vec![
            of("Version", env!("CARGO_PKG_VERSION").to_owned(), None),
            of("Database", database, Some("SLUICE_DATABASE_URL, SLUICE_DATA_DIR")),
            of(
                "Intake, per address",
                args.ingest_rate_limit.to_string(),
                Some("SLUICE_INGEST_RATE_LIMIT"),
            ),
            of("Largest body", args.max_body.to_string(), Some("SLUICE_MAX_BODY")),
            of(
                "Idempotency keys",
                format!("remembered for {}", duration(args.idempotency_ttl.as_millis() as u64)),
                Some("SLUICE_IDEMPOTENCY_TTL"),
            ),
            of(
                "Trusted proxies",
                networks(&args.trusted_proxies(), "none: X-Forwarded-For is ignored"),
                Some("SLUICE_TRUSTED_PROXIES"),
            ),
            of(
                "Private targets",
                networks(&args.allow_targets(), "none: workflows call public addresses only"),
                Some("SLUICE_ALLOW_TARGETS"),
            ),
            of(
                "Metrics",
                if args.metrics_open { "open to anyone" } else { "for keys that may read" }
                    .to_owned(),
                Some("SLUICE_METRICS_OPEN"),
            ),
            of(
                "Email of alerts",
                match &settings.mailer {
                    None => "none is sent".to_owned(),
                    Some(_) => format!("from {}", args.smtp_from),
                },
                Some("SLUICE_SMTP_URL, SLUICE_SMTP_FROM"),
            ),
            of("Log", format!("{}, {format}", args.log), Some("SLUICE_LOG, SLUICE_LOG_FORMAT")),
        ],
    }
}
