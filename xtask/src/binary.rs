//! The `sluice` binary, with the dashboard it carries.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::beside::{self, Beside};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;
use crate::{site, toolchain};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Soon ready: for `serve`. The server reads the dashboard's files from `target/site`.
    Quick,
    /// Small and fast: for people who run Sluice. The dashboard's files are inside the binary.
    Release,
}

/// How many steps `build` announces.
pub(crate) const STEPS: usize = 3;

/// Builds everything and returns the binary's path: for a release `target/release/sluice` in
/// the project, wherever cargo keeps its own files.
pub(crate) fn build(
    project: &Project,
    profile: Profile,
    progress: &mut Progress,
) -> Result<PathBuf> {
    let toolchain =
        progress.step("Finding a compiler for the browser", || toolchain::ready(project))?;
    let (dashboard, server) = match profile {
        Profile::Quick => ("Building the dashboard, quickly", "Building the server, quickly"),
        Profile::Release => {
            ("Building the dashboard for release", "Building the server for release")
        }
    };
    // All of the server but its binary, which takes the dashboard in, is compiled meanwhile.
    let library = match profile {
        Profile::Quick => None,
        Profile::Release => beside::begin(compile(project, profile).arg("--lib"))?,
    };
    let stamp = progress.step(dashboard, || site::build(project, toolchain, profile))?;
    progress.step(server, || {
        library.map_or(Ok(()), Beside::end)?;
        let mut server = compile(project, profile);
        match profile {
            // It reads the files when it runs.
            Profile::Quick => {
                process::run(&mut server)?;
                Ok(project.target.join("debug/sluice"))
            }
            Profile::Release => {
                process::run(server.env("SLUICE_SITE", stamp))?;
                keep(project)
            }
        }
    })
}

fn compile(project: &Project, profile: Profile) -> Command {
    let mut cargo = project.cargo();
    cargo.args(["build", "--package", "server"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo
}

/// Puts the release where it is promised to be.
fn keep(project: &Project) -> Result<PathBuf> {
    let built = project.target.join("release/sluice");
    let promised = project.root.join("target/release/sluice");
    if built != promised {
        let folder = promised.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder)?;
        // Not over the old file: one that is running may not be written to.
        let fresh = folder.join("sluice.new");
        fs::copy(&built, &fresh)?;
        fs::rename(&fresh, &promised)?;
    }
    Ok(promised)
}

pub(crate) fn build_with_progress(project: &Project, profile: Profile) -> Result<()> {
    let mut progress = Progress::new(project, STEPS);
    let binary = build(project, profile, &mut progress)?;
    println!("{} is ready, after {}", binary.display(), progress.elapsed());
    Ok(())
}
