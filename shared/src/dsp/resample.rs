//! An impulse response at another sample rate.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::PI;

/// Up to this share of the lower rate's half the response stays what it was.
pub const PASS_BAND: f64 = 0.92;

/// From the lower rate's half on, what there is is attenuated by this, in dB.
const STOP_DB: f64 = 80.0;

/// Room for the low-pass to die away in, in periods of the lower rate.
const RING_SAMPLES: f64 = 256.0;

/// Rates that are no whole numbers are met as well as a grid of this many samples can, and better.
const MIN_GRID: usize = 1 << 18;

/// Longest delay of a conversion in place, in samples of the new rate: with the rounding of an amp's own delay, which is
/// half a sample as well, all together stays within one sample of what a host is told.
pub const MOST_LATE_SAMPLES: f64 = 0.5;

/// What lies before the beginning may be lost once less than this share of the energy does.
const LOSS: f64 = 1e-7;

/// An impulse response at another rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled {
    /// Its channels.
    pub channels: Vec<Vec<f32>>,
    /// How much later everything comes than it did, in samples of the new rate.
    pub delay_samples: f64,
}

/// Converts an impulse response, channels of one length, so that its *frequency response* stays the same, up
/// to [`PASS_BAND`] of the lower rate's half: samples are not those of the same curve, they are smaller by
/// the ratio of the rates.
///
/// The spectrum is cut or continued, behind a low-pass of minimum phase (from its magnitude by the cepstrum;
/// Oppenheim and Schafer, "Discrete-Time Signal Processing", chapter on homomorphic systems). A linear phase
/// would ring before the first sample, and a response that begins at once has no room for that. The price is
/// a delay of a few samples, below 0.2 ms where the lower rate is 44.1 kHz or more.
pub fn resample_response(channels: &[Vec<f32>], from_hz: f64, to_hz: f64) -> Resampled {
    convert(channels, from_hz, to_hz, |_, _| Placing { stop_db: STOP_DB, forward: 0.0, keeps_lead: true })
}

/// As [`resample_response`], for what has to stay where it is: everything comes later by at most [`MOST_LATE_SAMPLES`], and not
/// at all where there is silence before the onset to make up for the delay.
///
/// A low-pass of minimum phase is the later, the more it takes away above its edge, and its delay is in proportion to that in
/// dB. A response that begins after some silence, as recorded ones do, is moved forward by that delay, by parts of a sample too,
/// and keeps its curve. For one that begins at once the low-pass takes away only as much as the delay allows, and what its blunter
/// edge rings before the first sample is laid onto the first two, so that low frequencies keep their level and their
/// place. Up to 16 kHz a single sample, which contains everything, and responses that jump to full strength with their first
/// sample stay what they were within 0.6 dB at all rates up to 192 kHz.
pub fn resample_response_in_place(channels: &[Vec<f32>], from_hz: f64, to_hz: f64) -> Resampled {
    convert(channels, from_hz, to_hz, |late, silence| {
        let allowed = late.min(silence + MOST_LATE_SAMPLES);
        Placing { stop_db: STOP_DB * allowed / late, forward: allowed.min(silence), keeps_lead: false }
    })
}

/// Where a converted response comes to stand, and what that costs.
struct Placing {
    /// What the low-pass takes away above its edge, in dB.
    stop_db: f64,
    /// How much earlier all comes than behind the low-pass, in samples of the new rate.
    forward: f64,
    /// Whether what rings before the beginning is kept and makes all later.
    keeps_lead: bool,
}

/// `place` is told how late a low-pass of [`STOP_DB`] is, and how long the silence before the onset, both in samples of the
/// new rate.
fn convert(
    channels: &[Vec<f32>],
    from_hz: f64,
    to_hz: f64,
    place: impl Fn(f64, f64) -> Placing,
) -> Resampled {
    let samples = channels.first().map_or(0, Vec::len);
    if from_hz == to_hz || samples == 0 {
        return Resampled { channels: channels.to_vec(), delay_samples: 0.0 };
    }
    let ring = (RING_SAMPLES * (from_hz / to_hz).max(1.0)).ceil() as usize;
    let (from, to) = grid(samples + 2 * ring, from_hz, to_hz);
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(from), planner.plan_fft_inverse(to));
    let low_pass = LowPass::new(from.max(to), from.min(to) / 2, &mut planner);
    let per_grid = to as f64 / from.max(to) as f64;
    let silence = channels.iter().map(|c| silence(c)).min().unwrap_or(0) as f64 * to_hz / from_hz;
    let placing = place(low_pass.delay(STOP_DB) * per_grid, silence);
    let mut filter = low_pass.spectrum(placing.stop_db, &mut planner);
    for (bin, value) in filter.iter_mut().enumerate() {
        *value *= Complex64::cis(2.0 * PI * bin as f64 * placing.forward / to as f64);
    }
    let convert = |channel: &Vec<f32>| {
        let (mut time, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        time.iter_mut().zip(channel).for_each(|(t, &x)| *t = f64::from(x));
        transformed(forward.process(&mut time, &mut spectrum));
        let mut converted = inverse.make_input_vec();
        for ((y, x), h) in converted.iter_mut().zip(&spectrum).zip(&filter) {
            *y = x * h / to as f64;
        }
        // What is left at half a rate is far down; its imaginary part has no place there.
        for end in [0, to / 2] {
            converted[end].im = 0.0;
        }
        let mut output = inverse.make_output_vec();
        transformed(inverse.process(&mut converted, &mut output));
        output
    };
    let converted: Vec<Vec<f64>> = channels.iter().map(convert).collect();
    // Between the samples there is a little before the first; in the circle that is the end.
    let before = converted.iter().map(|c| lead(c, ring.min(to / 4))).max().unwrap_or(0);
    let lead = if placing.keeps_lead { before } else { 0 };
    let ratio = to_hz / from_hz;
    let length = (((samples + ring) as f64 * ratio).ceil() as usize).min(to - before);
    let cut = |c: &Vec<f64>| {
        let (before, after) = (&c[to - lead..], &c[..length]);
        let mut cut: Vec<f32> = before.iter().chain(after).map(|&y| y as f32).collect();
        if !placing.keeps_lead {
            lay_down(&c[to - ring.min(to / 4)..], &mut cut);
        }
        cut
    };
    let delay_samples = lead as f64 + low_pass.delay(placing.stop_db) * per_grid - placing.forward;
    Resampled { channels: converted.iter().map(cut).collect(), delay_samples }
}

/// How many samples at the beginning hold nothing but less than [`LOSS`] of the energy.
fn silence(signal: &[f32]) -> usize {
    let powers = || signal.iter().map(|&x| f64::from(x) * f64::from(x));
    let allowed = LOSS * powers().sum::<f64>();
    let mut passed = 0.0;
    let sounds = powers().position(|power| {
        passed += power;
        passed > allowed
    });
    sounds.unwrap_or(0)
}

/// Lays what comes before the beginning onto the first two samples, with the same sum and the same centre: what is far below
/// the rate cannot tell them apart. It rings slowly out, so that sums over it settle only behind a window.
fn lay_down(before: &[f64], response: &mut [f32]) {
    let length = before.len() as f64;
    let (mut sum, mut moment) = (0.0, 0.0);
    for (ago, y) in (1..).zip(before.iter().rev()) {
        let ago = f64::from(ago);
        let y = y * (1.0 - ago / length);
        sum += y;
        moment -= ago * y;
    }
    if let [first, second, ..] = response {
        *first += (sum - moment) as f32;
        *second += moment as f32;
    }
}

/// How many samples from the end of a circle, at most `most`, belong before its beginning.
fn lead(circle: &[f64], most: usize) -> usize {
    let allowed = LOSS * circle.iter().map(|y| y * y).sum::<f64>();
    let early = &circle[circle.len() - most..];
    let mut lost = 0.0;
    let kept = early.iter().position(|y| {
        lost += y * y;
        lost > allowed
    });
    kept.map_or(0, |kept| most - kept)
}

/// Numbers of samples at both rates that take the same time, at least `samples` at the first.
fn grid(samples: usize, from_hz: f64, to_hz: f64) -> (usize, usize) {
    if from_hz.fract() == 0.0 && to_hz.fract() == 0.0 {
        let (from, to) = (from_hz as usize, to_hz as usize);
        let (mut unit, mut rest) = (from, to);
        while rest != 0 {
            (unit, rest) = (rest, unit % rest);
        }
        // Twice, so that both are even.
        let (from, to) = (2 * from / unit, 2 * to / unit);
        let times = samples.div_ceil(from);
        return (times * from, times * to);
    }
    let from = samples.next_power_of_two().max(MIN_GRID);
    (from, 2 * (from as f64 * to_hz / from_hz / 2.0).round() as usize)
}

/// Low-passes of minimum phase on one grid.
struct LowPass {
    /// The causal cepstrum of one that takes away 1 dB above its edge: it is in proportion to the dB.
    cepstrum: Vec<f64>,
}

impl LowPass {
    /// Low-passes on a grid of `size` samples, which is even, that let pass what lies well below bin `edge`.
    fn new(size: usize, edge: usize, planner: &mut RealFftPlanner<f64>) -> Self {
        let inverse = planner.plan_fft_inverse(size);
        let nepers = -std::f64::consts::LN_10 / 20.0;
        let begin = PASS_BAND * edge as f64;
        let mut logarithm = inverse.make_input_vec();
        for (bin, value) in logarithm.iter_mut().enumerate() {
            let way = ((bin as f64 - begin) / (edge as f64 - begin)).clamp(0.0, 1.0);
            value.re = nepers * 0.5 * (1.0 - (PI * way).cos());
        }
        let mut cepstrum = inverse.make_output_vec();
        transformed(inverse.process(&mut logarithm, &mut cepstrum));
        // What lies at negative times is folded onto positive ones: the magnitude stays, the phase becomes least.
        let scale = 1.0 / size as f64;
        for (n, value) in cepstrum.iter_mut().enumerate() {
            *value *= match n {
                n if n == 0 || n == size / 2 => scale,
                n if n < size / 2 => 2.0 * scale,
                _ => 0.0,
            };
        }
        Self { cepstrum }
    }

    /// The delay at the lowest frequencies of one that takes away `stop_db`, in samples of the grid. The phase is minus
    /// the sum of `c[n] sin(n w)`, the delay its slope.
    fn delay(&self, stop_db: f64) -> f64 {
        let half = &self.cepstrum[..self.cepstrum.len() / 2];
        stop_db * half.iter().enumerate().map(|(n, c)| n as f64 * c).sum::<f64>()
    }

    /// The spectrum of one that takes away `stop_db`.
    fn spectrum(&self, stop_db: f64, planner: &mut RealFftPlanner<f64>) -> Vec<Complex64> {
        let forward = planner.plan_fft_forward(self.cepstrum.len());
        let mut cepstrum: Vec<f64> = self.cepstrum.iter().map(|c| stop_db * c).collect();
        let mut spectrum = forward.make_output_vec();
        transformed(forward.process(&mut cepstrum, &mut spectrum));
        spectrum.iter_mut().for_each(|value| *value = value.exp());
        spectrum
    }
}

/// A transform's only errors are wrong lengths and ends that are not real.
fn transformed(done: Result<(), realfft::FftError>) {
    debug_assert!(done.is_ok(), "{done:?}");
}
