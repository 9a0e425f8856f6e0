//! See `ranklab_fuzz::checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::checkpoint(data));
