//! Back to back: what a block costs when nothing else runs.

use crate::figure::{CallsPerBlock, Figure, median};
use crate::fma_peak;
use crate::options::Effort;
use crate::subject::{Subject, Tape};

/// Blocks that are played before anything is measured.
const WARM_UP_BLOCKS: usize = 50;
/// Blocks whose calls are counted.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const COUNTED_BLOCKS: usize = 200;

/// What a turn leaves behind for one engine, in microseconds a block.
#[derive(Default)]
struct Times {
    playing: Vec<f64>,
    silence: Vec<f64>,
    subnormal: Vec<f64>,
    /// Share of the peak, a turn each: the peak was measured right before, so that a neighbour who
    /// slows this processor down slows both.
    shares: Vec<f64>,
}

/// Measures all of them, turn by turn, prints the figures and gives the medians of playing, in
/// microseconds.
pub fn measure(subjects: &mut [Subject], block: usize, effort: Effort) -> Vec<f64> {
    let mut playing = Tape::new(0.5, block);
    let mut silence = Tape::new(0.0, block);
    // Noise all of whose values are subnormal.
    let mut subnormal = Tape::new(1e-39, block);
    let mut times: Vec<Times> = subjects.iter().map(|_| Times::default()).collect();
    let lengths: Vec<usize> = subjects
        .iter_mut()
        .map(|subject| {
            let mut first = Vec::new();
            playing.play_timed(subject, WARM_UP_BLOCKS, &mut first);
            (effort.turn_us / median(&mut first)).clamp(40.0, 4_000.0) as usize
        })
        .collect();
    for _ in 0..effort.rounds {
        for ((subject, times), &blocks) in subjects.iter_mut().zip(&mut times).zip(&lengths) {
            let peak = fma_peak::measure(subject.engine.level());
            playing.play_timed(subject, blocks, &mut times.playing);
            let turn = times.playing.len() - blocks;
            let turn_us = median(&mut times.playing[turn..]);
            times.shares.push((subject.multiply_adds * block) as f64 / turn_us / peak);
            // Right after playing, while the sound dies away inside the network.
            silence.play_timed(subject, blocks / 4, &mut times.silence);
            subnormal.play_timed(subject, blocks / 4, &mut times.subnormal);
        }
    }
    let mut medians = Vec::new();
    for (subject, mut times) in subjects.iter_mut().zip(times) {
        let mut figure = Figure::new(subject.engine.name(), subject.model, block, "hot", &mut times.playing);
        let median_us = median(&mut times.playing);
        figure.fma_share = Some(median(&mut times.shares));
        figure.calls = calls(subject, &mut playing);
        figure.print();
        Figure::new(subject.engine.name(), subject.model, block, "silence", &mut times.silence).print();
        Figure::new(subject.engine.name(), subject.model, block, "subnormal", &mut times.subnormal).print();
        medians.push(median_us);
    }
    medians
}

/// What a block calls at the C library, counted apart from the timing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn calls(subject: &mut Subject, tape: &mut Tape) -> Option<CallsPerBlock> {
    use crate::libc_calls::{Calls, count};
    let mut total = Calls::default();
    for _ in 0..COUNTED_BLOCKS {
        total = total.plus(count(|| tape.play(subject)));
    }
    let a_block = |calls: u64| calls as f64 / COUNTED_BLOCKS as f64;
    Some(CallsPerBlock {
        heap_calls: a_block(total.heap),
        frees: a_block(total.frees),
        locks: a_block(total.locks),
    })
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn calls(_: &mut Subject, _: &mut Tape) -> Option<CallsPerBlock> {
    None
}
