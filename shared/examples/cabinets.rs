//! Makes the loudspeakers that come with Tonewright, `assets/cabinets`, from a description of their parts:
//!
//! ```text
//! cargo run -p shared --example cabinets -- assets/cabinets
//! ```
//!
//! A loudspeaker in a box before a microphone is here a chain of filters of second order (formulas of the
//! analogue prototypes in Zölzer, "Digital audio signal processing", and for the box Small, "Closed-box
//! loudspeaker systems", 1972): the resonance of cone and box, below which a closed box falls by 12 dB an
//! octave and an open one by 18, because what leaves its back cancels what leaves its front; a vented box by 24; the middle that
//! the cone's edge swallows; the cone's break-up, a group of narrow resonances between 2 and 5 kHz with
//! holes between them; the steep end above, where only the dust cap still moves; a reflection inside the box.
//!
//! Where the microphone stands is either in those figures, or calculated: several cones, and what the floor throws back of them, arrive by
//! ways of several lengths, each the weaker the further and the more aslant (the directivity of a piston, 2 J1(x) / x, and the bass that a
//! directional microphone hears too much of from nearby, both in Beranek, "Acoustics").
//!
//! An acoustic guitar's body has the resonances that Fletcher and Rossing, "The physics of musical instruments", chapter 9, tell of: air at
//! 100 Hz, the top at 200, back and top further up, and above 500 Hz so many that only their rows matter.
//!
//! The magnitude is given a minimum phase, as a loudspeaker nearly has, and cut to 40 ms, or 85 ms for a body. The figures were chosen by
//! looking at the third-octave levels of recorded cabinets; nothing of a recording is in them. It prints the third-octave levels.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::{PI, TAU};
use std::path::Path;
use std::process::ExitCode;

const RATE_HZ: f64 = 48_000.0;
/// Length of the transforms.
const SIZE: usize = 1 << 16;
/// Speed of sound in metres a second.
const SOUND: f64 = 343.0;
/// Where directional microphones are made to hear bass rightly, in metres.
const FLAT_AT: f64 = 0.3;
/// Above this frequency, in Hz, each cone breaks up in its own way, and what several send adds up in power.
const BREAK_UP: f64 = 1_000.0;
/// Middles of the third-octaves that are printed.
const THIRDS_HZ: [f64; 26] = [
    40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0, 800.0, 1e3,
    1_250.0, 1_600.0, 2e3, 2_500.0, 3_150.0, 4e3, 5e3, 6_300.0, 8e3, 10e3, 12_500.0,
];

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
    /// The parts of another one.
    Of(&'static [Part]),
    /// A directional microphone so many metres away; it is made to hear bass rightly from [`FLAT_AT`].
    Cardioid(f64),
    /// What arrives from several cones.
    Cones(Cones),
    /// Rows of resonances and holes: the first, the distance from one to the next, the last, their largest gain, Q.
    Row(f64, f64, f64, f64, f64),
}
use Part::{Cancellation, Cardioid, Echo, HighPass, LowPass, Of, Peak, Row};

/// Cones in the plane of a baffle and a microphone before it, in metres.
struct Cones {
    /// Where they are: to the right, and above the floor.
    at: &'static [(f64, f64)],
    /// Radius of each.
    radius: f64,
    /// Where the microphone is: to the right, above the floor, before the baffle.
    microphone: (f64, f64, f64),
    /// Share that the floor throws back.
    floor: f64,
}

impl Cones {
    /// What arrives, the nearest cone on its axis being 1.
    fn at(&self, hz: f64) -> Complex64 {
        let (x, y, z) = self.microphone;
        // The outer part of a cone rests the more the higher the tone.
        let radius = self.radius / (1.0 + (hz / 1_800.0).powi(2)).sqrt();
        let mut nearest = f64::INFINITY;
        let (mut sum, mut power) = (Complex64::ZERO, 0.0);
        for &(right, above) in self.at {
            for (above, share) in [(above, 1.0), (-above, self.floor)] {
                let aside = (x - right).hypot(y - above);
                let way = aside.hypot(z);
                nearest = nearest.min(way);
                let aslant = piston(TAU * hz / SOUND * radius * aside / way);
                let arrives = Complex64::from_polar(share * aslant / way, -TAU * hz / SOUND * way);
                sum += arrives;
                power += arrives.norm_sqr();
            }
        }
        let together = 1.0 / (1.0 + (hz / BREAK_UP).powi(2));
        Complex64::from(nearest * (together * sum.norm_sqr() + (1.0 - together) * power).sqrt())
    }
}

/// How much of a piston's sound is heard aslant, x being its radius times the wave number times the sine of the angle: 2 J1(x) / x, with Bessel's
/// integral for J1.
fn piston(x: f64) -> f64 {
    const STEPS: usize = 64;
    if x < 1e-6 {
        return 1.0;
    }
    let turn = |step: usize| PI * (step as f64 + 0.5) / STEPS as f64;
    let terms = (0..STEPS).map(|step| (turn(step) - x * turn(step).sin()).cos());
    2.0 / x * terms.sum::<f64>() / STEPS as f64
}

impl Part {
    fn at(&self, hz: f64) -> Complex64 {
        let s = |corner: f64| Complex64::new(0.0, hz / corner);
        let second = |s: Complex64, q: f64| s * s + s / q + 1.0;
        let peak = |middle: f64, db: f64, q: f64| {
            let a = 10f64.powf(db / 40.0);
            second(s(middle), q / a) / second(s(middle), q * a)
        };
        match self {
            &HighPass(corner, q) => s(corner) * s(corner) / second(s(corner), q),
            &Cancellation(corner) => s(corner) / (s(corner) + 1.0),
            &LowPass(corner, q) => second(s(corner), q).inv(),
            &Peak(middle, db, q) => peak(middle, db, q),
            &Echo(seconds, share) => 1.0 + Complex64::from_polar(share, -TAU * hz * seconds),
            Of(parts) => product(parts, hz),
            &Cardioid(metres) => {
                // Half of it hears pressure, half the gradient, which near a point grows towards the bass.
                let hears = |metres: f64| 1.0 + 0.5 * SOUND / (TAU * metres) / Complex64::new(0.0, hz);
                hears(metres) / hears(FLAT_AT)
            }
            Part::Cones(cones) => cones.at(hz),
            &Row(first, distance, last, db, q) => {
                let count = ((last - first) / distance) as usize;
                // Steps of the golden ratio: never the same twice, and never all to one side.
                let height = |k: usize| 2.0 * (k as f64 * 0.618_034).fract() - 1.0;
                (0..=count).map(|k| peak(first + k as f64 * distance, db * height(k), q)).product()
            }
        }
    }
}

fn product(parts: &[Part], hz: f64) -> Complex64 {
    parts.iter().map(|part| part.at(hz)).product()
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

/// Two 12-inch loudspeakers in a closed box, a directional microphone a hand and a half before one: tight, with a forward upper middle.
const CLOSED_2X12: &[Part] = &[
    HighPass(98.0, 1.0),
    Cardioid(0.14),
    Part::Cones(Cones {
        at: &[(-0.15, 0.35), (0.15, 0.35)],
        radius: 0.13,
        microphone: (0.19, 0.36, 0.14),
        floor: 0.0,
    }),
    Peak(120.0, -2.5, 0.7),
    Peak(480.0, -2.5, 1.4),
    Peak(820.0, -0.5, 2.0),
    Peak(1_600.0, 1.5, 2.0),
    Peak(2_350.0, 3.5, 2.2),
    Peak(2_900.0, -1.5, 6.0),
    Peak(3_400.0, 3.0, 3.0),
    Peak(4_350.0, 3.5, 3.5),
    Peak(5_000.0, -3.0, 7.0),
    LowPass(5_600.0, 1.0),
    LowPass(6_900.0, 0.85),
    Peak(7_300.0, -4.0, 5.0),
    Peak(9_600.0, 2.5, 5.0),
    LowPass(7_600.0, 0.7),
    Echo(0.000_95, 0.09),
];

/// The same as the closed 4x12 before a microphone that hears all round, a metre away and as high as its upper half.
const CLOSED_4X12_FAR: &[Part] = &[
    Of(CLOSED_4X12),
    // The thump of the nearness, and the bite of the dust cap, are not there.
    Peak(110.0, -7.0, 0.5),
    Peak(3_000.0, -2.0, 0.8),
    Part::Cones(Cones {
        at: &[(-0.16, 0.22), (0.16, 0.22), (-0.16, 0.54), (0.16, 0.54)],
        radius: 0.13,
        microphone: (0.1, 0.62, 1.0),
        floor: 0.55,
    }),
];

/// The same as the open 1x12 from 45 degrees aside: round, without bite.
const OPEN_1X12_ASIDE: &[Part] = &[
    Of(OPEN_1X12),
    Part::Cones(Cones { at: &[(0.0, 0.3)], radius: 0.13, microphone: (0.2, 0.3, 0.2), floor: 0.0 }),
    Peak(300.0, 1.5, 0.8),
    LowPass(9_000.0, 0.7),
];

/// One 8-inch loudspeaker in a small open box: little bass, a nose, and more air than large ones have.
const SMALL_1X8: &[Part] = &[
    HighPass(125.0, 1.5),
    Cancellation(230.0),
    Peak(310.0, 3.5, 1.0),
    Peak(540.0, 1.5, 2.0),
    Peak(820.0, -2.0, 2.2),
    Peak(1_250.0, 3.0, 2.0),
    Peak(1_900.0, 2.0, 3.0),
    Peak(2_600.0, -2.5, 4.0),
    Peak(3_300.0, 3.5, 3.0),
    Peak(4_700.0, 3.0, 3.5),
    Peak(5_600.0, -3.0, 5.0),
    LowPass(6_800.0, 1.0),
    LowPass(7_600.0, 0.8),
    Peak(8_600.0, 3.0, 4.0),
    LowPass(7_800.0, 0.7),
    Echo(0.000_75, 0.12),
];

/// Eight 10-inch loudspeakers in closed chambers, for bass, a microphone that hears all round a hand before one of the upper ones.
const BASS_8X10: &[Part] = &[
    HighPass(62.0, 0.85),
    Part::Cones(Cones {
        at: &[
            (-0.14, 0.2),
            (0.14, 0.2),
            (-0.14, 0.48),
            (0.14, 0.48),
            (-0.14, 0.76),
            (0.14, 0.76),
            (-0.14, 1.04),
            (0.14, 1.04),
        ],
        radius: 0.105,
        microphone: (0.16, 0.77, 0.09),
        floor: 0.4,
    }),
    Peak(120.0, -3.0, 0.7),
    Peak(380.0, 1.5, 1.2),
    Peak(700.0, -1.5, 1.2),
    Peak(1_500.0, 2.5, 1.6),
    Peak(2_300.0, 4.0, 2.0),
    Peak(2_900.0, -1.5, 5.0),
    Peak(3_500.0, 3.0, 3.0),
    LowPass(4_000.0, 0.9),
    LowPass(5_200.0, 0.8),
    Peak(5_900.0, -3.0, 5.0),
    LowPass(8_000.0, 0.7),
    Echo(0.001_3, 0.06),
];

/// One 15-inch loudspeaker in a vented box, for bass: deep, soft above.
const BASS_1X15: &[Part] = &[
    HighPass(39.0, 1.3),
    HighPass(46.0, 0.75),
    Peak(70.0, 5.5, 0.6),
    Peak(190.0, 2.0, 1.0),
    Peak(460.0, -2.0, 1.2),
    Peak(900.0, 1.0, 2.0),
    Peak(1_350.0, 2.0, 2.2),
    Peak(1_900.0, 2.5, 3.0),
    Peak(2_300.0, -3.0, 5.0),
    LowPass(2_700.0, 0.95),
    LowPass(4_800.0, 0.8),
    Peak(3_300.0, 3.0, 4.0),
    LowPass(7_000.0, 0.7),
    Echo(0.001_9, 0.06),
];

/// The body of an acoustic guitar before a microphone, for the sound of a pickup, which has none of it.
const ACOUSTIC_BODY: &[Part] = &[
    HighPass(78.0, 0.8),
    Peak(101.0, 9.0, 7.0),
    Peak(145.0, -5.0, 3.0),
    Peak(197.0, 8.0, 6.0),
    Peak(233.0, 4.0, 10.0),
    Peak(290.0, -4.0, 5.0),
    Peak(385.0, 5.0, 8.0),
    Peak(455.0, -2.5, 9.0),
    Row(520.0, 63.0, 1_500.0, 4.0, 14.0),
    Row(1_580.0, 117.0, 6_000.0, 3.0, 16.0),
    Peak(1_900.0, -5.0, 0.9),
    Peak(6_500.0, 3.0, 0.9),
    LowPass(12_500.0, 0.8),
    LowPass(15_000.0, 0.7),
];

/// What comes along: its file, its parts, its length in samples.
const CABINETS: [(&str, &[Part], usize); 10] = [
    ("closed_4x12", CLOSED_4X12, 1_920),
    ("open_1x12", OPEN_1X12, 1_920),
    ("open_2x12", OPEN_2X12, 1_920),
    ("closed_2x12", CLOSED_2X12, 1_920),
    ("closed_4x12_far", CLOSED_4X12_FAR, 1_920),
    ("open_1x12_aside", OPEN_1X12_ASIDE, 1_920),
    ("small_1x8", SMALL_1X8, 1_920),
    ("bass_8x10", BASS_8X10, 1_920),
    ("bass_1x15", BASS_1X15, 1_920),
    ("acoustic_body", ACOUSTIC_BODY, 4_096),
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("the folder to write to is missing");
        return ExitCode::FAILURE;
    };
    print!("{:16}", "Hz");
    THIRDS_HZ.iter().for_each(|hz| print!("{hz:>6}"));
    println!();
    for (name, parts, length) in CABINETS {
        let response = minimum_phase(|hz| product(parts, hz).norm(), length);
        let level = |hz: f64| third_octave(&response, hz);
        print!("{name:16}");
        THIRDS_HZ.iter().for_each(|&hz| print!("{:6.1}", level(hz) - level(1_000.0)));
        println!();
        let path = Path::new(&folder).join(format!("{name}.wav"));
        if let Err(error) = shared::audio::write_wav(&path, &[response], RATE_HZ as u32) {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The mean power of a response over a third of an octave, in dB.
fn third_octave(response: &[f32], middle_hz: f64) -> f64 {
    const POINTS: usize = 24;
    let power = |point: usize| {
        let hz = middle_hz * 2f64.powf(((point as f64 + 0.5) / POINTS as f64 - 0.5) / 3.0);
        let terms = response.iter().enumerate();
        let turn = -TAU * hz / RATE_HZ;
        terms
            .map(|(k, &h)| Complex64::from_polar(f64::from(h), turn * k as f64))
            .sum::<Complex64>()
            .norm_sqr()
    };
    10.0 * ((0..POINTS).map(power).sum::<f64>() / POINTS as f64).log10()
}

/// The response whose magnitude is that, as early as can be (by its cepstrum), its largest sample 0.9.
fn minimum_phase(magnitude: impl Fn(f64) -> f64, length: usize) -> Vec<f32> {
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
    // The last quarter is faded out.
    let fade = |k: usize| {
        let left = 4.0 * (length - k) as f64 / length as f64;
        (0.5 * PI * left.min(1.0)).sin().powi(2)
    };
    let peak = time[..length].iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
    (0..length).map(|k| (0.9 / peak * time[k] * fade(k)) as f32).collect()
}
