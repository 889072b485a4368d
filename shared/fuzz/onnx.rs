//! Any bytes at all, given to the ONNX reader.
#![no_main]

use fuzz::check::{Kind, check};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(Kind::Onnx, bytes);
});
