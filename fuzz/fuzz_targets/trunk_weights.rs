//! See `ranklab_fuzz::trunk_weights`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::trunk_weights(data));
