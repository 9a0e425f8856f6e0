//! See `ranklab_hostile::images`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::images(data));
