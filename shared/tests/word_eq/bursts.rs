//! Whatever is turned, and however fast: no click, no burst, never more than +12 dB.

use crate::support::{equaliser, noise, peak, run, sine};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{BANDS, Controls, Mode, Monitor};

/// Somebody who turns everything.
struct Hand {
    rng: ChaCha8Rng,
    controls: Controls,
}

impl Hand {
    fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), controls: Controls::NEUTRAL }
    }

    /// The controls of the next block: often the same, sometimes another everything.
    fn next(&mut self) -> Controls {
        let (rng, c) = (&mut self.rng, &mut self.controls);
        let band = rng.random_range(0..BANDS);
        match rng.random_range(0..60) {
            0 => c.enabled = !c.enabled,
            1 => c.word = rng.random_range(0..4),
            2 => c.second_word = rng.random_range(0..4),
            3 => c.blend = rng.random(),
            4 | 5 => c.amount = [-1.0, 0.0, 1.0, 0.5][rng.random_range(0..4)],
            6 => c.freeze = !c.freeze,
            7 => c.level_match = !c.level_match,
            8 => c.bands[band].solo = !c.bands[band].solo,
            9 => c.bands[band].off = !c.bands[band].off,
            10 | 11 => c.bands[band].gain_offset_db = rng.random_range(-24.0..24.0),
            12 => c.bands[band].frequency_offset_octaves = rng.random_range(-8.0..8.0),
            13 => c.bands[band].q_offset_octaves = rng.random_range(-4.0..4.0),
            14 => c.bands.iter_mut().for_each(|b| b.solo = false),
            15 => c.bands.iter_mut().for_each(|b| *b = Default::default()),
            16 => c.speed_seconds = [0.0, 0.1, 3.0, 1e9][rng.random_range(0..4)],
            _ => {}
        }
        *c
    }
}

/// The highest gain in dB that is applied to any frequency.
fn highest_gain_db(monitor: &Monitor, rate_hz: f64) -> f64 {
    let reading = monitor.read();
    let grid = (0..400).map(|i| 15.0 * 1_400f64.powf(f64::from(i) / 400.0));
    let response = grid.map(|hz| reading.applied.response_db(hz, rate_hz)).fold(0.0, f64::max);
    response + f64::from(reading.match_gain_db).max(0.0)
}

#[test]
fn no_sequence_makes_a_step_in_a_sine() {
    const BLOCK: usize = 480;
    for (seed, rate_hz, hz) in
        [(1, 44_100.0, 41.0), (2, 48_000.0, 97.0), (3, 48_000.0, 41.0), (4, 96_000.0, 97.0)]
    {
        let signal = vec![sine(1_500 * BLOCK, hz, rate_hz)];
        let (mut eq, monitor) = equaliser(rate_hz, 1, Mode::InLine);
        let mut hand = Hand::new(seed);
        let mut highest = f64::MIN;
        let output = run(&mut eq, &signal, &vec![BLOCK; 1_500], |_| {
            highest = highest.max(highest_gain_db(&monitor, rate_hz));
            hand.next()
        });
        assert!(highest < 12.001 && highest > 9.0, "{seed}: {highest} dB");
        // A sine of that gain bends by as much; what steps, bends by its step. 1e-3 is -60 dB.
        let natural = 4.0 * (2.0 * std::f64::consts::PI * hz / rate_hz).powi(2);
        let bend = |w: &[f32]| (f64::from(w[2]) - 2.0 * f64::from(w[1]) + f64::from(w[0])).abs();
        let most = output[0].windows(3).map(bend).fold(0.0, f64::max);
        assert!(most < natural + 1e-3, "{seed}, {hz} Hz: {most} where a sine has {natural}");
        // In the middle of a glide a filter may give a little of what it had stored.
        assert!(peak(&output[0]) < 4.5, "{seed}, {hz} Hz: {}", peak(&output[0]));
    }
}

#[test]
fn no_sequence_drives_noise_to_a_burst() {
    const BLOCK: usize = 333;
    for (seed, rate_hz) in [(11, 44_100.0), (12, 48_000.0), (13, 192_000.0)] {
        let signal = vec![noise(2_000 * BLOCK, 1.0, seed), noise(2_000 * BLOCK, 1.0, seed + 100)];
        let (mut eq, monitor) = equaliser(rate_hz, 2, Mode::InLine);
        let mut hand = Hand::new(seed);
        let mut highest = f64::MIN;
        let output = run(&mut eq, &signal, &vec![BLOCK; 2_000], |_| {
            highest = highest.max(highest_gain_db(&monitor, rate_hz));
            hand.next()
        });
        assert!(highest < 12.001, "{seed}: {highest} dB");
        for (output, input) in output.iter().zip(&signal) {
            assert!(output.iter().all(|x| x.is_finite()));
            // Power grows by the highest gain at most; a tenth of a second at a time.
            let tenth = rate_hz as usize / 10;
            for (output, input) in output.chunks_exact(tenth).zip(input.chunks_exact(tenth)) {
                let grown = crate::support::level_db(output) - crate::support::level_db(input);
                assert!(grown < 12.1, "{seed}: {grown} dB");
            }
        }
    }
}

#[test]
fn what_is_no_sound_does_not_stay() {
    let (mut eq, _) = equaliser(48_000.0, 2, Mode::InLine);
    let mut broken = noise(48_000, 0.5, 1);
    for (at, value) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e20].into_iter().enumerate() {
        broken[9_000 + 3_000 * at] = value;
    }
    let controls = crate::support::busy();
    let output = run(&mut eq, &[broken.clone(), broken], &[480; 100], |_| controls);
    assert!(output.iter().flatten().all(|x| x.is_finite()));
    let sound = noise(48_000 * 4, 0.5, 2);
    let output = run(&mut eq, &[sound.clone(), sound], &[480; 400], |_| controls);
    assert!(output.iter().all(|o| peak(o) < 4.0 && peak(o) > 0.1));
}
