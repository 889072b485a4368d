//! Networks with random weights, signals, and a slow forward pass, for the tests of this crate.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]
#![allow(dead_code, reason = "each test file uses a part")]

pub mod desk;
pub mod toy;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::{Card, HeadSource, Model, Network, Residual, WaveNet, WaveNetSpec};
use std::path::{Path, PathBuf};

/// The networks of the five configs.
pub fn presets() -> [(&'static str, WaveNetSpec); 5] {
    [
        ("amp", WaveNetSpec::seed(16, 10, 3, true)),
        ("amp_realtime", WaveNetSpec::seed(16, 6, 3, true)),
        ("amp_noncausal", WaveNetSpec::seed(16, 10, 3, false)),
        ("nam_standard", WaveNetSpec::nam_standard()),
        ("nam_a2", WaveNetSpec::nam_a2(8)),
    ]
}

/// The folder of the configs.
pub fn configs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

/// Weights that let every layer be heard.
pub fn random_weights(spec: &WaveNetSpec, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Vec::new();
    for tensor in spec.tensors() {
        let bound = 1.0 / (tensor.fan_in().max(1) as f32).sqrt();
        weights.extend((0..tensor.len()).map(|_| rng.random_range(-bound..bound)));
    }
    weights
}

/// A model with such weights.
pub fn random_model(spec: &WaveNetSpec, seed: u64) -> Model {
    let net = WaveNet::new(spec.clone(), random_weights(spec, seed)).unwrap();
    Model { card: Card { name: "random".into(), ..Card::default() }, network: Network::WaveNet(net) }
}

/// Noise.
pub fn noise(samples: usize, level: f32, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples).map(|_| level * rng.random_range(-1.0..1.0f32)).collect()
}

/// Largest difference of two signals of the same length; infinite if one holds a NaN.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |m: f32, d| if d.is_nan() { f32::INFINITY } else { m.max(d) })
}

/// Writes a mono WAV file.
pub fn wav(path: &Path, samples: &[f32], rate_hz: u32) {
    shared::audio::write_wav(path, &[samples], rate_hz).unwrap();
}

type Rows = Vec<Vec<f64>>;

fn conv(x: &Rows, weight: &[f32], bias: Option<&[f32]>, kernel: usize, dilation: usize) -> Rows {
    let inputs = x.len();
    let outputs = weight.len() / inputs / kernel;
    let length = x[0].len() - (kernel - 1) * dilation;
    let row = |o: usize| {
        (0..length).map(move |t| {
            let mut y = bias.map_or(0.0, |b| f64::from(b[o]));
            for (i, row) in x.iter().enumerate() {
                for k in 0..kernel {
                    y += f64::from(weight[(o * inputs + i) * kernel + k]) * row[t + k * dilation];
                }
            }
            y
        })
    };
    (0..outputs).map(|o| row(o).collect()).collect()
}

/// The definition of the network, word by word and in double precision: valid convolutions.
pub fn naive(spec: &WaveNetSpec, weights: &[f32], input: &[f32]) -> Vec<f64> {
    let tensors = spec.tensors();
    let get = |name: String| {
        let tensor = tensors.iter().find(|t| t.name == name);
        tensor.map(|t| &weights[t.range()])
    };
    let audio: Rows = vec![input.iter().map(|&x| f64::from(x)).collect()];
    let cut = |x: &Rows, from: usize, length: usize| -> Rows {
        x.iter().map(|row| row[from..from + length].to_vec()).collect()
    };
    let add = |a: &mut Rows, b: &Rows| {
        for (a, b) in a.iter_mut().zip(b) {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        }
    };
    let (mut hidden, mut head): (Rows, Option<Rows>) = (audio.clone(), None);
    for (i, array) in spec.arrays.iter().enumerate() {
        let name = |what: &str| format!("array{i}.{what}");
        let input_bias = get(name("input.bias"));
        hidden = conv(&hidden, get(name("input.weight")).unwrap(), input_bias, 1, 1);
        let mut skips = Vec::new();
        for (j, layer) in array.layers.iter().enumerate() {
            let name = |what: &str| format!("array{i}.layer{j}.{what}");
            let (kernel, dilation) = (layer.kernel_size, layer.dilation);
            let bias = get(name("conv.bias"));
            let mut z = conv(&hidden, get(name("conv.weight")).unwrap(), bias, kernel, dilation);
            let length = z[0].len();
            if let Some(mixin) = get(name("mixin.weight")) {
                let condition = cut(&audio, audio[0].len() - length, length);
                add(&mut z, &conv(&condition, mixin, None, 1, 1));
            }
            for (channel, row) in z.iter_mut().enumerate() {
                row.iter_mut().for_each(|x| *x = f64::from(layer.activation.apply(*x as f32, channel)));
            }
            let excess = hidden[0].len() - length;
            let from = if spec.causal { excess } else { excess / 2 };
            hidden = cut(&hidden, from, length);
            match get(name("layer1x1.weight")) {
                Some(w) => add(&mut hidden, &conv(&z, w, get(name("layer1x1.bias")), 1, 1)),
                None if array.residual == Residual::Add => add(&mut hidden, &z),
                None => {}
            }
            skips.push(z);
        }
        let source = match array.head.source {
            HeadSource::Hidden => hidden.clone(),
            HeadSource::SkipSum => {
                let length = hidden[0].len();
                let mut sum = vec![vec![0.0; length]; array.channels];
                for part in skips.iter().chain(head.as_ref()) {
                    add(&mut sum, &cut(part, part[0].len() - length, length));
                }
                sum
            }
        };
        let bias = get(name("head.bias"));
        let y = conv(
            &source,
            get(name("head.weight")).unwrap(),
            bias,
            array.head.kernel_size,
            array.head.dilation,
        );
        let length = y[0].len();
        hidden = cut(&hidden, hidden[0].len() - length, length);
        head = Some(y);
    }
    head.unwrap()[0].iter().map(|y| y * f64::from(spec.head_scale)).collect()
}

/// Keeps libtorch on the calling thread: how it shares work out among several changes from run to
/// run, and with it the rounding.
pub fn round_alike() {
    tch::set_num_threads(1);
}
