//! One thing done to many events: the plan first, then a question, then how it comes on.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::{ArgGroup, Args};
use serde_json::{Map, Value, json};

use super::chosen::segment;
use super::client::{Client, ServerArgs};
use super::events::text;
use super::{OutputArgs, output, progress};

/// How often the server is asked how far it has come.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// Which events: by their ids, or by what they have in common.
#[derive(Args)]
#[command(group(ArgGroup::new("which").required(true).multiple(true)
    .args(["ids", "all", "event_type", "source", "group", "from", "to"])))]
pub(super) struct Many {
    ids: Vec<String>,
    /// All that failed.
    #[arg(long)]
    all: bool,
    /// Event types that match, for example 'order.*'.
    #[arg(long = "type", value_name = "PATTERN")]
    event_type: Option<String>,
    #[arg(long)]
    source: Option<String>,
    /// A group of `sluice dlq groups`.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Received at this time or later, as 2026-01-31T09:41:07Z.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Received before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Show what would be done and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do it without a question.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// With a few that go first.
#[derive(Args)]
pub(super) struct Cautious {
    #[command(flatten)]
    many: Many,
    /// Take one event first, then ten, then the rest, and stop when they fail again.
    #[arg(long)]
    canary: bool,
}

/// With a word for those who look later.
#[derive(Args)]
pub(super) struct Noted {
    #[command(flatten)]
    many: Many,
    /// Why, shown with each event.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Cautious {
    /// Named events are posted one by one to the path made of each id, where no care was asked for.
    pub(super) async fn run(
        self,
        action: &str,
        status: Option<&str>,
        path: impl Fn(&str) -> String,
        said: impl Fn(&str, &Value) -> String,
    ) -> anyhow::Result<()> {
        if self.canary || !self.many.only_names() {
            return self.many.run(action, status, json!({ "canary": self.canary })).await;
        }
        self.many.post_each(path, json!({}), said).await
    }
}

impl Noted {
    pub(super) async fn run(
        self,
        path: impl Fn(&str) -> String,
        said: impl Fn(&str, &Value) -> String,
    ) -> anyhow::Result<()> {
        let note = self.note.map_or(json!({}), |note| json!({ "note": note }));
        match self.many.only_names() {
            true => self.many.post_each(path, note, said).await,
            false => self.many.run("resolve", Some("failed"), note).await,
        }
    }
}

impl Many {
    /// Whether nothing but ids was given, so that each is answered at once.
    fn only_names(&self) -> bool {
        let narrowed = [&self.event_type, &self.source, &self.group, &self.from, &self.to];
        !self.ids.is_empty() && !self.all && !self.dry_run && narrowed.iter().all(|it| it.is_none())
    }

    async fn post_each(
        self,
        path: impl Fn(&str) -> String,
        body: Value,
        said: impl Fn(&str, &Value) -> String,
    ) -> anyhow::Result<()> {
        let client = self.server.client()?;
        for id in &self.ids {
            let path = path(&segment(id));
            let answer = client.post(&path, "application/json", body.to_string()).await?;
            match self.output.json {
                true => output::line(answer),
                false => output::line(said(id, &answer)),
            }
        }
        Ok(())
    }

    /// Deletes named events at once, others by a plan.
    pub(super) async fn delete(self, status: Option<&str>) -> anyhow::Result<()> {
        if !self.only_names() {
            return self.run("delete", status, json!({})).await;
        }
        let client = self.server.client()?;
        for id in &self.ids {
            client.delete(&format!("/api/v1/events/{}", segment(id))).await?;
            match self.output.json {
                true => output::line(json!({ "id": id, "deleted": true })),
                false => output::line(format!("{id} is deleted")),
            }
        }
        Ok(())
    }

    /// Plans, asks, starts and watches.
    async fn run(self, action: &str, status: Option<&str>, more: Value) -> anyhow::Result<()> {
        let client = self.server.client()?;
        let status = status.or(self.all.then_some("failed"));
        let mut filter = Map::new();
        let given = [
            ("status", status),
            ("eventType", self.event_type.as_deref()),
            ("source", self.source.as_deref()),
            ("group", self.group.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
        ];
        for (name, value) in given {
            value.map(|value| filter.insert(name.into(), json!(value)));
        }
        if !self.ids.is_empty() {
            filter.insert("ids".into(), json!(self.ids));
        }
        let mut body = json!({ "action": action, "filter": filter });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body["dryRun"] = json!(true);
        let plan = client.post("/api/v1/bulk", "application/json", body.to_string()).await?;
        if self.dry_run && self.output.json {
            output::line(plan);
            return Ok(());
        }
        show(&plan, self.dry_run);
        let total = plan["total"].as_u64().unwrap_or_default();
        if self.dry_run || total == 0 {
            return Ok(());
        }
        if !self.yes && !agreed(action, total)? {
            bail!("nothing was changed");
        }
        body["dryRun"] = json!(false);
        let started = client.post("/api/v1/bulk", "application/json", body.to_string()).await?;
        watch(&client, &text(&started["id"]), self.output).await
    }
}

/// The plan, on standard error where it goes before a result.
fn show(plan: &Value, is_result: bool) {
    let say = |line: String| match is_result {
        true => output::line(line),
        false => eprintln!("{line}"),
    };
    say(format!("{} events to {}", plan["total"], text(&plan["action"])));
    if plan["held"].as_u64().is_some_and(|held| held > 0) {
        say(format!("{:>8}  more are held and stay", plan["held"]));
    }
    let counts = |field: &str| plan[field].as_array().cloned().unwrap_or_default();
    for line in counts("byType") {
        say(format!("{:>8}  {}", line["count"], text(&line["eventType"])));
    }
    for line in counts("byGroup") {
        let (group, message) = (text(&line["group"]), text(&line["message"]));
        say(format!("{:>8}  {group}  {message}", line["count"]));
    }
}

pub(super) fn agreed(action: &str, total: u64) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to answer: say --yes to {action} {total} events");
    }
    eprint!("{action} {total} events? [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Shows how an operation comes on until it ends. It goes on without anybody watching.
pub(super) async fn watch(client: &Client, id: &str, output: OutputArgs) -> anyhow::Result<()> {
    let path = format!("/api/v1/bulk/{}", segment(id));
    let bar = progress::bar("{bar:30} {pos}/{len} {msg} {eta}");
    let ended = loop {
        let operation = client.get(&path).await?;
        bar.set_length(operation["total"].as_u64().unwrap_or_default());
        bar.set_position(operation["done"].as_u64().unwrap_or_default());
        let waits = operation["state"] == "paused";
        bar.set_message(if waits { "waiting for the first ones" } else { "" });
        if !matches!(operation["state"].as_str(), Some("planned" | "running" | "paused")) {
            break operation;
        }
        tokio::select! {
            () = tokio::time::sleep(ASK_EVERY) => {}
            _ = tokio::signal::ctrl_c() => {
                bar.abandon();
                eprintln!("{id} goes on. Watch it: sluice bulk get {id}; end it: sluice bulk cancel {id}");
                return Ok(());
            }
        }
    };
    bar.finish_and_clear();
    match output.json {
        true => output::line(&ended),
        false => output::line(told(&ended)),
    }
    match text(&ended["state"]).as_str() {
        "stopped" => Err(anyhow!(
            "it has stopped: {}. Once the cause is mended: sluice bulk resume {id}",
            text(&ended["reason"])
        )),
        "cancelled" => Err(anyhow!("it was cancelled")),
        _ => Ok(()),
    }
}

/// An operation in a line.
pub(super) fn told(operation: &Value) -> String {
    let mut line = format!(
        "{} {} {}: {} of {} events done",
        text(&operation["id"]),
        text(&operation["action"]),
        text(&operation["state"]),
        operation["done"],
        operation["total"],
    );
    for (field, words) in
        [("skipped", "skipped"), ("failed", "could not be done"), ("failedAgain", "failed again")]
    {
        if operation[field].as_u64().is_some_and(|count| count > 0) {
            line += &format!(", {} {words}", operation[field]);
        }
    }
    line
}
