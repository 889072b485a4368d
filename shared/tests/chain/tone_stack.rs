//! Bass, mid, treble and presence against their formulas, still and moving.

use crate::support::{BLOCKS, chain, db, file, kink, noise, play, sine};
use shared::chain::Chain;
use shared::chain::processors::{TONE_RANGE_DB, ToneStack, ToneStackEntry, tone_response_db};
use shared::dsp::approach::Approach;
use shared::dsp::svf::GRAIN;
use std::f64::consts::{FRAC_1_SQRT_2, PI, TAU};

const RATES_HZ: [f64; 8] = [8_000.0, 16_000.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];

const NAMES: [&str; 4] = ["0.bass_db", "0.mid_db", "0.treble_db", "0.presence_db"];

fn knobs([bass_db, mid_db, treble_db, presence_db]: [f64; 4]) -> ToneStackEntry {
    ToneStackEntry { bass_db, mid_db, treble_db, presence_db }
}

fn stack(gains_db: [f64; 4], rate_hz: f64, channels: usize, block: usize) -> Chain {
    let mut chain = chain(ToneStack::new(knobs(gains_db)));
    chain.prepare(file(rate_hz, channels, block)).unwrap();
    chain
}

fn turn(chain: &Chain, gains_db: [f64; 4]) {
    NAMES.iter().zip(gains_db).for_each(|(name, db)| chain.set(name, db).unwrap());
}

/// Magnitude in dB of a response to an impulse, summed at a frequency.
fn measured_db(response: &[f32], at_hz: f64, rate_hz: f64) -> f64 {
    let at = |i: usize| TAU * at_hz / rate_hz * i as f64;
    let (re, im) = response.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, h)| {
        (re + f64::from(*h) * at(i).cos(), im + f64::from(*h) * at(i).sin())
    });
    10.0 * (re * re + im * im).log10()
}

#[test]
fn what_is_measured_is_the_closed_form() {
    let settings = [
        [12.0, 0.0, 0.0, 0.0],
        [-12.0, 0.0, 0.0, 0.0],
        [0.0, 12.0, 0.0, 0.0],
        [0.0, -12.0, 0.0, 0.0],
        [0.0, 0.0, 12.0, 0.0],
        [0.0, 0.0, -12.0, 0.0],
        [0.0, 0.0, 0.0, 12.0],
        [0.0, 0.0, 0.0, -12.0],
        [12.0; 4],
        [-12.0; 4],
        [3.0, -4.5, 2.0, -1.0],
    ];
    let mut worst = (0.0, String::new());
    for rate in RATES_HZ {
        for gains_db in settings {
            let mut chain = stack(gains_db, rate, 1, 4_096);
            let mut impulse = vec![0.0; (0.05 * rate) as usize];
            impulse[0] = 1.0;
            let response = play(&mut chain, &vec![impulse], 4_096).remove(0);
            let ratio = 0.45 * rate / 20.0;
            for at in (0..20).map(|i| 20.0 * ratio.powf(f64::from(i) / 19.0)) {
                let expected = tone_response_db(knobs(gains_db), at, rate);
                let error = (measured_db(&response, at, rate) - expected).abs();
                if error > worst.0 {
                    worst = (error, format!("{gains_db:?} at {at:.1} Hz, rate {rate}: {expected:.3} dB"));
                }
            }
        }
    }
    println!("largest error {:.2e} dB: {}", worst.0, worst.1);
    assert!(worst.0 < 0.002, "{} dB of error: {}", worst.0, worst.1);
}

/// What a player turns is what is heard: where each knob acts, how far, and that it leaves the others' places alone.
#[test]
fn each_knob_does_what_it_is_called() {
    let at = |knob: usize, hz: f64| {
        let mut gains_db = [0.0; 4];
        gains_db[knob] = TONE_RANGE_DB;
        tone_response_db(knobs(gains_db), hz, 48_000.0)
    };
    // All of it at the lowest string, at the body, high up, and at the pick; half of it or so in a shelf's middle.
    for (knob, hz, from, to) in [
        (0, 40.0, 11.5, 12.1),
        (0, 82.4, 8.0, 11.0),
        (0, 120.0, 5.9, 6.1),
        (0, 600.0, -0.1, 0.3),
        (1, 600.0, 11.99, 12.01),
        (1, 60.0, 0.0, 1.5),
        (1, 6_000.0, 0.0, 1.5),
        (2, 2_500.0, 5.9, 6.1),
        (2, 10_000.0, 11.5, 12.1),
        (2, 300.0, -0.1, 0.2),
        (3, 4_500.0, 11.99, 12.01),
        (3, 1_000.0, 0.0, 1.5),
    ] {
        let db = at(knob, hz);
        assert!((from..=to).contains(&db), "{} at {hz} Hz: {db} dB", NAMES[knob]);
    }
    for hz in [50.0, 200.0, 900.0, 3_000.0, 9_000.0] {
        let alone: f64 = (0..4).map(|knob| at(knob, hz)).sum();
        assert!((tone_response_db(knobs([TONE_RANGE_DB; 4]), hz, 48_000.0) - alone).abs() < 1e-9);
    }
}

#[test]
fn flat_is_every_bit() {
    let mut sound = noise(5_000, 1);
    // Whatever it is.
    for (at, strange) in [f32::NAN, f32::INFINITY, -0.0, 1e30, f32::from_bits(1)].into_iter().enumerate() {
        sound[40 * at + 7] = strange;
    }
    let bits = |sound: &[f32]| sound.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for rate in RATES_HZ {
        for block in [1, 64, 5_000] {
            let mut chain = stack([0.0; 4], rate, 1, block);
            // Its own thread flushes what is subnormal; a chain does so for all its effects.
            let out = play(&mut chain, &vec![sound.clone()], block).remove(0);
            let mut expected = sound.clone();
            expected.iter_mut().filter(|x| x.is_subnormal()).for_each(|x| *x = f32::from_bits(1));
            assert_eq!(bits(&out), bits(&expected), "{rate} Hz, blocks of {block}");
            assert_eq!(chain.tail_samples(), 0);
        }
    }
    // And again once it has been something else.
    let sound = noise(20_000, 2);
    let mut chain = stack([6.0, -3.0, 2.0, 4.0], 48_000.0, 1, 64);
    turn(&chain, [0.0; 4]);
    let out = play(&mut chain, &vec![sound.clone()], 64).remove(0);
    assert_ne!(out[..1_000], sound[..1_000]);
    assert_eq!(out[12_000..], sound[12_000..]);
}

/// A stack as Zavalishin draws its filters, coefficients computed for every sample.
#[derive(Default)]
struct Exact {
    states: [[f64; 2]; 4],
}

impl Exact {
    fn step(&mut self, gains_db: [f64; 4], rate_hz: f64, x: f64) -> f64 {
        let filters =
            [(0, 120.0, FRAC_1_SQRT_2), (1, 600.0, 0.6), (2, 2_500.0, FRAC_1_SQRT_2), (1, 4_500.0, 0.9)];
        let mut y = x;
        for ((state, (shape, hz, q)), gain_db) in self.states.iter_mut().zip(filters).zip(gains_db) {
            let a = 10f64.powf(gain_db / 40.0);
            let g = (PI * f64::min(hz, 0.49 * rate_hz) / rate_hz).tan();
            let (g, damping) = match shape {
                0 => (g / a.sqrt(), 1.0 / q),
                1 => (g, 1.0 / (a * q)),
                _ => (g * a.sqrt(), 1.0 / q),
            };
            let [first, second] = *state;
            let high = (y - (g + damping) * first - second) / (1.0 + g * (g + damping));
            let band = g * high + first;
            let low = g * band + second;
            *state = [g * high + band, g * band + low];
            y = match shape {
                0 => a * a * low + a * damping * band + high,
                1 => low + a * a * damping * band + high,
                _ => low + a * damping * band + a * a * high,
            };
        }
        y
    }
}

/// Turned all the time, it sounds as filters do whose coefficients are exact at every sample of the same glide.
#[test]
fn moving_it_sounds_as_exact_filters_do() {
    let turns = [[12.0, -12.0, 6.0, -6.0], [-12.0, 12.0, -12.0, 12.0], [0.0; 4], [3.0, 3.0, -3.0, 12.0]];
    for rate in RATES_HZ {
        let mut worst = (f64::NEG_INFINITY, "");
        let part = (0.04 * rate) as usize;
        for (name, sound) in [
            ("a low string", sine(82.4, 1.0, rate, 8 * part)),
            ("1 kHz", sine(997.0, 1.0, rate, 8 * part)),
            ("noise", noise(8 * part, 5)),
        ] {
            let mut chain = stack([0.0; 4], rate, 1, 4_096);
            let mut glides = [0.0; 4].map(|db| Approach::at(db, 1e-4));
            glides.iter_mut().for_each(|glide| glide.set_pace(0.008 * rate / GRAIN as f64));
            let (mut exact, mut at) = (Exact::default(), 0);
            let (mut out, mut expected) = (Vec::new(), Vec::new());
            for gains_db in turns.iter().cycle().take(8) {
                // On the grain, so that the glides of both begin together.
                let to = (at + part).next_multiple_of(GRAIN).min(sound.len());
                turn(&chain, *gains_db);
                out.extend(play(&mut chain, &vec![sound[at..to].to_vec()], 4_096).remove(0));
                glides.iter_mut().zip(gains_db).for_each(|(glide, db)| glide.aim(*db));
                for grain in sound[at..to].chunks(GRAIN) {
                    let from = glides.each_ref().map(Approach::now);
                    glides.iter_mut().for_each(|glide| _ = glide.step());
                    for (i, x) in grain.iter().enumerate() {
                        let share = (i + 1) as f64 / GRAIN as f64;
                        let gains = std::array::from_fn(|b| from[b] + share * (glides[b].now() - from[b]));
                        expected.push(exact.step(gains, rate, f64::from(*x)));
                    }
                }
                at = to;
            }
            let peak = |of: &mut dyn Iterator<Item = f64>| of.fold(0.0, |peak: f64, x| peak.max(x.abs()));
            let loudest = peak(&mut expected.iter().copied());
            let error = peak(&mut expected.iter().zip(&out).map(|(a, b)| a - f64::from(*b)));
            let error_db = db(error / loudest);
            if error_db > worst.0 {
                worst = (error_db, name);
            }
        }
        println!("{rate} Hz: largest error {:.1} dB, {}", worst.0, worst.1);
        // A grain is the longer, the lower the rate.
        let most = if rate < 44_100.0 { -45.0 } else { -65.0 };
        assert!(worst.0 < most, "{rate} Hz: {:.1} dB, {}", worst.0, worst.1);
    }
}

#[test]
fn a_knob_glides_and_arrives() {
    let rate = 48_000.0;
    for (name, hz) in NAMES.iter().zip([82.4, 600.0, 4_000.0, 4_500.0]) {
        for (from, to) in [(0.0, 12.0), (12.0, 0.0), (-12.0, 12.0)] {
            let sound = vec![sine(hz, 0.2, rate, 19_200)];
            // Near a crest, where a jump is largest.
            let turned = 9_600 + (0.25 * rate / hz) as usize;
            let (before, after) = sound[0].split_at(turned);
            let still = |value: f64| {
                let mut chain = stack([0.0; 4], rate, 1, 64);
                chain.set(name, value).unwrap();
                chain.prepare(file(rate, 1, 64)).unwrap();
                chain
            };
            let mut moving = still(from);
            let mut out = play(&mut moving, &vec![before.to_vec()], 64).remove(0);
            moving.set(name, to).unwrap();
            out.extend(play(&mut moving, &vec![after.to_vec()], 64).remove(0));
            let (old, new) =
                (play(&mut still(from), &sound, 64).remove(0), play(&mut still(to), &sound, 64).remove(0));
            let jumped = [&old[..turned], &new[turned..]].concat();
            let around = 4_800..14_400;
            let [glide, jump, before, after] =
                [&out, &jumped, &old, &new].map(|signal| kink(&signal[around.clone()]));
            let louder = f64::max(before, after);
            let what = format!("{name} from {from} to {to} dB: {glide} {jump} {louder}");
            assert!(glide < 1.2 * louder + 0.001 * jump, "{what}");
            assert!(jump > 2.0 * glide || hz > 1_000.0, "a jump would be heard, {what}");
            let late = out.iter().zip(&new).skip(18_000).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(late < 1e-5, "{late} off: {what}");
        }
    }
}

/// Turned at samples that no block ends at: away, back to flat, where it does nothing, and away again.
fn turned(block: usize) -> Vec<Vec<f32>> {
    let mut chain = stack([0.0; 4], 48_000.0, 3, block);
    let sound = [noise(30_000, 1), noise(30_000, 2), noise(30_000, 3)];
    let mut out = vec![Vec::new(); 3];
    for (from, to, gains_db) in [
        (0, 1_003, [0.0; 4]),
        (1_003, 2_700, [9.0, -9.0, 0.0, 3.0]),
        (2_700, 20_001, [0.0; 4]),
        (20_001, 20_013, [1.0, 0.0, 0.0, 0.0]),
        (20_013, 30_000, [-3.0, 0.0, 12.0, 0.0]),
    ] {
        turn(&chain, gains_db);
        let part = sound.iter().map(|channel| channel[from..to].to_vec()).collect();
        let part = play(&mut chain, &part, block);
        out.iter_mut().zip(part).for_each(|(out, part)| out.extend(part));
    }
    out
}

#[test]
fn blocks_change_nothing_while_it_moves() {
    let whole = turned(1 << 20);
    for block in BLOCKS {
        assert_eq!(turned(block), whole, "blocks of {block}");
    }
}

#[test]
fn the_tail_is_as_long_as_it_says() {
    for rate in [44_100.0, 192_000.0] {
        for gains_db in [[12.0; 4], [-12.0; 4], [12.0, 0.0, 0.0, 0.0], [-12.0, 0.0, 0.0, 0.0]] {
            let mut chain = stack(gains_db, rate, 1, 512);
            let tail = chain.tail_samples();
            let mut sound = vec![1.0; 1 << 16];
            sound.resize((1 << 16) + 2 * tail + 1, 0.0);
            let out = play(&mut chain, &vec![sound], 512).remove(0);
            let (loud, after) = out.split_at(1 << 16);
            let peak = |of: &[f32]| of.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
            assert!(peak(&after[tail..]) < 1e-4 * peak(loud), "{gains_db:?} sounds on at {rate} Hz");
        }
    }
}

/// However it is turned, and where nobody checks: its own range is its limit.
#[test]
fn nothing_a_knob_does_rings_up() {
    use shared::chain::{Format, Processor, Purpose};
    let mut stack = ToneStack::default();
    let format = Format { sample_rate_hz: 48_000.0, max_block_samples: 64, channels: 1 };
    stack.prepare(format, Purpose::Live).unwrap();
    let mut sound = noise(48_000, 9);
    for (i, block) in sound.chunks_mut(64).enumerate() {
        for knob in 0..5 {
            stack.set(knob, [1e9, -1e9, f64::NAN, f64::INFINITY, 3.0][(i + knob) % 5]);
        }
        stack.process(&mut [block]);
    }
    // Treble and presence reach 24 dB together.
    assert!(sound.iter().all(|x| x.abs() < 32.0));
}
