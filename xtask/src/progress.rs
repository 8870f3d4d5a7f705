//! Tells the person waiting what is being done, how far it is and how long it took last time.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::project::Project;

pub(crate) struct Progress {
    total: usize,
    current: usize,
    began: Instant,
    durations: Durations,
}

impl Progress {
    pub(crate) fn new(project: &Project, total: usize) -> Self {
        let durations = Durations::load(project.target.join("xtask-durations"));
        Self { total, current: 0, began: Instant::now(), durations }
    }

    pub(crate) fn step<T>(&mut self, title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.current += 1;
        let last = match self.durations.seconds.get(title) {
            Some(&seconds) if seconds >= 2 => format!(" ({} last time)", spoken(seconds)),
            _ => String::new(),
        };
        eprintln!("[{}/{}] {title}{last}", self.current, self.total);
        let began = Instant::now();
        let done = work().with_context(|| format!("“{title}” did not succeed"))?;
        let seconds = whole_seconds(began.elapsed());
        self.durations.seconds.insert(title.to_owned(), seconds);
        self.durations.save();
        if seconds >= 2 {
            eprintln!("      done in {}", spoken(seconds));
        }
        Ok(done)
    }

    /// Time since the command began, for its closing line.
    pub(crate) fn elapsed(&self) -> String {
        spoken(whole_seconds(self.began.elapsed()))
    }
}

/// Lines of `title<TAB>seconds`. Only a convenience: trouble with this file is never an error.
struct Durations {
    file: PathBuf,
    seconds: BTreeMap<String, u64>,
}

impl Durations {
    fn load(file: PathBuf) -> Self {
        let text = fs::read_to_string(&file).unwrap_or_default();
        let seconds = text
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .filter_map(|(title, seconds)| Some((title.to_owned(), seconds.parse().ok()?)))
            .collect();
        Self { file, seconds }
    }

    fn save(&self) {
        let lines: String =
            self.seconds.iter().map(|(title, seconds)| format!("{title}\t{seconds}\n")).collect();
        fs::write(&self.file, lines).ok();
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_millis() as u64 + 500) / 1000
}

fn spoken(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(spoken(9), "9 s");
        assert_eq!(spoken(80), "1 min 20 s");
        assert_eq!(whole_seconds(Duration::from_millis(1_500)), 2);
    }
}
