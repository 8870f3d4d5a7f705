//! `sluice doctor`: is everything as it should be, and what to do where it is not.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use engine::Environment;
use engine::key;
use engine::store::open::{self, migrations_are};
use engine::store::{Location, Look, Space, Store, backup, health};
use engine::time::Timestamp;
use engine::user;
use serde_json::json;

use super::{OutputArgs, output};
use crate::config::{RateLimit, ServeArgs};
use crate::disk::{self, GIB, Standing};

const SOON: Duration = Duration::from_secs(14 * 24 * 3_600);
/// The newest event may be so far ahead of the clock before the clock is blamed.
const SKEW_MILLIS: i64 = 5_000;
/// Connections and files below which a busy server runs short.
const FILES: u64 = 4_096;

#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// What `serve` is told, by the same flags and environment.
    #[command(flatten)]
    serve: ServeArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Ok,
    Warning,
    Failure,
}
use Verdict::{Failure, Ok as Good, Warning};

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Good => "ok",
            Warning => "warning",
            Failure => "failure",
        }
    }
}

struct Finding {
    check: &'static str,
    verdict: Verdict,
    /// What was seen, and what to do when it is not good.
    says: String,
}

fn finding(check: &'static str, verdict: Verdict, says: impl Into<String>) -> Finding {
    Finding { check, verdict, says: says.into() }
}

/// Fails when anything is wrong that keeps Sluice from working.
pub(super) async fn run(args: DoctorArgs) -> anyhow::Result<()> {
    let DoctorArgs { serve, output } = args;
    let findings = examine(&serve).await?;
    let worst = findings.iter().map(|found| found.verdict).max().unwrap_or(Good);
    if output.json {
        let view = |found: &Finding| json!({ "check": found.check, "verdict": found.verdict.as_str(), "says": found.says });
        let checks: Vec<_> = findings.iter().map(view).collect();
        output::line(json!({ "verdict": worst.as_str(), "checks": checks }));
    } else {
        let row = |found: &Finding| {
            [found.verdict.as_str().to_owned(), found.check.to_owned(), found.says.clone()]
        };
        output::table(["", "CHECK", "SEEN"], &findings.iter().map(row).collect::<Vec<_>>());
    }
    match worst {
        Failure => anyhow::bail!("something keeps Sluice from working: see above"),
        _ => Ok(()),
    }
}

async fn examine(args: &ServeArgs) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![limits(args), files()];
    if let Err(error) = args.refuse_what_is_not_built() {
        findings.push(finding("settings", Failure, error.to_string()));
    }
    let location = args.database.location()?;
    let folder = &args.database.data_dir;
    if folder.exists() {
        findings.push(data_folder(folder));
        findings.push(secret_key(&args.database.secret_key_file()));
    } else {
        let says = format!("{} is not there yet: `sluice serve` makes it", folder.display());
        findings.push(finding("data folder", Warning, says));
    }
    if let Location::Folder(folder) = &location
        && !backup::has_database(folder)
    {
        findings.push(none_yet());
        return Ok(findings);
    }
    match open::look(&location).await {
        Ok(look) if look.is_new => findings.push(none_yet()),
        Ok(look) => findings.extend(database(&look, Environment::system().clock.now()).await?),
        Err(error) => findings.push(finding("database", Failure, error.to_string())),
    }
    Ok(findings)
}

fn none_yet() -> Finding {
    finding("database", Warning, "there is none yet: `sluice serve` makes it")
}

fn limits(args: &ServeArgs) -> Finding {
    let (rate, verdict) = match args.ingest_rate_limit {
        RateLimit::Per(rate) => (format!("{rate} for each address"), Good),
        RateLimit::Off => ("no limit for an address".to_owned(), Warning),
    };
    let bytes = args.max_body.0;
    let proxies = match args.trusted_proxies().as_slice() {
        [] => "X-Forwarded-For is not believed".to_owned(),
        some => format!("X-Forwarded-For is believed from {} networks", some.len()),
    };
    let kept = app::model::time::duration(args.idempotency_ttl.as_millis() as u64);
    let says = format!(
        "intake: {rate}; bodies up to {bytes} bytes; idempotency keys are remembered for {kept}; {proxies}"
    );
    finding("limits", verdict, says)
}

fn files() -> Finding {
    match rlimit::Resource::NOFILE.get() {
        Ok((_, hard)) if hard < FILES => {
            let says =
                format!("only {hard} open files are allowed: raise it with `ulimit -n 65536`");
            finding("open files", Warning, says)
        }
        Ok((_, hard)) => finding("open files", Good, format!("{hard} are allowed")),
        Err(error) => finding("open files", Warning, format!("the limit is not known: {error}")),
    }
}

fn data_folder(folder: &Path) -> Finding {
    let shown = folder.display();
    let tried = tempfile(folder);
    if let Err(error) = tried {
        let says = format!("{shown} cannot be written: {error}; give it to the user that serves");
        return finding("data folder", Failure, says);
    }
    let room = match health::room(folder) {
        Ok(room) => room,
        Err(error) => {
            return finding("data folder", Warning, format!("free space is not known: {error}"));
        }
    };
    let (verdict, then) = match disk::standing(room) {
        Standing::Full => {
            (Failure, ": make room; /readyz answers 503, and so will intake when nothing is free")
        }
        Standing::Short => (Warning, ": make room before it is full"),
        Standing::Enough => (Good, ""),
    };
    let free = room.free as f64 / GIB as f64;
    finding("data folder", verdict, format!("{shown} can be written, {free:.1} GiB free{then}"))
}

/// Whether a file can be made there; it is gone afterwards.
fn tempfile(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&file, b"")?;
    std::fs::remove_file(file)
}

fn secret_key(file: &Path) -> Finding {
    let shown = file.display();
    match std::fs::metadata(file) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let says = format!("{shown} can be read by others: run `chmod 600 {shown}`");
            finding("secret key", Warning, says)
        }
        Ok(_) => finding("secret key", Good, format!("{shown}, for its owner alone: back it up")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            finding("secret key", Good, format!("{shown} is made on the first start"))
        }
        Err(error) => finding("secret key", Failure, format!("{shown}: {error}")),
    }
}

async fn database(look: &Look, now: Timestamp) -> anyhow::Result<Vec<Finding>> {
    let store = &look.store;
    let health = health::examine(store).await?;
    let whole = match health.faults.first() {
        None => finding("database", Good, format!("{}, whole", health.version)),
        Some(fault) => {
            let says = format!("damaged: {fault}; stop Sluice and restore a backup");
            finding("database", Failure, says)
        }
    };
    let ahead = health.newest_event.map_or(0, |newest| newest.millis_since(now));
    let clock = match ahead {
        SKEW_MILLIS.. => {
            let says =
                format!("{now} is {} s before the newest event: set the clock", ahead / 1_000);
            finding("clock", Failure, says)
        }
        _ => finding("clock", Good, now.to_string()),
    };
    let mut all = vec![whole, migrations(look.pending), clock];
    // What this version knows of them an older database need not have.
    if look.pending == 0 {
        all.extend([keys(store, now).await?, people(store).await?]);
    }
    if let Some(found) = store.space().await? {
        all.push(space(found, health::size(store).await?.log.unwrap_or(0)));
    }
    Ok(all)
}

fn migrations(pending: usize) -> Finding {
    match pending {
        0 => finding("migrations", Good, "none is pending"),
        some => {
            let says = format!(
                "{} pending: stop an older sluice that serves it; then `sluice migrate`, or the next start",
                migrations_are(some)
            );
            finding("migrations", Warning, says)
        }
    }
}

fn space(space: Space, log: u64) -> Finding {
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64);
    let seen = format!(
        "{}, {} of it free, and {} of log",
        mib(space.bytes),
        mib(space.free_bytes),
        mib(log)
    );
    match space.gives_back {
        true => finding("space", Good, format!("{seen}; what is free is given back to the disk")),
        false => {
            let says = format!(
                "{seen}; the database is from before free space was given back, and keeps its size: to \
                 change that, stop Sluice, `sluice backup copy.db`, and `sluice restore copy.db` into an \
                 empty folder"
            );
            finding("space", Warning, says)
        }
    }
}

async fn keys(store: &Store, now: Timestamp) -> anyhow::Result<Finding> {
    let all = key::manage::list(store).await?;
    let live: Vec<_> = all.iter().filter(|key| key.is_live(now)).collect();
    let soon = now.plus(SOON);
    let ending = live.iter().find(|key| key.expires_at.is_some_and(|at| at < soon));
    Ok(match (live.len(), ending) {
        (0, _) => {
            let says = "none that is live: make one with `sluice keys create --name shop`";
            finding("keys", Warning, says)
        }
        (_, Some(key)) => {
            let says = format!("`{}` ends within two weeks: make its successor", key.name);
            finding("keys", Warning, says)
        }
        (live, None) => finding("keys", Good, format!("{live} live")),
    })
}

async fn people(store: &Store) -> anyhow::Result<Finding> {
    Ok(match user::list(store).await?.len() {
        0 => finding("people", Warning, "nobody can sign in: open the link that `serve` prints"),
        some => finding("people", Good, format!("{some} may sign in")),
    })
}
