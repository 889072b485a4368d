//! Ways to play processors, and to measure what they answer.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use shared::chain::{Format, Processor, Purpose};

/// Block lengths that mean trouble, and everything at once.
pub const BLOCKS: [usize; 5] = [1, 17, 64, 1000, usize::MAX];

/// Noise of power 1.
pub fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let most = 3f32.sqrt();
    (0..samples).map(|_| rng.random_range(-most..most)).collect()
}

/// Full scale once, at `at`.
pub fn impulse(samples: usize, at: usize) -> Vec<f32> {
    let mut signal = vec![0.0; samples];
    signal[at] = 1.0;
    signal
}

/// Noise that dies away, beginning at once.
pub fn decaying(samples: usize, seed: u64) -> Vec<f32> {
    let shape = |k: usize| (-6.0 * k as f32 / samples as f32).exp();
    noise(samples, seed).iter().enumerate().map(|(k, x)| 0.1 * x * shape(k)).collect()
}

pub fn prepare(processor: &mut dyn Processor, sample_rate_hz: f64, channels: usize, samples: usize) {
    let format = Format { sample_rate_hz, max_block_samples: samples, channels };
    processor.prepare(format, Purpose::File).unwrap();
}

/// Plays in blocks of `block`, calling `before` with the position before each.
pub fn play_with(
    processor: &mut dyn Processor,
    input: &[Vec<f32>],
    block: usize,
    mut before: impl FnMut(&mut dyn Processor, usize),
) -> Vec<Vec<f32>> {
    let mut output = input.to_vec();
    let length = input[0].len();
    let mut at = 0;
    while at < length {
        let end = at.saturating_add(block).min(length);
        before(processor, at);
        let mut parts: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..end]).collect();
        processor.process(&mut parts);
        at = end;
    }
    output
}

pub fn play(processor: &mut dyn Processor, input: &[Vec<f32>], block: usize) -> Vec<Vec<f32>> {
    play_with(processor, input, block, |_, _| {})
}

/// Where a processor's parameter stands in its list.
pub fn place(processor: &dyn Processor, name: &str) -> usize {
    processor.parameters().iter().position(|p| p.name == name).unwrap()
}

pub fn energy(signal: &[f32]) -> f64 {
    signal.iter().map(|&x| f64::from(x).powi(2)).sum()
}

pub fn db(ratio_of_power: f64) -> f64 {
    10.0 * ratio_of_power.log10()
}

/// The spectrum of a signal followed by silence, `size` samples in all.
pub fn spectrum(signal: &[f32], size: usize) -> Vec<Complex64> {
    let forward = RealFftPlanner::<f64>::new().plan_fft_forward(size);
    let mut time = forward.make_input_vec();
    time.iter_mut().zip(signal).for_each(|(t, &x)| *t = f64::from(x));
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut time, &mut spectrum).unwrap();
    spectrum
}

/// The magnitude of a response at a frequency, in dB, by its definition.
pub fn magnitude_db(response: &[f32], hz: f64, sample_rate_hz: f64) -> f64 {
    let turn = -std::f64::consts::TAU * hz / sample_rate_hz;
    let sum: Complex64 =
        response.iter().enumerate().map(|(k, &h)| Complex64::from_polar(f64::from(h), turn * k as f64)).sum();
    db(sum.norm_sqr())
}

/// What of a signal lies around a frequency: a bell an octave wide at half its height, on the logarithm of
/// frequency, because edges would ring for longer than a room.
pub fn octave(signal: &[f32], middle_hz: f64, sample_rate_hz: f64) -> Vec<f32> {
    let size = (2 * signal.len()).next_power_of_two();
    let mut bins = spectrum(signal, size);
    let width = sample_rate_hz / size as f64;
    for (k, bin) in bins.iter_mut().enumerate() {
        let octaves = (k.max(1) as f64 * width / middle_hz).log2();
        *bin *= (0.5 * std::f64::consts::PI * octaves.clamp(-1.0, 1.0)).cos().powi(2);
    }
    let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(size);
    let mut time = inverse.make_output_vec();
    inverse.process(&mut bins, &mut time).unwrap();
    time[..signal.len()].iter().map(|x| (x / size as f64) as f32).collect()
}

/// Time in which impulse responses decay by 60 dB, in seconds: twice that from -5 to -35 dB of their
/// backward integral (Schroeder, "New method of measuring reverberation time", 1965; T30 of ISO 3382, whose
/// ensemble averaging the sum over responses is).
pub fn decay_seconds(responses: &[Vec<f32>], sample_rate_hz: f64) -> f64 {
    let mut sum = 0.0;
    let mut left = vec![0.0; responses[0].len()];
    for (k, left) in left.iter_mut().enumerate().rev() {
        sum += responses.iter().map(|r| f64::from(r[k]).powi(2)).sum::<f64>();
        *left = sum;
    }
    let points: Vec<(f64, f64)> = left
        .iter()
        .enumerate()
        .map(|(k, &e)| (k as f64 / sample_rate_hz, db(e / left[0])))
        .filter(|(_, level)| (-35.0..=-5.0).contains(level))
        .collect();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (mean_time, mean_level) = (mean(|p| p.0), mean(|p| p.1));
    let over: f64 = points.iter().map(|(t, l)| (t - mean_time) * (l - mean_level)).sum();
    let under: f64 = points.iter().map(|(t, _)| (t - mean_time).powi(2)).sum();
    -60.0 / (over / under)
}
