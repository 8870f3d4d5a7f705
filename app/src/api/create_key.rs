//! Makes an API key.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// Each permission is a box that was ticked or not. Sends the browser on to where the key is shown once.
#[server(prefix = "/api/ui", endpoint = "keys/create", output = Json)]
pub async fn create_key(
    name: String,
    ingest: Option<String>,
    read: Option<String>,
    manage: Option<String>,
    #[server(default)] scopes: String,
    #[server(default)] rate_limit: String,
    #[server(default)] expires: String,
) -> Result<(), ApiError> {
    use engine::key::Permission::{Ingest, Manage, Read};
    let (engine, user) = crate::ssr::operator()?;
    let boxes = [(ingest, Ingest), (read, Read), (manage, Manage)].into_iter();
    let permissions = boxes.filter_map(|(ticked, may)| ticked.map(|_| may)).collect();
    let form = crate::ssr::keys::KeyForm { name, permissions, scopes, rate_limit, expires };
    let ticket = crate::ssr::keys::create(&engine, &user, form).await?;
    crate::ssr::show_once("/keys", Some(ticket));
    Ok(())
}
