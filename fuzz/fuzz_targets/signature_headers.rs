//! Deliveries of sources: nothing is believed by its looks.
#![no_main]

#[allow(dead_code, reason = "each target asks one of them")]
#[path = "../../engine/tests/parsers/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::signature_headers(data));
