//! `sluice migrate`: for deployments that separate it from serving.

use engine::Environment;
use serde_json::json;

use super::{OutputArgs, output};
use crate::config::DatabaseArgs;

#[derive(clap::Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    engine::open_for_tool(&args.database.location()?, &Environment::system()).await?;
    match args.output.json {
        true => output::line(json!({ "upToDate": true })),
        false => output::line("The database is up to date."),
    }
    Ok(())
}
