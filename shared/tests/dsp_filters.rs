//! The filters of the word EQ against their formulas, at every rate and in every shape.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::dsp::cookbook::{Shape, response_db};
use shared::dsp::svf::{Coefficients, LOUDEST, Series};
use shared::word_eq::{BAND_RANGES, BANDS, MAX_GAIN_DB, MAX_Q, MIN_Q};
use std::f64::consts::PI;

const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];

/// A filter as it is set: shape, gain in dB, frequency in Hz, Q.
type Filter = (Shape, f64, f64, f64);

/// The band's filters at both ends of its range, with extreme and moderate gains and Qs.
fn corners(band: usize) -> Vec<Filter> {
    let range = &BAND_RANGES[band];
    let qs: &[f64] = match range.shape {
        Shape::Peak => &[MIN_Q as f64, 1.0, MAX_Q as f64],
        Shape::LowShelf | Shape::HighShelf => &[std::f64::consts::FRAC_1_SQRT_2],
    };
    let mut filters = Vec::new();
    for frequency in [range.lowest_hz, (range.lowest_hz * range.highest_hz).sqrt(), range.highest_hz] {
        for gain in [-MAX_GAIN_DB, -3.0, 6.0, MAX_GAIN_DB] {
            filters.extend(qs.iter().map(|q| (range.shape, f64::from(gain), f64::from(frequency), *q)));
        }
    }
    filters
}

fn coefficients((shape, gain_db, frequency_hz, q): Filter, rate_hz: f64) -> Coefficients {
    Coefficients::new(shape, gain_db, frequency_hz, q, rate_hz)
}

/// Frequencies from 20 Hz to 0.45 of the rate, evenly spaced in the logarithm.
fn grid(rate_hz: f64, points: usize) -> impl Iterator<Item = f64> {
    let ratio = 0.45 * rate_hz / 20.0;
    (0..points).map(move |i| 20.0 * ratio.powf(i as f64 / (points - 1) as f64))
}

/// Runs sound through filters that do not move, in blocks of these lengths, again and again.
fn filtered<const N: usize>(filters: [Coefficients; N], channels: &mut [&mut [f32]], blocks: &[usize]) {
    let mut series = Series::new(channels.len());
    series.jump_to(filters);
    in_blocks(&mut series, channels, blocks, &mut || None);
}

fn in_blocks<const N: usize>(
    series: &mut Series<N>,
    channels: &mut [&mut [f32]],
    blocks: &[usize],
    next: &mut dyn FnMut() -> Option<[Coefficients; N]>,
) {
    let length = channels[0].len();
    let mut at = 0;
    for block in blocks.iter().cycle() {
        let end = length.min(at + block);
        let mut views: Vec<&mut [f32]> = channels.iter_mut().map(|c| &mut c[at..end]).collect();
        series.process(&mut views, &mut *next);
        at = end;
        if at == length {
            return;
        }
    }
}

/// Magnitude in dB of a response to an impulse, summed at a frequency.
fn measured_db(impulse_response: &[f32], at_hz: f64, rate_hz: f64) -> f64 {
    let w = 2.0 * PI * at_hz / rate_hz;
    // Turned from sample to sample, and set anew now and then before errors add up.
    let (turn_re, turn_im) = (w.cos(), -w.sin());
    let (mut re, mut im) = (0.0, 0.0);
    for (i, piece) in impulse_response.chunks(1024).enumerate() {
        let angle = -w * (i * 1024) as f64;
        let (mut c, mut s) = (angle.cos(), angle.sin());
        for h in piece {
            re += f64::from(*h) * c;
            im += f64::from(*h) * s;
            (c, s) = (c * turn_re - s * turn_im, c * turn_im + s * turn_re);
        }
    }
    10.0 * (re * re + im * im).log10()
}

/// What the filter's slowest pole takes to fall to 1/e, at least.
fn time_constant_seconds((shape, gain_db, frequency_hz, q): Filter) -> f64 {
    let a = 10f64.powf(gain_db.abs() / 40.0);
    let damping = match shape {
        Shape::Peak if gain_db < 0.0 => a / q,
        Shape::Peak => 1.0 / (a * q),
        // Its poles are the root of A off its frequency.
        Shape::LowShelf | Shape::HighShelf => 1.0 / (a.sqrt() * q),
    };
    let slowest = (damping / 2.0).min(1.0 / damping);
    1.0 / (2.0 * PI * frequency_hz * slowest)
}

fn noise(length: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| rng.random_range(-1.0..1.0)).collect()
}

#[test]
fn what_is_measured_is_what_the_formula_says() {
    let mut worst = (0.0, String::new());
    for rate in RATES_HZ {
        for filter in (0..BANDS).flat_map(corners) {
            let length = (13.0 * rate * time_constant_seconds(filter)) as usize + 64;
            let mut left = vec![0.0; length];
            left[0] = 1.0;
            filtered([coefficients(filter, rate)], &mut [&mut left], &[64, 1, 17]);
            for at in grid(rate, 24) {
                let (shape, gain, frequency, q) = filter;
                let expected = response_db(shape, gain, frequency, q, at, rate);
                let error = (measured_db(&left, at, rate) - expected).abs();
                if error > worst.0 {
                    worst = (error, format!("{filter:?} at {at:.1} Hz, rate {rate}: {expected:.3} dB"));
                }
            }
        }
    }
    println!("largest error {:.2e} dB: {}", worst.0, worst.1);
    assert!(worst.0 < 0.002, "{} dB of error: {}", worst.0, worst.1);
}

/// Direct evaluation of the cookbook's biquad, as it is printed there.
fn biquad_db((shape, gain_db, frequency_hz, q): Filter, at_hz: f64, rate_hz: f64) -> f64 {
    let a = 10f64.powf(gain_db / 40.0);
    let (sin, cos) = (2.0 * PI * frequency_hz / rate_hz).sin_cos();
    let alpha = sin / (2.0 * q);
    let root = 2.0 * a.sqrt() * alpha;
    let (up, down) = (a + 1.0, a - 1.0);
    let (b, d) = match shape {
        Shape::Peak => {
            ([1.0 + alpha * a, -2.0 * cos, 1.0 - alpha * a], [1.0 + alpha / a, -2.0 * cos, 1.0 - alpha / a])
        }
        Shape::LowShelf => (
            [a * (up - down * cos + root), 2.0 * a * (down - up * cos), a * (up - down * cos - root)],
            [up + down * cos + root, -2.0 * (down + up * cos), up + down * cos - root],
        ),
        Shape::HighShelf => (
            [a * (up + down * cos + root), -2.0 * a * (down + up * cos), a * (up + down * cos - root)],
            [up - down * cos + root, 2.0 * (down - up * cos), up - down * cos - root],
        ),
    };
    let w = 2.0 * PI * at_hz / rate_hz;
    let power = |k: [f64; 3]| {
        let re = k[0] + k[1] * w.cos() + k[2] * (2.0 * w).cos();
        let im = k[1] * w.sin() + k[2] * (2.0 * w).sin();
        re * re + im * im
    };
    10.0 * (power(b) / power(d)).log10()
}

#[test]
fn the_formula_is_the_cookbooks_biquad() {
    for rate in RATES_HZ {
        for filter in (0..BANDS).flat_map(corners) {
            // Lower than this the biquad's own sums lose the digits.
            for at in grid(rate, 40).filter(|at| *at > rate / 500.0) {
                let (shape, gain, frequency, q) = filter;
                let closed = response_db(shape, gain, frequency, q, at, rate);
                let direct = biquad_db(filter, at, rate);
                assert!((closed - direct).abs() < 1e-6, "{filter:?} at {at} Hz, {rate}: {closed} {direct}");
            }
        }
    }
}

#[test]
fn the_formula_holds_from_nothing_to_beyond_half_the_rate() {
    for rate in RATES_HZ {
        for (shape, low, high) in
            [(Shape::LowShelf, 9.0, 0.0), (Shape::HighShelf, 0.0, 9.0), (Shape::Peak, 0.0, 0.0)]
        {
            let db = |at| response_db(shape, 9.0, 1_000.0, 0.7, at, rate);
            assert!((db(0.0) - low).abs() < 1e-9);
            assert!((db(rate / 2.0) - high).abs() < 1e-9);
            assert_eq!(db(rate), db(rate / 2.0));
            assert_eq!(response_db(shape, 0.0, 1_000.0, 0.7, 440.0, rate), 0.0);
        }
    }
    // A frequency the rate cannot have is that of the highest it can.
    let db = |frequency| response_db(Shape::HighShelf, 6.0, frequency, 0.7, 9_000.0, 22_050.0);
    assert_eq!(db(20_000.0), db(0.49 * 22_050.0));
}

#[test]
fn soloed_bands_pass_what_lies_in_them() {
    for rate in RATES_HZ {
        for (shape, low_db, middle_db, high_db) in [
            (Shape::LowShelf, 0.0, -3.01, -80.0),
            (Shape::Peak, -40.0, 0.0, -40.0),
            (Shape::HighShelf, -80.0, -3.01, 0.0),
        ] {
            let mut left = vec![0.0; 1 << 15];
            left[0] = 1.0;
            let solo = Coefficients::solo(shape, 1_000.0, std::f64::consts::FRAC_1_SQRT_2, rate);
            filtered([solo], &mut [&mut left], &[64]);
            let [low, middle, high] = [10.0, 1_000.0, 0.3 * rate].map(|at| measured_db(&left, at, rate));
            let near = |db: f64, expected: f64| {
                if expected < -10.0 { db < -20.0 } else { (db - expected).abs() < 0.1 }
            };
            assert!(
                near(low, low_db) && near(middle, middle_db) && near(high, high_db),
                "{shape:?} {rate}: {low} {middle} {high}"
            );
        }
    }
}

#[test]
fn no_gain_passes_every_bit() {
    let (left, right) = (noise(3_000, 1), noise(3_000, 2));
    for rate in RATES_HZ {
        let flat = std::array::from_fn::<_, BANDS, _>(|i| {
            let range = &BAND_RANGES[i];
            Coefficients::new(range.shape, 0.0, f64::from(range.highest_hz), 0.7, rate)
        });
        let mut out = (left.clone(), right.clone());
        filtered(flat, &mut [&mut out.0, &mut out.1], &[64, 33]);
        assert_eq!(out, (left.clone(), right.clone()), "rate {rate}");
    }
}

/// Bands whose gains, frequencies and Qs are drawn anew with each call.
fn wild(seed: u64, rate_hz: f64) -> impl FnMut() -> Option<[Coefficients; BANDS]> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    move || {
        let draw = |range: &shared::word_eq::BandRange, rng: &mut ChaCha8Rng| {
            let position: f32 = rng.random();
            let frequency = range.lowest_hz * (range.highest_hz / range.lowest_hz).powf(position);
            let gain = rng.random_range(-12.0..12.0);
            Coefficients::new(
                range.shape,
                gain,
                f64::from(frequency),
                10f64.powf(rng.random_range(-1.0..1.0)),
                rate_hz,
            )
        };
        // Sometimes it stays where it is.
        (rng.random::<f32>() < 0.7).then(|| std::array::from_fn(|i| draw(&BAND_RANGES[i], &mut rng)))
    }
}

#[test]
fn blocks_of_any_length_give_the_same_bits() {
    for channels in 1..=3 {
        let input: Vec<Vec<f32>> = (0..channels).map(|c| noise(20_000, c)).collect();
        let run = |blocks: &[usize]| {
            let mut sound = input.clone();
            let mut views: Vec<&mut [f32]> = sound.iter_mut().map(Vec::as_mut_slice).collect();
            let mut next = wild(5, 48_000.0);
            in_blocks(&mut Series::new(views.len()), &mut views, blocks, &mut next);
            sound
        };
        let whole = run(&[20_000]);
        for blocks in [&[1][..], &[17], &[64], &[512], &[4096], &[3, 0, 16, 97, 31, 1, 640]] {
            assert_eq!(run(blocks), whole, "{channels} channels, blocks {blocks:?}");
        }
    }
}

#[test]
fn channels_share_coefficients_and_nothing_else() {
    let run = |mut sound: Vec<Vec<f32>>| {
        let mut views: Vec<&mut [f32]> = sound.iter_mut().map(Vec::as_mut_slice).collect();
        in_blocks(&mut Series::new(views.len()), &mut views, &[100], &mut wild(6, 44_100.0));
        sound
    };
    let [a, b, c] = [1, 2, 3].map(|seed| noise(9_000, seed));
    let together = run(vec![a.clone(), b.clone(), c.clone()]);
    for (channel, alone) in together.iter().zip([a, b, c]) {
        assert_eq!(*channel, run(vec![alone])[0]);
    }
    assert_ne!(together[0], together[1]);
}

#[test]
fn reset_means_silence_before() {
    let mut series = Series::new(2);
    let input = (noise(5_003, 1), noise(5_003, 2));
    let run = |series: &mut Series<BANDS>| {
        let mut out = input.clone();
        series.jump_to([Coefficients::PASS; BANDS]);
        in_blocks(series, &mut [&mut out.0, &mut out.1], &[64], &mut wild(9, 96_000.0));
        out
    };
    let first = run(&mut series);
    series.reset();
    assert_eq!(run(&mut series), first);
}

#[test]
fn what_is_no_sound_is_silence_and_leaves_nothing_behind() {
    let bands = |seed| wild(seed, 48_000.0)().unwrap_or([Coefficients::PASS; BANDS]);
    let (clean, right) = (noise(4_000, 1), noise(4_000, 2));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1.1 * LOUDEST as f32] {
        let (mut spoiled, mut silenced) = (clean.clone(), clean.clone());
        for at in [5, 6, 2_000] {
            (spoiled[at], silenced[at]) = (bad, 0.0);
        }
        let mut rights = [right.clone(), right.clone()];
        let [r0, r1] = &mut rights;
        filtered(bands(3), &mut [&mut spoiled, r0], &[64]);
        filtered(bands(3), &mut [&mut silenced, r1], &[64]);
        assert_eq!(spoiled, silenced, "{bad}");
        assert_eq!(rights[0], rights[1], "{bad} crosses to the other channel");
    }
}

#[test]
fn settings_that_are_none_pass_the_sound() {
    let (good, nan) = ((1_000.0, 0.7, 48_000.0), f64::NAN);
    for (f, q, rate) in [
        (nan, 0.7, 48_000.0),
        (good.0, nan, good.2),
        (good.0, 0.0, good.2),
        (good.0, good.1, nan),
        (good.0, good.1, 0.0),
    ] {
        for shape in [Shape::LowShelf, Shape::Peak, Shape::HighShelf] {
            assert_eq!(Coefficients::new(shape, 6.0, f, q, rate), Coefficients::PASS);
            assert_eq!(Coefficients::new(shape, nan, good.0, good.1, good.2), Coefficients::PASS);
        }
    }
}

#[test]
fn silence_ends_in_silence() {
    let mut left = vec![0.0; 48_000 * 40];
    left[..64].copy_from_slice(&noise(64, 1));
    let ringing = Coefficients::new(Shape::Peak, 12.0, 82.0, 10.0, 48_000.0);
    let mut series = Series::new(1);
    series.jump_to([ringing]);
    in_blocks(&mut series, &mut [&mut left], &[512], &mut || None);
    assert!(left[48_000..48_100].iter().any(|x| *x != 0.0), "it rings for a while");
    assert!(left[left.len() - 100..].iter().all(|x| *x == 0.0));
    assert!(left.iter().all(|x| *x == 0.0 || x.abs() > 1e-38), "something subnormal came out");
}

#[test]
fn nothing_that_moves_makes_a_filter_ring_up() {
    for rate in RATES_HZ {
        // New settings with every grain, all over their ranges, for two seconds.
        let mut sound = [noise(2 * rate as usize, 7), noise(2 * rate as usize, 8)];
        let [left, right] = &mut sound;
        in_blocks(&mut Series::new(2), &mut [left, right], &[64], &mut wild(11, rate));
        let peak = sound.iter().flatten().fold(0f32, |peak, x| peak.max(x.abs()));
        // All five at once add 60 dB at the very most.
        assert!(peak.is_finite() && peak < 1_000.0, "rate {rate}: {peak}");
        // The energy of what rings only falls: silence ends all of it, however much the filters move.
        let mut series = Series::new(1);
        let mut next = wild(12, rate);
        let mut tail = noise(rate as usize, 9);
        tail[1_000..].fill(0.0);
        in_blocks(&mut series, &mut [&mut tail], &[64], &mut next);
        let end = tail[tail.len() - 1_000..].iter().fold(0f32, |peak, x| peak.max(x.abs()));
        assert!(end < 1e-3, "rate {rate}: {end} is left a second later");
    }
}
