//! What the tests need besides Rust and Node.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::postgres::Postgres;
use crate::project::Project;
use crate::test::schemathesis;
use crate::{debian, process};

pub(crate) struct Tools {
    pub(crate) chromium: PathBuf,
    /// The folder with Postgres' programs.
    pub(crate) postgres: PathBuf,
}

/// Finds them, or installs Debian's packages.
pub(crate) fn install() -> Result<Tools> {
    if process::find("npx").is_none() {
        bail!("the tests need Node 20 or newer with npm: https://nodejs.org");
    }
    let mut missing = Vec::new();
    if chromium().is_none() {
        missing.push("chromium");
    }
    if Postgres::programs().is_none() {
        missing.push("postgresql");
    }
    if process::find("wasm-opt").is_none() {
        missing.push("binaryen");
    }
    if !schemathesis::can_be_installed() {
        missing.push("python3-venv");
    }
    if !missing.is_empty() {
        if !debian::is_here() {
            bail!("the tests need {}: install them and start again", missing.join(", "));
        }
        debian::install(&missing)?;
    }
    Ok(Tools {
        chromium: chromium().context("no Chromium: set CHROMIUM to its program")?,
        postgres: Postgres::programs().context("no Postgres: put `initdb` into PATH")?,
    })
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from).filter(|file| file.is_file());
    let known = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    named.or_else(|| known.into_iter().find_map(process::find))
}

/// Installs `end2end`'s packages when the lock file is newer than what is there.
pub(crate) fn npm(project: &Project) -> Result<()> {
    let folder = project.root.join("end2end");
    let modified = |file: &str| std::fs::metadata(folder.join(file)).and_then(|it| it.modified());
    let locked = modified("package-lock.json")?;
    if modified("node_modules/.package-lock.json").is_ok_and(|installed| installed >= locked) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund"]);
    process::run(npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}
