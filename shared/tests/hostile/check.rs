//! What must hold for any bytes at all. The fuzz targets in `shared/fuzz` check the same.

use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use shared::model::nam::Version;
use shared::model::{Model, Network};

/// Which reader is given the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The ONNX reader.
    Onnx,
    /// The `.nam` reader.
    Nam,
}

/// What became of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The reader said what is wrong with them.
    Refused,
    /// They are a model.
    Read,
    /// They are a model, and the native engine played it.
    Played,
}

/// Longest text of an error, in bytes: it is shown on a line, and the file may have written it.
const ERROR_BYTES: usize = 1000;

/// What settling a network may take to be played here, in multiplications. The limits of the readers
/// allow more; this is for the number of inputs that are tried.
const CHEAP: usize = 1 << 22;

/// What a sample takes beside them.
const BESIDE: usize = 512;

/// Reads the bytes, and does with what they hold what the programs do: shows it, writes it in both
/// formats, plays each of its sizes.
///
/// # Panics
/// Something that must hold for any bytes does not.
pub fn check(kind: Kind, bytes: &[u8]) -> Fate {
    let model = match read(kind, bytes) {
        Ok(model) => model,
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() <= ERROR_BYTES, "an error of {} bytes: {text:.200}…", text.len());
            assert!(!text.contains(char::is_control), "an error with control characters: {text:?}");
            return Fate::Refused;
        }
    };
    model.card.validate().expect("a card that was read can be written");
    let _ = (model.weight_count(), model.warm_up_samples(), model.check_live());
    written_again(&model);
    let mut fate = Fate::Read;
    for network in sizes(&model.network) {
        let model = Model { card: model.card.clone(), network: network.clone() };
        if play(&model) {
            fate = Fate::Played;
        }
    }
    fate
}

fn read(kind: Kind, bytes: &[u8]) -> Result<Model, shared::model::ModelError> {
    match kind {
        Kind::Onnx => Model::from_onnx(bytes, "hostile"),
        Kind::Nam => Model::from_nam(bytes, "hostile"),
    }
}

fn sizes(network: &Network) -> Vec<&Network> {
    match network {
        Network::Slimmable(slimmable) => slimmable.sizes().iter().map(|s| &s.network).collect(),
        plain => vec![plain],
    }
}

/// What can be read can be written, and what was written is read as the same. A `.nam` file may say
/// the same in other words, so there it is only read.
fn written_again(model: &Model) {
    if let Ok(bytes) = model.to_nam(Version::V0_7_0) {
        let nam = Model::from_nam(&bytes, "again").expect("our own .nam file is read");
        assert_eq!(nam.card.sample_rate_hz, model.card.sample_rate_hz);
    }
    let onnx = Model::from_onnx(&model.to_onnx(), "again").expect("our own ONNX file is read");
    assert_eq!(onnx.card, model.card);
    if !matches!(model.network, Network::Graph(_)) {
        let written = match &model.network {
            Network::Slimmable(slimmable) => slimmable.full(),
            other => other,
        };
        assert_eq!(&onnx.network, written);
    }
}

/// Whether the model was cheap enough to be played.
fn play(model: &Model) -> bool {
    let (Some(weights), Some(warm_up)) = (model.weight_count(), model.warm_up_samples()) else {
        return false;
    };
    if (weights + BESIDE).saturating_mul(warm_up) > CHEAP {
        return false;
    }
    let Ok(mut engine) = NativeEngine::new(model) else {
        assert!(matches!(model.network, Network::Graph(_)), "the native engine knows all but graphs");
        return false;
    };
    engine.prepare(model.card.sample_rate_hz, 64).expect("the model's own rate is possible");
    let mut input = [0.0; 100];
    (input[0], input[70], input[99]) = (1.0, -0.5, 0.25);
    let mut output = [0.0; 100];
    engine.process(&input[..1], &mut output[..1]);
    engine.process(&input[1..], &mut output[1..]);
    engine.reset();
    let mut again = [0.0; 100];
    engine.process(&input, &mut again);
    // Weights may be as large as numbers get, so the output may be no number; but it is the same.
    let same = |a: f32, b: f32| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    let apart = output.iter().zip(&again).find(|(a, b)| !same(**a, **b));
    assert!(apart.is_none(), "the same signal in other blocks gave {apart:?}");
    true
}
