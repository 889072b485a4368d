//! The networks whose speed matters, with random weights: the seed's, and every size people
//! capture amps in with Neural Amp Modeler.

use crate::support::{model_of, random_lstm, random_model};
use shared::model::{LstmSpec, Model, Network, WaveNetSpec};

/// A network by its name in reports, which is also its file's.
pub struct Amp {
    /// Lower case, with underscores.
    pub name: &'static str,
    /// With weights as a fresh training would start from: signals neither grow nor die away.
    pub model: Model,
}

/// Those whose names are in `names`, or all.
pub fn amps(names: Option<&[String]>) -> Vec<Amp> {
    let all = NAMES.iter().enumerate();
    all.filter(|(_, name)| names.is_none_or(|names| names.iter().any(|n| n == *name)))
        .map(|(i, name)| Amp { name, model: model(name, 1 + i as u64) })
        .collect()
}

/// All names, in the order of reports.
pub const NAMES: [&str; 10] = [
    "seed",
    "seed_small",
    "a1_standard",
    "a1_lite",
    "a1_feather",
    "a1_nano",
    "a2_full",
    "a2_lite",
    "lstm_1x16",
    "lstm_2x8",
];

fn model(name: &str, seed: u64) -> Model {
    let mut model = match name {
        "seed" => random_model(WaveNetSpec::seed(16, 10, 3, true), seed),
        "seed_small" => random_model(WaveNetSpec::seed(16, 6, 3, true), seed),
        "a1_standard" => random_model(WaveNetSpec::nam_standard(), seed),
        "a1_lite" => random_model(small_a1(12, 6), seed),
        "a1_feather" => random_model(small_a1(8, 4), seed),
        "a1_nano" => random_model(small_a1(4, 2), seed),
        "a2_full" => random_model(WaveNetSpec::nam_a2(8), seed),
        "a2_lite" => random_model(WaveNetSpec::nam_a2(3), seed),
        "lstm_1x16" => lstm(1, 16, seed),
        "lstm_2x8" => lstm(2, 8, seed),
        _ => unreachable!("{name} is not in NAMES"),
    };
    model.card.name = name.to_owned();
    model
}

/// The smaller sizes of the first architecture: seven layers, then thirteen.
fn small_a1(first_channels: usize, second_channels: usize) -> WaveNetSpec {
    let dilations: Vec<usize> = (0..10).map(|i| 1 << i).collect();
    let second = [&dilations[7..], &dilations].concat();
    WaveNetSpec::nam_a1(first_channels, second_channels, &[dilations[..7].to_vec(), second])
}

fn lstm(layers: usize, hidden: usize, seed: u64) -> Model {
    // Half a second, as Neural Amp Modeler runs before it is heard.
    let spec = LstmSpec { layers, hidden, warm_up_samples: 24_000 };
    model_of(Network::Lstm(random_lstm(spec, seed)))
}
