//! Feeds libFuzzer's bytes to [`redress_fuzz::multipart`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redress_fuzz::multipart(data));
