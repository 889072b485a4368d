//! The table and the two networks together.

use super::{WordEqError, WordTable};
use std::sync::{Arc, OnceLock};

/// The word table that comes with Tonewright, made by `cargo trainer --config configs/eq.yaml`.
const TABLE: &str = include_str!("../../../assets/words/words.json");
/// The encoder that comes with it.
const ENCODER: &[u8] = include_bytes!("../../../assets/words/encoder.onnx");
/// The decoder that comes with it.
const DECODER: &[u8] = include_bytes!("../../../assets/words/decoder.onnx");

/// All that was learned: the words, the encoder and the decoder, as files hold them.
#[derive(Clone, Debug)]
pub struct EqModel {
    /// Words, references and the space.
    pub table: WordTable,
    /// The encoder as an ONNX file.
    pub encoder: Vec<u8>,
    /// The decoder as an ONNX file.
    pub decoder: Vec<u8>,
}

impl EqModel {
    /// The one that comes with Tonewright. Read once, then shared.
    ///
    /// # Errors
    /// The assets are damaged.
    pub fn factory() -> Result<Arc<Self>, WordEqError> {
        static FACTORY: OnceLock<Arc<EqModel>> = OnceLock::new();
        if let Some(model) = FACTORY.get() {
            return Ok(model.clone());
        }
        let table = WordTable::from_json(TABLE)?;
        let model = Self { table, encoder: ENCODER.to_vec(), decoder: DECODER.to_vec() };
        Ok(FACTORY.get_or_init(|| Arc::new(model)).clone())
    }
}
