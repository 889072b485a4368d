//! Synthesised guitar playing: six plucked strings, a pickup, and something to play.

use super::filter::{Biquad, OnePole};
use super::pluck::PluckedString;
use super::score::{Action, Event, demo_piece, improvise, layers};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Level of one string at full strength, so that six of them stay below full scale.
const LEVEL: f64 = 0.42;

/// `seconds` of playing at `rate_hz`: chords, palm mutes, runs and slides, from loud to hardly
/// audible, with pauses. Another seed plays something else.
pub fn play(seconds: f64, rate_hz: f64, seed: u64) -> Vec<f32> {
    perform(&improvise(seconds, seed), seconds, rate_hz, seed)
}

/// The demo piece: some chords and a run, clean, twelve seconds.
pub fn demo(rate_hz: f64) -> Vec<f32> {
    perform(&demo_piece(), 12.0, rate_hz, 1)
}

/// Single notes over the whole neck, each from hard to soft.
pub fn notes(rate_hz: f64) -> Vec<f32> {
    let (events, seconds) = layers();
    perform(&events, seconds, rate_hz, 1)
}

/// Plays `events`, which are in order.
fn perform(events: &[Event], seconds: f64, rate_hz: f64, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // The stream of the score is 0.
    rng.set_stream(1);
    let mut strings: Vec<PluckedString> = (0..6).map(|_| PluckedString::new(rate_hz)).collect();
    // Beyond half the sample rate the filter would be unstable.
    let mut pickup = Biquad::low_pass(4_200.0f64.min(0.45 * rate_hz), 1.4, rate_hz);
    let mut rumble = OnePole::new(35.0, rate_hz);
    let mut events = events.iter().peekable();
    let samples = (seconds * rate_hz) as usize;
    let output = (0..samples).map(|n| {
        while let Some(event) = events.next_if(|e| e.at_seconds * rate_hz <= n as f64) {
            let string = &mut strings[event.string];
            match &event.action {
                Action::Pluck(stroke) => string.pluck(stroke, &mut rng),
                Action::Glide(hz) => string.glide(*hz),
                Action::Stop => string.stop(),
            }
        }
        let sum: f64 = strings.iter_mut().map(PluckedString::next).sum();
        let x = LEVEL * rumble.high(pickup.next(sum));
        // A hard strum may reach beyond; a preamplifier rounds that off.
        (if x.abs() < 0.7 { x } else { x.signum() * (0.7 + 0.28 * ((x.abs() - 0.7) / 0.28).tanh()) }) as f32
    });
    output.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::power;

    #[test]
    fn playing_is_repeatable_and_another_seed_is_other_playing() {
        let a = play(2.0, 48e3, 1);
        assert_eq!(a, play(2.0, 48e3, 1));
        assert_ne!(a, play(2.0, 48e3, 2));
        assert_eq!(a.len(), 96_000);
    }

    #[test]
    fn playing_has_dynamics_and_stays_in_range() {
        for rate in [8e3, 44_100.0, 48e3, 96e3] {
            let x = play(20.0, rate, 7);
            assert!(x.iter().all(|s| s.abs() <= 1.0));
            let mut levels: Vec<f64> =
                x.chunks(rate as usize / 4).map(|c| 10.0 * power(c).max(1e-12).log10()).collect();
            levels.sort_by(f64::total_cmp);
            assert!(levels[levels.len() - 1] > -22.0, "{levels:?}");
            assert!(levels[levels.len() / 10] < levels[levels.len() - 1] - 15.0, "{levels:?}");
        }
    }

    #[test]
    fn an_open_a_string_is_in_tune() {
        let stroke = super::super::pluck::Stroke {
            hz: 110.0,
            strength: 0.5,
            position: 0.2,
            width: 1e-3,
            decay: 4.0,
            damping: 0.3,
        };
        let events = [Event { at_seconds: 0.0, string: 1, action: Action::Pluck(stroke) }];
        let x = perform(&events, 1.0, 48e3, 1);
        let late = &x[9_600..];
        let score = |lag: usize| -> f64 {
            late[..20_000].iter().zip(&late[lag..]).map(|(a, b)| f64::from(a * b)).sum()
        };
        // 20 periods, so that a sample is a twentieth of a semitone's tolerance.
        let expected = 20.0 * 48e3 / 110.0;
        let best =
            (expected as usize - 60..expected as usize + 60).max_by(|&a, &b| score(a).total_cmp(&score(b)));
        let cents = 1200.0 * (expected / best.unwrap() as f64).log2();
        assert!(cents.abs() < 6.0, "{cents} cents");
    }
}
