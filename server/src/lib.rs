//! The server and the command line: all of `sluice` but the browser's files, which the binary brings along.
//! So both are compiled at the same time, and a change of one is none of the other.

use std::process::ExitCode;

mod assets;
mod auth;
mod cli;
mod config;
mod dashboard;
mod disk;
mod docs;
mod instance;
mod intake;
mod lane;
mod lately;
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

pub use assets::Site;

/// Does what the command line says.
pub fn run(site: Site) -> ExitCode {
    assets::bring(site);
    let cli = cli::Cli::read();
    stay_small();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&anyhow::Error::new(error).context("cannot start")),
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => cli::fail(&error),
    }
}

/// Takes memory by the page. The allocator asks the kernel for huge ones, and then each little thing that a
/// thread keeps to itself is two megabytes: nearly twice the memory when idle, and nothing the faster for it.
fn stay_small() {
    // Without it the server is larger, not wrong.
    #[cfg(target_os = "linux")]
    let _larger = nix::sys::prctl::set_thp_disable(true).is_err();
}
