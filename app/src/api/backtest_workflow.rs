//! Which of the events that have come a definition would match.

use leptos::prelude::*;

use crate::{ApiError, encoding::Json, model::BacktestView};

#[server(prefix = "/api/ui", endpoint = "workflows/backtest", output = Json)]
pub async fn backtest_workflow(
    text: String,
    last: u32,
    id: String,
) -> Result<BacktestView, ApiError> {
    let (engine, _) = crate::ssr::signed_in()?;
    crate::ssr::editor::backtest(&engine, &text, last, &id).await
}
