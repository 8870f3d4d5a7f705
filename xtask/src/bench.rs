//! Measures a release build with the load generators in `bench/`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::binary::{self, Profile};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;
use crate::test;

pub(crate) fn bench(project: &Project, arguments: &[&str]) -> Result<()> {
    const KNOWN: [&str; 11] = [
        "ingest",
        "variant",
        "workflows",
        "match",
        "list",
        "purge",
        "paint",
        "faults",
        "kill",
        "flaky",
        "backup",
    ];
    if !arguments.first().is_some_and(|first| KNOWN.contains(first)) {
        bail!("say what to measure, as in `cargo xtask bench ingest`: {}", KNOWN.join(", "));
    }
    if arguments == ["match"] {
        return Progress::new(project, 1).step("Measuring", || {
            let matching = ["bench", "--package", "engine", "--bench", "matching"];
            process::run(project.cargo().args(matching))
        });
    }
    let mut progress = Progress::new(project, binary::STEPS + 2);
    let sluice = binary::build(project, Profile::Release, &mut progress)?;
    if arguments == ["paint"] {
        return progress.step("Measuring", || test::measure_paint(project, &sluice));
    }
    progress.step("Building the load generators", || {
        process::run(project.cargo().args(["build", "--release", "--package", "bench"]))
    })?;
    progress.step("Measuring", || {
        let mut bench = Command::new(project.target.join("release/bench"));
        process::run(bench.args(arguments).current_dir(&project.root).env("SLUICE_BIN", sluice))
    })
}
