//! The loudspeakers alone, against plain convolution.

use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::cabinets::CABINETS;
use shared::dsp::convolver::Convolver;
use shared::dsp::response::Response;
use std::f64::consts::TAU;

const FADE: usize = 960;

const ON: CabControls = CabControls {
    on: true,
    blend: 0.0,
    low_cut_hz: CabControls::NO_LOW_CUT_HZ,
    high_cut_hz: CabControls::NO_HIGH_CUT_HZ,
};

fn format(sample_rate_hz: f64, channels_in: usize, channels_out: usize) -> RackFormat {
    RackFormat { sample_rate_hz, max_block_samples: 512, channels_in, channels_out }
}

/// Mono in, stereo out, at 48 kHz.
fn usual() -> RackFormat {
    format(48_000.0, 1, 2)
}

fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect()
}

/// Noise that dies away.
fn response(channels: usize, samples: usize, seed: u64) -> Response {
    let channel = |c: usize| {
        let noise = noise(samples, seed + c as u64).into_iter().enumerate();
        noise.map(|(i, x)| x * (-6.0 * i as f32 / samples as f32).exp()).collect()
    };
    Response::new((0..channels).map(channel).collect(), 48_000.0).unwrap()
}

/// As the loudspeaker plays it: at 48 kHz, as loud as others.
fn convolved(input: &[f32], response: &Response, channel: usize) -> Vec<f32> {
    let gain = response.levelling();
    let taps: Vec<f32> = response.channels()[channel].iter().map(|h| (gain * f64::from(*h)) as f32).collect();
    let mut output = vec![0.0; input.len()];
    Convolver::new(&taps).process(input, &mut output);
    output
}

/// A cab and its loader.
struct Rig {
    cab: Cab,
    mailboxes: [Mailbox<Speaker>; 2],
    format: RackFormat,
    silent: bool,
}

impl Rig {
    fn new(format: RackFormat, responses: [&Response; 2]) -> Self {
        let mut rig = Self { cab: Cab::default(), mailboxes: Default::default(), format, silent: true };
        (0..2).for_each(|at| rig.send(at, responses[at]));
        rig.cab.prepare(&format, &rig.mailboxes);
        rig
    }

    fn send(&self, at: usize, response: &Response) {
        self.mailboxes[at].send(Box::new(Speaker::build(response, self.format).unwrap()));
    }

    /// The guitar's channels, in blocks, with one of the controls for the whole of it.
    fn run(&mut self, input: &[Vec<f32>], block: usize, controls: CabControls) -> Vec<Vec<f32>> {
        let (wide, length) = (self.format.channels_out, input[0].len());
        let mut output = vec![Vec::new(); wide];
        for at in (0..length).step_by(block) {
            let to = length.min(at + block);
            let mut signal: Vec<Vec<f32>> =
                (0..wide).map(|c| input[c % input.len()][at..to].to_vec()).collect();
            signal.iter_mut().for_each(|channel| channel.resize(512, 7.0));
            self.cab.take(&self.format, &self.mailboxes, self.silent);
            self.cab.aim(&controls, self.silent);
            self.cab.process(&mut signal, to - at, &self.mailboxes);
            self.silent = false;
            output.iter_mut().zip(&signal).for_each(|(o, s)| o.extend_from_slice(&s[..to - at]));
        }
        output
    }
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// What a loudspeaker is given of a sound that it is to hear between two samples: all, but for the first and the 240 samples behind.
fn opening(i: usize, from: usize, to: usize) -> f32 {
    let up = if from == 0 { 1.0 } else { (i + 1).saturating_sub(from) as f32 / 240.0 };
    let down = 1.0 - (i + 1).saturating_sub(to) as f32 / 240.0;
    up.min(down).clamp(0.0, 1.0)
}

fn given(input: &[f32], gain: impl Fn(usize) -> f32) -> Vec<f32> {
    input.iter().enumerate().map(|(i, x)| gain(i) * x).collect()
}

/// The way of a ramp that sets off with the first sample.
fn way(i: usize) -> f32 {
    ((i + 1) as f32 / FADE as f32).min(1.0)
}

#[test]
fn one_channel_is_played_once_and_heard_on_both_sides() {
    let (one, other) = (response(1, 2_000, 1), response(1, 300, 5));
    let input = noise(6_000, 10);
    let mut rig = Rig::new(usual(), [&one, &other]);
    let output = rig.run(std::slice::from_ref(&input), 100, ON);
    assert_eq!(output[0], output[1]);
    assert!(difference(&output[0], &convolved(&input, &one, 0)) < 1e-5);
    assert_eq!(Speaker::build(&one, usual()).unwrap().convolved_channels(), 1);
    // Two guitars are two.
    let guitars = [noise(3_000, 11), noise(3_000, 12)];
    let output = Rig::new(format(48_000.0, 2, 2), [&one, &other]).run(&guitars, 100, ON);
    for (guitar, output) in guitars.iter().zip(&output) {
        assert!(difference(output, &convolved(guitar, &one, 0)) < 1e-5);
    }
}

#[test]
fn several_channels_make_stereo() {
    let mono = response(1, 300, 5);
    let guitars = [noise(3_000, 11), noise(3_000, 12)];
    let two = response(2, 700, 20);
    for channels_in in [1, 2] {
        let mut rig = Rig::new(format(48_000.0, channels_in, 2), [&two, &mono]);
        let output = rig.run(&guitars[..channels_in], 64, ON);
        for (side, output) in output.iter().enumerate() {
            let guitar = &guitars[side % channels_in];
            assert!(difference(output, &convolved(guitar, &two, side)) < 1e-5);
        }
    }
    // True stereo: left to left, left to right, right to left, right to right.
    let four = response(4, 700, 30);
    for channels_in in [1, 2] {
        let mut rig = Rig::new(format(48_000.0, channels_in, 2), [&four, &mono]);
        let output = rig.run(&guitars[..channels_in], 64, ON);
        for (side, output) in output.iter().enumerate() {
            let left = convolved(&guitars[0], &four, side);
            let right = convolved(&guitars[channels_in - 1], &four, 2 + side);
            let both: Vec<f32> = left.iter().zip(&right).map(|(l, r)| l + r).collect();
            assert!(difference(output, &both) < 1e-5);
        }
    }
    // Into one channel, the mean of both sides.
    let output = Rig::new(format(48_000.0, 1, 1), [&two, &mono]).run(&guitars[..1], 64, ON);
    let sides = [0, 1].map(|side| convolved(&guitars[0], &two, side));
    let mean: Vec<f32> = sides[0].iter().zip(&sides[1]).map(|(l, r)| 0.5 * (l + r)).collect();
    assert!(difference(&output[0], &mean) < 1e-5);
}

#[test]
fn the_blend_is_linear() {
    let (one, other) = (response(1, 900, 1), response(1, 400, 5));
    let input = noise(3_000, 10);
    let (a, b) = (convolved(&input, &one, 0), convolved(&input, &other, 0));
    for blend in [0.0, 0.25, 0.5, 1.0] {
        let mut rig = Rig::new(usual(), [&one, &other]);
        let output = rig.run(std::slice::from_ref(&input), 64, CabControls { blend, ..ON });
        let expected: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + blend * (b - a)).collect();
        assert!(difference(&output[0], &expected) < 1e-5, "{blend}");
        let playing = rig.cab.sides.each_ref().map(|side| side.quiet_samples == 0);
        assert_eq!(playing, [blend < 1.0, blend > 0.0], "what is not heard is not played at {blend}");
    }
}

/// Not heard, a loudspeaker is given silence, then rests; heard again, it plays what comes from then on and nothing of before.
#[test]
fn what_is_not_heard_rests_and_comes_back_without_a_click_or_an_old_sound() {
    // The second answers late as well, so that something old could come.
    let one = response(1, 500, 1);
    let mut late = response(1, 30_000, 5).channels()[0].clone();
    (late[20_000], late[29_000]) = (0.3, -0.3);
    let other = Response::new(vec![late], 48_000.0).unwrap();
    let input = noise(160_000, 10);
    let blend = |blend| CabControls { blend, ..ON };
    let away_at = 30_000;
    for back_at in [33_000, 140_000] {
        let mut rig = Rig::new(usual(), [&one, &other]);
        let mut output = rig.run(&[input[..away_at].to_vec()], 64, blend(1.0)).remove(0);
        output.extend(rig.run(&[input[away_at..back_at].to_vec()], 64, blend(0.0)).remove(0));
        assert_eq!(rig.cab.sides[1].is_drained(), back_at > 100_000);
        output.extend(rig.run(&[input[back_at..].to_vec()], 64, blend(1.0)).remove(0));
        // The last sample of a way is its end, where the other alone is heard.
        let a = convolved(&given(&input, |i| opening(i, away_at, back_at + FADE - 1)), &one, 0);
        let second = |i| opening(i, 0, away_at + FADE - 1).max(opening(i, back_at, usize::MAX));
        let b = convolved(&given(&input, second), &other, 0);
        for (i, sample) in output.iter().enumerate() {
            let share = match i {
                _ if i < away_at => 1.0,
                _ if i < back_at => 1.0 - way(i - away_at),
                _ => way(i - back_at),
            };
            let expected = a[i] + share * (b[i] - a[i]);
            assert!((sample - expected).abs() < 2e-5, "back at {back_at}, sample {i}: {sample}, {expected}");
        }
    }
}

#[test]
fn the_switch_fades_and_what_is_off_rests() {
    let (one, other) = (response(2, 5_000, 1), response(1, 400, 5));
    let input = noise(60_000, 10);
    let mut rig = Rig::new(usual(), [&one, &other]);
    let (off_at, on_at) = (10_000, 40_000);
    let off = CabControls { on: false, ..ON };
    let mut output = rig.run(&[input[..off_at].to_vec()], 100, ON);
    let mut more = |controls: CabControls, from: usize, to: usize| {
        let part = rig.run(&[input[from..to].to_vec()], 100, controls);
        output.iter_mut().zip(part).for_each(|(output, part)| output.extend(part));
        (rig.cab.asleep, rig.cab.tail_samples())
    };
    assert_eq!(more(off, off_at, on_at), (true, 0));
    let (asleep, tail) = more(ON, on_at, input.len());
    assert!(!asleep && tail == 4_999, "{tail}");
    let heard = |i| opening(i, 0, off_at + FADE - 1).max(opening(i, on_at, usize::MAX));
    let given = given(&input, heard);
    for (side, output) in output.iter().enumerate() {
        let wet = convolved(&given, &one, side);
        for (i, sample) in output.iter().enumerate() {
            let on = match i {
                _ if i < off_at => 1.0,
                _ if i < on_at => 1.0 - way(i - off_at),
                _ => way(i - on_at),
            };
            let expected = input[i] + on * (wet[i] - input[i]);
            assert!((sample - expected).abs() < 1e-5, "sample {i}: {sample}, {expected}");
        }
        assert_eq!(output[off_at + FADE..on_at], input[off_at + FADE..on_at], "off is every bit");
    }
}

#[test]
fn another_loudspeaker_fades_in_and_one_that_is_not_heard_is_changed_at_once() {
    let [one, two, three] = [1, 2, 3].map(|slot| CABINETS[slot - 1].load().unwrap());
    let sine: Vec<f32> =
        (0..48_000).map(|i| 0.5 * (TAU * 110.0 * f64::from(i) / 48e3).sin() as f32).collect();
    let mut rig = Rig::new(usual(), [&one, &two]);
    let mut output = rig.run(&[sine[..24_000].to_vec()], 64, ON).remove(0);
    rig.send(0, &three);
    rig.send(1, &one);
    output.extend(rig.run(&[sine[24_000..24_064].to_vec()], 64, ON).remove(0));
    assert!(rig.cab.sides[0].speakers.is_fading() && !rig.cab.sides[1].speakers.is_fading());
    output.extend(rig.run(&[sine[24_064..].to_vec()], 64, ON).remove(0));
    let steps = |signal: &[f32]| signal.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    let (before, after) = (steps(&output[10_000..24_000]), steps(&output[40_000..]));
    assert!(steps(&output[10_000..]) < 1.05 * before.max(after) + 1e-3);
    // The second is the first one's old loudspeaker now, and begins with what it hears.
    let back = rig.run(&[sine[..9_600].to_vec()], 64, CabControls { blend: 1.0, ..ON }).remove(0);
    // Its response, 40 ms, has forgotten how it began.
    assert!(difference(&back[3_000..], &convolved(&sine[..9_600], &one, 0)[3_000..]) < 1e-4);
}

/// Whatever is turned, and when: the cuts of the host's blocks change nothing.
#[test]
fn blocks_change_nothing() {
    let (one, other) = (response(1, 1_500, 1), response(2, 4_000, 5));
    let input = noise(60_000, 10);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut turns = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let to = (at + rng.random_range(100..6_000)).min(input.len());
        let controls = CabControls {
            on: rng.random_range(0..4) > 0,
            blend: [0.0, 0.3, 1.0][rng.random_range(0..3)],
            low_cut_hz: [20.0, 80.0, 300.0][rng.random_range(0..3)],
            high_cut_hz: [20_000.0, 4_000.0, 9_000.0][rng.random_range(0..3)],
        };
        turns.push((at, to, controls));
        at = to;
    }
    let run = |block: usize| {
        let mut rig = Rig::new(usual(), [&one, &other]);
        let mut output = vec![Vec::new(); 2];
        for (from, to, controls) in &turns {
            let part = rig.run(&[input[*from..*to].to_vec()], block, *controls);
            output.iter_mut().zip(part).for_each(|(output, part)| output.extend(part));
        }
        output
    };
    let whole = run(512);
    assert_ne!(whole[0], whole[1]);
    for block in [1, 17, 64, 480] {
        for (output, whole) in run(block).iter().zip(&whole) {
            assert!(difference(output, whole) < 1e-6, "blocks of {block}");
        }
    }
}

/// Delay of one response behind another of another rate, in samples of the first, by their phases at the guitar's frequencies.
fn delay_samples(of: &[f32], rate_hz: f64, behind: &[f32], behind_hz: f64) -> f64 {
    let phase = |h: &[f32], hz: f64, rate: f64| {
        let (re, im) = h.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, h)| {
            let angle = TAU * hz * i as f64 / rate;
            (re + f64::from(*h) * angle.cos(), im - f64::from(*h) * angle.sin())
        });
        f64::atan2(im, re)
    };
    let delays = [150.0, 400.0, 1_000.0, 2_500.0, 4_000.0].map(|hz| {
        let turn = phase(behind, hz, behind_hz) - phase(of, hz, rate_hz);
        (turn + std::f64::consts::PI).rem_euclid(TAU) - std::f64::consts::PI
    });
    let seconds = |(turn, hz): (f64, f64)| turn / (TAU * hz);
    let all = delays.into_iter().zip([150.0, 400.0, 1_000.0, 2_500.0, 4_000.0]).map(seconds);
    all.map(|seconds| seconds * rate_hz).fold(0.0, |most: f64, d| if d.abs() > most.abs() { d } else { most })
}

/// No loudspeaker delays the sound by more than half a sample, whatever its rate and the host's: there is no delay to be told.
#[test]
fn at_every_rate_a_loudspeaker_stands_where_it_was() {
    let unit = |rate| Response::new(vec![vec![1.0]], rate).unwrap();
    let mut responses: Vec<(&str, Response)> =
        CABINETS.iter().map(|cabinet| (cabinet.id, cabinet.load().unwrap())).collect();
    for (name, rate) in [("sample, 44.1", 44_100.0), ("sample, 48", 48_000.0), ("sample, 96", 96_000.0)] {
        responses.push((name, unit(rate)));
    }
    println!("{:>14} delay in samples at 44.1, 48, 88.2, 96 and 192 kHz", "");
    for (name, response) in &responses {
        print!("{name:>14}");
        let seconds = 0.06 + response.channels()[0].len() as f64 / response.sample_rate_hz();
        for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
            let mut rig = Rig::new(format(rate, 1, 2), [response, response]);
            let mut impulse = vec![0.0; (seconds * rate) as usize];
            impulse[0] = 1.0;
            let played = rig.run(&[impulse], 512, ON).remove(0);
            let own = &response.channels()[0];
            let late = delay_samples(&played, rate, own, response.sample_rate_hz());
            print!("{late:8.3}");
            assert!((-0.1..0.6).contains(&late), "{name} at {rate} Hz: {late} samples late");
        }
        println!();
    }
}
