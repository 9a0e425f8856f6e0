//! See `ranklab_hostile::trained_model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::trained_model(data));
