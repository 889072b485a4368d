use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// A string as it sounds some time after it was plucked.
#[derive(Clone, Copy)]
struct Pluck {
    /// Of the lowest partial, in Hz.
    hz: f64,
    stiffness: f64,
    /// Amplitude of the lowest partial, as a share of what it would be.
    fundamental: f64,
    /// Where it is plucked, as a share of its length.
    place: f64,
    /// Decay of the lowest partial, in dB a second.
    decay_db: f64,
    noise_db: f64,
}

impl Pluck {
    fn at(hz: f64) -> Self {
        // Wound strings are stiff, and so are short ones.
        let stiffness = 1e-4 * (hz / 82.4).powf(0.3);
        Self { hz, stiffness, fundamental: 1.0, place: 0.18, decay_db: 20.0, noise_db: -55.0 }
    }

    fn play(self, rate_hz: f64, samples: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let flexible_hz = self.hz / (1.0 + self.stiffness).sqrt();
        let mut sound = vec![0.0; samples];
        for number in 1..60 {
            let n = f64::from(number);
            let hz = n * flexible_hz * (1.0 + self.stiffness * n * n).sqrt();
            if hz > 0.45 * rate_hz || hz > 9_000.0 {
                break;
            }
            let level =
                (TAU / 2.0 * n * self.place).sin() / n * if number == 1 { self.fundamental } else { 1.0 };
            let decay = (1.0 + 0.3 * (n - 1.0)) * self.decay_db / 20.0 * 10f64.ln();
            let phase = rng.random_range(0.0..TAU);
            for (at, sample) in sound.iter_mut().enumerate() {
                let t = at as f64 / rate_hz;
                *sample += 0.3 * level * (-decay * t).exp() * (TAU * hz * t + phase).sin();
            }
        }
        let noise = 0.3 * 10f64.powf(self.noise_db / 20.0);
        sound.iter().map(|s| (s + noise * rng.random_range(-1.7..1.7)) as f32).collect()
    }
}

fn cents(hz: f64, of_hz: f64) -> f64 {
    1200.0 * (hz / of_hz).log2()
}

/// B0 to E6.
fn semitones() -> impl Iterator<Item = f64> {
    (-46..=19).map(|n| 440.0 * 2f64.powf(f64::from(n) / 12.0))
}

/// The largest error in cents, and where.
fn worst(rate_hz: f64, plucks: impl Iterator<Item = Pluck>) -> (f64, f64) {
    let mut ear = PitchDetector::new(rate_hz);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut worst = (0.0, 0.0);
    for pluck in plucks {
        let sound = pluck.play(rate_hz, ear.window_samples() + 100, &mut rng);
        let error = ear.detect(&sound).map_or(f64::INFINITY, |p| cents(p.frequency_hz, pluck.hz).abs());
        if error >= worst.0 {
            worst = (error, pluck.hz);
        }
    }
    worst
}

#[test]
fn every_semitone_from_b0_to_e6_is_exact() {
    for rate_hz in [8_000.0, 11_025.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let (error, hz) = worst(rate_hz, semitones().map(Pluck::at));
        println!("{rate_hz} Hz: {error:.3} cents at {hz:.2} Hz");
        assert!(error < 0.5, "{rate_hz} Hz: {error:.3} cents at {hz:.2} Hz");
    }
}

#[test]
fn strings_out_of_tune_are_exact() {
    for off_cents in [-47.0, -31.0, -13.0, -3.7, 1.3, 7.0, 23.0, 49.0] {
        let detuned = semitones().map(|hz| Pluck::at(hz * 2f64.powf(off_cents / 1200.0)));
        let (error, hz) = worst(48_000.0, detuned);
        assert!(error < 0.5, "{off_cents} cents off: {error:.3} cents at {hz:.2} Hz");
    }
}

#[test]
fn weak_fundamentals_dying_and_noisy_strings_are_exact() {
    let all = |change: fn(Pluck) -> Pluck| worst(48_000.0, semitones().map(Pluck::at).map(change));
    let low = |change: fn(Pluck) -> Pluck| {
        worst(48_000.0, semitones().filter(|&hz| hz < 160.0).map(Pluck::at).map(change))
    };
    for (what, (error, hz)) in [
        ("weak fundamental", low(|p| Pluck { fundamental: 0.03, ..p })),
        ("no fundamental", low(|p| Pluck { fundamental: 0.0, ..p })),
        ("plucked at a third", all(|p| Pluck { place: 0.33, ..p })),
        ("plucked at the bridge", all(|p| Pluck { place: 0.06, ..p })),
        ("plucked in the middle", all(|p| Pluck { place: 0.499, ..p })),
        ("dying", all(|p| Pluck { decay_db: 70.0, ..p })),
        ("stiff", all(|p| Pluck { stiffness: 4e-4, ..p })),
        ("limp", all(|p| Pluck { stiffness: 0.0, ..p })),
        ("noisy", all(|p| Pluck { noise_db: -40.0, ..p })),
    ] {
        println!("{what}: {error:.3} cents at {hz:.2} Hz");
        assert!(error < 0.5, "{what}: {error:.3} cents at {hz:.2} Hz");
    }
}

#[test]
fn silence_noise_and_chords_are_no_note() {
    let rate_hz = 48_000.0;
    let mut ear = PitchDetector::new(rate_hz);
    let samples = ear.window_samples();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    assert_eq!(ear.detect(&vec![0.0; samples]), None);
    assert_eq!(ear.detect(&vec![0.25; samples]), None);
    assert_eq!(ear.detect(&vec![f32::NAN; samples]), None);
    assert_eq!(ear.detect(&vec![f32::INFINITY; samples]), None);
    assert_eq!(ear.detect(&vec![1e-5; samples - 1]), None);
    let hiss: Vec<f32> = (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect();
    assert_eq!(ear.detect(&hiss), None);
    let quiet: Vec<f32> = Pluck::at(110.0).play(rate_hz, samples, &mut rng);
    let quiet: Vec<f32> = quiet.iter().map(|s| s * 1e-4).collect();
    assert_eq!(ear.detect(&quiet), None);
    for root in [82.41, 110.0, 146.83, 196.0, 329.63] {
        for chord in
            [&[0.0, 7.0][..], &[0.0, 5.0], &[0.0, 4.0, 7.0], &[0.0, 3.0, 7.0], &[0.0, 6.0], &[0.0, 1.0]]
        {
            let mut sound = vec![0.0; samples];
            for semitones in chord {
                let string = Pluck::at(root * 2f64.powf(semitones / 12.0)).play(rate_hz, samples, &mut rng);
                sound.iter_mut().zip(string).for_each(|(sum, s)| *sum += s);
            }
            assert_eq!(ear.detect(&sound), None, "{root} Hz and {chord:?}");
        }
    }
}

#[test]
fn a_steady_string_is_heard_the_same_all_the_time() {
    let rate_hz = 44_100.0;
    let mut ear = PitchDetector::new(rate_hz);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for hz in [30.87, 41.2, 82.41, 110.0, 329.63, 1318.5] {
        let sound = Pluck::at(hz).play(rate_hz, 44_100, &mut rng);
        let window = ear.window_samples();
        for end in (window..sound.len()).step_by(1_111) {
            let heard = ear.detect(&sound[..end]).unwrap_or_else(|| panic!("{hz} Hz is not heard at {end}"));
            let error = cents(heard.frequency_hz, hz);
            assert!(error.abs() < 0.5, "{hz} Hz, {end}: {error:.3} cents");
        }
    }
}

#[test]
fn a_note_says_how_loud_and_clear_it_is() {
    let mut ear = PitchDetector::new(48_000.0);
    let sound: Vec<f32> =
        (0..48_000).map(|i| (0.1 * (TAU * 220.0 * f64::from(i) / 48_000.0).sin()) as f32).collect();
    let heard = ear.detect(&sound).unwrap();
    assert!((heard.level_dbfs + 23.01).abs() < 0.1 && heard.clarity > 0.99, "{heard:?}");
}

#[test]
fn rates_that_do_not_exist_hear_nothing() {
    for rate_hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 100.0, 1e9] {
        let mut ear = PitchDetector::new(rate_hz);
        assert_eq!((ear.window_samples(), ear.detect(&[0.5; 4_096])), (0, None));
    }
}

#[test]
fn notes_have_their_names_and_cents() {
    for (at, hz) in semitones().enumerate() {
        for off in [-49.0, -12.5, 0.0, 33.0, 49.0] {
            let note = Note::nearest(hz * 2f64.powf(off / 1200.0), 440.0);
            let above_c0 = at + 11;
            assert_eq!((note.name, note.octave), (NAMES[above_c0 % 12], (above_c0 / 12) as i32));
            assert!((note.cents - off).abs() < 1e-6, "{note:?}");
        }
    }
    let low = Note::nearest(432.0, 432.0);
    assert_eq!((low.name, low.octave, low.cents), ("A", 4, 0.0));
    assert_eq!(Note::nearest(16.3516, 440.0).octave, 0);
    assert_eq!(Note::nearest(15.0, 440.0).octave, -1);
}
