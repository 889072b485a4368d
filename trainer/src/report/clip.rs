//! A few seconds to listen to: the gear, the model and the guitar, equally loud.

use crate::TrainerError;
use crate::evaluate::esr;
use ebur128::{EbuR128, Mode};
use shared::audio::Converter;

/// Length of the clip, in seconds.
const SECONDS: f64 = 6.0;
/// Highest sample rate of what is embedded, in Hz: above it nothing is heard, and the page would only grow.
const HIGHEST_RATE_HZ: u32 = 48_000;
/// Highest peak of what is embedded.
const PEAK: f32 = 0.89;
/// Length of the pieces that are looked at for sound, in seconds.
const PIECE_SECONDS: f64 = 0.1;

/// What is listened to.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Where it begins in the held-out part, in seconds.
    pub begin_seconds: f64,
    /// Its length, in seconds.
    pub seconds: f64,
    /// ESR of the model within the clip.
    pub esr: f64,
    /// Sample rate of the tracks, in Hz.
    pub rate_hz: u32,
    /// What the gear made of it, what the model makes of it, and what went in.
    pub tracks: [Track; 3],
}

/// One sound of the clip.
#[derive(Clone, Debug)]
pub struct Track {
    /// What the track was turned up by to be as loud as the others, in dB.
    pub gain_db: f64,
    /// The sound: mono, 16 bit.
    pub wav: Vec<u8>,
}

impl Clip {
    /// Chooses the seconds of the held-out part whose error is nearest to that of the whole, among those with much sound
    /// in them, and makes the tracks equally loud. Signals are aligned and equally long.
    ///
    /// # Errors
    /// The sample rate cannot be converted.
    pub fn choose(dry: &[f32], model: &[f32], target: &[f32], rate_hz: u32) -> Result<Self, TrainerError> {
        let (begin, end) = typical(model, target, f64::from(rate_hz));
        let whole = [target, model, dry].map(|signal| &signal[begin..end]);
        let loudness = whole.map(|signal| loudness(signal, rate_hz));
        let peaks = whole.map(|signal| signal.iter().fold(0.0f32, |peak, s| peak.max(s.abs())));
        // As loud as the loudest, unless a peak would not fit: then all are lower.
        let loudest = loudness.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let gains = loudness.map(|own| 10f64.powf((loudest - own) / 20.0));
        let highest =
            peaks.iter().zip(gains).map(|(&peak, gain)| f64::from(peak) * gain).fold(1e-9, f64::max);
        let all = f64::from(PEAK) / highest;
        let mut tracks = Vec::new();
        for (signal, gain) in whole.into_iter().zip(gains) {
            let scaled: Vec<f32> = signal.iter().map(|s| (f64::from(*s) * gain * all) as f32).collect();
            let heard = lower_rate(scaled, rate_hz)?;
            tracks.push(Track {
                gain_db: 20.0 * (gain / gains[0]).log10(),
                wav: wav(&heard, rate_hz.min(HIGHEST_RATE_HZ))?,
            });
        }
        let [target_track, model_track, dry_track] =
            <[Track; 3]>::try_from(tracks).map_err(|_| TrainerError::Setting("three tracks".into()))?;
        Ok(Self {
            begin_seconds: begin as f64 / f64::from(rate_hz),
            seconds: (end - begin) as f64 / f64::from(rate_hz),
            esr: esr(&model[begin..end], &target[begin..end]),
            rate_hz: rate_hz.min(HIGHEST_RATE_HZ),
            tracks: [target_track, model_track, dry_track],
        })
    }
}

/// Where the typical seconds begin and end.
fn typical(model: &[f32], target: &[f32], rate_hz: f64) -> (usize, usize) {
    let length = ((SECONDS * rate_hz) as usize).min(target.len());
    let piece = ((PIECE_SECONDS * rate_hz) as usize).max(1);
    let energy = |signal: &[f32]| signal.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let loud = target.chunks(piece).map(energy).fold(0.0, f64::max) * 1e-4;
    let whole = esr(model, target).max(1e-12);
    let begins: Vec<usize> = (0..=target.len() - length).step_by(5 * piece).collect();
    let sounding =
        |begin: usize| target[begin..begin + length].chunks(piece).filter(|part| energy(part) > loud).count();
    let most = begins.iter().map(|&begin| sounding(begin)).max().unwrap_or(0);
    let unlike = |begin: usize| {
        let here = esr(&model[begin..begin + length], &target[begin..begin + length]).max(1e-12);
        (here / whole).ln().abs()
    };
    let begin = begins
        .into_iter()
        .filter(|&begin| 5 * sounding(begin) >= 4 * most)
        .min_by(|&a, &b| unlike(a).total_cmp(&unlike(b)))
        .unwrap_or(0);
    (begin, begin + length)
}

/// Integrated loudness in LUFS (ITU-R BS.1770-5); the mean level where the gate leaves nothing.
fn loudness(signal: &[f32], rate_hz: u32) -> f64 {
    let measured = EbuR128::new(1, rate_hz, Mode::I).and_then(|mut meter| {
        meter.add_frames_f32(signal)?;
        meter.loudness_global()
    });
    match measured {
        Ok(lufs) if lufs.is_finite() => lufs,
        _ => 10.0 * crate::data::power(signal).max(1e-12).log10(),
    }
}

fn lower_rate(signal: Vec<f32>, rate_hz: u32) -> Result<Vec<f32>, TrainerError> {
    if rate_hz <= HIGHEST_RATE_HZ {
        return Ok(signal);
    }
    let mut converter = Converter::new(rate_hz, HIGHEST_RATE_HZ, 1).map_err(TrainerError::Setting)?;
    let mut ready = [Vec::new()];
    converter.push(&[&signal], signal.len(), &mut ready);
    converter.finish(&mut ready);
    let [ready] = ready;
    Ok(ready)
}

fn wav(signal: &[f32], rate_hz: u32) -> Result<Vec<u8>, TrainerError> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for sample in signal {
            writer.write_sample((sample * 32_767.0).round().clamp(-32_768.0, 32_767.0) as i16)?;
        }
        writer.finalize()
    });
    written.map_err(|e| TrainerError::Setting(format!("the clip of the report: {e}")))?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(level: f32, hz: f64, rate_hz: u32, seconds: f64) -> Vec<f32> {
        let samples = (seconds * f64::from(rate_hz)) as usize;
        (0..samples).map(|i| level * (TAU * hz * i as f64 / f64::from(rate_hz)).sin() as f32).collect()
    }

    #[test]
    fn the_tracks_are_equally_loud_and_long_and_fit() {
        for rate_hz in [44_100, 96_000] {
            let dry = tone(0.02, 500.0, rate_hz, 8.0);
            let target = tone(0.8, 500.0, rate_hz, 8.0);
            let model = tone(0.7, 500.0, rate_hz, 8.0);
            let clip = Clip::choose(&dry, &model, &target, rate_hz).unwrap();
            assert_eq!((clip.seconds, clip.rate_hz), (6.0, rate_hz.min(48_000)));
            let heard = clip.tracks.each_ref().map(|track| {
                let mut reader = hound::WavReader::new(&track.wav[..]).unwrap();
                assert_eq!(reader.spec().sample_rate, clip.rate_hz);
                let samples: Vec<f32> =
                    reader.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
                assert_eq!(samples.len(), 6 * clip.rate_hz as usize);
                (crate::data::power(&samples), samples.iter().fold(0.0f32, |p, s| p.max(s.abs())))
            });
            for (power, peak) in heard {
                assert!((power / heard[0].0 - 1.0).abs() < 0.01, "{heard:?}");
                assert!(peak < 0.95, "{heard:?}");
            }
            assert!((clip.tracks[2].gain_db - 32.04).abs() < 0.1, "{}", clip.tracks[2].gain_db);
        }
    }

    #[test]
    fn typical_seconds_have_sound_and_the_usual_error() {
        // Ten seconds of silence, ten with an error of a tenth, ten with one of a hundredth.
        let sound = tone(0.5, 300.0, 8000, 10.0);
        let silence = vec![0.0; 80_000];
        let target = [&silence[..], &sound, &sound].concat();
        let off = |by: f32| sound.iter().map(|s| s * by).collect::<Vec<_>>();
        let model = [silence.clone(), off(0.9), off(0.99)].concat();
        let clip = Clip::choose(&target, &model, &target, 8000).unwrap();
        let end = clip.begin_seconds + clip.seconds;
        // The whole has an ESR of half a hundredth: where both meet.
        assert!(clip.begin_seconds > 12.0 && clip.begin_seconds < 20.0 && end > 20.0, "{clip:?}");
        // Shorter than the clip: all of it.
        let short = Clip::choose(&sound[..8000], &sound[..8000], &sound[..8000], 8000).unwrap();
        assert_eq!((short.begin_seconds, short.seconds, short.esr), (0.0, 1.0, 0.0));
    }
}
