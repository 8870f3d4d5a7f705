//! From a fresh clone to a running Sluice that one pasted line sends an event to.
//!
//! The server takes this process's place at the end, so that a signal meant for the command
//! reaches the server and nothing is left behind.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
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

pub(crate) fn serve(project: &Project, arguments: &[&str]) -> Result<()> {
    let address = free_address(&asked_for(arguments, "--listen", "SLUICE_LISTEN"))?;
    let data = match asked_for(arguments, "--data-dir", "SLUICE_DATA_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => project.root.join("sluice-data"),
    };

    let mut progress = Progress::new(project, binary::STEPS + 1);
    let sluice = Sluice { binary: binary::build(project, Profile::Quick, &mut progress)?, data };
    let key = progress.step("Preparing the database and an API key", || sluice.quickstart_key())?;
    println!("\nReady after {}. Press Ctrl-C to stop.\n", progress.elapsed());
    print_first_event(&address, &key);

    let mut server = sluice.command("serve");
    server.args(arguments).env("SLUICE_LISTEN", &address);
    Err(server.exec()).context("could not start the server")
}

/// What a flag or the environment says, the flag first, as `sluice serve` itself has it.
fn asked_for(arguments: &[&str], flag: &str, variable: &str) -> Option<String> {
    let inline = format!("{flag}=");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if *argument == flag {
            return rest.next().map(|value| (*value).to_owned());
        }
        if let Some(value) = argument.strip_prefix(&inline) {
            return Some(value.to_owned());
        }
    }
    std::env::var(variable).ok()
}

/// Refuses before minutes of building what would fail after them.
fn free_address(asked: &Option<String>) -> Result<String> {
    let address = asked.as_deref().unwrap_or(DEFAULT_ADDRESS);
    match TcpListener::bind(address) {
        Ok(_) => Ok(address.to_owned()),
        Err(error) => bail!(
            "cannot listen on {address}: {error}\n\
             Stop what is using it, or choose another: `SLUICE_LISTEN=127.0.0.1:3001 cargo xtask serve`"
        ),
    }
}

struct Sluice {
    binary: PathBuf,
    data: PathBuf,
}

impl Sluice {
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg(name).env("SLUICE_DATA_DIR", &self.data);
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

fn print_first_event(address: &str, key: &str) {
    let host = match address.parse::<SocketAddr>() {
        Ok(socket) if socket.ip().is_unspecified() => format!("127.0.0.1:{}", socket.port()),
        _ => address.to_owned(),
    };
    let body = r#"{"eventType":"order.created","source":"shop","payload":{"id":1,"total":120}}"#;
    println!("API key     {key}");
    println!("First event, to paste into another terminal once the server below is up:\n");
    println!(
        "curl -X POST http://{host}/api/webhooks/ingest -H 'x-api-key: {key}' \
         -H 'content-type: application/json' -d '{body}'\n"
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_wins_in_both_spellings() {
        let asked = |arguments: &[&str]| asked_for(arguments, "--listen", "SLUICE_NOT_SET");
        assert_eq!(asked(&["--listen", "[::1]:80"]).as_deref(), Some("[::1]:80"));
        assert_eq!(asked(&["--listen=[::1]:80"]).as_deref(), Some("[::1]:80"));
        assert_eq!(asked(&["--data-dir", "x"]), None);
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
