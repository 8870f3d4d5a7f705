//! `sluice workflows history | restore | delete`.

use serde_json::{Value, json};

use super::{Chosen, find, list, tell, tell_difference, words};
use crate::cli::client::Client;
use crate::cli::{OutputArgs, output};

/// The workflow that is meant: its id, its name and the version in force.
struct Meant {
    client: Client,
    output: OutputArgs,
    id: String,
    name: String,
    version: Value,
}

async fn meant(chosen: Chosen) -> anyhow::Result<Meant> {
    let Chosen { workflow, output, server } = chosen;
    let client = server.client()?;
    // What was deleted is in no list any more; its id still names it.
    if workflow.starts_with("wfl_") {
        let found = list(&client).await?.into_iter().find(|it| it["id"] == workflow.as_str());
        let found = found.unwrap_or_default();
        let name = found["name"].as_str().unwrap_or(&workflow).to_owned();
        return Ok(Meant { client, output, id: workflow, name, version: found["version"].clone() });
    }
    let listed = list(&client).await?;
    let found = find(&listed, &workflow)?;
    let id = found["id"].as_str().unwrap_or_default().to_owned();
    Ok(Meant { client, output, id, name: workflow, version: found["version"].clone() })
}

pub(super) async fn delete(chosen: Chosen) -> anyhow::Result<()> {
    let Meant { client, output, id, name, .. } = meant(chosen).await?;
    client.delete(&format!("/api/v1/workflows/{id}")).await?;
    match output.json {
        true => output::line(json!({ "id": id, "deleted": true })),
        false => output::line(format!(
            "{name}: deleted. `sluice workflows restore {id} N` brings version N of it back."
        )),
    }
    Ok(())
}

pub(super) async fn history(chosen: Chosen) -> anyhow::Result<()> {
    let Meant { client, output, id, version: in_force, .. } = meant(chosen).await?;
    let (mut all, mut path) = (Vec::new(), format!("/api/v1/workflows/{id}/versions?limit=100"));
    loop {
        let mut page = client.get(&path).await?;
        if let Value::Array(items) = page["items"].take() {
            all.extend(items);
        }
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/workflows/{id}/versions?limit=100&cursor={cursor}");
    }
    if output.json {
        output::line(Value::Array(all));
        return Ok(());
    }
    let row = |it: &Value| {
        let mark = if it["version"] == in_force { " (in force)" } else { "" };
        [
            format!("{}{mark}", it["version"]),
            it["createdAt"].as_str().unwrap_or_default().to_owned(),
            words(&it["changes"]),
        ]
    };
    output::table(["VERSION", "SAVED", "CHANGES"], &all.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

pub(super) async fn show(chosen: Chosen, version: u32) -> anyhow::Result<()> {
    let Meant { client, output, id, .. } = meant(chosen).await?;
    let found = client.get(&format!("/api/v1/workflows/{id}/versions/{version}")).await?;
    if output.json {
        output::line(found);
    } else if found["diff"].as_array().is_some_and(|lines| !lines.is_empty()) {
        tell_difference(&found["diff"]);
    } else {
        output::line(found["yaml"].as_str().unwrap_or_default().trim_end());
    }
    Ok(())
}

pub(super) async fn restore(chosen: Chosen, version: u32) -> anyhow::Result<()> {
    let Meant { client, output, id, .. } = meant(chosen).await?;
    let path = format!("/api/v1/workflows/{id}/versions/{version}/restore");
    let answer = client.post(&path, "application/json", String::new()).await?;
    match output.json {
        true => output::line(answer),
        false => tell(&answer),
    }
    Ok(())
}
