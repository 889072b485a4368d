//! Convolution against its definition.

use crate::measure::{BLOCKS, decaying, impulse, noise};
use shared::dsp::convolver::{Convolver, ConvolverBank};

/// `y[t] = Σ h[k] x[t - k]`, in double precision.
pub fn plainly(response: &[f32], input: &[f32]) -> Vec<f64> {
    let mut output = vec![0.0; input.len()];
    for (k, &h) in response.iter().enumerate() {
        for (y, &x) in output.iter_mut().skip(k).zip(input) {
            *y += f64::from(h) * f64::from(x);
        }
    }
    output
}

fn convolve(response: &[f32], input: &[f32], block: usize) -> Vec<f32> {
    let mut convolver = Convolver::new(response);
    let mut output = vec![f32::NAN; input.len()];
    let block = block.min(input.len());
    input.chunks(block).zip(output.chunks_mut(block)).for_each(|(x, y)| convolver.process(x, y));
    output
}

/// Below and above the length from which on it goes through the frequency domain, in every block size.
#[test]
fn it_is_the_sum_it_stands_for_however_it_is_cut() {
    for taps in [1, 2, 511, 512, 513, 5_000, 40_000] {
        let (response, input) = (decaying(taps, 1), noise(3 * taps.min(7_000) + 3_000, 2));
        let expected = plainly(&response, &input);
        let whole = convolve(&response, &input, usize::MAX);
        let loudest = expected.iter().fold(0.0f64, |most, y| most.max(y.abs()));
        let worst =
            expected.iter().zip(&whole).fold(0.0f64, |most, (e, y)| most.max((e - f64::from(*y)).abs()));
        assert!(worst < 3e-6 * loudest, "{taps} taps: {worst:e} of {loudest}");
        for block in BLOCKS {
            assert!(convolve(&response, &input, block) == whole, "{taps} taps in blocks of {block}");
        }
    }
}

#[test]
fn an_impulse_stands_at_its_sample() {
    for taps in [1, 600, 40_000] {
        let mut response = vec![0.0; taps];
        response[0] = 1.0;
        response[taps - 1] += 0.5;
        let answer = convolve(&response, &impulse(50_000, 321), 64);
        let expected = if taps == 1 { 1.5 } else { 1.0 };
        assert!((answer[321] - expected).abs() < 1e-6, "{}", answer[321]);
        assert!((answer[320 + taps] - response[taps - 1]).abs() < 1e-6);
        let elsewhere = answer.iter().enumerate().filter(|(at, _)| *at != 321 && *at != 320 + taps);
        assert!(elsewhere.fold(0.0f32, |most, (_, y)| most.max(y.abs())) < 1e-6);
    }
}

#[test]
fn a_reset_forgets() {
    let (response, input) = (decaying(5_000, 3), noise(20_000, 4));
    let mut convolver = Convolver::new(&response);
    let mut first = vec![0.0; 20_000];
    convolver.process(&input, &mut first);
    convolver.process(&input[..777], &mut vec![0.0; 777]);
    convolver.reset();
    let mut again = vec![0.0; 20_000];
    convolver.process(&input, &mut again);
    assert!(first == again);
}

/// True stereo is four convolutions; two channels are two; on one channel there is their mean.
#[test]
fn channels_meet_the_responses_meant_for_them() {
    let responses: Vec<_> = (0..4).map(|seed| decaying(700, seed)).collect();
    let input = [noise(4_000, 8), noise(4_000, 9)];
    let expect = |pairs: &[(usize, usize)], scale: f64| -> Vec<f64> {
        let mut sum = vec![0.0; 4_000];
        for &(channel, response) in pairs {
            let part = plainly(&responses[response], &input[channel]);
            sum.iter_mut().zip(part).for_each(|(sum, y)| *sum += scale * y);
        }
        sum
    };
    let check = |count: usize, channels: usize, expected: &[Vec<f64>]| {
        let mut bank = ConvolverBank::new(&responses[..count], 2.0, channels, 4_000);
        // Nothing of a block is left in the answer to the next.
        for (from, to) in [(0, 1_000), (1_000, 1_300), (1_300, 4_000)] {
            let part: Vec<_> = input[..channels].iter().map(|input| &input[from..to]).collect();
            let answer = bank.process(&part, to - from);
            for (answer, expected) in answer.iter().zip(expected) {
                let pairs = answer.iter().zip(&expected[from..to]);
                let worst = pairs.fold(0.0f64, |m, (y, e)| m.max((f64::from(*y) - e).abs()));
                assert!(worst < 1e-4, "{count} responses, {channels} channels, from {from}: {worst}");
            }
        }
    };
    check(4, 2, &[expect(&[(0, 0), (1, 2)], 2.0), expect(&[(0, 1), (1, 3)], 2.0)]);
    check(2, 2, &[expect(&[(0, 0)], 2.0), expect(&[(1, 1)], 2.0)]);
    check(1, 2, &[expect(&[(0, 0)], 2.0), expect(&[(1, 0)], 2.0)]);
    check(2, 1, &[expect(&[(0, 0), (0, 1)], 1.0)]);
    // Left and right alike hear the sum of both, and the mean of the sides is half of all four.
    check(4, 1, &[expect(&[(0, 0), (0, 1), (0, 2), (0, 3)], 1.0)]);
}
