//! `sluice migrate`: for deployments that separate it from serving.

use engine::Environment;

use super::output;
use crate::config::DatabaseArgs;

pub(super) async fn run(args: DatabaseArgs) -> anyhow::Result<()> {
    engine::open_for_tool(&args.location()?, &Environment::system()).await?;
    output::line("The database is up to date.");
    Ok(())
}
