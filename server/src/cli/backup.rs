//! `sluice backup` and `sluice restore`: a copy of all that Sluice keeps, made while it serves.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::store::backup::{self, BackupError, Contents};
use engine::store::open::{self, migrations_are};
use engine::store::{Location, Look};
use serde_json::{Value, json};

use super::{OutputArgs, output, progress};
use crate::config::DatabaseArgs;

#[derive(Args)]
pub(super) struct BackupArgs {
    /// The copy: one SQLite file; what is there already is never overwritten.
    file: PathBuf,
    /// Leave out FILE.key, the copy of the key that the secrets in the database are encrypted with.
    #[arg(long)]
    without_key: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Args)]
pub(super) struct RestoreArgs {
    /// A copy that `sluice backup` made; FILE.key beside it is put back as well.
    file: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub(super) async fn back_up(args: BackupArgs) -> anyhow::Result<()> {
    let location = args.database.location()?;
    let Location::Folder(folder) = &location else { return Err(BackupError::Postgres.into()) };
    if !backup::has_database(folder) {
        return Err(BackupError::Nothing(folder.clone()).into());
    }
    let (key, key_copy) = (args.database.secret_key_file(), key_of(&args.file));
    let with_key = !args.without_key && key.exists();
    if with_key && key_copy.exists() {
        return Err(BackupError::Exists(key_copy).into());
    }
    let Look { store, pending, .. } = open::look(&location).await?;
    let size = store.space().await?.map_or(0, |space| space.bytes - space.free_bytes);
    let copying = backup::backup(&store, &args.file);
    let contents = progress::growing(backup::unfinished(&args.file), size, copying).await?;
    if with_key {
        backup::copy_private(&key, &key_copy)?;
    }
    if args.output.json {
        let copied = with_key.then(|| key_copy.display().to_string());
        let mut view = view(&args.file, &contents, copied);
        view["pendingMigrations"] = json!(pending);
        output::line(view);
        return Ok(());
    }
    output::line(said(&args.file, &contents));
    if pending > 0 {
        eprintln!("{} pending in it: `sluice restore` applies them.", migrations_are(pending));
    }
    match (with_key, key.exists()) {
        (true, _) => {
            let copy = key_copy.display();
            eprintln!("{copy} opens the secrets in it: keep it where the copy is not.");
        }
        (false, true) => {
            let key = key.display();
            eprintln!("The key that opens the secrets in it is not copied: {key}.");
        }
        (false, false) => {}
    }
    Ok(())
}

pub(super) async fn restore(args: RestoreArgs) -> anyhow::Result<()> {
    let location = args.database.location()?;
    let Location::Folder(folder) = &location else { return Err(BackupError::Postgres.into()) };
    let (key, key_copy) = (args.database.secret_key_file(), key_of(&args.file));
    let with_key = key_copy.exists();
    if with_key && key.exists() {
        return Err(BackupError::Exists(key).into());
    }
    let size = std::fs::metadata(&args.file).map_or(0, |file| file.len());
    let unfinished = backup::unfinished(&backup::database(folder));
    let putting = backup::restore(&args.file, folder);
    let contents = progress::growing(unfinished, size, putting).await?;
    if with_key {
        backup::copy_private(&key_copy, &key)?;
    }
    // A copy of an older version is brought up to date here rather than at the first start.
    open::bring_up_to_date(&location, progress::steps()).await?;
    if args.output.json {
        let put = with_key.then(|| key.display().to_string());
        output::line(view(folder, &contents, put));
        return Ok(());
    }
    output::line(said(folder, &contents));
    if !with_key && !key.exists() {
        let (copy, key) = (key_copy.display(), key.display());
        eprintln!(
            "There is no {copy}: put the key of the old server at {key} before you start, or no secret in it can be read."
        );
    }
    Ok(())
}

/// Where the copy of the key lies.
fn key_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

fn said(place: &Path, contents: &Contents) -> String {
    let newest =
        contents.newest_event.map_or_else(String::new, |at| format!(", the newest of {at}"));
    let Contents { bytes, events, .. } = contents;
    format!("{}: {events} events{newest}, {bytes} bytes, whole.", place.display())
}

fn view(place: &Path, contents: &Contents, key: Option<String>) -> Value {
    json!({
        "path": place.display().to_string(),
        "bytes": contents.bytes,
        "events": contents.events,
        "newestEvent": contents.newest_event,
        "keyFile": key,
    })
}
