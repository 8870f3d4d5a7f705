//! A CloudEvent in binary mode.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../../engine/tests/parsers/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::cloudevents_headers(data));
