//! What is neutral, by name or learned from a recording.

use super::CliError;
use shared::audio::Reader;
use shared::dsp::balance::Balance;
use shared::word_eq::{EqModel, Kind, LearnedReference, Reference, grid_hz};
use std::path::Path;
use std::sync::Arc;

/// Samples that are listened to at a time.
const BLOCK: usize = 4096;

/// Less than this is learned from with a warning, in seconds.
const SHORT_SECONDS: f64 = 3.0;

/// Quieter than this all through is silence, as an amplitude: -80 dB below full scale.
const SILENCE: f32 = 1e-4;

/// What is neutral, and how people call it.
pub(super) struct Neutral {
    pub reference: Reference,
    pub described: String,
}

/// A kind of source as it is typed.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Any => "any",
        Kind::GuitarAmp => "guitar-amp",
        Kind::Bass => "bass",
        Kind::Voice => "voice",
        Kind::Drums => "drums",
        Kind::FullMix => "full-mix",
    }
}

/// The names of all kinds, for messages.
pub(super) fn kind_names() -> String {
    Kind::ALL.map(kind_name).join(", ")
}

/// The kind of source that is called `name`, or the balance of the recording of that name.
pub(super) fn find(name: &str, model: &Arc<EqModel>) -> Result<Neutral, CliError> {
    let typed = name.trim().to_lowercase().replace(['_', ' '], "-");
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind_name(*kind) == typed) {
        return Ok(Neutral { reference: Reference::Kind(kind), described: kind_name(kind).into() });
    }
    let path = Path::new(name);
    // A name with a folder or an extension is meant as a file: the reader says what is wrong with it.
    if !path.exists() && path.extension().is_none() && path.components().count() < 2 {
        return Err(CliError::UnknownReference { name: name.to_owned() });
    }
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let reference = LearnedReference::load(path)?.reference(&model.table);
        return Ok(Neutral { reference, described: path.display().to_string() });
    }
    let learned = learn(path)?;
    let seconds = learned.seconds;
    if seconds < SHORT_SECONDS {
        eprintln!(
            "warning: {} has only {seconds:.1} s to learn from; {SHORT_SECONDS} s or more are better",
            path.display()
        );
    }
    let described = format!("{}, {seconds:.1} s", path.display());
    Ok(Neutral { reference: learned.reference(&model.table), described })
}

/// The balance of a recording with its channels mixed to one, all of it counting alike: as `trainer reference`
/// measures it.
fn learn(path: &Path) -> Result<LearnedReference, CliError> {
    let mut reader = Reader::open(path)?;
    let (rate_hz, channels) = (f64::from(reader.sample_rate_hz()), reader.channels());
    let mut balance = Balance::new(rate_hz);
    let mut memory = vec![vec![0.0f32; BLOCK]; channels];
    let (mut samples, mut is_silent) = (0, true);
    loop {
        let read = reader.read(&mut memory)?;
        if read == 0 {
            break;
        }
        let mean = |i: usize| memory.iter().map(|c| c[i]).sum::<f32>() / channels as f32;
        let mono: Vec<f32> = (0..read).map(mean).collect();
        is_silent &= mono.iter().all(|s| s.abs() < SILENCE);
        samples += read;
        balance.push(&mono);
    }
    if is_silent {
        return Err(CliError::NothingToLearn(path.to_owned()));
    }
    Ok(LearnedReference {
        balance_db: balance.curve_db(&grid_hz()).map(|db| db as f32),
        sources: vec![path.display().to_string()],
        seconds: samples as f64 / rate_hz,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_recording_counts_alike() {
        let folder = tempfile::tempdir().unwrap();
        let mut seed = 1u32;
        let mut noise = |dark: bool| -> Vec<f32> {
            let mut low = 0.0;
            let sample = |_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
                low += 0.05 * (white - low);
                if dark { 0.9 * low } else { 0.2 * white }
            };
            (0..480_000).map(sample).collect()
        };
        let (dark, bright) = (noise(true), noise(false));
        let learned = |name: &str, parts: [&[f32]; 2]| {
            let path = folder.path().join(name);
            shared::audio::write_wav(&path, &[&parts.concat()], 48_000).unwrap();
            learn(&path).unwrap().balance_db
        };
        let (one, other) = (learned("a.wav", [&dark, &bright]), learned("b.wav", [&bright, &dark]));
        let apart = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1.0, "the order matters: {apart} dB");
        let mut balance = Balance::new(48_000.0);
        balance.push(&[dark, bright].concat());
        let expected = balance.curve_db(&grid_hz());
        let apart = one.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        assert!(apart < 0.1, "{apart} dB");
    }
}
