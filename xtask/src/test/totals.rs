//! Counts what the runners report in their own files, so that the closing line states what ran.

use std::fmt;
use std::fs;
use std::path::Path;

use serde_json::Value;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Why the numbers are not the whole truth.
    remarks: Vec<String>,
}

impl Totals {
    pub(crate) fn uncounted(&mut self, remark: &str) {
        self.remarks.push(remark.to_owned());
    }

    /// nextest's JUnit report; the sums are attributes of its root element.
    pub(crate) fn add_junit(&mut self, report: &Path) {
        let counted = fs::read_to_string(report).ok().and_then(|xml| junit(&xml));
        match counted {
            Some((tests, failed)) => {
                self.passed += tests - failed;
                self.failed += failed;
            }
            None => self.uncounted("unit and integration tests left no report"),
        }
    }

    pub(crate) fn add_playwright(&mut self, report: &Path) {
        let report = fs::read_to_string(report).unwrap_or_default();
        let stats = serde_json::from_str::<Value>(&report).unwrap_or_default()["stats"].take();
        match stats["expected"].as_u64() {
            Some(expected) => {
                let number = |name: &str| stats[name].as_u64().unwrap_or(0);
                self.passed += expected + number("flaky");
                self.failed += number("unexpected");
                self.skipped += number("skipped");
            }
            None => self.uncounted("end to end tests left no report"),
        }
    }
}

fn junit(xml: &str) -> Option<(u64, u64)> {
    let (_, rest) = xml.split_once("<testsuites")?;
    let (root, _) = rest.split_once('>')?;
    let number = |name: &str| {
        let (_, rest) = root.split_once(&format!(" {name}=\""))?;
        rest.split_once('"')?.0.parse::<u64>().ok()
    };
    Some((number("tests")?, number("failures")? + number("errors")?))
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        for remark in &self.remarks {
            write!(f, " ({remark})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_junit_report_is_summed_from_its_root() {
        let xml = r#"<?xml version="1.0"?>
<testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="x"><testsuite tests="5"/>"#;
        assert_eq!(junit(xml), Some((12, 3)));
        assert_eq!(junit("nothing"), None);
    }
}
