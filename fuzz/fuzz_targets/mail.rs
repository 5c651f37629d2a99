//! Feeds libFuzzer's bytes to [`redress_fuzz::mail`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redress_fuzz::mail(data));
