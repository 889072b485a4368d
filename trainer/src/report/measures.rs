//! All that the page shows of a model and a recording, as numbers.

use super::clip::Clip;
use super::heat::Heat;
use super::play::Player;
use super::sine::{self, SineAnswer};
use crate::TrainerError;
use crate::data::Pair;
use crate::evaluate::bands::{BandError, Spectrum, by_band};
use crate::evaluate::levels::{LevelError, by_level};
use crate::evaluate::{Distance, distance, esr};
use shared::model::Model;

/// Length of a moment, in seconds.
const MOMENT_SECONDS: f64 = 0.02;
/// Moments more than this below the loudest are no playing.
const QUIET_DB: f64 = 20.0;
/// Most of the training part that is measured, in seconds.
const TRAIN_SECONDS: f64 = 60.0;

/// A model beside a recording.
#[derive(Debug)]
pub struct Measures {
    /// Sample rate, in Hz.
    pub rate_hz: f64,
    /// Length of the held-out part, in seconds.
    pub held_out_seconds: f64,
    /// Distance on the held-out part.
    pub distance: Distance,
    /// ESR on what was trained from, and how many seconds of it were measured.
    pub train: Option<(f64, f64)>,
    /// The held-out error by level of the input.
    pub levels: Vec<LevelError>,
    /// The held-out error by octave.
    pub bands: Vec<BandError>,
    /// Long-term spectra.
    pub spectra: Spectra,
    /// The worst, the median and the best moment.
    pub moments: Vec<Moment>,
    /// Target and error over time and frequency.
    pub heat: [Heat; 2],
    /// The model's answers to sines.
    pub sines: Vec<SineAnswer>,
    /// The model's answer to a sweep over time and frequency, and where the sweep ends in Hz.
    pub sweep: (Heat, f64),
    /// What is listened to.
    pub clip: Clip,
}

/// Long-term spectra of the held-out part.
#[derive(Debug)]
pub struct Spectra {
    /// What the gear made of it.
    pub target: Spectrum,
    /// What the model makes of it.
    pub model: Spectrum,
    /// Their difference.
    pub error: Spectrum,
}

/// A short piece of the held-out part.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Which it is: "worst", "median" or "best".
    pub name: &'static str,
    /// Where it begins in the held-out part, in seconds.
    pub seconds: f64,
    /// Its ESR.
    pub esr: f64,
    /// What the gear made of it.
    pub target: Vec<f32>,
    /// What the model makes of it.
    pub model: Vec<f32>,
}

/// Measures a model on `held_out` from sample `start` on, and on `train` if there is one.
///
/// # Errors
/// No engine runs the model, libtorch fails, or the sample rate cannot be converted.
pub fn measure(
    model: &Model,
    held_out: &Pair,
    start: usize,
    train: Option<&Pair>,
) -> Result<Measures, TrainerError> {
    let rate_hz = f64::from(held_out.rate_hz);
    let mut player = Player::new(model)?;
    let output = player.play(&held_out.input, start..held_out.input.len());
    let (dry, target) = (&held_out.input[start..], &held_out.target[start..]);
    let error: Vec<f32> = output.iter().zip(target).map(|(y, t)| y - t).collect();
    let train = train.map(|pair| {
        // The beginning: its end may be what the held-out part follows on.
        let samples = pair.input.len().min((TRAIN_SECONDS * rate_hz) as usize);
        let output = player.play(&pair.input, 0..samples);
        (esr(&output, &pair.target[..samples]), samples as f64 / rate_hz)
    });
    let spectra = Spectra {
        target: Spectrum::of(target, rate_hz),
        model: Spectrum::of(&output, rate_hz),
        error: Spectrum::of(&error, rate_hz),
    };
    let sweep_end_hz = super::heat::HIGHEST_HZ.min(0.475 * rate_hz);
    Ok(Measures {
        rate_hz,
        held_out_seconds: target.len() as f64 / rate_hz,
        distance: distance(&output, target)?,
        train,
        levels: by_level(dry, &output, target, rate_hz),
        bands: by_band(&spectra.target, &spectra.error),
        spectra,
        moments: moments(&output, target, rate_hz),
        heat: [Heat::of(target, rate_hz), Heat::of(&error, rate_hz)],
        sines: sine::answers(&mut player, rate_hz),
        sweep: (Heat::of(&sine::sweep(&mut player, rate_hz, sweep_end_hz), rate_hz), sweep_end_hz),
        clip: Clip::choose(dry, &output, target, held_out.rate_hz)?,
    })
}

/// The worst, the median and the best moment of those with sound in them.
fn moments(output: &[f32], target: &[f32], rate_hz: f64) -> Vec<Moment> {
    let length = ((MOMENT_SECONDS * rate_hz) as usize).clamp(1, target.len().max(1));
    let energy = |at: usize| target[at..at + length].iter().map(|&t| f64::from(t).powi(2)).sum::<f64>();
    let all = (0..(target.len() + 1).saturating_sub(length)).step_by(length.div_ceil(2));
    let with_energy: Vec<(usize, f64)> = all.map(|at| (at, energy(at))).collect();
    let loudest = with_energy.iter().map(|(_, e)| *e).fold(0.0, f64::max);
    let least = loudest * 10f64.powf(-QUIET_DB / 10.0);
    let mut heard: Vec<(usize, f64)> = with_energy
        .into_iter()
        .filter(|(_, e)| *e > least)
        .map(|(at, _)| (at, esr(&output[at..at + length], &target[at..at + length])))
        .collect();
    heard.sort_by(|a, b| b.1.total_cmp(&a.1));
    let Some(last) = heard.len().checked_sub(1) else { return Vec::new() };
    let moment = |(name, index): (&'static str, usize)| {
        let (at, esr) = heard[index];
        Moment {
            name,
            seconds: at as f64 / rate_hz,
            esr,
            target: target[at..at + length].to_vec(),
            model: output[at..at + length].to_vec(),
        }
    };
    [("worst", 0), ("median", last / 2), ("best", last)].into_iter().map(moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_with_sound() {
        // Silence with a wild error first: no moment to look at.
        let mut target = vec![0.0f32; 1000];
        let mut output = [vec![0.5f32; 900], vec![0.0; 100]].concat();
        for (piece, error) in [(0, 0.1), (1, 0.3), (2, 0.2)] {
            target.extend([1.0; 1000]);
            output.extend([1.0 - error; 1000]);
            assert_eq!(target.len(), 2000 + 1000 * piece);
        }
        let found = moments(&output, &target, 10_000.0);
        let names: Vec<_> = found.iter().map(|m| (m.name, (m.esr * 100.0).round() / 100.0)).collect();
        assert_eq!(names, [("worst", 0.09), ("median", 0.04), ("best", 0.01)]);
        assert!((0.2..0.3).contains(&found[0].seconds) && found[0].target.len() == 200, "{found:?}");
        assert!(moments(&[], &[], 48_000.0).is_empty());
        assert!(moments(&[0.0; 500], &[0.0; 500], 48_000.0).is_empty());
    }
}
