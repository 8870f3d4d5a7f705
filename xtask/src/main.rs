//! The project's commands, started as `cargo xtask <command>`.
//!
//! Everything that a shell script or a wiki page would otherwise explain lives here, so that
//! a fresh clone needs Rust, Node and nothing that a person has to install by hand.

#![expect(clippy::print_stdout, reason = "talking to the person at the terminal is its purpose")]

mod bench;
mod beside;
mod binary;
mod check;
mod css;
mod debian;
mod postgres;
mod process;
mod progress;
mod project;
mod serve;
mod site;
mod test;
mod toolchain;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::binary::Profile;
use crate::project::Project;

const USAGE: &str = "\
Usage: cargo xtask <command>

  serve [-- ARGS…]          build everything and start Sluice on 127.0.0.1:3000;
                            ARGS go to `sluice serve`
  test [--quick] [--unit | --e2e] [-- FILTER…]
                            install what the tests need and run them all, or a part;
                            with --quick against the quick build that `serve` uses
  build [--release]         build target/release/sluice, one self-contained binary;
                            without --release the quick build that `serve` uses
  check                     rustfmt, clippy for the server and for the browser, feature rules
  bench ingest|variant|workflows|match|list|purge|paint|faults|kill|flaky|backup [ARGS…]
                            measure a release build, or maltreat it; `--help` says with what
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", "--", rest @ ..] | ["serve", rest @ ..] => serve::serve(&Project::open()?, rest),
        ["test", rest @ ..] => test::test(&Project::open()?, &test::Selection::parse(rest)?),
        ["build"] => binary::build_with_progress(&Project::open()?, Profile::Quick),
        ["build", "--release"] => binary::build_with_progress(&Project::open()?, Profile::Release),
        ["check"] => check::check(&Project::open()?),
        ["bench", rest @ ..] => bench::bench(&Project::open()?, rest),
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{USAGE}");
            Ok(())
        }
        [other, ..] => bail!("`{other}` is not a command here\n\n{USAGE}"),
    }
}
