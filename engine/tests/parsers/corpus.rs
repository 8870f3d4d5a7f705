//! The corpus of the fuzz targets, replayed: what was interesting once stays so.

use std::collections::BTreeSet;
use std::path::Path;

use super::checks;

/// What is done to each text of a target.
type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 5] = [
    ("batch", checks::batch),
    ("body", checks::body),
    ("cloudevents_headers", checks::cloudevents_headers),
    ("pattern", checks::pattern),
    ("signature_headers", checks::signature_headers),
];

#[test]
fn every_target_holds_for_its_saved_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (target, check) in TARGETS {
        let mut files = 0;
        for file in fuzz.join("corpus").join(target).read_dir().unwrap() {
            check(&std::fs::read(file.unwrap().path()).unwrap());
            files += 1;
        }
        assert!(files > 2, "{target} has only {files}");
    }
    let targets: BTreeSet<_> = fuzz
        .join("fuzz_targets")
        .read_dir()
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, TARGETS.map(|(target, _)| target.to_owned()).into());
}
