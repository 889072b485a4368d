//! Neural Amp Modeler's files: reading every version that NeuralAmpModelerCore reads, and writing.
//!
//! A `.nam` file is JSON: a version, an architecture by name, its configuration, its weights as one
//! list, and what is known about it. Read here means understood in full: a key that would change
//! the sound and is not known, or a weight too few or too many, refuses the file.

mod activation;
mod convnet;
mod document;
mod form;
mod json;
mod linear;
mod lstm;
mod metadata;
mod net;
mod node;
mod read;
mod slim;
mod version;
mod wavenet;
mod write;

pub(super) use read::read;
pub use version::Version;
pub(super) use write::write;

/// Whether the bytes begin as a JSON object does, which no ONNX file does.
pub(super) fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.trim_ascii_start().first() == Some(&b'{')
}
