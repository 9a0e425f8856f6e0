//! See `ranklab_hostile::checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::checkpoint(data));
