//! The dashboard's program for the browser.
//!
//! wasm-bindgen is used as a library: its version is then the one in Cargo.lock, which is the one
//! that `frontend` was compiled against. (Both link `wasm_bindgen`, so cargo allows no other.)

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::binary::Profile;
use crate::project::Project;
use crate::site::Files;
use crate::toolchain::{TARGET, Toolchain};
use crate::{process, site};

mod cut;
mod join;
mod numbering;
mod parts;
mod split;

/// Older ones mistake the table of external references for the table of functions.
const OLDEST_WASM_OPT: u32 = 116;

/// The name of what is produced; the server's pages ask for it.
pub(crate) const OUTPUT: &str = "sluice";

/// Compiles `frontend` and returns `pkg/sluice.js`, `pkg/sluice_bg.wasm` and what they import.
pub(crate) fn build(project: &Project, toolchain: Toolchain, profile: Profile) -> Result<Files> {
    let profile_name = match profile {
        Profile::Quick => "wasm-dev",
        Profile::Release => "wasm-release",
    };
    let mut cargo = toolchain.cargo(project);
    cargo.args(["rustc", "--package", "frontend", "--target", TARGET, "--profile", profile_name]);
    // What refers to what: by that the program is taken apart.
    cargo.args(["--", "-Clink-arg=--emit-relocs"]);
    process::run(&mut cargo)?;

    let web = project.target.join("web");
    let compiled = web.join(TARGET).join(profile_name).join("frontend.wasm");
    let linked = cut::piecemeal_hydration(&fs::read(&compiled)?)?;
    let out = web.join("bindgen");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let split = split::split(&linked, &web.join("split"))?;
    Bindgen::new()
        .input_bytes(OUTPUT, split.main)
        .web(true)?
        .typescript(false)
        // The other modules are linked with this one when they are fetched.
        .keep_lld_exports(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&out)
        .context("wasm-bindgen could not read what was compiled")?;
    if profile == Profile::Release {
        shrink(&out.join(format!("{OUTPUT}_bg.wasm")))?;
    }
    let mut files = site::read_folder(&out, "pkg")?;
    files.extend(split.files.into_iter().map(|(name, content)| (format!("pkg/{name}"), content)));
    Ok(files)
}

/// Binaryen takes a fifth off; without it the dashboard is only larger.
fn shrink(wasm: &Path) -> Result<()> {
    match wasm_opt_version() {
        None => {
            eprintln!(
                "      wasm-opt is not installed (package binaryen): the dashboard stays larger"
            );
            return Ok(());
        }
        Some(version) if version < OLDEST_WASM_OPT => {
            eprintln!(
                "      wasm-opt {version} is too old to be used ({OLDEST_WASM_OPT} or newer): the dashboard stays larger"
            );
            return Ok(());
        }
        Some(_) => {}
    }
    eprintln!("      making it smaller with wasm-opt");
    let smaller = wasm.with_extension("opt");
    let mut command = Command::new("wasm-opt");
    command.args(["-Oz", "-o"]).arg(&smaller).arg(wasm);
    process::run(&mut command)?;
    fs::rename(smaller, wasm)?;
    Ok(())
}

/// The number in `wasm-opt version 108`.
fn wasm_opt_version() -> Option<u32> {
    process::find("wasm-opt")?;
    let said = process::output(Command::new("wasm-opt").arg("--version")).ok()?;
    said.split_whitespace().find_map(|word| word.parse().ok())
}
