//! Gains against their definition.

use crate::support::{BLOCKS, RATES_HZ, chain, db, file, kink, noise, play, sine};
use shared::chain::processors::Gain;

#[test]
fn a_gain_is_what_it_says() {
    let sound = vec![noise(4_800, 1), noise(4_800, 2)];
    for rate in RATES_HZ {
        for gain_db in [-60.0, -6.0, -0.1, 0.0, 3.0, 24.0, 60.0] {
            let factor = 10f64.powf(gain_db / 20.0);
            for gain in [Gain::db(gain_db), Gain::linear(factor)] {
                let mut chain = chain(gain);
                chain.prepare(file(rate, 2, 512)).unwrap();
                let out = play(&mut chain, &sound, 512);
                for (out, sound) in out.iter().flatten().zip(sound.iter().flatten()) {
                    let got = db((f64::from(*out) / f64::from(*sound)).abs());
                    assert!((got - gain_db).abs() < 1e-5, "{got} dB instead of {gain_db} dB at {rate} Hz");
                    assert_eq!(out.is_sign_negative(), sound.is_sign_negative());
                }
            }
        }
    }
}

#[test]
fn no_gain_is_exactly_nothing_and_zero_is_silence() {
    let sound = vec![noise(1_000, 3)];
    for (gain, expected) in [(1.0, sound.clone()), (0.0, vec![vec![0.0; 1_000]])] {
        let mut chain = chain(Gain::linear(gain));
        chain.prepare(file(48_000.0, 1, 64)).unwrap();
        assert_eq!(play(&mut chain, &sound, 64), expected);
    }
}

/// A sine, the gain of which is set to `factor` after half of the sound.
fn turned(from: f64, factor: f64, block: usize) -> Vec<f32> {
    let mut chain = chain(Gain::linear(from));
    chain.prepare(file(48_000.0, 1, block)).unwrap();
    let sound = sine(100.0, 1.0, 48_000.0, 9_600);
    let (first, second) = sound.split_at(4_920);
    let mut out = play(&mut chain, &vec![first.to_vec()], block);
    chain.set("0.gain", factor).unwrap();
    out[0].extend(play(&mut chain, &vec![second.to_vec()], block).remove(0));
    out.remove(0)
}

#[test]
fn a_change_glides_and_arrives() {
    for (from, to) in [(1.0, 0.25), (0.0, 1.0), (8.0, 0.0)] {
        let out = turned(from, to, 64);
        let sound = sine(100.0, 1.0, 48_000.0, 9_600);
        let jumped: Vec<f32> = sound
            .iter()
            .enumerate()
            .map(|(i, x)| x * if i < 4_920 { from as f32 } else { to as f32 })
            .collect();
        let still = kink(&sound) * f64::max(from, to);
        assert!(kink(&jumped) > 100.0 * still, "the jump is too small to be seen");
        assert!(kink(&out) < 10.0 * still, "{} where a sine has {still}", kink(&out));
        // 20 ms later it is there.
        for (out, sound) in out.iter().zip(&sound).skip(4_920 + 960) {
            assert_eq!(*out, sound * to as f32);
        }
    }
}

#[test]
fn blocks_change_nothing() {
    let whole = turned(1.0, 0.1, 1 << 20);
    for block in BLOCKS {
        assert_eq!(turned(1.0, 0.1, block), whole, "blocks of {block}");
    }
}

#[test]
fn a_reset_ends_the_way_of_a_change() {
    let sound = vec![noise(500, 4)];
    let mut chain = chain(Gain::linear(1.0));
    chain.prepare(file(48_000.0, 1, 64)).unwrap();
    chain.set("0.gain", 0.5).unwrap();
    play(&mut chain, &sound, 64);
    chain.reset();
    let expected: Vec<f32> = sound[0].iter().map(|x| x * 0.5).collect();
    assert_eq!(play(&mut chain, &sound, 64), [expected]);
}

#[test]
fn gains_out_of_range_are_refused() {
    for gain in [Gain::linear(-1.0), Gain::linear(f64::NAN), Gain::db(60.1), Gain::db(f64::NEG_INFINITY)] {
        assert!(shared::chain::Chain::new(vec![Box::new(gain)]).is_err());
    }
}
