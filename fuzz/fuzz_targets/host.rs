#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neovm_fuzz::targets::host(data));
