//! How close an output is to its target.

use crate::TrainerError;
use crate::data::{Pair, check_audible};
use crate::device::Device;
use crate::loss::mrstft;
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer, wavenet};
use shared::model::Model;
use std::path::Path;
use tch::Tensor;

/// FFT sizes of the reported STFT distance, in samples.
const FFTS: [usize; 3] = [2048, 1024, 512];

/// Error-to-signal ratio: the energy of the error over the energy of the target.
pub fn esr(output: &[f32], target: &[f32]) -> f64 {
    let pairs = output.iter().zip(target).map(|(&y, &t)| (f64::from(y), f64::from(t)));
    let (error, signal) = pairs.fold((0.0, 0.0), |(e, s), (y, t)| (e + (y - t) * (y - t), s + t * t));
    error / signal.max(1e-30)
}

/// Largest difference of one sample; NaN if there is one among them, which a plain maximum drops.
pub fn peak_difference(output: &[f32], target: &[f32]) -> f32 {
    let pairs = output.iter().zip(target);
    pairs.map(|(y, t)| (y - t).abs()).fold(0.0, |a: f32, b| match a.is_nan() || a >= b {
        true => a,
        false => b,
    })
}

/// How far an output is from its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Error-to-signal ratio of the whole signal.
    pub esr: f64,
    /// Multi-resolution STFT distance; `None` for a signal shorter than the longest window.
    pub mrstft: Option<f64>,
    /// Largest difference of one sample.
    pub peak_error: f32,
}

/// Compares two signals of the same length.
///
/// # Errors
/// libtorch fails.
pub fn distance(output: &[f32], target: &[f32]) -> Result<Distance, TrainerError> {
    let peak_error = peak_difference(output, target);
    let long_enough = target.len() >= FFTS[0];
    let mrstft = long_enough.then(|| {
        let row = |signal: &[f32]| Tensor::f_from_slice(signal).and_then(|t| t.f_view([1, -1]));
        let distance = tch::no_grad(|| mrstft(&row(output)?, &row(target)?, &FFTS))?;
        Ok::<f64, TrainerError>(distance.f_double_value(&[])?)
    });
    Ok(Distance { esr: esr(output, target), mrstft: mrstft.transpose()?, peak_error })
}

/// Runs a model file over an input and compares with the target.
///
/// # Errors
/// A file is unusable, the rates differ, the target is silent, or libtorch fails.
pub fn evaluate(
    model_path: &Path,
    input_path: &Path,
    target_path: &Path,
    device: Device,
) -> Result<Distance, TrainerError> {
    let model = Model::load(model_path)?;
    let pair = Pair::read_unchecked(input_path, target_path)?;
    check_audible(target_path, "", &pair.target)?;
    crate::render::check_rate(&model, input_path, pair.rate_hz)?;
    let mut renderer = Renderer::new(wavenet(&model, model_path)?, device, MODEL_CHUNK_SAMPLES)?;
    distance(&renderer.render(&pair.input)?, &pair.target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_does_not_vanish_in_the_peak_error() {
        assert_eq!(peak_difference(&[0.5, -1.0, 0.0], &[0.5, 0.25, 0.5]), 1.25);
        for at in 0..3 {
            let mut output = [0.5, -1.0, 0.0];
            output[at] = f32::NAN;
            assert!(peak_difference(&output, &[0.0; 3]).is_nan(), "{at}");
            assert!(distance(&output, &[0.1; 3]).unwrap().peak_error.is_nan(), "{at}");
        }
    }
}
