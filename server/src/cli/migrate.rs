//! `sluice migrate`: for deployments that separate it from serving.

use engine::store::open;
use serde_json::json;

use super::{OutputArgs, output, progress};
use crate::config::DatabaseArgs;

#[derive(clap::Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    let applied = open::bring_up_to_date(&args.database.location()?, progress::steps()).await?;
    match args.output.json {
        true => output::line(json!({ "upToDate": true, "applied": applied })),
        false => output::line("The database is up to date."),
    }
    Ok(())
}
