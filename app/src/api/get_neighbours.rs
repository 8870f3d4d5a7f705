//! The events beside one, for going through them.

use leptos::prelude::*;

use crate::{ApiError, model::Neighbours};

#[server(prefix = "/api/ui", endpoint = "events/neighbours")]
pub async fn get_neighbours(id: String) -> Result<Neighbours, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::events::neighbours(&engine, &id).await
}
