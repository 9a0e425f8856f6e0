//! See `ranklab_hostile::overrides`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::overrides(data));
