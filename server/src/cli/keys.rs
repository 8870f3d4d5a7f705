//! `sluice keys`: works on the database directly, also while the server runs.

use clap::Subcommand;
use engine::Environment;
use engine::event::Pattern;
use engine::key::limit::Rate;
use engine::key::manage::{self, NewKey};
use engine::key::{ApiKey, Permission};
use engine::workflow::duration;
use serde_json::json;

use super::{OutputArgs, output};
use crate::config::DatabaseArgs;

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Make a key; it is printed once and never again.
    Create {
        /// What the key is for, as you will know it later.
        #[arg(long, value_parser = manage::name)]
        name: String,
        /// What it may do: ingest, read or manage. May be given more than once.
        #[arg(long = "permission", default_values = ["ingest"], value_name = "PERMISSION")]
        permissions: Vec<Permission>,
        /// Event types it may send, for example 'order.*'. May be given more than once.
        #[arg(long = "scope", value_parser = Pattern::parse, value_name = "PATTERN")]
        scopes: Vec<Pattern>,
        /// How many events it may send, for example 600/min.
        #[arg(long, value_name = "RATE")]
        rate_limit: Option<Rate>,
        /// After how long it ends, for example 90d.
        #[arg(long, value_parser = duration::parse, value_name = "DURATION")]
        expires: Option<std::time::Duration>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all keys, newest first.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End a key; running servers refuse it within seconds.
    Revoke {
        /// The key's id (key_…) or its visible beginning (slk_…).
        key: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

pub(super) async fn run(command: KeysCommand) -> anyhow::Result<()> {
    let environment = Environment::system();
    match command {
        KeysCommand::Create {
            name,
            permissions,
            scopes,
            rate_limit,
            expires,
            output,
            database,
        } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let expires_at = expires.map(|life| environment.clock.now().plus(life));
            let new = NewKey { name, permissions, scopes, rate_limit, expires_at };
            let (key, secret) = manage::create(&store, &environment, new).await?;
            if output.json {
                let mut json = as_json(&key);
                json["key"] = secret.reveal().into();
                output::line(json);
            } else {
                output::line(secret.reveal());
                eprintln!(
                    "Keep it now: only its beginning, {}, is shown from here on.",
                    key.prefix
                );
            }
        }
        KeysCommand::List { output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let keys = manage::list(&store).await?;
            if output.json {
                output::line(json!(keys.iter().map(as_json).collect::<Vec<_>>()));
            } else {
                let now = environment.clock.now();
                let rows: Vec<_> = keys.iter().map(|key| row(key, now)).collect();
                output::table(["ID", "NAME", "KEY", "PERMISSIONS", "STATE", "LAST USED"], &rows);
            }
        }
        KeysCommand::Revoke { key, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let key = manage::revoke(&store, &environment, &key).await?;
            if output.json {
                output::line(json!({ "id": key.id, "revoked": true }));
            } else {
                output::line(format!("{} ({}) is revoked.", key.name, key.prefix));
            }
        }
    }
    Ok(())
}

fn as_json(key: &ApiKey) -> serde_json::Value {
    json!({
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "permissions": key.permissions,
        "scopes": key.scopes.iter().map(Pattern::as_str).collect::<Vec<_>>(),
        "rateLimit": key.rate_limit.map(|rate| rate.to_string()),
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "revokedAt": key.revoked_at,
        "lastUsedAt": key.last_used_at,
    })
}

fn row(key: &ApiKey, now: engine::time::Timestamp) -> [String; 6] {
    let state = match (key.revoked_at, key.is_live(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "live",
        (None, false) => "expired",
    };
    let permissions: Vec<_> =
        key.permissions.iter().map(|permission| permission.as_str()).collect();
    [
        key.id.to_string(),
        key.name.clone(),
        key.prefix.clone(),
        permissions.join(","),
        state.into(),
        key.last_used_at.map_or_else(|| "never".into(), |at| at.to_string()),
    ]
}
