//! How the reverb sounds, in numbers: level, density, colour, width.

use crate::measure::{db, energy, impulse, noise, play, prepare, spectrum};
use shared::chain::processors::{Reverb, ReverbEntry};

const RATE: f64 = 48_000.0;

/// A bright room without movement, alone: modes and colour are the network's own.
fn still(decay: f64, size: f64) -> ReverbEntry {
    ReverbEntry {
        decay,
        size,
        damping: 20_000.0,
        mix: 1.0,
        modulation: 0.0,
        low_cut: 10.0,
        high_cut: 20_000.0,
        ..ReverbEntry::default()
    }
}

fn answer(entry: ReverbEntry, samples: usize) -> Vec<Vec<f32>> {
    let mut reverb = Reverb::new(entry);
    prepare(&mut reverb, RATE, 2, 4096);
    let click = impulse(samples, 0);
    play(&mut reverb, &[click.clone(), click], 4096)
}

/// Noise comes out about as loud as it goes in, whatever the room, on one side or two.
#[test]
fn the_room_is_as_loud_as_what_it_hears() {
    for (decay, size, width) in
        [(0.3, 2.0, 1.0), (0.3, 0.25, 0.0), (1.8, 1.0, 1.0), (1.8, 1.0, 0.0), (8.0, 1.0, 1.0)]
    {
        let samples = ((decay + 2.0) * RATE) as usize;
        for channels in [1, 2] {
            let mut reverb = Reverb::new(ReverbEntry { width, ..still(decay, size) });
            prepare(&mut reverb, RATE, channels, 4096);
            let input: Vec<_> = (0..channels).map(|c| noise(samples, 5 + c as u64)).collect();
            let output = play(&mut reverb, &input, 4096);
            let late = (decay * RATE) as usize;
            let power: f64 = output.iter().map(|c| energy(&c[late..])).sum::<f64>();
            let level = db(power / (channels * (samples - late)) as f64);
            println!("decay {decay} size {size} width {width}, {channels} channels: {level:.2} dB");
            assert!(
                level.abs() < 2.0,
                "decay {decay} size {size} width {width}, {channels} channels: {level} dB"
            );
        }
    }
}

/// The share of samples beyond one deviation, over that of Gaussian noise: 1 for a dense tail (Abel and
/// Huang, "A simple, robust measure of reverberation echo density", 2006).
#[test]
fn echoes_are_dense_within_a_tenth_of_a_second() {
    for size in [0.25, 1.0, 2.0] {
        let answer = answer(still(2.0, size), 48_000);
        let density = |at_seconds: f64| {
            let at = (at_seconds * RATE) as usize;
            let window = &answer[0][at - 480..at + 480];
            let deviation = (energy(window) / 960.0).sqrt();
            let beyond = window.iter().filter(|x| f64::from(x.abs()) > deviation).count();
            beyond as f64 / 960.0 / 0.3173
        };
        let times = [0.05, 0.08, 0.1, 0.15, 0.2, 0.5];
        let found = times.map(density);
        println!("size {size}: {found:.2?}");
        for (time, density) in times.iter().zip(found) {
            assert!(
                *time < 0.1 * size.max(1.0) || (0.75..1.25).contains(&density),
                "size {size}, {time} s: {density}"
            );
        }
    }
}

/// Spectrum of a stretch of the tail: powers of the bins from 100 Hz to 10 kHz.
fn powers(signal: &[f32], from: usize, samples: usize) -> Vec<f64> {
    let hann = |k: usize| (std::f64::consts::PI * k as f64 / samples as f64).sin().powi(2) as f32;
    let part: Vec<f32> = (0..samples).map(|k| hann(k) * signal[from + k]).collect();
    let bins = spectrum(&part, samples);
    let bin = |hz: f64| (hz * samples as f64 / RATE) as usize;
    bins[bin(100.0)..bin(10_000.0)].iter().map(|b| b.norm_sqr()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Flatness is the geometric mean of the powers over the arithmetic: 0.56 for noise (e to the minus Euler's
/// constant), less where few modes ring. The same for the strongest mode: of as many bins of noise it is `ln
/// n` over the mean.
#[test]
fn the_tail_is_noise_and_no_chord() {
    for (size, modulation) in [(1.0, 0.0), (2.0, 0.0), (1.0, 0.3)] {
        let answer = answer(ReverbEntry { modulation, ..still(3.0, size) }, 120_000);
        for (from, samples) in [(9_600, 16_384), (72_000, 16_384)] {
            for side in &answer {
                let powers = powers(side, from, samples);
                let logarithms: Vec<f64> = powers.iter().map(|p| p.ln()).collect();
                let flatness = mean(&logarithms).exp() / mean(&powers);
                let most = db(powers.iter().copied().fold(0.0, f64::max) / mean(&powers));
                let noise = db((powers.len() as f64).ln());
                println!(
                    "size {size} modulation {modulation} from {from}: flatness {flatness:.3}, strongest {most:.1} dB, noise {noise:.1} dB"
                );
                assert!(flatness > 0.45, "size {size}: {flatness}");
                assert!(most < noise + 4.0, "size {size}: {most} dB, noise {noise} dB");
            }
        }
    }
}

/// A comb of two echoes, for the measures above to fail on.
#[test]
fn a_chord_would_be_noticed() {
    let mut comb = vec![0.0f32; 120_000];
    (0..120_000).step_by(240).for_each(|at| comb[at] = 1.0);
    let powers = powers(&comb, 9_600, 16_384);
    let logarithms: Vec<f64> = powers.iter().map(|p| p.max(1e-12).ln()).collect();
    assert!(mean(&logarithms).exp() / mean(&powers) < 0.1);
    assert!(db(powers.iter().copied().fold(0.0, f64::max) / mean(&powers)) > 16.0);
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let product: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    product / (energy(a) * energy(b)).sqrt()
}

#[test]
fn the_sides_have_nothing_in_common_unless_asked() {
    let wide = answer(still(2.0, 1.0), 96_000);
    let narrow = answer(ReverbEntry { width: 0.0, ..still(2.0, 1.0) }, 96_000);
    let found = correlation(&wide[0], &wide[1]);
    println!("correlation {found:.4}");
    assert!(found.abs() < 0.1, "{found}");
    assert!(correlation(&narrow[0], &narrow[1]) > 0.999_999);
    let half = answer(ReverbEntry { width: 0.5, ..still(2.0, 1.0) }, 96_000);
    // 1 - w² over 1 + w².
    let found = correlation(&half[0], &half[1]);
    assert!((found - 0.6).abs() < 0.1, "{found}");
    let loss = db(energy(&narrow[0]) / energy(&wide[0]));
    assert!(loss.abs() < 1.0, "{loss} dB");
}
