//! See `ranklab_hostile::manifest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::manifest(data));
