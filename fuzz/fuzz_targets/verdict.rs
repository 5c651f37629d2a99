//! Feeds libFuzzer's bytes to [`redress_fuzz::verdict`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redress_fuzz::verdict(data));
