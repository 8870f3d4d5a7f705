//! A child process that serves HTTP and says on standard output where.
//!
//! Invariant: the child is killed when its handle is dropped, so no trial
//! leaves a server behind, whichever way it ends.

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

const ANNOUNCEMENT: &str = "listening on http://";
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running child and all it has printed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    printed: Arc<Printed>,
    /// Where the child said it listens.
    pub address: SocketAddr,
}

#[derive(Debug, Default)]
struct Printed {
    lines: Mutex<Vec<String>>,
    grown: Notify,
}

impl Printed {
    fn push(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        self.grown.notify_one();
    }

    fn find<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().find_map(|line| wanted(line))
    }

    async fn wait_for<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        loop {
            if let Some(found) = self.find(&wanted) {
                return found;
            }
            self.grown.notified().await;
        }
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }
}

impl Process {
    /// Starts `command` and returns once it has printed its address.
    pub async fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("could not start the server")?;
        let printed = Arc::new(Printed::default());
        collect(child.stdout.take(), &printed);
        collect(child.stderr.take(), &printed);
        let address = tokio::select! {
            address = printed.wait_for(address_in) => address,
            status = child.wait() => bail!("ended at once ({}): {}", status?, printed.text()),
            () = tokio::time::sleep(START_LIMIT) => bail!("no address printed: {}", printed.text()),
        };
        Ok(Self { child, printed, address })
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// All lines of standard output and standard error so far.
    pub fn printed(&self) -> String {
        self.printed.text()
    }

    /// The first printed line for which `wanted` gives something.
    pub fn find_printed<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.printed.find(wanted)
    }

    /// The same, which is waited for as long as a start may take.
    pub async fn wait_printed<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> Option<T> {
        tokio::time::timeout(START_LIMIT, self.printed.wait_for(wanted)).await.ok()
    }

    /// Takes the processor away from it, or gives it back.
    pub fn pause(&self, paused: bool) -> Result<()> {
        self.signal(if paused { Signal::SIGSTOP } else { Signal::SIGCONT })
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.pid().context("the server has already ended")?;
        Ok(kill(Pid::from_raw(i32::try_from(pid)?), signal)?)
    }

    /// SIGKILL, as a crash: nothing in the child gets to run.
    pub async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("could not kill the server")
    }

    /// SIGTERM; returns how the child ended and how long that took.
    pub async fn terminate(&mut self, limit: Duration) -> Result<(ExitStatus, Duration)> {
        let asked = Instant::now();
        self.signal(Signal::SIGTERM)?;
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        let Ok(status) = ended else {
            bail!("still running {} s after SIGTERM: {}", limit.as_secs(), self.printed());
        };
        Ok((status?, asked.elapsed()))
    }

    /// Processor time used so far, on all cores.
    pub fn cpu(&self) -> Option<Duration> {
        /// Of a clock tick in `/proc`, on every Linux.
        const TICK: Duration = Duration::from_millis(10);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()?)).ok()?;
        // The name of the program, in brackets, may have blanks of its own.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
        Some(TICK * (ticks(11)? + ticks(12)?))
    }

    /// From here on the most there has been is counted anew.
    pub fn forget_peak(&self) -> Result<()> {
        let pid = self.pid().context("the server has ended")?;
        Ok(std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
    }

    /// Resident memory in bytes: now, and the most there has been.
    pub fn resident(&self) -> Result<(u64, u64)> {
        let pid = self.pid().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let kilobytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        let both = kilobytes("VmRSS:").zip(kilobytes("VmHWM:"));
        let (now, most) = both.context("the server's memory cannot be read")?;
        Ok((now * 1024, most * 1024))
    }
}

fn collect(pipe: Option<impl AsyncRead + Unpin + Send + 'static>, printed: &Arc<Printed>) {
    let Some(pipe) = pipe else { return };
    let printed = Arc::clone(printed);
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            printed.push(line);
        }
    });
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(ANNOUNCEMENT)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:[]abcdef".contains(c));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_read_from_a_plain_or_coloured_line() {
        for line in
            ["listening on http://127.0.0.1:41", "x listening on http://127.0.0.1:41/ \u{1b}[0m"]
        {
            assert_eq!(address_in(line).map(|a| a.port()), Some(41), "{line}");
        }
        assert_eq!(address_in("listening on a socket"), None);
    }
}
