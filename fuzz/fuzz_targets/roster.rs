#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gridos_fuzz::roster(bytes));
