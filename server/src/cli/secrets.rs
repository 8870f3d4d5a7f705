//! `sluice secrets`: works on the database directly, also while the server runs.

use std::io::Read;

use anyhow::Context;
use clap::Subcommand;
use engine::Environment;
use engine::secret;
use engine::vault::Vault;
use serde_json::{Value, json};

use super::{OutputArgs, output};
use crate::config::DatabaseArgs;

#[derive(Subcommand)]
pub(super) enum SecretsCommand {
    /// Set what http steps read as ${secret.NAME}; the value is read from standard input.
    Set {
        /// Letters, digits and _, for example WAREHOUSE_TOKEN.
        name: String,
        /// The value, which others on this machine may see while the command runs.
        #[arg(long, env = "SLUICE_SECRET_VALUE", hide_env_values = true)]
        value: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List all secrets, without their values.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Forget a secret; steps that read it fail from then on.
    Delete {
        name: String,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

pub(super) async fn run(command: SecretsCommand) -> anyhow::Result<()> {
    let environment = Environment::system();
    match command {
        SecretsCommand::Set { name, value, output, database } => {
            let value = value.map_or_else(from_standard_input, Ok)?;
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let vault = Vault::open(&database.secret_key_file(), &*environment.random)?;
            let is_new = secret::set(&store, &vault, &environment, &name, &value).await?;
            let done = if is_new { "set" } else { "set anew; calls use it within seconds" };
            say(output, json!({ "name": name, "new": is_new }), &format!("{name}: {done}."));
        }
        SecretsCommand::List { output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            let secrets = secret::list(&store).await?;
            if output.json {
                let item = |it: &secret::Secret| json!({ "name": it.name, "createdAt": it.created_at, "updatedAt": it.updated_at });
                output::line(secrets.iter().map(item).collect::<Value>());
            } else {
                let row = |it: &secret::Secret| {
                    [it.name.clone(), it.created_at.to_string(), it.updated_at.to_string()]
                };
                let rows: Vec<_> = secrets.iter().map(row).collect();
                output::table(["NAME", "CREATED", "UPDATED"], &rows);
            }
        }
        SecretsCommand::Delete { name, output, database } => {
            let store = engine::open_for_tool(&database.location()?, &environment).await?;
            secret::delete(&store, &name).await?;
            say(output, json!({ "name": name, "deleted": true }), &format!("{name} is forgotten."));
        }
    }
    Ok(())
}

/// As it is piped in, without the line's end that `echo` and editors add.
fn from_standard_input() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).context("cannot read standard input")?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    Ok(value.strip_suffix('\r').unwrap_or(value).to_owned())
}

fn say(output: OutputArgs, json: Value, text: &str) {
    match output.json {
        true => output::line(json),
        false => output::line(text),
    }
}
