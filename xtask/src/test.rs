//! All tests, with everything they need: unit and integration tests on SQLite and on a temporary
//! Postgres, with Schemathesis for the API's description, then Playwright against the release binary in
//! a real Chromium.
//!
//! A failing part does not hide the next one; the command fails at the end and says which.

mod schemathesis;
mod tools;
mod totals;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::beside::{self, Beside};
use crate::binary::{self, Profile};
use crate::postgres::Postgres;
use crate::progress::Progress;
use crate::project::Project;
use crate::test::totals::Totals;
use crate::{check, process};

/// Which tests to run.
pub(crate) struct Selection {
    unit: bool,
    end_to_end: bool,
    /// What is tested: the release, or what is sooner ready while something is being made.
    profile: Profile,
    /// Handed to the runner.
    filter: Vec<String>,
}

impl Selection {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let (parts, filter) = match arguments.iter().position(|argument| *argument == "--") {
            Some(at) => (&arguments[..at], &arguments[at + 1..]),
            None => (arguments, &[][..]),
        };
        let (profile, parts) = match parts {
            ["--quick", rest @ ..] => (Profile::Quick, rest),
            all => (Profile::Release, all),
        };
        let (unit, end_to_end) = match parts {
            [] if filter.is_empty() => (true, true),
            [] => {
                bail!("a filter needs `--unit` or `--e2e` before it: they have different runners")
            }
            ["--unit"] => (true, false),
            ["--e2e"] => (false, true),
            other => bail!("`{}` is not understood; see `cargo xtask help`", other.join(" ")),
        };
        let filter = filter.iter().map(|word| (*word).into()).collect();
        Ok(Self { unit, end_to_end, profile, filter })
    }

    fn is_all(&self) -> bool {
        self.unit && self.end_to_end && self.profile == Profile::Release
    }
}

pub(crate) fn test(project: &Project, selection: &Selection) -> Result<()> {
    let parts = usize::from(selection.unit) + usize::from(selection.end_to_end);
    let steps = 3 + binary::STEPS + usize::from(selection.is_all()) + parts;
    let mut progress = Progress::new(project, steps);

    let tools = progress.step("Installing what the tests need", tools::install)?;
    progress.step("Fetching Playwright and recorded webhooks", || tools::npm(project))?;
    let schemathesis = progress
        .step("Installing Schemathesis, which tries the API", || schemathesis::install(project))?;
    let tests = match selection.is_all() && process::find("cargo-nextest").is_some() {
        true => beside::begin(project.cargo().args(["nextest", "run", "--no-run"]))?,
        false => None,
    };
    let sluice = binary::build(project, selection.profile, &mut progress)?;
    if selection.is_all() {
        progress.step(
            "Checking what the browser gets: nothing of the server, and little",
            || {
                check::browser_is_free_of_server(project)?;
                check::dashboard_is_small(project)
            },
        )?;
    }

    let mut totals = Totals::default();
    let mut failed = Vec::new();
    if selection.unit {
        let title = "Unit and integration tests";
        let done = progress.step(title, || {
            tests.map_or(Ok(()), Beside::end)?;
            let postgres = Postgres::start(tools.postgres)?;
            let programs = Programs { sluice: &sluice, schemathesis: &schemathesis };
            unit(project, selection, &programs, &postgres, &mut totals)
        });
        note(done, title, &mut failed);
    }
    if selection.end_to_end {
        let title = "End to end tests in Chromium";
        let done = progress
            .step(title, || end_to_end(project, selection, &sluice, &tools.chromium, &mut totals));
        note(done, title, &mut failed);
    }

    println!("\n{totals}, after {}", progress.elapsed());
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Shows a failure where it happened and remembers it for the end.
fn note(done: Result<()>, title: &'static str, failed: &mut Vec<&'static str>) {
    if let Err(error) = done {
        eprintln!("      {error:#}");
        failed.push(title);
    }
}

/// What the tests start.
struct Programs<'p> {
    sluice: &'p Path,
    schemathesis: &'p Path,
}

fn unit(
    project: &Project,
    selection: &Selection,
    programs: &Programs<'_>,
    postgres: &Postgres,
    totals: &mut Totals,
) -> Result<()> {
    let examples = project.root.join("end2end/node_modules/@octokit/webhooks-examples");
    let prepare = |mut cargo: Command| {
        forget_settings(&mut cargo);
        cargo.env("SLUICE_BIN", programs.sluice).env("SLUICE_EXAMPLES", &examples);
        cargo.env("SLUICE_SCHEMATHESIS", programs.schemathesis);
        cargo.env("SLUICE_TEST_POSTGRES", postgres.url());
        cargo
    };
    if process::find("cargo-nextest").is_none() {
        let mut cargo = prepare(project.cargo());
        cargo.args(["test", "--no-fail-fast"]).args(&selection.filter);
        totals.uncounted("unit and integration tests: see cargo's own lines");
        return process::run(&mut cargo);
    }

    // nextest keeps it beside the workspace, wherever cargo builds to.
    let report = project.root.join("target/nextest/default/junit.xml");
    std::fs::remove_file(&report).ok();
    let mut nextest = prepare(project.cargo());
    nextest.args(["nextest", "run", "--no-tests=warn"]).args(&selection.filter);
    if let Ok(cores) = std::thread::available_parallelism() {
        // Many tests wait for a timer, a disk or a receiver, and another one can go on meanwhile.
        nextest.env("NEXTEST_TEST_THREADS", (cores.get() * 3).div_ceil(2).to_string());
    }
    let done = process::run(&mut nextest);
    totals.add_junit(&report);
    done?;
    if selection.filter.is_empty() {
        // nextest does not run the examples in documentation.
        process::run(prepare(project.cargo()).args(["test", "--quiet", "--doc"]))?;
    }
    Ok(())
}

fn end_to_end(
    project: &Project,
    selection: &Selection,
    sluice: &Path,
    chromium: &Path,
    totals: &mut Totals,
) -> Result<()> {
    let report = project.target.join("playwright.json");
    std::fs::remove_file(&report).ok();
    let mut playwright = playwright(project, sluice, chromium);
    playwright
        .arg("--reporter=list,json")
        .args(&selection.filter)
        .env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report);
    if selection.profile == Profile::Quick {
        // Sizes say nothing then.
        playwright.env("SLUICE_QUICK", "1");
    }
    let done = process::run(&mut playwright);
    totals.add_playwright(&report);
    done
}

fn playwright(project: &Project, sluice: &Path, chromium: &Path) -> Command {
    let mut playwright = Command::new("npx");
    forget_settings(&mut playwright);
    playwright
        .current_dir(project.root.join("end2end"))
        .args(["playwright", "test"])
        .env("SLUICE_BIN", sluice)
        .env("CHROMIUM", chromium);
    playwright
}

/// Measures in a browser how soon what was stored is painted.
pub(crate) fn measure_paint(project: &Project, sluice: &Path) -> Result<()> {
    let tools = tools::install()?;
    tools::npm(project)?;
    let mut playwright = playwright(project, sluice, &tools.chromium);
    process::run(playwright.args(["--config=bench.config.ts", "--reporter=line"]))
}

/// A person's own settings for Sluice must not decide what the tests see.
fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLUICE_") {
            command.env_remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_belongs_to_one_runner() {
        let parts = |arguments: &[&str]| {
            Selection::parse(arguments).map(|all| (all.unit, all.end_to_end, all.filter.len())).ok()
        };
        assert_eq!(parts(&[]), Some((true, true, 0)));
        assert_eq!(parts(&["--unit", "--", "pattern"]), Some((true, false, 1)));
        assert_eq!(parts(&["--e2e"]), Some((false, true, 0)));
        assert_eq!(parts(&["--quick", "--e2e", "--", "keys"]), Some((false, true, 1)));
        assert_eq!(parts(&["--", "pattern"]), None);
        assert_eq!(parts(&["--fast"]), None);
    }
}
