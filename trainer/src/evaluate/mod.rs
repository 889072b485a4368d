//! How close an output is to its target.

pub mod bands;
pub mod levels;

use crate::TrainerError;
use crate::data::{Pair, check_audible};
use crate::device::Device;
use crate::loss::mrstft;
use crate::recording::{Channel, SMALL_OFFSET, check_length, delay, files, in_silence, mean, move_target};
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer, wavenet};
use shared::model::Model;
use std::path::Path;
use tch::Tensor;

/// FFT sizes of the reported STFT distance, in samples.
const FFTS: [usize; 3] = [2048, 1024, 512];

/// Error-to-signal ratio: the energy of the error over the energy of the target (Wright et al., "Real-Time Guitar
/// Amplifier Emulation with Deep Learning", 2020, eq. 10, without pre-emphasis; NAM's trainer prints the same).
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

/// How far a model is from a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// How far.
    pub distance: Distance,
    /// How the recording was lined up with the model's output; empty if it needed nothing.
    pub note: String,
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

/// Runs a model file over an input and compares with the target, lined up with what the model makes.
///
/// # Errors
/// A file is unusable or too short to measure, the rates differ, the target is silent, or libtorch fails.
pub fn evaluate(
    model_path: &Path,
    input_path: &Path,
    target_path: &Path,
    device: Device,
) -> Result<Evaluation, TrainerError> {
    let model = Model::load(model_path)?;
    let Pair { input, mut target, rate_hz } = recorded(&model, input_path, target_path)?;
    let mut renderer = Renderer::new(wavenet(&model, model_path)?, device, MODEL_CHUNK_SAMPLES)?;
    let mut output = renderer.render(&input)?;
    let LinedUp { note, .. } = line_up(&output.clone(), &mut output, &mut target, rate_hz);
    Ok(Evaluation { distance: distance(&output, &target)?, note })
}

/// A recording for a model, as it was delivered: the two may differ in length.
///
/// # Errors
/// A file is unusable or too short to measure, the rates differ, or the target is silent.
pub(crate) fn recorded(model: &Model, input_path: &Path, target_path: &Path) -> Result<Pair, TrainerError> {
    let input = files::read(input_path, Channel::Auto)?;
    let target = files::read(target_path, Channel::Auto)?;
    if target.rate_hz != input.rate_hz {
        let problem = format!(
            "{} Hz, but {} has {} Hz; export both at the same rate",
            target.rate_hz,
            input_path.display(),
            input.rate_hz
        );
        return Err(TrainerError::recording(target_path, problem));
    }
    check_length(input_path, &input)?;
    check_length(target_path, &target)?;
    check_audible(target_path, "", &target.samples)?;
    crate::render::check_rate(model, input_path, input.rate_hz)?;
    Ok(Pair { input: input.samples, target: target.samples, rate_hz: input.rate_hz })
}

/// How a recording was brought to lie on a model's output.
pub(crate) struct LinedUp {
    /// What was done, in words; empty where they lay on each other.
    pub note: String,
    /// Whether the target follows the output at all.
    pub is_related: bool,
}

/// Moves and turns a recording as it was delivered so that it lies on the model's output, which was trained from it
/// once it was put right; `beside` is what the output belongs to, and loses the same samples.
pub(crate) fn line_up(output: &[f32], beside: &mut Vec<f32>, target: &mut Vec<f32>, rate_hz: u32) -> LinedUp {
    let samples = output.len().min(target.len());
    let mut notes = Vec::new();
    if output.len() != target.len() {
        notes.push(format!("both cut to {samples} samples"));
    }
    beside.truncate(samples);
    target.truncate(samples);
    let silent = in_silence(target, rate_hz);
    let constant = silent.unwrap_or_else(|| mean(target));
    // Beside a constant a delay is measured less well.
    target.iter_mut().for_each(|sample| *sample -= constant as f32);
    let found = delay::find(&output[..samples], target, rate_hz);
    let sign = if found.is_clear() && found.inverted { -1.0 } else { 1.0 };
    let mut output = &output[..samples];
    if found.is_clear() {
        let late = found.samples.round() as i64;
        if late != 0 {
            move_target(beside, target, -late);
            // What is moved later has no counterpart for the first samples.
            output = &output[(-late).max(0) as usize..];
            let way = if late > 0 { "earlier" } else { "later" };
            notes.push(format!(
                "the target was moved {} samples {way} to where the model's output is",
                late.abs()
            ));
        }
        if found.inverted {
            target.iter_mut().for_each(|sample| *sample = -*sample);
            notes.push("the target was turned upright".into());
        }
    } else {
        notes.push("nothing in the target follows the model's output; it may be of another recording".into());
    }
    // Training takes off what an interface adds, so most models do not have it, but some were trained with it: what is
    // nearer counts. What lopsided playing has on average belongs to the tone, and the model has it too.
    let own = match silent {
        Some(_) if is_nearer(output, target, sign * constant) => sign * constant,
        Some(_) => 0.0,
        None => mean(output),
    };
    let apart = sign * constant - own;
    let back = match apart.abs() > SMALL_OFFSET {
        true => {
            notes.push(format!("a constant offset of {apart:.4} was taken off the target"));
            own
        }
        false => sign * constant,
    };
    target.iter_mut().for_each(|sample| *sample += back as f32);
    LinedUp { note: notes.join(", "), is_related: found.is_clear() }
}

/// Whether an output is nearer to a target with a constant than to that without.
fn is_nearer(output: &[f32], target: &[f32], constant: f64) -> bool {
    let apart = |added: f64| -> f64 {
        output.iter().zip(target).map(|(y, t)| (f64::from(*y) - f64::from(*t) - added).powi(2)).sum()
    };
    apart(constant) < apart(0.0)
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

    #[test]
    fn an_offset_of_the_interface_is_taken_off_and_said() {
        let rate = 48_000;
        let output = crate::virtual_capture::guitar::play(3.0, f64::from(rate), 1);
        for (silence, lowest) in [(rate as usize, -0.02), (0, -1.0)] {
            // A model's own mean, where it plays, is no offset.
            let mut played: Vec<f32> = output.iter().map(|y| y.max(lowest)).collect();
            played.extend(vec![0.0; silence]);
            let mut target: Vec<f32> = played.iter().map(|y| y + 0.01).collect();
            let LinedUp { note, .. } = line_up(&played.clone(), &mut played, &mut target, rate);
            assert!(note.contains("offset of 0.0100"), "{note}");
            let apart = peak_difference(&played, &target);
            assert!(apart < 1e-4, "{apart}: {note}");
            assert_eq!(line_up(&played.clone(), &mut played, &mut target, rate).note, "");
            // A model that was trained with it has it.
            played.iter_mut().for_each(|y| *y += 0.01);
            let mut target = played.clone();
            assert_eq!(line_up(&played.clone(), &mut played, &mut target, rate).note, "");
            assert_eq!(peak_difference(&played, &target), 0.0);
        }
    }
}
