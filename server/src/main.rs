//! The `sluice` binary: one executable, one subcommand for each job.

use std::process::ExitCode;

use clap::Parser;

mod assets;
mod auth;
mod cli;
mod config;
mod dashboard;
mod disk;
mod docs;
mod instance;
mod intake;
mod listen;
mod metrics;
mod openapi;
mod problem;
mod proxies;
mod rate_limit;
mod request_id;
mod router;
mod routes;
mod telemetry;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&anyhow::Error::new(error).context("cannot start")),
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&error),
    }
}
