//! Measures a release build with the load generators in `bench/`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::binary::{self, Profile};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;

pub(crate) fn bench(project: &Project, arguments: &[&str]) -> Result<()> {
    if !matches!(arguments.first(), Some(&("ingest" | "faults"))) {
        bail!("say what to measure: `cargo xtask bench ingest` or `cargo xtask bench faults`");
    }
    let mut progress = Progress::new(project, binary::STEPS + 2);
    let sluice = binary::build(project, Profile::Release, &mut progress)?;
    progress.step("Building the load generators", || {
        process::run(project.cargo().args(["build", "--release", "--package", "bench"]))
    })?;
    progress.step("Measuring", || {
        let mut bench = Command::new(project.target.join("release/bench"));
        process::run(bench.args(arguments).current_dir(&project.root).env("SLUICE_BIN", sluice))
    })
}
