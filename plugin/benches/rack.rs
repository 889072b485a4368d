//! What a block costs the whole rack: two channels through amp, loudspeaker and word EQ, and through all that there is, back
//! to back and at a host's pace with cold caches.
//!
//! Prints a line of JSON a figure, as CONTRIBUTING.md describes. `cargo xtask bench --models rack` runs it.

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

    /// How long blocks take back to back, in microseconds.
    fn hot(&mut self, blocks: usize) -> Vec<f64> {
        let timed = |_| {
            // Played faster than time, the rack keeps the thread beside it busy all the time, which in a host has next to
            // nothing to do: on the other half of a core it would slow down what is measured.
            let waiting = Instant::now();
            self.rack.wait_for_listener();
            if waiting.elapsed() > ASLEEP {
                // This thread has slept, and others used the caches.
                self.play();
            }
            let begin = Instant::now();
            self.play();
            begin.elapsed().as_secs_f64() * 1e6
        };
        (0..blocks).map(timed).collect()
    }

    /// How long blocks take that come when a host would ask for them, after others have used the caches.
    fn paced(&mut self, blocks: usize) -> Vec<f64> {
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
            begin.elapsed().as_secs_f64() * 1e6
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

fn wait_until(due: Instant) {
    let now = Instant::now();
    if due > now + WATCH {
        std::thread::sleep(due - now - WATCH);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

fn print(engine: &str, block: usize, mode: &'static str, mut times_us: Vec<f64>) {
    let mean_us = times_us.iter().sum::<f64>() / times_us.len() as f64;
    times_us.sort_by(f64::total_cmp);
    let part = |share: f64| times_us[(share * (times_us.len() - 1) as f64).round() as usize];
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
    };
    match serde_json::to_string(&figure) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("a figure is lost: {error}"),
    }
}
