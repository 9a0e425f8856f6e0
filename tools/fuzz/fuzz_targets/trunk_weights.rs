//! See `ranklab_hostile::trunk_weights`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::trunk_weights(data));
