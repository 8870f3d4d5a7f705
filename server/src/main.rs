//! The `sluice` binary: one executable, one subcommand for each job.

use std::process::ExitCode;

use rust_embed::RustEmbed;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The browser's files, compressed when they were built.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Embedded;

/// Named by who builds both, so that other files make another binary.
const _: Option<&str> = option_env!("SLUICE_SITE");

fn main() -> ExitCode {
    sluice::run(sluice::Site { names: || Embedded::iter().collect(), file: Embedded::get })
}
