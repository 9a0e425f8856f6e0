//! See `ranklab_hostile::peft_adapter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ranklab_hostile::peft_adapter(data));
