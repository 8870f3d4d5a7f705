//! Where the project's files are, and how its cargo is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Cargo's own target folder, which may lie outside the project.
    pub(crate) target: PathBuf,
}

impl Project {
    pub(crate) fn open() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("start this as `cargo xtask` from inside the project")?;
        let root = Path::new(&manifest)
            .parent()
            .context("xtask lies in a folder of the project")?
            .to_path_buf();
        let json = process::output(cargo().current_dir(&root).args([
            "metadata",
            "--no-deps",
            "--format-version=1",
        ]))?;
        let metadata: serde_json::Value = serde_json::from_str(&json)?;
        let target = metadata["target_directory"].as_str().context("cargo names its target")?;
        Ok(Self { target: target.into(), root })
    }

    /// What the server serves and a release embeds: always in the project, wherever cargo builds.
    pub(crate) fn site(&self) -> PathBuf {
        self.root.join("target/site")
    }

    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(&self.root);
        cargo
    }
}

/// The cargo that started xtask.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_package(&mut command);
    command
}

/// `cargo run` tells xtask about its own package. Some build scripts watch these variables:
/// passed on, they would make every build from here differ from one started by hand.
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}
