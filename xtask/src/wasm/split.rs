//! Takes the program apart: what every page needs is the main module, and what only some need is
//! fetched with the first of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};

use super::parts::{self, Part};
use super::{OUTPUT, join};
use crate::site::Files;

/// The script that fetches parts. Calls in the main module go there, and it is named in them.
const LINK: &str = "./__wasm_split.js";

pub(super) struct Split {
    /// For wasm-bindgen.
    pub(super) main: Vec<u8>,
    /// The parts, the script that fetches them, and `parts.json`, where the server finds which
    /// parts a page needs, and tells the browser in time.
    pub(super) files: Files,
}

/// `linked` has relocations; `scratch` is a folder for what lies between.
pub(super) fn split(linked: &[u8], scratch: &Path) -> Result<Split> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    let main = scratch.join("main.wasm");
    let mut options = wasm_split_cli_support::Options::new(linked);
    options.main_out_path = &main;
    options.output_dir = scratch;
    options.link_name = LINK;
    let pieces = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("the program could not be taken apart: {error:#}"))?
        .prefetch_map;

    let pages: Vec<String> = pieces.keys().cloned().collect();
    let parts = parts::join(read(&pieces.into_iter().collect(), scratch)?);
    let mut files = Files::new();
    for (number, part) in parts.iter().enumerate() {
        let modules: Result<Vec<_>> =
            part.modules.iter().map(|module| piece(scratch, module)).collect();
        let name = name(number);
        let joined = join::modules(&modules?).with_context(|| format!("joining {name}"))?;
        files.insert(name, joined);
    }
    let needed = needed(&pages, &parts);
    files.insert(LINK.trim_start_matches("./").to_owned(), script(&needed)?.into_bytes());
    let names: BTreeMap<_, Vec<_>> = needed
        .iter()
        .map(|(page, parts)| (page, parts.iter().copied().map(name).collect()))
        .collect();
    files.insert("parts.json".to_owned(), serde_json::to_vec(&names)?);
    Ok(Split { main: fs::read(main)?, files })
}

fn name(number: usize) -> String {
    format!("part_{number}.wasm")
}

fn piece(scratch: &Path, module: &str) -> Result<Vec<u8>> {
    let path = scratch.join(module).with_extension("wasm");
    fs::read(&path).with_context(|| format!("{}", path.display()))
}

/// Turns the pieces that each page needs into the pages that need each piece.
fn read(pieces: &BTreeMap<String, Vec<String>>, scratch: &Path) -> Result<Vec<Part>> {
    let mut needed_by: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (page, modules) in pieces {
        for module in modules {
            needed_by.entry(module).or_default().insert(page.clone());
        }
    }
    let part = |(module, pages): (&String, BTreeSet<String>)| {
        // As it will be: without names for debugging.
        let size = join::modules(&[piece(scratch, module)?])?.len();
        Ok(Part { pages, modules: vec![module.clone()], size })
    };
    needed_by.into_iter().map(part).collect()
}

/// Numbers of the parts that each page needs.
fn needed<'p>(pages: &'p [String], parts: &'p [Part]) -> BTreeMap<&'p str, Vec<usize>> {
    let mut needed: BTreeMap<&str, Vec<usize>> =
        pages.iter().map(|page| (page.as_str(), Vec::new())).collect();
    for (number, part) in parts.iter().enumerate() {
        for page in &part.pages {
            needed.entry(page).or_default().push(number);
        }
    }
    needed
}

/// Parts are linked with the main module by what it exports. One that could not be fetched is asked
/// for again the next time.
fn script(needed: &BTreeMap<&str, Vec<usize>>) -> Result<String> {
    let mut script = format!(
        r#"import {{ initSync }} from "./{OUTPUT}.js";

const fetched = new Map();

function part(number, main) {{
  let part = fetched.get(number);
  if (part === undefined) {{
    const source = fetch(new URL(`./part_${{number}}.wasm`, import.meta.url));
    part = WebAssembly.instantiateStreaming(source, {{ __wasm_split: main }});
    part.catch(() => fetched.delete(number));
    fetched.set(number, part);
  }}
  return part;
}}

async function load(numbers, callback, data) {{
  const main = initSync();
  const parts = await Promise.allSettled(numbers.map((number) => part(number, main)));
  const complete = parts.every(({{ status }}) => status === "fulfilled");
  main.__indirect_function_table.get(callback)(data, complete);
}}

"#
    );
    for (page, parts) in needed {
        writeln!(
            script,
            "export const __wasm_split_load_{page} = (callback, data) => load({parts:?}, callback, data);"
        )?;
    }
    Ok(script)
}
