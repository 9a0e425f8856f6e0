//! See `ranklab_fuzz::png`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_fuzz::png(data));
