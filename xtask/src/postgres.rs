//! A Postgres that lives as long as the tests: empty, on a free port, reachable from here alone.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{debian, process};

const READY_WITHIN: Duration = Duration::from_secs(30);

pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Postgres {
    /// Where Debian, or PATH, has Postgres' programs, the newest version first.
    pub(crate) fn programs() -> Option<PathBuf> {
        let version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
        let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|folder| folder.join("bin/initdb").exists())
            .collect();
        versions.sort_by_key(|folder| version(folder));
        match versions.pop() {
            Some(newest) => Some(newest.join("bin")),
            None => Some(process::find("initdb")?.parent()?.to_path_buf()),
        }
    }

    pub(crate) fn start(programs: PathBuf) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("sluice-postgres-{}", std::process::id()));
        let data = folder.join("data");
        fs::create_dir_all(&folder)?;
        if debian::is_root() {
            process::run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let log = File::create(folder.join("log"))?;
        let mut initdb = unprivileged(programs.join("initdb"));
        initdb.current_dir(&folder).arg("--pgdata").arg(&data).stdout(log.try_clone()?);
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
        process::run(initdb.arg("--no-sync"))?;

        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = unprivileged(programs.join("postgres"));
        server.current_dir(&folder).arg("-D").arg(&data).arg("-k").arg(&folder);
        server.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "max_connections=300"]);
        server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let server = server.spawn().context("could not start Postgres")?;
        let mut postgres = Self { programs, folder, port, server };
        postgres.wait_until_ready()?;
        Ok(postgres)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if process::succeeds(&mut ready) {
                return Ok(());
            }
            if self.server.try_wait()?.is_some() || began.elapsed() > READY_WITHIN {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("Postgres did not come up:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = unprivileged(self.programs.join("pg_ctl"));
        stop.current_dir(&self.folder).args(["stop", "-s", "-m", "immediate", "-D"]);
        if !process::succeeds(stop.arg(self.folder.join("data"))) {
            self.server.kill().ok();
        }
        self.server.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Postgres refuses to run as root, so root becomes `postgres`. Where the kernel allows it, the
/// program is told to end when xtask does: a killed test run then leaves no server behind.
fn unprivileged(program: impl AsRef<OsStr>) -> Command {
    if process::find("setpriv").is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=INT");
    if debian::is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_up_and_leaves_nothing_behind() -> Result<()> {
        let Some(programs) = Postgres::programs() else { return Ok(()) };
        let postgres = Postgres::start(programs)?;
        let (port, folder) = (postgres.port, postgres.folder.clone());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(postgres);
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!folder.exists());
        Ok(())
    }
}
