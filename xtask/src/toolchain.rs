//! Finds, or sets up, a compiler that can build for the browser.
//!
//! Most people have rustup, which brings the wasm target in one command. Where rustup cannot
//! reach its server, Debian's `rustc-web` is complete but for a compiled standard library; that
//! is built once from Debian's own sources and put where `rustc` looks for it. Both ways are
//! proven by compiling something, never by looking at version numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::{self, Project};
use crate::{debian, process};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_PACKAGES: [&str; 5] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
const DEBIAN_LIBRARIES: &str = "/usr/lib/rustlib/wasm32-unknown-unknown/lib";

#[derive(Clone, Copy)]
pub(crate) enum Toolchain {
    /// The one that xtask itself was built with.
    Active,
    /// Debian's packages, in /usr/bin.
    Debian,
}

impl Toolchain {
    /// Cargo for browser builds. It has a target folder of its own: two toolchains sharing one
    /// would rebuild each other's work.
    pub(crate) fn cargo(self, project: &Project) -> Command {
        let mut cargo = match self {
            Self::Active => project.cargo(),
            Self::Debian => debian_tool("cargo"),
        };
        cargo.current_dir(&project.root).env("CARGO_TARGET_DIR", project.target.join("web"));
        cargo
    }

    fn rustc(self) -> Command {
        match self {
            Self::Active => Command::new("rustc"),
            Self::Debian => debian_tool("rustc"),
        }
    }

    /// Whether it builds a program for the browser, in the most demanding way we do: a release
    /// is optimised as a whole, for which the standard library must contain bitcode.
    fn works(self, project: &Project) -> bool {
        let folder = project.target.join("web-probe");
        if fs::create_dir_all(&folder).is_err() {
            return false;
        }
        let mut rustc = self.rustc();
        rustc.args(["--target", TARGET, "--crate-type=cdylib", "--crate-name=probe", "-"]);
        rustc.args(["-Clto=fat", "-Cpanic=abort"]);
        // A folder for the result: as root, `-o /dev/null` would replace the device by a file.
        process::succeeds(rustc.arg("--out-dir").arg(folder))
    }
}

/// Returns a toolchain that works, installing what is missing.
pub(crate) fn ready(project: &Project) -> Result<Toolchain> {
    for toolchain in [Toolchain::Active, Toolchain::Debian] {
        if toolchain.works(project) {
            return prepared(toolchain, project);
        }
    }
    if process::find("rustup").is_some() {
        eprintln!("      rustup target add {TARGET}");
        if process::succeeds(Command::new("rustup").args(["target", "add", TARGET]))
            && Toolchain::Active.works(project)
        {
            return Ok(Toolchain::Active);
        }
        eprintln!("      rustup could not, trying another way");
    }
    if debian::is_here() {
        set_up_debian(project)?;
        return prepared(Toolchain::Debian, project);
    }
    bail!(
        "no compiler here can build for the browser.\n\
         Install the target with `rustup target add {TARGET}` and start this command again."
    )
}

/// Like [`ready`], and able to lint.
pub(crate) fn with_clippy(project: &Project) -> Result<Toolchain> {
    let toolchain = ready(project)?;
    if matches!(toolchain, Toolchain::Debian) && !Path::new("/usr/bin/cargo-clippy").exists() {
        debian::install(&["rust-web-clippy"])?;
    }
    Ok(toolchain)
}

fn set_up_debian(project: &Project) -> Result<()> {
    let tools = ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/bin/rust-lld"];
    let sources = Path::new("/usr/lib/rustlib/src/rust/library/std");
    if !sources.exists() || tools.iter().any(|tool| !Path::new(tool).exists()) {
        debian::install(&DEBIAN_PACKAGES)?;
    }
    let built = build_standard_library(project)?;
    install_libraries(&built)?;
    if !Toolchain::Debian.works(project) {
        bail!("Debian's rustc does not accept the standard library just built for it");
    }
    Ok(())
}

/// An empty crate is enough to make cargo compile `std`; returns the folder with the results.
fn build_standard_library(project: &Project) -> Result<PathBuf> {
    eprintln!("      compiling Rust's standard library for the browser (once, about a minute)");
    let folder = project.target.join("web-std");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    let target = folder.join("target");
    process::run(
        debian_tool("cargo")
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .args(["build", "--release", "--target", TARGET, "-Z", "build-std=std,panic_abort"]),
    )?;
    Ok(target.join(TARGET).join("release/deps"))
}

/// Replaces whatever an older compiler left there: libraries of two compilers do not mix.
fn install_libraries(built: &Path) -> Result<()> {
    process::run(debian::as_root("mkdir")?.args(["-p", DEBIAN_LIBRARIES]))?;
    let old = libraries(Path::new(DEBIAN_LIBRARIES))?;
    if !old.is_empty() {
        process::run(debian::as_root("rm")?.arg("-f").args(old))?;
    }
    process::run(debian::as_root("cp")?.args(libraries(built)?).arg(DEBIAN_LIBRARIES))
}

fn libraries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Cargo takes the standard library for a part of the compiler and does not notice that it was
/// built anew. What was compiled against another one is useless then, so it goes.
fn prepared(toolchain: Toolchain, project: &Project) -> Result<Toolchain> {
    if matches!(toolchain, Toolchain::Active) {
        return Ok(toolchain);
    }
    let is_std = |path: &PathBuf| path.to_string_lossy().contains("/libstd-");
    let installed = libraries(Path::new(DEBIAN_LIBRARIES))?.into_iter().find(is_std);
    let installed = fs::read(installed.context("the standard library has a libstd")?)?;
    let web = project.target.join("web");
    let used = web.join("libstd-used.rlib");
    if !fs::read(&used).is_ok_and(|used| used == installed) {
        if web.exists() {
            fs::remove_dir_all(&web)?;
        }
        fs::create_dir_all(&web)?;
        fs::write(&used, installed)?;
    }
    Ok(toolchain)
}

/// A program of Debian's toolchain. rustup's cargo tells its children to use rustup's compiler;
/// none of that may reach Debian's.
fn debian_tool(name: &str) -> Command {
    let mut command = Command::new(Path::new("/usr/bin").join(name));
    project::forget_package(&mut command);
    for variable in [
        "CARGO",
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOC",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "RUSTUP_TOOLCHAIN_SOURCE",
    ] {
        command.env_remove(variable);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("/usr/bin:{path}"));
    command
}
