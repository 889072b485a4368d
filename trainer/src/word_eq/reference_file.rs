//! `trainer reference`: a neutral sound learned from recordings.

use super::sound::files;
use crate::TrainerError;
use shared::dsp::balance::Balance;
use shared::word_eq::{GRID, LearnedReference, grid_hz};
use std::path::Path;

/// Quieter than this all through is silence, as an amplitude: -80 dB below full scale.
const SILENCE: f32 = 1e-4;

/// Less sound than this tells little of what is usual, in seconds: one phrase.
pub const FEW_SECONDS: f64 = 5.0;

/// The balance of some recordings, WAV or FLAC, each brought to one level and counted by its length.
///
/// # Errors
/// No file is given, or one cannot be read, or holds nothing but silence.
pub fn learn(paths: &[impl AsRef<Path>]) -> Result<LearnedReference, TrainerError> {
    let mut power = [0.0; GRID];
    let mut seconds = 0.0;
    let mut sources = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        let sound = files::read(path)?;
        if sound.samples.iter().all(|s| s.abs() < SILENCE) {
            let problem = "nothing but silence in it (all below -80 dBFS); a reference needs sound";
            return Err(TrainerError::recording(path, problem));
        }
        let rate = f64::from(sound.rate_hz);
        let length = sound.samples.len() as f64 / rate;
        let mut balance = Balance::new(rate);
        balance.push(&sound.samples);
        for (power, db) in power.iter_mut().zip(balance.curve_db(&grid_hz())) {
            *power += length * 10f64.powf(db / 10.0);
        }
        seconds += length;
        sources.push(path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()));
    }
    if sources.is_empty() {
        return Err(TrainerError::Setting("no recordings are given to learn a reference from".into()));
    }
    let db = power.map(|power| 10.0 * power.log10());
    let mean = db.iter().sum::<f64>() / GRID as f64;
    let balance_db = db.map(|db| (((db - mean) * 1e3).round() / 1e3) as f32);
    Ok(LearnedReference { balance_db, sources, seconds: (seconds * 1e3).round() / 1e3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sound_twice_is_that_sound_and_silence_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let wav = |name: &str, gain: f32| {
            let mut seed = 1u32;
            let noise: Vec<f32> = (0..48_000)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    gain * ((seed >> 8) as f32 / 8_388_608.0 - 1.0)
                })
                .collect();
            let path = folder.path().join(name);
            shared::audio::write_wav(&path, &[&noise], 48_000).unwrap();
            path
        };
        let (loud, quiet, silent) = (wav("loud.wav", 0.5), wav("quiet.wav", 0.01), wav("silent.wav", 1e-6));
        let one = learn(&[&loud]).unwrap();
        let two = learn(&[&loud, &quiet]).unwrap();
        let apart =
            one.balance_db.iter().zip(&two.balance_db).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.01, "level does not count: {apart}");
        assert_eq!((two.seconds, two.sources.len()), (2.0, 2));
        let problem = learn(&[&loud, &silent]).unwrap_err().to_string();
        assert!(problem.contains("silent.wav") && problem.contains("silence"), "{problem}");
        assert!(learn(&[] as &[&Path]).is_err());
    }
}
