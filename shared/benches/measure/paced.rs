//! At a host's pace: a block every block's duration, with caches that somebody else has used since.

use crate::figure::{Figure, block_us};
use crate::options::Effort;
use crate::subject::{Subject, Tape};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What is walked through before every block: more than the caches of one core hold.
const WALK_BYTES: usize = 4 << 20;
/// How long before a block is due sleeping ends and watching the clock begins.
const WATCH: Duration = Duration::from_micros(120);
/// Blocks that are not counted.
const WARM_UP_BLOCKS: usize = 10;

/// Other people's memory.
struct Disturbance(Vec<u64>);

impl Disturbance {
    /// Touches every line of it.
    fn walk(&mut self) {
        for line in self.0.chunks_mut(8) {
            line[0] = line[0].wrapping_add(1);
        }
        black_box(&mut self.0);
    }
}

/// Measures all of them and prints the figures. `medians_us` is what blocks take back to back.
///
/// As many engines as fit into the duration of a block take turns within it, so that each is called
/// exactly once in that time and what disturbs the machine hits all.
pub fn measure(subjects: &mut [Subject], medians_us: &[f64], block: usize, effort: Effort) {
    let mut disturbance = Disturbance(vec![0; WALK_BYTES / 8]);
    disturbance.walk();
    let walks: Vec<_> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            disturbance.walk();
            begin.elapsed().as_nanos() as f64 / 1e3
        })
        .collect();
    let walk_us = walks.iter().copied().fold(0.0, f64::max);

    let mut rest = subjects;
    let mut medians_us = medians_us;
    while !rest.is_empty() {
        // A cold block takes a few times as long as a hot one.
        let needs_us = |median_us: f64| walk_us + 3.0 * median_us;
        let mut taken_us = 0.0;
        let fits = |&&median_us: &&f64| {
            taken_us += needs_us(median_us);
            taken_us < 0.9 * block_us(block)
        };
        let together = medians_us.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at_mut(together);
        take_turns(now, &mut disturbance, block, effort.paced_blocks);
        (rest, medians_us) = (later, &medians_us[together..]);
    }
}

fn take_turns(subjects: &mut [Subject], disturbance: &mut Disturbance, block: usize, blocks: usize) {
    let duration = Duration::from_nanos((block_us(block) * 1e3) as u64);
    let slot = duration / subjects.len() as u32;
    let mut tape = Tape::new(0.5, block);
    let mut times_us = vec![Vec::with_capacity(blocks); subjects.len()];
    let mut due = Instant::now() + duration;
    for turn in 0..WARM_UP_BLOCKS + blocks {
        for (subject, times_us) in subjects.iter_mut().zip(&mut times_us) {
            disturbance.walk();
            wait_until(due);
            let begin = Instant::now();
            tape.play(subject);
            if turn >= WARM_UP_BLOCKS {
                times_us.push(begin.elapsed().as_nanos() as f64 / 1e3);
            }
            // Where walking takes longer than a block lasts, the next one is due as soon as can be.
            due = (due + slot).max(begin);
        }
    }
    for (subject, times_us) in subjects.iter().zip(&mut times_us) {
        Figure::new(subject.engine.name(), subject.model, block, "paced", times_us).print();
    }
}

fn wait_until(due: Instant) {
    let now = Instant::now();
    if due > now + WATCH {
        std::thread::sleep(due - now - WATCH);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}
