//! See `ranklab_hostile::experiment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::experiment(data));
