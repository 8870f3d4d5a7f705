//! Schemathesis, which tries the API's description on a running server, in an environment of its own
//! under `target`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::project::Project;

/// What it consists of, each in one version: what it finds must not change by itself.
const REQUIREMENTS: &str = "server/tests/schemathesis.txt";

/// Installs it where that has not been done for these requirements, and returns its program.
pub(crate) fn install(project: &Project) -> Result<PathBuf> {
    let folder = project.target.join("schemathesis");
    let (wanted, installed) = (project.root.join(REQUIREMENTS), folder.join("installed.txt"));
    let program = folder.join("bin/schemathesis");
    let requirements = fs::read(&wanted)?;
    if !fs::read(&installed).is_ok_and(|there| there == requirements) {
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        process::run(pip.arg("--requirement").arg(&wanted))?;
        fs::write(&installed, requirements)?;
    }
    Ok(program)
}

/// Whether Python can make environments: Debian has that part in a package of its own.
pub(crate) fn can_be_installed() -> bool {
    process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
}
