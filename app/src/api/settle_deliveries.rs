//! Checks deliveries in quarantine again, or deletes them.

use leptos::prelude::*;

use crate::{
    ApiError,
    encoding::Json,
    model::{Settled, Settling},
};

/// Refused when none of them could be settled.
#[server(prefix = "/api/ui", endpoint = "quarantine/settle", output = Json)]
pub async fn settle_deliveries(
    how: Settling,
    #[server(default)] ids: Vec<String>,
) -> Result<Settled, ApiError> {
    let (engine, _) = crate::ssr::operator()?;
    crate::ssr::quarantine::settle(&engine, how, &ids).await
}
