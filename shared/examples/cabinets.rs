//! Makes the loudspeakers that come with Tonewright, `assets/cabinets`, from a description of their parts:
//!
//! ```text
//! cargo run -p shared --example cabinets -- assets/cabinets
//! ```
//!
//! A loudspeaker in a box before a microphone is here a chain of filters of second order (formulas of the
//! analogue prototypes in Zölzer, "Digital audio signal processing", and for the box Small, "Closed-box
//! loudspeaker systems", 1972): the resonance of cone and box, below which a closed box falls by 12 dB an
//! octave and an open one by 18, because what leaves its back cancels what leaves its front; the middle that
//! the cone's edge swallows; the cone's break-up, a group of narrow resonances between 2 and 5 kHz with
//! holes between them; the steep end above, where only the dust cap still moves; the microphone's distance
//! and axis; a reflection inside the box. The magnitude is given a minimum phase, as a loudspeaker nearly
//! has, and cut to 40 ms. The figures were chosen by looking at the third-octave levels of recorded cabinets; nothing of a
//! recording is in them. It prints the curves.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::path::Path;
use std::process::ExitCode;

const RATE_HZ: f64 = 48_000.0;
/// Length of a response in samples: 40 ms.
const SAMPLES: usize = 1_920;
/// Samples over which its end is faded out.
const FADE: usize = 480;
/// Length of the transforms.
const SIZE: usize = 1 << 16;
/// What the curves are printed at.
const POINTS_HZ: [f64; 10] = [80.0, 125.0, 250.0, 500.0, 1e3, 2e3, 3e3, 4e3, 5e3, 8e3];

/// A part of a loudspeaker: frequencies in Hz, gains in dB.
enum Part {
    /// Falls by 12 dB an octave below.
    HighPass(f64, f64),
    /// Falls by 6 dB an octave below.
    Cancellation(f64),
    /// Falls by 12 dB an octave above.
    LowPass(f64, f64),
    /// A resonance or a hole: frequency, gain, Q.
    Peak(f64, f64, f64),
    /// A reflection: delay in seconds, share.
    Echo(f64, f64),
}
use Part::{Cancellation, Echo, HighPass, LowPass, Peak};

impl Part {
    fn at(&self, hz: f64) -> Complex64 {
        let s = |corner: f64| Complex64::new(0.0, hz / corner);
        let second = |s: Complex64, q: f64| s * s + s / q + 1.0;
        match *self {
            HighPass(corner, q) => s(corner) * s(corner) / second(s(corner), q),
            Cancellation(corner) => s(corner) / (s(corner) + 1.0),
            LowPass(corner, q) => second(s(corner), q).inv(),
            Peak(middle, db, q) => {
                let a = 10f64.powf(db / 40.0);
                second(s(middle), q / a) / second(s(middle), q * a)
            }
            Echo(seconds, share) => 1.0 + Complex64::from_polar(share, -std::f64::consts::TAU * hz * seconds),
        }
    }
}

/// Four 12-inch loudspeakers in a closed box, a dynamic microphone close to one, at the edge of its dust cap.
const CLOSED_4X12: &[Part] = &[
    HighPass(82.0, 1.2),
    Peak(125.0, 3.0, 1.0),
    Peak(230.0, 3.0, 1.0),
    Peak(560.0, -3.0, 1.2),
    Peak(900.0, -2.0, 2.0),
    Peak(1_450.0, 1.5, 1.8),
    Peak(2_250.0, 3.0, 2.4),
    Peak(2_750.0, -2.0, 5.0),
    Peak(3_250.0, 3.5, 3.0),
    Peak(4_150.0, 2.0, 4.5),
    Peak(4_700.0, -3.0, 7.0),
    LowPass(5_000.0, 0.95),
    LowPass(6_000.0, 0.85),
    Peak(6_100.0, -5.0, 5.0),
    Peak(8_900.0, 2.0, 5.0),
    LowPass(7_600.0, 0.7),
    Echo(0.00118, 0.10),
];

/// One 12-inch loudspeaker in an open box, a microphone a hand's breadth away.
const OPEN_1X12: &[Part] = &[
    HighPass(92.0, 1.6),
    Cancellation(150.0),
    Peak(210.0, 4.5, 0.9),
    Peak(620.0, -2.0, 1.2),
    Peak(1_150.0, 1.0, 2.0),
    Peak(1_900.0, 2.5, 2.2),
    Peak(2_450.0, -2.0, 4.0),
    Peak(2_950.0, 3.5, 2.6),
    Peak(3_700.0, -2.0, 6.0),
    Peak(4_400.0, 2.5, 3.5),
    LowPass(5_400.0, 0.95),
    LowPass(6_800.0, 0.8),
    Peak(6_900.0, -5.0, 5.0),
    Peak(9_200.0, 3.0, 4.0),
    LowPass(8_500.0, 0.7),
    Echo(0.00165, 0.07),
];

/// Two 12-inch loudspeakers in an open box, a ribbon microphone off their axis: darker and rounder.
const OPEN_2X12: &[Part] = &[
    HighPass(80.0, 1.3),
    Cancellation(110.0),
    Peak(180.0, 4.5, 0.9),
    Peak(560.0, -2.0, 1.2),
    Peak(1_050.0, 1.0, 1.6),
    Peak(1_750.0, 2.5, 2.0),
    Peak(2_350.0, 3.5, 2.6),
    Peak(2_850.0, -2.0, 5.0),
    Peak(3_400.0, 3.0, 3.5),
    LowPass(4_300.0, 1.0),
    LowPass(5_800.0, 0.8),
    Peak(5_300.0, -4.0, 5.0),
    LowPass(9_000.0, 0.7),
    Echo(0.00142, 0.08),
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("the folder to write to is missing");
        return ExitCode::FAILURE;
    };
    print!("{:12}", "Hz");
    POINTS_HZ.iter().for_each(|hz| print!("{hz:>7}"));
    println!();
    for (name, parts) in [("closed_4x12", CLOSED_4X12), ("open_1x12", OPEN_1X12), ("open_2x12", OPEN_2X12)] {
        let response = minimum_phase(|hz| parts.iter().map(|part| part.at(hz)).product::<Complex64>().norm());
        let at = |hz: f64| {
            let turn = -std::f64::consts::TAU * hz / RATE_HZ;
            let terms = response.iter().enumerate();
            let sum: Complex64 =
                terms.map(|(k, &h)| Complex64::from_polar(f64::from(h), turn * k as f64)).sum();
            20.0 * sum.norm().log10()
        };
        print!("{name:12}");
        POINTS_HZ.iter().for_each(|&hz| print!("{:7.1}", at(hz) - at(1_000.0)));
        println!();
        let path = Path::new(&folder).join(format!("{name}.wav"));
        if let Err(error) = shared::audio::write_wav(&path, &[response], RATE_HZ as u32) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The response whose magnitude is that, as early as can be (by its cepstrum), its largest sample 0.9.
fn minimum_phase(magnitude: impl Fn(f64) -> f64) -> Vec<f32> {
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(SIZE), planner.plan_fft_inverse(SIZE));
    let mut logarithm = inverse.make_input_vec();
    for (bin, value) in logarithm.iter_mut().enumerate() {
        let hz = bin as f64 * RATE_HZ / SIZE as f64;
        // A microphone hears something at 0 Hz too.
        value.re = magnitude(hz).max(1e-4).ln();
    }
    let mut cepstrum = inverse.make_output_vec();
    let done = inverse.process(&mut logarithm, &mut cepstrum);
    assert!(done.is_ok(), "the lengths are the transform's own");
    for (n, value) in cepstrum.iter_mut().enumerate() {
        let side = if n == 0 || n == SIZE / 2 {
            1.0
        } else if n < SIZE / 2 {
            2.0
        } else {
            0.0
        };
        *value *= side / SIZE as f64;
    }
    let mut spectrum = forward.make_output_vec();
    let done = forward.process(&mut cepstrum, &mut spectrum);
    assert!(done.is_ok(), "the lengths are the transform's own");
    spectrum.iter_mut().for_each(|value| *value = value.exp());
    for end in [0, SIZE / 2] {
        spectrum[end].im = 0.0;
    }
    let mut time = inverse.make_output_vec();
    let done = inverse.process(&mut spectrum, &mut time);
    assert!(done.is_ok(), "the lengths are the transform's own");
    let fade = |k: usize| {
        let left = (SAMPLES - k) as f64 / FADE as f64;
        (0.5 * std::f64::consts::PI * left.min(1.0)).sin().powi(2)
    };
    let peak = time[..SAMPLES].iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
    (0..SAMPLES).map(|k| (0.9 / peak * time[k] * fade(k)) as f32).collect()
}
