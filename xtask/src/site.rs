//! `target/site`: every file that the server sends to a browser, and compressed copies of it.
//!
//! A release embeds this folder, so a file is only touched when its content changes: the server
//! is not compiled again for nothing. What is no longer produced is removed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::binary::Profile;
use crate::project::Project;
use crate::toolchain::Toolchain;
use crate::{css, wasm};

/// Contents by path inside the site, with `/` between folders.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Below this a compressed copy saves no packet.
const WORTH_COMPRESSING: usize = 512;

/// Formats that are compressed already.
const COMPRESSED: [&str; 5] = [".png", ".jpg", ".webp", ".avif", ".woff2"];

/// Answers with what tells these files from others.
pub(crate) fn build(project: &Project, toolchain: Toolchain, profile: Profile) -> Result<String> {
    let mut files = wasm::build(project, toolchain, profile)?;
    let style = css::bundle(&project.root.join("style/main.css"))?;
    files.insert(format!("pkg/{}.css", wasm::OUTPUT), style.into_bytes());
    let assets = project.root.join("style/assets");
    if assets.exists() {
        files.extend(read_folder(&assets, "")?);
    }
    let files = with_compressed(files, profile)?;
    write(&project.site(), &files)?;
    let mut stamp = DefaultHasher::new();
    files.hash(&mut stamp);
    Ok(format!("{:016x}", stamp.finish()))
}

/// All files below a folder, named as they will be under `prefix`.
pub(crate) fn read_folder(folder: &Path, prefix: &str) -> Result<Files> {
    let mut files = Files::new();
    for path in paths(folder)? {
        let content = fs::read(folder.join(&path))?;
        let name = if prefix.is_empty() { path } else { format!("{prefix}/{path}") };
        files.insert(name, content);
    }
    Ok(files)
}

fn with_compressed(files: Files, profile: Profile) -> Result<Files> {
    let (brotli_quality, gzip_level) = match profile {
        Profile::Quick => (5, 6),
        Profile::Release => (11, 9),
    };
    let mut all = Files::new();
    for (name, content) in files {
        let already = COMPRESSED.iter().any(|ending| name.ends_with(ending));
        if content.len() > WORTH_COMPRESSING && !already {
            all.insert(format!("{name}.br"), brotli(&content, brotli_quality)?);
            all.insert(format!("{name}.gz"), gzip(&content, gzip_level)?);
        }
        all.insert(name, content);
    }
    Ok(all)
}

fn brotli(content: &[u8], quality: i32) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(content: &[u8], level: u32) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

/// Makes the folder hold exactly these files.
fn write(site: &Path, files: &Files) -> Result<()> {
    fs::create_dir_all(site)?;
    for (name, content) in files {
        let path = site.join(name);
        if fs::read(&path).is_ok_and(|there| there == *content) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, content).with_context(|| format!("{}", path.display()))?;
    }
    for stale in paths(site)?.difference(&files.keys().cloned().collect()) {
        fs::remove_file(site.join(stale))?;
    }
    Ok(())
}

/// Paths of the files below a folder, relative to it.
fn paths(folder: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("{}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(folder)?.to_string_lossy();
                found.insert(relative.replace('\\', "/"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site_of(names: &[(&str, usize)]) -> Files {
        names.iter().map(|(name, size)| ((*name).to_owned(), vec![b'a'; *size])).collect()
    }

    #[test]
    fn only_files_worth_it_are_compressed() {
        let all = with_compressed(
            site_of(&[("pkg/a.css", 600), ("small.txt", 512), ("b.png", 9_000)]),
            Profile::Quick,
        )
        .expect("memory does not fail");
        let names: Vec<_> = all.keys().map(String::as_str).collect();
        assert_eq!(names, ["b.png", "pkg/a.css", "pkg/a.css.br", "pkg/a.css.gz", "small.txt"]);
    }

    #[test]
    fn writing_leaves_equal_files_alone_and_removes_stale_ones() {
        let site = std::env::temp_dir().join(format!("sluice-site-{}", std::process::id()));
        write(&site, &site_of(&[("pkg/a.css", 3), ("old.txt", 3)])).expect("first");
        let modified = |name| fs::metadata(site.join(name)).and_then(|meta| meta.modified()).ok();
        let before = modified("pkg/a.css");
        write(&site, &site_of(&[("pkg/a.css", 3), ("new.txt", 1)])).expect("second");
        assert_eq!(modified("pkg/a.css"), before);
        let left: Vec<_> = paths(&site).expect("site").into_iter().collect();
        assert_eq!(left, ["new.txt", "pkg/a.css"]);
        fs::remove_dir_all(site).expect("clean up");
    }
}
