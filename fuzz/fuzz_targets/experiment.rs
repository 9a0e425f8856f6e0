//! See `ranklab_fuzz::experiment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::experiment(data));
