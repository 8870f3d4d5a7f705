//! The browser's files are embedded from `target/site`, which must exist to be looked into.

fn main() {
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site");
    // Where it cannot be made, embedding says so itself.
    let _made = std::fs::create_dir_all(site);
    println!("cargo::rerun-if-changed={site}");
}
