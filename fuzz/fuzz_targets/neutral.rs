#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rye_executor::properties::neutral(bytes));
