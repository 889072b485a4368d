//! The path against the same curves moved without any grid: exact filters at every sample.

use crate::dsp::svf::{Coefficients, Series};
use crate::word_eq::path::{Path, STEP_SAMPLES};
use crate::word_eq::settings::{BAND_RANGES, BANDS, EqSettings, VALUES};
use crate::word_eq::{BandControls, Controls};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Any settings there are.
fn random_settings(rng: &mut ChaCha8Rng) -> EqSettings {
    let mut values: [f32; VALUES] = std::array::from_fn(|_| rng.random_range(-12.0..12.0));
    for (at, band) in [0, 2, 5, 8, 11].into_iter().zip(&BAND_RANGES) {
        values[at + 1] = band.lowest_hz * (band.highest_hz / band.lowest_hz).powf(rng.random());
    }
    for at in [4, 7, 10] {
        values[at] = 0.1 * 100f32.powf(rng.random());
    }
    EqSettings::from_values(&values)
}

/// Turns something, or switches the whole.
fn turn(controls: &mut Controls, rng: &mut ChaCha8Rng) {
    let band = &mut controls.bands[rng.random_range(0..BANDS)];
    match rng.random_range(0..5) {
        0 => controls.enabled = !controls.enabled,
        1 => band.off = !band.off,
        2 => *band = BandControls::default(),
        3 => band.gain_offset_db = rng.random_range(-24.0..24.0),
        _ => {
            band.frequency_offset_octaves = rng.random_range(-6.0..6.0);
            band.q_offset_octaves = rng.random_range(-3.0..3.0);
        }
    }
}

/// Coefficients between two settings: gains in dB and logarithms of the rest on straight lines.
fn between(a: &EqSettings, b: &EqSettings, share: f64, rate_hz: f64) -> [Coefficients; BANDS] {
    std::array::from_fn(|i| {
        let (a, b) = (&a.bands[i], &b.bands[i]);
        let line = |a: f32, b: f32| f64::from(a) + (f64::from(b) - f64::from(a)) * share;
        let ln = |a: f32, b: f32| line(a.ln(), b.ln()).exp();
        let (f, q) = (ln(a.frequency_hz, b.frequency_hz), ln(a.q, b.q));
        Coefficients::new(BAND_RANGES[i].shape, line(a.gain_db, b.gain_db), f, q, rate_hz)
    })
}

#[test]
fn no_sequence_makes_a_step_that_the_gliding_curves_do_not() {
    type Sound = Box<dyn FnMut(usize) -> f32>;
    for rate_hz in [44_100.0, 96_000.0] {
        let sine = |hz: f64| -> Sound { Box::new(move |i| (TAU * hz * i as f64 / rate_hz).sin() as f32) };
        let mut noise = ChaCha8Rng::seed_from_u64(5);
        let white: Sound = Box::new(move |_| noise.random_range(-1.0..1.0));
        for (name, mut sound) in
            [("50 Hz", sine(50.0)), ("440 Hz", sine(440.0)), ("6 kHz", sine(6_000.0)), ("noise", white)]
        {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let mut path = Path::new(rate_hz, 1);
            let mut exact = Series::<BANDS>::new(1);
            let mut controls = Controls::NEUTRAL;
            let (mut before, mut last, mut most) = (*path.applied(), 0.0, 0.0f32);
            let mut moved = 0;
            for step in 0..(1.5 * rate_hz) as usize / STEP_SAMPLES {
                if step % 128 == 0 {
                    path.propose(&random_settings(&mut rng));
                }
                if step % 211 == 0 {
                    turn(&mut controls, &mut rng);
                }
                path.step(&controls);
                let input: [f32; STEP_SAMPLES] = std::array::from_fn(|i| sound(step * STEP_SAMPLES + i));
                let mut output = input;
                path.process(&mut [&mut output], 0, STEP_SAMPLES, 0);
                let after = *path.applied();
                if step == 0 {
                    // A stream begins where its settings are, without a way there.
                    before = after;
                }
                moved += usize::from(after != before);
                for (i, (input, output)) in input.into_iter().zip(output).enumerate() {
                    let share = (i + 1) as f64 / STEP_SAMPLES as f64;
                    exact.jump_to(between(&before, &after, share, rate_hz));
                    let mut expected = [input];
                    exact.process(&mut [&mut expected], || None);
                    let difference = output - expected[0];
                    most = most.max((difference - last).abs());
                    last = difference;
                }
                before = after;
            }
            assert!(moved > 1_000, "{moved} steps of a glide");
            // -80 dBFS; -60 were promised.
            assert!(most < 1e-4, "{rate_hz} Hz, {name}: {most}");
        }
    }
}
