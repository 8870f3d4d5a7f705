//! `sluice sources`: works on the database directly, also while the server runs.

use app::ssr::convert;
use clap::Subcommand;
use engine::Environment;
use engine::source::manage::{self, NewSource};
use engine::source::{Kind, Source};
use engine::vault::Vault;
use serde_json::json;

use super::{OutputArgs, output};
use crate::config::DatabaseArgs;

#[derive(Subcommand)]
pub(super) enum SourcesCommand {
    /// Let a provider deliver to /api/webhooks/NAME, signed with a secret.
    Create {
        /// The end of the address, and the `source` of its events.
        #[arg(long)]
        name: String,
        /// Whose webhooks: github, stripe, shopify, slack, standard-webhooks or hmac.
        #[arg(long)]
        kind: Kind,
        /// The secret that the provider signs with, as the provider shows it.
        #[arg(long, env = "SLUICE_SOURCE_SECRET", hide_env_values = true)]
        secret: String,
        /// For hmac: the header with the signature, in hexadecimal or base64 [default: x-signature]
        #[arg(long, value_name = "HEADER")]
        signature_header: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all sources.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Put a new secret in force; the one before it counts until the next rotation.
    Rotate {
        name: String,
        #[arg(long, env = "SLUICE_SOURCE_SECRET", hide_env_values = true)]
        secret: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// End the secret before the newest, once the provider signs with the newest.
    EndOld {
        name: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Take no more deliveries from a source; its events stay.
    Delete {
        name: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

pub(super) async fn run(command: SourcesCommand) -> anyhow::Result<()> {
    let environment = Environment::system();
    let vault =
        |database: &DatabaseArgs| Vault::open(&database.secret_key_file(), &*environment.random);
    match command {
        SourcesCommand::Create { name, kind, secret, signature_header, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let new = NewSource { name, kind, secret, signature_header };
            let source = manage::create(&store, &vault(&database)?, &environment, new).await?;
            let place = format!("/api/webhooks/{}", source.name);
            say(output, &source, &format!("{} may deliver to {place} now.", source.kind));
        }
        SourcesCommand::List { output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let sources = manage::list(&store, &vault(&database)?).await?;
            if output.json {
                output::line(json!(sources.iter().map(convert::source).collect::<Vec<_>>()));
            } else {
                let row = |source: &Source| {
                    let place = format!("/api/webhooks/{}", source.name);
                    let secrets = source.secret_count().to_string();
                    [
                        source.id.to_string(),
                        source.name.clone(),
                        source.kind.to_string(),
                        place,
                        secrets,
                    ]
                };
                let rows: Vec<_> = sources.iter().map(row).collect();
                output::table(["ID", "NAME", "KIND", "ADDRESS", "SECRETS"], &rows);
            }
        }
        SourcesCommand::Rotate { name, secret, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let vault = vault(&database)?;
            let source = manage::rotate(&store, &vault, &environment, &name, secret).await?;
            say(output, &source, "The new secret counts now, beside the one before it.");
        }
        SourcesCommand::EndOld { name, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let vault = vault(&database)?;
            let source = manage::end_old_secrets(&store, &vault, &environment, &name).await?;
            say(output, &source, "Only the newest secret counts now.");
        }
        SourcesCommand::Delete { name, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            manage::delete(&store, &name).await?;
            if output.json {
                output::line(json!({ "name": name, "deleted": true }));
            } else {
                output::line(format!("{name} may not deliver any more."));
            }
        }
    }
    Ok(())
}

fn say(output: OutputArgs, source: &Source, text: &str) {
    if output.json {
        output::line(json!(convert::source(source)));
    } else {
        output::line(text);
    }
}
