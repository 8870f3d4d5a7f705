//! A program that works beside what is done meanwhile. What it says is kept back until somebody waits for it,
//! so that the lines of two programs never mix.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::process::shown;

/// So much memory has to be free for compilers to work side by side: each of the large ones takes up to 5 GiB.
const ROOM_KIB: u64 = 14 * 1024 * 1024;

pub(crate) struct Beside {
    line: String,
    child: Child,
    said: Receiver<String>,
}

/// Begins it where there is room for two compilers; `None` leaves the work to whoever needs it.
pub(crate) fn begin(command: &mut Command) -> Result<Option<Beside>> {
    if free_kib().is_none_or(|free| free < ROOM_KIB) {
        return Ok(None);
    }
    let line = shown(command);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("could not start {line}"))?;
    let said = child.stderr.take().context("it was asked for")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for said in BufReader::new(said).lines().map_while(Result::ok) {
            // Nobody listens any more where something else has failed.
            let _nobody = sender.send(said);
        }
    });
    Ok(Some(Beside { line, child, said: receiver }))
}

impl Beside {
    /// Waits for the end, and shows what it says and has said.
    pub(crate) fn end(mut self) -> Result<()> {
        self.said.iter().for_each(|said| eprintln!("{said}"));
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{} failed ({status})", self.line);
        }
        Ok(())
    }
}

impl Drop for Beside {
    /// Where something else has failed nobody waits for it.
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// As Linux tells it.
fn free_kib() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
