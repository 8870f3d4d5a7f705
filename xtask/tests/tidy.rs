//! Rules of the tree that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST_FILE: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the project").to_path_buf()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What git knows or would add: nothing that a build left behind.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .expect("git lists the files");
    let names = String::from_utf8(listed.stdout).expect("names are UTF-8");
    let files: Vec<_> = names.lines().map(PathBuf::from).collect();
    assert!(!files.is_empty(), "git knows the files of this tree");
    files.into_iter().filter(|file| root().join(file).is_file()).collect()
}

fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let wanted = |file: &PathBuf| {
        file.extension().is_some_and(|end| extensions.iter().any(|wanted| end == *wanted))
    };
    let found: Vec<_> = files().into_iter().filter(wanted).collect();
    found.into_iter().map(|file| (file.clone(), read(&root().join(file)))).collect()
}

#[track_caller]
fn assert_none(offenders: &[String], rule: &str) {
    assert!(offenders.is_empty(), "{rule}:\n{}", offenders.join("\n"));
}

#[test]
fn both_places_configure_leptos_alike() {
    let block = |file: &str| {
        let text = read(&root().join(file));
        let at = text.find("[[workspace.metadata.leptos]]").expect(file);
        let lines = text[at..].lines().skip(1).take_while(|line| !line.starts_with('['));
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(block("Cargo.toml"), block("Leptos.toml"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<_> = sources(&["rs", "ts", "css", "sh", "md"])
        .iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(file, lines)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert_none(&long, "split these into files that each tell one thing");
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<_> = sources(&["rs"])
        .iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(file, _)| file.display().to_string())
        .collect();
    assert_none(&silent, "these do not open with `//!`");
}

#[test]
fn nothing_of_a_developer_s_desk_is_left() {
    // In pieces, so that this file does not accuse itself.
    let marks = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("dbg", "!("),
        concat!("console", ".log("),
    ];
    let mut left = Vec::new();
    for (file, text) in sources(&["rs", "ts", "css", "toml", "yml", "yaml", "json", "md"]) {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                left.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert_none(&left, "these belong to one machine or one debugging session");
}
