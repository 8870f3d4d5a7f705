//! Debian packages, installed when a program is missing and never otherwise.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;

pub(crate) fn is_here() -> bool {
    Path::new("/etc/debian_version").exists() && process::find("apt-get").is_some()
}

/// Installs packages, refreshing the lists first: a fresh machine has none.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let install = ["apt-get", "install", "-y", "--no-install-recommends"];
    if !is_root() && process::find("sudo").is_none() {
        let line = [&install[..], packages].concat().join(" ");
        bail!("run this as root, then start again:\n  apt-get update && {line}");
    }
    eprintln!("      installing {} with apt-get", packages.join(", "));
    process::run(as_root("apt-get")?.args(["update", "-qq"]))?;
    let mut apt = as_root("env")?;
    apt.arg("DEBIAN_FRONTEND=noninteractive").args(install).args(packages);
    process::run(apt.args(["-qq", "-o=Dpkg::Use-Pty=0"]))
}

/// The command as root: directly, or through sudo.
pub(crate) fn as_root(program: &str) -> Result<Command> {
    if is_root() {
        return Ok(Command::new(program));
    }
    if process::find("sudo").is_none() {
        bail!("`{program}` needs root here: start this command once as root, or install sudo");
    }
    let mut command = Command::new("sudo");
    command.arg(program);
    Ok(command)
}

pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
