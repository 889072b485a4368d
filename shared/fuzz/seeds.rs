//! Writes valid files of every kind into `corpus/nam` and `corpus/onnx`, for the fuzzer to begin with.

use fuzz::check::{Fate, Kind, check};
use std::path::Path;

fn main() -> std::io::Result<()> {
    for file in fuzz::corpus::files() {
        // One that is no longer good would be a poor seed.
        assert_eq!(check(file.kind, &file.bytes), Fate::Played, "{}", file.name);
        let folder = match file.kind {
            Kind::Nam => "nam",
            Kind::Onnx => "onnx",
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(folder);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(file.name), &file.bytes)?;
    }
    Ok(())
}
