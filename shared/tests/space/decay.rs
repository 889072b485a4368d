//! The reverb's decay time, and how honest it is about its tail.

use crate::measure::{db, decay_seconds, energy, impulse, octave, play, prepare};
use shared::chain::Processor;
use shared::chain::processors::{Reverb, ReverbEntry};

/// What each side answers to an impulse on each side, without the dry sound.
fn responses(entry: ReverbEntry, rate: f64, seconds: f64) -> Vec<Vec<f32>> {
    let mut reverb = Reverb::new(ReverbEntry { mix: 1.0, ..entry });
    prepare(&mut reverb, rate, 2, 4096);
    let samples = (seconds * rate) as usize;
    let (click, silence) = (impulse(samples, 0), vec![0.0; samples]);
    let mut all = play(&mut reverb, &[click.clone(), silence.clone()], 4096);
    reverb.reset();
    all.extend(play(&mut reverb, &[silence, click], 4096));
    all
}

/// The octave around 700 Hz takes the time it was told to; and where nothing is damped, so does all there is
/// below 20 kHz.
#[test]
fn the_sound_decays_in_the_time_that_was_asked_for() {
    let rooms = [
        (0.25, 48_000.0),
        (0.5, 44_100.0),
        (1.0, 44_100.0),
        (1.0, 48_000.0),
        (1.0, 96_000.0),
        (2.0, 48_000.0),
    ];
    for decay in [0.3, 0.8, 2.5, 8.0] {
        for (size, rate) in rooms {
            for damping in [1_500.0, 5_000.0, 20_000.0] {
                // The others are looked at in one room and while they are short.
                if damping != 5_000.0 && (decay > 4.0 || (size, rate) != (1.0, 48_000.0)) {
                    continue;
                }
                let entry = ReverbEntry { decay, size, damping, ..ReverbEntry::default() };
                let answers = responses(entry, rate, 1.2 * decay + 0.2);
                let middle: Vec<_> = answers.iter().map(|a| octave(a, 707.0, rate)).collect();
                let (middle, broad) = (decay_seconds(&middle, rate), decay_seconds(&answers, rate));
                let of = format!(
                    "decay {decay} size {size} rate {rate} damping {damping}: {middle:.3} {broad:.3}"
                );
                println!("{of}");
                assert!((middle / decay - 1.0).abs() < 0.1, "{of}");
                assert!(damping < 20_000.0 || (broad / decay - 1.0).abs() < 0.1, "{of}");
                assert!(broad < 1.2 * decay, "{of}");
            }
        }
    }
}

/// High frequencies decay faster than the middle, by up to three times.
#[test]
fn damping_shortens_what_lies_above_it() {
    let entry = ReverbEntry { decay: 2.0, damping: 2_000.0, high_cut: 20_000.0, ..ReverbEntry::default() };
    let answers = responses(entry, 48_000.0, 2.5);
    let at = |hz: f64| {
        let part: Vec<_> = answers.iter().map(|a| octave(a, hz, 48_000.0)).collect();
        decay_seconds(&part, 48_000.0)
    };
    let (low, middle, high) = (at(250.0), at(707.0), at(8_000.0));
    assert!((2.0..2.8).contains(&low), "{low}");
    assert!((1.8..2.2).contains(&middle), "{middle}");
    assert!((0.6..0.85).contains(&high), "{high}");
}

/// After the tail there is less than a millionth of the power; and the tail is not made up: a third of it
/// earlier there is more.
#[test]
fn the_tail_is_as_long_as_it_says() {
    for (decay, damping) in [(0.5, 5_000.0), (2.0, 1_500.0), (4.0, 5_000.0)] {
        let mut reverb = Reverb::new(ReverbEntry { decay, damping, mix: 1.0, ..ReverbEntry::default() });
        prepare(&mut reverb, 48_000.0, 2, 4096);
        let tail = reverb.tail_samples();
        let click = impulse(tail + 48_000, 0);
        let answer = play(&mut reverb, &[click.clone(), click], 4096);
        let after = |at: usize| db(energy(&answer[0][at..]) / energy(&answer[0]));
        assert!(after(tail) < -60.0, "{decay}: {}", after(tail));
        assert!(after(tail * 2 / 3) > -60.0, "{decay}: {}", after(tail * 2 / 3));
    }
}
