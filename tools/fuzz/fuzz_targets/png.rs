//! See `ranklab_hostile::png`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::png(data));
