//! A capture that needs no recording: synthesised playing through a simulated overdrive and tube
//! amplifier. It makes the trainer usable, and testable, with no data at all.
//!
//! The playing ([`guitar`]) is plucked strings; the gear is circuits ([`overdrive`], [`triode`],
//! [`amp`]) solved at [`OVERSAMPLING`] times the sample rate ([`oversample`]). All of it is causal
//! and depends on nothing but its arguments.

pub mod amp;
mod filter;
pub mod guitar;
pub mod overdrive;
pub mod oversample;
mod pluck;
mod score;
pub mod triode;

use crate::TrainerError;
use crate::data::Pair;
use shared::audio::{AudioError, write_wav};
use std::path::{Path, PathBuf};

/// Samples the circuits are solved at for each sample of audio.
pub const OVERSAMPLING: usize = 8;

/// Playing of `seconds` at `rate_hz`, and what the virtual gear makes of it.
pub fn capture(seconds: f64, rate_hz: u32, seed: u64) -> Pair {
    let input = guitar::play(seconds, f64::from(rate_hz), seed);
    let target = amp::Rig::new(f64::from(rate_hz)).play(&input);
    Pair { input, target, rate_hz }
}

/// The same with the gear's drive at a setting from 0 to [`amp::MOST_DRIVE`].
pub fn capture_at(drive: f64, seconds: f64, rate_hz: u32, seed: u64) -> Pair {
    let input = guitar::play(seconds, f64::from(rate_hz), seed);
    let target = amp::Rig::with_drive(f64::from(rate_hz), drive).play(&input);
    Pair { input, target, rate_hz }
}

/// Where [`write`] puts what went in and what came out.
pub fn files(folder: &Path) -> [PathBuf; 2] {
    ["input.wav", "target.wav"].map(|name| folder.join(name))
}

/// Writes a capture as `input.wav` and `target.wav` into `folder`, and gives their paths.
///
/// # Errors
/// The folder or a file cannot be written.
pub fn write(
    folder: &Path,
    seconds: f64,
    rate_hz: u32,
    seed: u64,
) -> Result<(PathBuf, PathBuf), TrainerError> {
    std::fs::create_dir_all(folder).map_err(|e| TrainerError::file(folder, e))?;
    let pair = capture(seconds, rate_hz, seed);
    let [input, target] = files(folder);
    write_wav(&input, &[&pair.input], rate_hz)?;
    write_wav(&target, &[&pair.target], rate_hz)?;
    Ok((input, target))
}

/// Writes the demo piece ([`guitar::demo`]) as a WAV file of 16 bit, which is how it is kept in
/// `assets/demo`.
///
/// # Errors
/// The file cannot be written.
pub fn write_demo(path: &Path, rate_hz: u32) -> Result<(), TrainerError> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for sample in guitar::demo(f64::from(rate_hz)) {
            writer.write_sample((sample * 32_767.0).round() as i16)?;
        }
        writer.finalize()
    });
    written.map_err(|e| AudioError::Format { path: path.to_owned(), problem: e.to_string() })?;
    shared::fs::write_atomic(path, &bytes.into_inner()).map_err(|e| TrainerError::file(path, e))
}
