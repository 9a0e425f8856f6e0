//! See `ranklab_fuzz::images`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::images(data));
