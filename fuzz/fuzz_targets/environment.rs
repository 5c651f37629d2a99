//! Feeds libFuzzer's bytes to [`redress_fuzz::environment`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redress_fuzz::environment(data));
