//! See `ranklab_fuzz::trained_model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::trained_model(data));
