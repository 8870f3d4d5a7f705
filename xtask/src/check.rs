//! What a change has to pass besides the tests.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::progress::Progress;
use crate::project::Project;
use crate::toolchain::{self, TARGET};
use crate::{process, wasm};

/// What a first visit may download of the dashboard's program, compressed: what every page needs,
/// and the largest of them. Raise it on purpose.
const LARGEST_DASHBOARD: u64 = 450_000;

/// What every page may take of style, compressed as it is sent. Raise it on purpose.
const LARGEST_STYLE: u64 = 20_000;

pub(crate) fn check(project: &Project) -> Result<()> {
    let mut progress = Progress::new(project, 4);
    progress.step("Checking the format", || {
        process::run(project.cargo().args(["fmt", "--all", "--check"]))
    })?;
    progress.step("Checking that the browser gets nothing of the server", || {
        browser_is_free_of_server(project)
    })?;
    progress.step("Linting the server", || {
        let mut clippy = project.cargo();
        clippy.args(["clippy", "--all-targets", "--", "--deny", "warnings"]);
        process::run(&mut clippy)
    })?;
    progress.step("Linting the dashboard for the browser", || {
        let mut clippy = toolchain::with_clippy(project)?.cargo(project);
        clippy.args(["clippy", "--package", "frontend", "--target", TARGET]);
        clippy.args(["--", "--deny", "warnings"]);
        process::run(&mut clippy)
    })?;
    println!("All checks hold, after {}", progress.elapsed());
    Ok(())
}

/// Leptos compiled with `ssr` into the browser's program makes every event handler panic,
/// and nothing but the feature tree shows it before a person clicks.
pub(crate) fn browser_is_free_of_server(project: &Project) -> Result<()> {
    let mut tree = project.cargo();
    tree.args(["tree", "--package", "frontend", "--target", TARGET]);
    tree.args(["--edges", "features", "--invert", "tachys"]);
    let tree = process::output(&mut tree)?;
    if let Some(line) = tree.lines().find(|line| line.contains("\"ssr\"")) {
        bail!("`frontend` turns on a server feature, see `{}` in its feature tree", line.trim());
    }
    Ok(())
}

/// To be asked after a release build of the site: the main module and the largest page, and the style sheet.
pub(crate) fn dashboard_is_small(project: &Project) -> Result<()> {
    let folder = project.site().join("pkg");
    let size_of = |file: &str| {
        let file = folder.join(format!("{file}.br"));
        Ok(std::fs::metadata(&file).with_context(|| format!("{}", file.display()))?.len())
    };
    let parts: BTreeMap<String, Vec<String>> =
        serde_json::from_slice(&std::fs::read(folder.join("parts.json"))?)?;
    let mut largest = (0, "no page");
    for (page, parts) in &parts {
        let sizes: Result<Vec<u64>> = parts.iter().map(|part| size_of(part)).collect();
        largest = largest.max((sizes?.iter().sum(), page));
    }
    let (page_size, page) = largest;
    let size = size_of(&format!("{}_bg.wasm", wasm::OUTPUT))? + page_size;
    if size > LARGEST_DASHBOARD {
        bail!(
            "the dashboard takes {size} bytes compressed with its page `{page}`, more than {LARGEST_DASHBOARD}"
        );
    }
    let style = size_of(&format!("{}.css", wasm::OUTPUT))?;
    if style > LARGEST_STYLE {
        bail!("the style sheet takes {style} bytes compressed, more than {LARGEST_STYLE}");
    }
    Ok(())
}
