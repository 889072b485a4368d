//! What a block costs the whole rack: two channels through amp, loudspeaker and word EQ, and through all that there is, back
//! to back and at a host's pace with cold caches.
//!
//! Prints a line of JSON a figure, as CONTRIBUTING.md describes. `cargo xtask bench --models rack` runs it.
//!
//! Where a processor is shared with other machines, a core may do a third less for seconds. Therefore a [yardstick] of integer
//! arithmetic lies on both sides of each block that is played back to back, and the mean of the blocks between undisturbed
//! yardsticks is told beside that of all. What disturbs a whole run, or only the caches, is not seen so.

use serde::Serialize;
use shared::engine::FACTORS;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonewright::amp::{Desk, Loader};
use tonewright::rack::{
    CabControls, Controls, GateControls, Link, OutputControls, OutputMode, Rack, RackFormat, ToneControls,
};

const RATE_HZ: f64 = 48_000.0;
const CHANNELS: usize = 2;
/// The slot of a standard WaveNet.
const AMP: usize = 1;
/// Blocks that are played before anything is measured: until all that glides has arrived.
const WARM_UP_BLOCKS: usize = 5_000;
/// What is walked through before a block at a host's pace: more than the caches of one core hold.
const WALK_BYTES: usize = 4 << 20;
/// Who waited longer has slept.
const ASLEEP: Duration = Duration::from_micros(20);
/// Rounds of the yardstick: about a microsecond.
const YARDSTICK_ROUNDS: u64 = 250;
/// Of the yardsticks of a run, the one that tells what an undisturbed core takes, as a share of them from the shortest on: a few
/// may have met a higher clock.
const UNDISTURBED_RANK: f64 = 0.02;
/// So many times as long as that a yardstick may take and still count as undisturbed.
const UNDISTURBED_FACTOR: f64 = 1.15;
/// How long before a block is due sleeping ends and watching the clock begins.
const WATCH: Duration = Duration::from_micros(120);

/// How much is measured.
struct Effort {
    blocks: Vec<usize>,
    oversampling: Vec<usize>,
    hot_blocks: usize,
    paced_blocks: usize,
}

/// A line of the report.
#[derive(Serialize)]
struct Figure {
    engine: String,
    model: &'static str,
    block: usize,
    mode: &'static str,
    blocks: usize,
    mean_us: f64,
    median_us: f64,
    p99_us: f64,
    p999_us: f64,
    realtime_factor: f64,
    #[serde(flatten)]
    undisturbed: Option<Undisturbed>,
}

/// The blocks between undisturbed yardsticks.
#[derive(Serialize)]
struct Undisturbed {
    undisturbed_mean_us: f64,
    /// How many they are of all blocks.
    undisturbed_share: f64,
    /// The yardstick that tells what is undisturbed: runs on one machine can be compared by it.
    yardstick_us: f64,
}

/// What a block took, and the longer of the yardsticks beside it, in microseconds.
struct Timed {
    block_us: f64,
    yardstick_us: Option<f64>,
}

fn main() -> ExitCode {
    match effort(std::env::args().skip(1)).and_then(|effort| measure(&effort)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Reads `--blocks 32,64 --oversampling 1,2 --hot --quick`.
fn effort(mut arguments: impl Iterator<Item = String>) -> Result<Effort, String> {
    let mut effort =
        Effort { blocks: vec![64], oversampling: FACTORS.to_vec(), hot_blocks: 20_000, paced_blocks: 10_000 };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => (effort.hot_blocks, effort.paced_blocks) = (4_000, effort.paced_blocks.min(1_500)),
            "--hot" => effort.paced_blocks = 0,
            "--blocks" => {
                let list = arguments.next().ok_or("--blocks wants a list")?;
                let length = |text: &str| match text.trim().parse() {
                    Ok(samples @ 1..=65_536) => Ok(samples),
                    _ => Err(format!("a block has 1 to 65536 samples, not `{text}`")),
                };
                effort.blocks = list.split(',').map(length).collect::<Result<_, _>>()?;
            }
            "--oversampling" => {
                let list = arguments.next().ok_or("--oversampling wants a list")?;
                let factor = |text: &str| match text.trim().parse() {
                    Ok(factor) if FACTORS.contains(&factor) => Ok(factor),
                    _ => Err(format!("an amp is oversampled by {FACTORS:?}, not by `{text}`")),
                };
                effort.oversampling = list.split(',').map(factor).collect::<Result<_, _>>()?;
            }
            // Cargo says it to every benchmark.
            "--bench" => {}
            other => return Err(format!("what does `{other}` mean?")),
        }
    }
    Ok(effort)
}

fn measure(effort: &Effort) -> Result<(), String> {
    for &block in &effort.blocks {
        let usual = effort.oversampling.iter().map(|&factor| (factor, "", usual()));
        for (oversampling, what, controls) in usual.chain([(1, ", all on", all_on())]) {
            let mut player = Player::new(block, oversampling, controls)?;
            (0..WARM_UP_BLOCKS).for_each(|_| player.play());
            let name = format!("stereo, {oversampling}x{what}");
            print(&name, block, "hot", player.hot(effort.hot_blocks));
            if effort.paced_blocks > 0 {
                print(&name, block, "paced", player.paced(effort.paced_blocks));
            }
        }
    }
    Ok(())
}

/// A rack with everything in it, and a guitar.
struct Player {
    rack: Rack,
    // It frees what the rack gives back.
    _loader: Loader,
    block: usize,
    /// One for each channel, and no two alike: what is the same on both sides need not be computed twice.
    guitars: Vec<Vec<f32>>,
    at: usize,
    channels: Vec<Vec<f32>>,
    controls: Controls,
}

impl Player {
    fn new(block: usize, oversampling: usize, controls: Controls) -> Result<Self, String> {
        let format = RackFormat {
            sample_rate_hz: RATE_HZ,
            max_block_samples: block,
            channels_in: CHANNELS,
            channels_out: CHANNELS,
        };
        let desk = Arc::new(Desk::new(AMP));
        desk.set_oversampling(oversampling);
        desk.set_format(format);
        let link = Arc::new(Link::default());
        let loader = Loader::start(desk.clone(), link.clone());
        if !desk.wait_until_settled(Duration::from_secs(60)) {
            return Err("the amp does not load within a minute".into());
        }
        if let Some(problem) = loader.status().get().error {
            return Err(problem);
        }
        let mut rack = Rack::new(link, Arc::default());
        rack.prepare(format);
        // Without its networks it would be there, and cost less.
        if let Some(problem) = rack.eq_view().problem() {
            return Err(format!("the word EQ does not listen: {problem}"));
        }
        let channels = vec![vec![0.0; block]; CHANNELS];
        let guitars = (0..CHANNELS).map(|channel| guitar(block, channel)).collect();
        Ok(Self { rack, _loader: loader, block, guitars, at: 0, channels, controls })
    }

    fn play(&mut self) {
        let (from, to) = (self.at, self.at + self.block);
        self.at = to % self.guitars[0].len();
        for (channel, guitar) in self.channels.iter_mut().zip(&self.guitars) {
            channel.copy_from_slice(&guitar[from..to]);
        }
        let [left, right] = &mut self.channels[..] else { return };
        self.rack.process(&mut [left, right], self.controls);
    }

    /// How long blocks take back to back.
    fn hot(&mut self, blocks: usize) -> Vec<Timed> {
        let timed = |_| {
            // Played faster than time, the rack keeps the thread beside it busy all the time, which in a host has next to
            // nothing to do: on the other half of a core it would slow down what is measured.
            let waiting = Instant::now();
            self.rack.wait_for_listener();
            if waiting.elapsed() > ASLEEP {
                // This thread has slept, and others used the caches.
                self.play();
            }
            let before_us = yardstick();
            let begin = Instant::now();
            self.play();
            let block_us = begin.elapsed().as_secs_f64() * 1e6;
            Timed { block_us, yardstick_us: Some(before_us.max(yardstick())) }
        };
        (0..blocks).map(timed).collect()
    }

    /// How long blocks take that come when a host would ask for them, after others have used the caches.
    fn paced(&mut self, blocks: usize) -> Vec<Timed> {
        let mut others = vec![0u64; WALK_BYTES / 8];
        let duration = Duration::from_secs_f64(self.block as f64 / RATE_HZ);
        let mut due = Instant::now() + duration;
        let timed = |_| {
            // A word of every line of the cache.
            others.chunks_mut(8).for_each(|line| line[0] = line[0].wrapping_add(1));
            black_box(&mut others);
            wait_until(due);
            let begin = Instant::now();
            self.play();
            due = (due + duration).max(begin);
            Timed { block_us: begin.elapsed().as_secs_f64() * 1e6, yardstick_us: None }
        };
        (0..blocks).map(timed).collect()
    }
}

/// Amp, one loudspeaker and a word.
fn usual() -> Controls {
    let neutral = Controls::NEUTRAL;
    Controls {
        cab: CabControls { on: true, ..neutral.cab },
        eq: shared::word_eq::Controls { enabled: true, amount: 0.7, ..neutral.eq },
        output: OutputControls { mode: OutputMode::Normalised, ..neutral.output },
        ..neutral
    }
}

/// All that can be on.
fn all_on() -> Controls {
    let neutral = Controls::NEUTRAL;
    Controls {
        gate: GateControls { on: true, ..neutral.gate },
        tone: ToneControls { on: true, bass_db: 2.0, mid_db: -3.0, treble_db: 1.0, presence_db: 2.0 },
        cab: CabControls { on: true, blend: 0.4, low_cut_hz: 80.0, high_cut_hz: 9_000.0 },
        ..usual()
    }
}

/// A string that is plucked again and again, in whole blocks; another one at another time in another channel.
fn guitar(block: usize, channel: usize) -> Vec<f32> {
    let samples = (4 * 48_000 / block).max(1) * block;
    let pluck = |i: usize| {
        let i = i + 31_000 * channel;
        let (since, hz) = ((i % 24_000) as f64 / RATE_HZ, [82.4, 110.0, 146.8, 196.0][i / 24_000 % 4]);
        let partial = |n: f64| (std::f64::consts::TAU * n * hz * since).sin() * (-3.0 * n * since).exp() / n;
        (0.3 * (1..8).map(|n| partial(f64::from(n))).sum::<f64>()) as f32
    };
    (0..samples).map(pluck).collect()
}

/// How long some arithmetic takes that keeps the integer units of a core busy and touches no memory, in microseconds: four
/// sequences of numbers (George Marsaglia, "Xorshift RNGs", 2003) side by side.
fn yardstick() -> f64 {
    let begin = Instant::now();
    let mut x = black_box([1u64, 2, 3, 4]);
    let mut step = |i: usize, [a, b, c]: [u32; 3]| {
        x[i] ^= x[i] << a;
        x[i] ^= x[i] >> b;
        x[i] ^= x[i] << c;
    };
    for _ in 0..YARDSTICK_ROUNDS {
        step(0, [13, 7, 17]);
        step(1, [7, 9, 8]);
        step(2, [1, 1, 54]);
        step(3, [3, 13, 7]);
    }
    black_box(x);
    begin.elapsed().as_secs_f64() * 1e6
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

fn print(engine: &str, block: usize, mode: &'static str, timed: Vec<Timed>) {
    let undisturbed = undisturbed(&timed);
    let mut times_us: Vec<_> = timed.iter().map(|timed| timed.block_us).collect();
    let mean_us = mean(&times_us);
    times_us.sort_by(f64::total_cmp);
    let part = |share: f64| at_rank(&times_us, share);
    let figure = Figure {
        engine: engine.to_owned(),
        model: "rack",
        block,
        mode,
        blocks: times_us.len(),
        mean_us,
        median_us: part(0.5),
        p99_us: part(0.99),
        p999_us: part(0.999),
        realtime_factor: block as f64 / RATE_HZ * 1e6 / part(0.5),
        undisturbed,
    };
    match serde_json::to_string(&figure) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("a figure is lost: {error}"),
    }
}

/// The blocks between undisturbed yardsticks, where there are yardsticks.
fn undisturbed(timed: &[Timed]) -> Option<Undisturbed> {
    let mut yardsticks: Vec<_> = timed.iter().filter_map(|timed| timed.yardstick_us).collect();
    if yardsticks.is_empty() {
        return None;
    }
    yardsticks.sort_by(f64::total_cmp);
    let yardstick_us = at_rank(&yardsticks, UNDISTURBED_RANK);
    let is_undisturbed =
        |timed: &&Timed| timed.yardstick_us.is_some_and(|us| us <= UNDISTURBED_FACTOR * yardstick_us);
    let times_us: Vec<_> = timed.iter().filter(is_undisturbed).map(|timed| timed.block_us).collect();
    Some(Undisturbed {
        undisturbed_mean_us: mean(&times_us),
        undisturbed_share: times_us.len() as f64 / timed.len() as f64,
        yardstick_us,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The value that this share of the sorted ones stays below.
fn at_rank(sorted: &[f64], share: f64) -> f64 {
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}
