//! Audio for the tests: WAV files through `hound` alone, levels and comparisons.

use std::path::Path;

/// Reads a WAV file: one vector a channel, and the rate in Hz.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path) -> Result<(Vec<Vec<f32>>, u32), hound::Error> {
    let mut reader = hound::WavReader::open(path)?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let scale = 1.0 / (1i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale)).collect::<Result<_, _>>()?
        }
    };
    let channels = usize::from(spec.channels);
    let split = (0..channels).map(|c| samples.iter().skip(c).step_by(channels).copied().collect());
    Ok((split.collect(), spec.sample_rate))
}

/// Writes a WAV file of 32 bit float samples.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, channels: &[Vec<f32>], rate_hz: u32) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for frame in 0..channels.first().map_or(0, Vec::len) {
        for channel in channels {
            writer.write_sample(channel[frame])?;
        }
    }
    writer.finalize()
}

/// Part of the demo recording: `frames` samples of one channel.
///
/// # Panics
/// The recording is missing or shorter.
pub fn guitar(frames: usize) -> Vec<f32> {
    let path = crate::product::asset("demo/clean_guitar.wav");
    let (mut channels, _) = read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut guitar = channels.swap_remove(0);
    assert!(guitar.len() >= frames, "{} holds {} samples, {frames} are needed", path.display(), guitar.len());
    guitar.truncate(frames);
    guitar
}

/// A sine of `amplitude` that begins at 0.
pub fn sine(frequency_hz: f64, amplitude: f64, rate_hz: u32, frames: usize) -> Vec<f32> {
    let step = std::f64::consts::TAU * frequency_hz / f64::from(rate_hz);
    (0..frames).map(|i| (amplitude * (step * i as f64).sin()) as f32).collect()
}

/// What a signal holds of a frequency, as real and imaginary amplitude: a sine has `(0, -amplitude)`. Exact where the
/// signal is whole periods long.
pub fn component(signal: &[f32], frequency_hz: f64, rate_hz: u32) -> (f64, f64) {
    let step = std::f64::consts::TAU * frequency_hz / f64::from(rate_hz);
    let scale = 2.0 / signal.len().max(1) as f64;
    signal.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, &x)| {
        let (sin, cos) = (step * i as f64).sin_cos();
        (re + scale * f64::from(x) * cos, im - scale * f64::from(x) * sin)
    })
}

/// Largest absolute sample.
pub fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// Root of the mean square.
pub fn rms(signal: &[f32]) -> f32 {
    let sum: f64 = signal.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    (sum / signal.len().max(1) as f64).sqrt() as f32
}

/// A level in dB relative to full scale.
pub fn dbfs(level: f32) -> f32 {
    20.0 * level.log10()
}

/// Largest difference between two signals over the length of the shorter one. NaN in either is
/// infinitely far from everything.
pub fn difference(a: &[f32], b: &[f32]) -> f32 {
    let apart = |(a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
    a.iter().zip(b).map(apart).fold(0.0, f32::max)
}

/// Says whether a sample is subnormal: too small for its exponent, and slow on many processors.
pub fn has_subnormal(signal: &[f32]) -> bool {
    signal.iter().any(|x| x.is_subnormal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_found() {
        let (re, im) = component(&sine(100.0, 0.5, 48_000, 4_800), 100.0, 48_000);
        assert!(re.abs() < 1e-6 && (im + 0.5).abs() < 1e-6, "{re} {im}");
    }

    #[test]
    fn differences_are_seen() {
        assert_eq!(difference(&[0.0, 1.0], &[0.0, 1.5]), 0.5);
        assert_eq!(difference(&[0.0, f32::NAN], &[0.0, 0.0]), f32::INFINITY);
        assert!(has_subnormal(&[0.0, 1e-40]) && !has_subnormal(&[0.0, 1e-30]));
        assert!((dbfs(rms(&[0.5, -0.5])) + 6.02).abs() < 0.01);
    }
}
