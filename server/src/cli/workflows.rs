//! `sluice workflows`: through a running server, so that it matches by the new definition at once.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use engine::workflow::check::{self, Finding};
use engine::workflow::definition::Document;
use engine::workflow::diff::{self, Line, Side};
use serde_json::Value;

use super::client::{Client, ServerArgs};
use super::{OutputArgs, output};

mod versions;

#[derive(Subcommand)]
pub(super) enum WorkflowsCommand {
    /// Put the workflow of a YAML or JSON file in force. The same file twice changes nothing.
    Apply {
        /// The file, which may hold several with `---` between; `-` reads standard input.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// Say what would change, line by line, and change nothing.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Let events start it again.
    Enable(Chosen),
    /// Let no event start it; runs that have begun go on.
    Disable(Chosen),
    /// Take it out of force for good. Its runs and its versions stay.
    Delete(Chosen),
    /// Print what its calls are signed with, or put a new secret in force.
    Secret {
        #[command(flatten)]
        chosen: Chosen,
        /// Make a new secret; the one before it signs beside it for 24 hours.
        #[arg(long)]
        rotate: bool,
    },
    /// List the versions of a workflow, or print what one of them changed.
    History {
        #[command(flatten)]
        chosen: Chosen,
        /// The number of a version.
        #[arg(long, value_name = "N")]
        version: Option<u32>,
    },
    /// Put an old version in force again, as a new one.
    Restore {
        #[command(flatten)]
        chosen: Chosen,
        /// The number of the version.
        version: u32,
    },
    /// Print definitions as YAML, ready for `apply`; all of them, or those that are named.
    Export {
        /// Names or ids.
        workflows: Vec<String>,
        /// As JSON, an array of definitions.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// List the workflows in force.
    List {
        #[command(flatten)]
        output: OutputArgs,
        #[command(flatten)]
        server: ServerArgs,
    },
}

/// A workflow by its name or id.
#[derive(Args)]
pub(super) struct Chosen {
    /// The workflow's name, or its id (wfl_…).
    workflow: String,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(command: WorkflowsCommand) -> anyhow::Result<()> {
    match command {
        WorkflowsCommand::Apply { file, dry_run, output, server } => {
            let text = super::send::read(&file)?;
            let documents = documents(&text);
            // Refused here, a mistake costs no connection and leaves nothing half done.
            let wrong = documents.iter().flat_map(|(first, document)| mistakes(*first, document));
            let wrong: Vec<String> =
                wrong.map(|mistake| format!("{}:{mistake}", file.display())).collect();
            if !wrong.is_empty() {
                wrong.iter().for_each(|mistake| eprintln!("{mistake}"));
                anyhow::bail!("nothing is in force by this file: mend what is said above");
            }
            let (client, path) = (server.client()?, format!("/api/v1/workflows?dryRun={dry_run}"));
            for (_, document) in documents {
                let answer = client.post(&path, "application/yaml", document.to_owned()).await?;
                if output.json {
                    output::line(answer);
                } else {
                    tell(&answer);
                }
            }
        }
        WorkflowsCommand::Enable(chosen) => switch(chosen, "enable").await?,
        WorkflowsCommand::Disable(chosen) => switch(chosen, "disable").await?,
        WorkflowsCommand::Delete(chosen) => versions::delete(chosen).await?,
        WorkflowsCommand::Secret { chosen, rotate } => secret(chosen, rotate).await?,
        WorkflowsCommand::History { chosen, version: None } => versions::history(chosen).await?,
        WorkflowsCommand::History { chosen, version: Some(version) } => {
            versions::show(chosen, version).await?;
        }
        WorkflowsCommand::Restore { chosen, version } => versions::restore(chosen, version).await?,
        WorkflowsCommand::Export { workflows, json, server } => {
            let listed = list(&server.client()?).await?;
            let chosen = match workflows.as_slice() {
                [] => listed.iter().collect(),
                names => {
                    let found = names.iter().map(|name| find(&listed, name));
                    found.collect::<Result<Vec<_>, _>>()?
                }
            };
            if json {
                output::line(Value::from_iter(chosen.iter().map(|it| it["definition"].clone())));
            } else {
                let documents = chosen.iter().map(|it| yaml(&it["definition"]));
                let documents = documents.collect::<Result<Vec<_>, _>>()?;
                output::line(documents.join("---\n").trim_end());
            }
        }
        WorkflowsCommand::List { output, server } => {
            let answer = server.client()?.get("/api/v1/workflows").await?;
            if output.json {
                output::line(&answer["items"]);
            } else {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let rows: Vec<_> = answer["items"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|it| {
                        [text(&it["name"]), it["version"].to_string(), it["enabled"].to_string()]
                    })
                    .collect();
                output::table(["NAME", "VERSION", "ENABLED"], &rows);
            }
        }
    }
    Ok(())
}

/// In the order of the documentation, where the server is not newer than this program.
fn yaml(definition: &Value) -> anyhow::Result<String> {
    match serde_json::from_value::<Document>(definition.clone()) {
        Ok(document) => Ok(diff::yaml(&document)),
        Err(_) => Ok(serde_yaml_ng::to_string(definition)?),
    }
}

/// What applying did or would do, in a line, and what that changes.
fn tell(answer: &Value) {
    let would = if answer["dryRun"] == true { "would be " } else { "" };
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    let changes = words(&answer["changes"]);
    let changes = if changes.is_empty() { changes } else { format!(": {changes}") };
    output::line(format!("{}: {would}{}{changes}", text("name"), text("result")));
    if answer["dryRun"] == true {
        tell_difference(&answer["diff"]);
    }
}

fn tell_difference(answered: &Value) {
    let lines = answered.as_array().into_iter().flatten().map(|line| Line {
        side: match line["side"].as_str() {
            Some("removed") => Side::Removed,
            Some("added") => Side::Added,
            _ => Side::Both,
        },
        text: line["text"].as_str().unwrap_or_default().to_owned(),
    });
    let text = diff::text(&lines.collect::<Vec<_>>());
    if !text.is_empty() {
        output::line(text.trim_end());
    }
}

fn words(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(", ")
}

/// All that is wrong with a definition that begins in this line, as compilers say it.
fn mistakes(first: usize, document: &str) -> Vec<String> {
    let told = |finding: Finding| {
        let Finding { line, column, path, message, hint } = finding;
        let path = if path.is_empty() { path } else { format!("{path}: ") };
        let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{column}: {path}{message}{hint}", first + line - 1)
    };
    check::check(document).findings.into_iter().map(told).collect()
}

/// The documents of a YAML file, each with the number of its first line; one that is nothing but blank is
/// none, unless there is no other.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut first, mut begin, mut end) = (1, 0, 0);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            documents.push((first, &text[begin..end]));
            (first, begin) = (number + 2, end + line.len());
        }
        end += line.len();
    }
    documents.push((first, &text[begin..]));
    documents.retain(|(_, document)| !document.trim().is_empty());
    if documents.is_empty() { vec![(1, text)] } else { documents }
}

async fn list(client: &Client) -> anyhow::Result<Vec<Value>> {
    let mut answer = client.get("/api/v1/workflows").await?;
    match answer["items"].take() {
        Value::Array(items) => Ok(items),
        _ => anyhow::bail!("the server's answer has no items: is it a Sluice of this version?"),
    }
}

fn find<'l>(listed: &'l [Value], name: &str) -> anyhow::Result<&'l Value> {
    let found = listed.iter().find(|it| it["name"] == name || it["id"] == name);
    found.with_context(|| format!("there is no workflow `{name}`: see `sluice workflows list`"))
}

async fn secret(chosen: Chosen, rotate: bool) -> anyhow::Result<()> {
    let Chosen { workflow, output, server } = chosen;
    let client = server.client()?;
    let listed = list(&client).await?;
    let id = find(&listed, &workflow)?["id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/workflows/{id}/signing-secret");
    let answer = match rotate {
        true => client.post(&format!("{path}/rotate"), "application/json", String::new()).await?,
        false => client.get(&path).await?,
    };
    if output.json {
        output::line(answer);
        return Ok(());
    }
    output::line(answer["secret"].as_str().unwrap_or_default());
    if let Some(until) = answer["previousUntil"].as_str() {
        eprintln!("The secret before it signs too until {until}.");
    }
    Ok(())
}

async fn switch(chosen: Chosen, how: &str) -> anyhow::Result<()> {
    let Chosen { workflow, output, server } = chosen;
    let client = server.client()?;
    let listed = list(&client).await?;
    let id = find(&listed, &workflow)?["id"].as_str().unwrap_or_default();
    let path = format!("/api/v1/workflows/{id}/{how}");
    let answer = client.post(&path, "application/json", String::new()).await?;
    if output.json {
        output::line(answer);
    } else {
        output::line(format!("{}: {how}d", answer["name"].as_str().unwrap_or(&workflow)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{documents, mistakes};

    #[test]
    fn a_file_may_hold_several_definitions() {
        assert_eq!(documents("a: 1\n"), [(1, "a: 1\n")]);
        let several = "---\na: 1\n---\nb: |\n  ---\n";
        assert_eq!(documents(several), [(2, "a: 1\n"), (4, "b: |\n  ---\n")]);
        assert_eq!(documents(""), [(1, "")]);
    }

    #[test]
    fn all_mistakes_are_told_by_their_line_in_the_file() {
        let text = "name: a\ntriggers:\n  - eventType: order..a\nsteps:\n  - id: wait\n    delay: { for: soon }\n";
        let told = mistakes(11, text);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("13:16: triggers.0.eventType: "), "{told:?}");
        assert!(
            told[1].starts_with("16:19: steps.0.delay.for: `soon` is not a duration"),
            "{told:?}"
        );
        assert!(told[1].ends_with("(a number and a unit, as in 500ms, 15s, 10m, 1h)"), "{told:?}");
    }
}
