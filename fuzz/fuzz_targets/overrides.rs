//! See `ranklab_fuzz::overrides`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::overrides(data));
