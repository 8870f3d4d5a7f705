//! One `sluice serve` on its own data directory, and what can be asked of it.
//!
//! Invariant: only the public surface is used (command line, environment,
//! HTTP), and the environment of the caller never leaks into the server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::http::{Answer, Request, send};
use crate::process::Process;

pub const OWNER_EMAIL: &str = "owner@example.test";
pub const OWNER_PASSWORD: &str = "correct horse battery staple";

const READY_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(5);
const PAGE: usize = 500;

/// How to start a server; `Setup::new()` is what most trials want.
#[derive(Clone, Debug)]
pub struct Setup {
    binary: PathBuf,
    settings: Vec<(String, String)>,
}

impl Setup {
    /// Loopback on a free port, no rate limit, loopback targets allowed, an owner.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), settings: Vec::new() }
            .set("SLUICE_LISTEN", "127.0.0.1:0")
            .set("SLUICE_INGEST_RATE_LIMIT", "off")
            .set("SLUICE_ALLOW_TARGETS", "127.0.0.0/8")
            .set("SLUICE_OWNER_EMAIL", OWNER_EMAIL)
            .set("SLUICE_OWNER_PASSWORD", OWNER_PASSWORD)
    }

    #[must_use]
    pub fn set(self, name: &str, value: impl Into<String>) -> Self {
        let mut setup = self.unset(name);
        setup.settings.push((name.into(), value.into()));
        setup
    }

    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// Starts on a new data directory and returns once `/readyz` answers 200.
    pub async fn start(self) -> Result<Sluice> {
        self.start_on(data_directory()?).await
    }

    /// The same on a directory that has been filled already.
    pub async fn start_on(self, data: tempfile::TempDir) -> Result<Sluice> {
        let mut sluice = Sluice { setup: self, data, process: None, ready_after: Duration::ZERO };
        sluice.start().await?;
        Ok(sluice)
    }

    /// A command of the binary with this environment and nothing else of `SLUICE_*`.
    pub fn command(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SLUICE_") {
                command.env_remove(name);
            }
        }
        command.env("SLUICE_DATA_DIR", data);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.args(arguments).kill_on_drop(true);
        command
    }
}

/// An empty data directory, gone with its handle.
pub fn data_directory() -> Result<tempfile::TempDir> {
    Ok(tempfile::Builder::new().prefix("sluice-").tempdir()?)
}

/// The binary named by `SLUICE_BIN`, or the release build below the current directory.
pub fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("SLUICE_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| PathBuf::from("target/release/sluice"));
    let found = path.canonicalize();
    found.with_context(|| format!("no {}: run `cargo xtask build --release`", path.display()))
}

#[derive(Debug)]
pub struct Sluice {
    setup: Setup,
    data: tempfile::TempDir,
    process: Option<Process>,
    ready_after: Duration,
}

impl Sluice {
    /// Starts again on the same data, after `kill` or `terminate`.
    pub async fn start(&mut self) -> Result<()> {
        let begin = Instant::now();
        let process = Process::start(self.setup.command(self.data.path(), &["serve"])).await?;
        let address = process.address;
        self.process = Some(process);
        while begin.elapsed() < READY_LIMIT {
            if send(address, &Request::get("/readyz")).await.is_ok_and(|got| got.status == 200) {
                self.ready_after = begin.elapsed();
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("not ready in {READY_LIMIT:?}: {}", self.printed())
    }

    /// From the start of the process to the first 200 of `/readyz`.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("the server is not running")
    }

    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.process()?.address)
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The SQLite file in the data directory.
    pub fn database(&self) -> Result<PathBuf> {
        let known = |path: &PathBuf| {
            path.extension().is_some_and(|e| e == "db" || e == "sqlite" || e == "sqlite3")
        };
        let mut files = std::fs::read_dir(self.data())?.flatten().map(|entry| entry.path());
        files.find(known).context("no database file in the data directory")
    }

    /// The environment and binary this server was started with.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub fn printed(&self) -> String {
        self.process.as_ref().map(Process::printed).unwrap_or_default()
    }

    pub async fn kill(&mut self) -> Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// SIGTERM; how the server ended, how long it took, and all it had printed.
    pub async fn terminate(&mut self, limit: Duration) -> Result<(ExitStatus, Duration, String)> {
        let mut process = self.process.take().context("the server is not running")?;
        let (status, took) = process.terminate(limit).await?;
        Ok((status, took, process.printed()))
    }

    /// Runs a command of the binary beside the server.
    pub async fn run(&self, arguments: &[&str], key: Option<&str>) -> Result<Output> {
        let mut command = self.setup.command(self.data.path(), arguments);
        if let Some(process) = &self.process {
            command.env("SLUICE_URL", format!("http://{}", process.address));
        }
        command.envs(key.map(|key| ("SLUICE_API_KEY", key)));
        Ok(command.output().await?)
    }

    /// As `run`; standard output, or an error when the command failed.
    pub async fn command(&self, arguments: &[&str], key: Option<&str>) -> Result<String> {
        let output = self.run(arguments, key).await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("sluice {} ended with {}: {said}", arguments.join(" "), output.status)
    }

    /// Creates a key with these permissions and returns its secret.
    pub async fn key(&self, permissions: &[&str]) -> Result<String> {
        let mut arguments = vec!["keys", "create", "--name", "trial", "--json"];
        for permission in permissions {
            arguments.extend(["--permission", permission]);
        }
        let printed: Value = serde_json::from_str(&self.command(&arguments, None).await?)?;
        Ok(printed["key"].as_str().context("keys create printed no key")?.to_owned())
    }

    /// A key that may do everything.
    pub async fn full_key(&self) -> Result<String> {
        self.key(&["ingest", "read", "manage"]).await
    }

    /// Applies a workflow definition through the command line.
    pub async fn apply(&self, definition: &str, key: &str) -> Result<()> {
        let file = self.data.path().join("workflow.yaml");
        std::fs::write(&file, definition)?;
        let file = file.to_str().context("a data directory that is not UTF-8")?;
        self.command(&["workflows", "apply", "-f", file], Some(key)).await.map(drop)
    }

    pub async fn call(&self, request: Request) -> Result<Answer> {
        send(self.address()?, &request).await
    }

    /// Sends a form as a page of this server does: with its own origin.
    pub async fn submit(&self, request: Request) -> Result<Answer> {
        let origin = format!("http://{}", self.address()?);
        self.call(request.header("origin", origin)).await
    }

    pub async fn get(&self, path: &str, key: &str) -> Result<Value> {
        let answer = self.call(Request::get(path).key(key)).await?;
        if answer.status != 200 {
            bail!("GET {path} answered {}: {}", answer.status, answer.text());
        }
        answer.json()
    }

    pub async fn ingest(&self, body: &Value, key: &str) -> Result<Answer> {
        self.call(Request::post("/api/webhooks/ingest").key(key).json(body)).await
    }

    /// Sends an event that must be accepted; its id.
    pub async fn accept(&self, body: &Value, key: &str) -> Result<String> {
        let answer = self.ingest(body, key).await?;
        if answer.status != 202 {
            bail!("ingest answered {}: {}", answer.status, answer.text());
        }
        Ok(answer.json()?["id"].as_str().context("202 without an id")?.to_owned())
    }

    /// The event once `wanted` holds for it.
    pub async fn event_when(
        &self,
        id: &str,
        key: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let path = format!("/api/v1/events/{id}");
        let begin = Instant::now();
        loop {
            let event = self.get(&path, key).await?;
            if wanted(&event) {
                return Ok(event);
            }
            if begin.elapsed() > READY_LIMIT {
                bail!("event {id} did not get there in {READY_LIMIT:?}: {event}");
            }
            tokio::time::sleep(4 * POLL).await;
        }
    }

    /// The event once it is processed or failed.
    pub async fn settled(&self, id: &str, key: &str) -> Result<Value> {
        self.event_when(id, key, is_settled).await
    }

    /// Signs the owner in; the session cookie as `name=value`.
    pub async fn sign_in(&self) -> Result<String> {
        let answer = self.submit(sign_in(OWNER_EMAIL, OWNER_PASSWORD)).await?;
        let cookie = answer.cookies().first().map(|cookie| (*cookie).to_owned());
        cookie.with_context(|| format!("sign-in answered {} without a cookie", answer.status))
    }

    /// Every event in the list, newest first, until `enough` holds for one of them.
    pub async fn list(&self, key: &str, enough: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = None::<String>;
        loop {
            let from = cursor.as_ref().map(|c| format!("&cursor={c}")).unwrap_or_default();
            let mut page = self.get(&format!("/api/v1/events?limit={PAGE}{from}"), key).await?;
            let Value::Array(found) = page["items"].take() else { bail!("a page without items") };
            let last = found.is_empty() || found.iter().any(&enough);
            items.extend(found);
            cursor = page["nextCursor"].as_str().map(str::to_owned);
            if last || cursor.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Processed or failed: no run of the event is still to come.
pub fn is_settled(event: &Value) -> bool {
    matches!(event["status"].as_str(), Some("processed" | "failed"))
}

/// The sign-in form.
pub fn sign_in(email: &str, password: &str) -> Request {
    Request::post("/login").form(&[("email", email), ("password", password), ("next", "/")])
}

/// An order, as the examples send it.
pub fn order(id: u64) -> Value {
    json!({
        "eventType": "order.created",
        "source": "shop",
        "payload": { "id": id, "total": 120, "note": "two boxes" },
    })
}
