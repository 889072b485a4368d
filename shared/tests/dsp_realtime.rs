//! What filters and mel spectra do on the audio thread, seen from the C library: nothing.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "support/libc_calls.rs"]
mod libc_calls;

use libc_calls::{Calls, count};
use shared::dsp::cookbook::Shape;
use shared::dsp::mel::Mel;
use shared::dsp::spectrum::PowerSpectrum;
use shared::dsp::svf::{Coefficients, Series};
use std::hint::black_box;

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

#[test]
fn filters_ask_nothing_of_the_system() {
    for rate in [44_100.0, 192_000.0] {
        let mut series = Series::<5>::new(3);
        let mut sound = [[0.1f32; 600], [0.2; 600], [f32::NAN; 600]];
        let mut gain_db = -12.0;
        let calls = count(|| {
            for length in [64, 1, 0, 17, 600, 15, 512] {
                let [a, b, c] = &mut sound;
                series.process(&mut [&mut a[..length], &mut b[..length], &mut c[..length]], || {
                    gain_db += 0.1;
                    Some([Coefficients::new(Shape::HighShelf, gain_db, 9_000.0, 0.7, rate); 5])
                });
            }
            series.jump_to([Coefficients::solo(Shape::Peak, 500.0, 0.7, rate); 5]);
            series.reset();
        });
        assert_eq!(calls, NOTHING);
    }
}

#[test]
fn spectra_ask_nothing_of_the_system() {
    for rate in [32_000.0, 48_000.0, 192_000.0] {
        let mut mel = Mel::new(rate);
        let mut low = PowerSpectrum::<f32>::new(4 * mel.frame_samples());
        let sound = vec![0.1; low.length()];
        let calls = count(|| {
            for start in [0, 5, 512] {
                black_box(mel.frame(sound[start..].iter().copied()));
                black_box(low.of(sound[start..].iter().copied()));
            }
        });
        assert_eq!(calls, NOTHING);
    }
}
