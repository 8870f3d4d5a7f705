//! `sluice openapi`: the API's description, for tools and without a server. It is JSON either way.

use super::output;
use crate::openapi;

pub(super) fn run() -> anyhow::Result<()> {
    output::line(openapi::text());
    Ok(())
}
