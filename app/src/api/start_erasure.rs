//! Counts what there is about somebody, or erases it.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json};

/// A blank `path` means the subject. What was counted goes to the page by its address; the value does not.
/// Answers whether it was begun, and not only counted.
#[server(prefix = "/api/ui", endpoint = "erasures/start", output = Json)]
pub async fn start_erasure(
    #[server(default)] path: String,
    value: String,
    how: String,
) -> Result<bool, ApiError> {
    let (engine, _) = crate::ssr::owner()?;
    let criterion = crate::ssr::erasures::criterion(&path, &value)?;
    let begun = how == "erase";
    if begun {
        crate::ssr::erasures::start(&engine, &criterion).await?;
        leptos_axum::redirect("/erasures");
    } else {
        let plan = crate::ssr::erasures::count(&engine, &criterion).await?;
        leptos_axum::redirect(&format!(
            "/erasures?events={}&runs={}&bytes={}&held={}&deliveries={}",
            plan.events, plan.runs, plan.bytes, plan.held, plan.deliveries
        ));
    }
    Ok(begun)
}
