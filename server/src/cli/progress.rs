//! How far something is that takes long: on a terminal only, other programs see nothing of it.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const LOOK: Duration = Duration::from_millis(100);

/// A bar in the words of indicatif's templates.
pub(super) fn bar(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Shows how a file grows towards its size while it is written, and what is done to it then.
pub(super) async fn growing<T>(file: PathBuf, size: u64, writing: impl Future<Output = T>) -> T {
    let bar = bar("{bar:30} {bytes}/{total_bytes} {eta} {msg}");
    if bar.is_hidden() {
        return writing.await;
    }
    bar.set_length(size);
    // A task of its own: writing may not give way.
    let shown = bar.clone();
    let looking = tokio::spawn(async move {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            let written = tokio::fs::metadata(&file).await.map_or(0, |file| file.len());
            shown.set_position(written.min(size));
            if written >= size {
                shown.set_message("checking");
            }
        }
    });
    let written = writing.await;
    looking.abort();
    bar.finish_and_clear();
    written
}

/// Says how many steps of how many are done.
pub(super) fn steps() -> impl Fn(usize, usize) {
    let bar = bar("{bar:30} {pos}/{len} migrations {elapsed}");
    move |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        bar.tick();
        if done == all {
            bar.finish_and_clear();
        }
    }
}
