//! From a fresh clone to a running Sluice that one pasted line sends an event to.
//!
//! The server takes this process's place at the end, so that a signal meant for the command
//! reaches the server and nothing is left behind.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::binary::{self, Profile};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;

const DEFAULT_ADDRESS: &str = "127.0.0.1:3000";
const KEY_NAME: &str = "quickstart";
const DATABASE: [(&str, &str); 2] = [
    ("--database-url", "SLUICE_DATABASE_URL"),
    ("--database-url-file", "SLUICE_DATABASE_URL_FILE"),
];
const ALLOW_TARGETS: &str = "SLUICE_ALLOW_TARGETS";

pub(crate) fn serve(project: &Project, arguments: &[&str]) -> Result<()> {
    let mut rest: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let mut asked = |flag, variable| take(&mut rest, flag).or_else(|| std::env::var(variable).ok());
    let address = free_address(asked("--listen", "SLUICE_LISTEN").as_deref())?;
    let data = match asked("--data-dir", "SLUICE_DATA_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => project.root.join("sluice-data"),
    };
    let database = DATABASE.map(|(flag, variable)| (variable, asked(flag, variable)));

    let mut progress = Progress::new(project, binary::STEPS + 1);
    let binary = binary::build(project, Profile::Quick, &mut progress)?;
    let sluice = Sluice { binary, data, database };
    let key = progress.step("Preparing the database and an API key", || sluice.quickstart_key())?;
    println!("\nReady after {}. Press Ctrl-C to stop.\n", progress.elapsed());
    print_first_event(address, &key);

    let mut server = sluice.command("serve");
    server.args(rest).env("SLUICE_LISTEN", address.to_string());
    if std::env::var_os(ALLOW_TARGETS).is_none() {
        // The example's receiver is at home.
        server.env(ALLOW_TARGETS, "127.0.0.0/8");
    }
    Err(server.exec()).context("could not start the server")
}

/// Takes a flag and its value out of the arguments: the commands before `serve` need it too.
fn take(arguments: &mut Vec<String>, flag: &str) -> Option<String> {
    let inline = format!("{flag}=");
    let at = arguments.iter().position(|word| word == flag || word.starts_with(&inline))?;
    let word = arguments.remove(at);
    match word.strip_prefix(&inline) {
        Some(value) => Some(value.to_owned()),
        None if at < arguments.len() => Some(arguments.remove(at)),
        None => None,
    }
}

/// The address to listen on, with a port found for port 0. Refuses at once what would fail only
/// after minutes of building.
fn free_address(asked: Option<&str>) -> Result<SocketAddr> {
    let address = asked.unwrap_or(DEFAULT_ADDRESS);
    match TcpListener::bind(address) {
        Ok(listener) => Ok(listener.local_addr()?),
        Err(error) => bail!(
            "cannot listen on {address}: {error}\n\
             Stop what is using it, or choose another: `SLUICE_LISTEN=127.0.0.1:3001 cargo xtask serve`"
        ),
    }
}

struct Sluice {
    binary: PathBuf,
    data: PathBuf,
    /// In place of SQLite in the data folder.
    database: [(&'static str, Option<String>); 2],
}

impl Sluice {
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(name).env("SLUICE_DATA_DIR", &self.data);
        for (variable, said) in &self.database {
            said.as_ref().inspect(|said| _ = command.env(variable, said));
        }
        command
    }

    /// The key made at the first start and kept beside the database, for as long as it is valid.
    fn quickstart_key(&self) -> Result<String> {
        process::run(self.command("migrate").stdout(std::process::Stdio::null()))?;
        let file = self.data.join("quickstart-key.json");
        if let Some(key) = self.kept_key(&file)? {
            return Ok(key);
        }
        let mut create = self.command("keys");
        create.args(["create", "--name", KEY_NAME, "--json"]);
        for permission in ["ingest", "read", "manage"] {
            create.args(["--permission", permission]);
        }
        let created = process::output(&mut create)?;
        let key = read_key(&created)?;
        fs::remove_file(&file).ok();
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(&file)?.write_all(created.as_bytes())?;
        Ok(key)
    }

    fn kept_key(&self, file: &Path) -> Result<Option<String>> {
        let Ok(kept) = fs::read_to_string(file) else { return Ok(None) };
        let id = serde_json::from_str::<Value>(&kept)?["id"].clone();
        let listed = process::output(self.command("keys").args(["list", "--json"]))?;
        if is_usable(&serde_json::from_str(&listed)?, &id) {
            read_key(&kept).map(Some)
        } else {
            Ok(None)
        }
    }
}

fn read_key(created: &str) -> Result<String> {
    let created: Value = serde_json::from_str(created)?;
    Ok(created["key"].as_str().context("`keys create --json` prints the key")?.to_owned())
}

/// Whether the list, bare or under `items`, has this key and does not call it revoked.
fn is_usable(listed: &Value, id: &Value) -> bool {
    let keys = listed.as_array().or_else(|| listed["items"].as_array());
    keys.into_iter().flatten().any(|key| key["id"] == *id && key["revokedAt"].is_null())
}

fn print_first_event(mut address: SocketAddr, key: &str) {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    let body = r#"{"eventType":"order.created","source":"shop","payload":{"id":1,"total":120}}"#;
    println!("API key     {key}");
    println!("First event, to paste into another terminal once the server below is up:\n");
    println!(
        "curl -X POST http://{address}/api/webhooks/ingest -H 'x-api-key: {key}' \
         -H 'content-type: application/json' -d '{body}'\n"
    );
    println!("For everything else there, such as the examples and `sluice`:\n");
    println!("export SLUICE_URL=http://{address} SLUICE_API_KEY={key}\n");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_is_taken_in_both_spellings() {
        let take_listen = |arguments: &[&str]| {
            let mut rest: Vec<_> = arguments.iter().map(|word| (*word).to_owned()).collect();
            (take(&mut rest, "--listen"), rest.join(" "))
        };
        let taken = |rest: &str| (Some("[::1]:80".to_owned()), rest.to_owned());
        assert_eq!(take_listen(&["--log", "info", "--listen", "[::1]:80"]), taken("--log info"));
        assert_eq!(take_listen(&["--listen=[::1]:80", "--log=info"]), taken("--log=info"));
        assert_eq!(take_listen(&["--log=info"]), (None, "--log=info".to_owned()));
    }

    #[test]
    fn a_revoked_or_unknown_key_is_not_kept() {
        let list = json!([{ "id": "a", "revokedAt": null }, { "id": "b", "revokedAt": "2026" }]);
        assert!(is_usable(&list, &json!("a")));
        assert!(is_usable(&json!({ "items": list }), &json!("a")));
        assert!(!is_usable(&list, &json!("b")));
        assert!(!is_usable(&list, &json!("c")));
    }
}
