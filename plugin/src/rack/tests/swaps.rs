//! New amps and loudspeakers, one after the other.

use super::super::swap::Swap;
use super::bench::*;
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn a_thousand_swaps_are_heard_as_no_step() {
    let mut bench = Bench::new(FORMAT);
    let amps: Vec<Model> = (1..5).map(light_amp).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(90);
    // 48 samples are a whole period.
    let tone = sine(1_000.0, 0.1, 480, 48_000.0);
    let mut last = None;
    let mut controls = busy();
    controls.output = OutputControls { mode: OutputMode::Normalised, ..controls.output };
    for swap in 0..1_000 {
        match rng.random_range(0..3) {
            0 => bench.send_voice(&amps[swap % amps.len()], FORMAT),
            at => bench.send_speaker(at - 1, swap as u64, FORMAT),
        }
        for _ in 0..rng.random_range(1..6) {
            let output = bench.run(&tone, &[480], controls).swap_remove(0);
            assert!(output.iter().all(|s| s.is_finite()));
            let joint = last.map_or(0.0, |last: f32| (output[0] - last).abs());
            let step = largest_step(&output).max(joint);
            assert!(step < 0.1, "swap {swap}: {step}");
            last = output.last().copied();
        }
        bench.link.sweep();
    }
}

/// Counts how many of it there are.
struct Counted {
    value: f32,
    alive: Arc<AtomicUsize>,
}

impl Counted {
    fn new(value: f32, alive: &Arc<AtomicUsize>) -> Box<Self> {
        alive.fetch_add(1, Ordering::Relaxed);
        Box::new(Self { value, alive: alive.clone() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Playable for Counted {
    fn fits(&self, _: &RackFormat) -> bool {
        self.value >= 0.0
    }

    fn play(&mut self, _: &[Vec<f32>], output: &mut [Vec<f32>], length: usize) {
        output.iter_mut().for_each(|channel| channel[..length].fill(self.value));
    }

    fn reset(&mut self) {}
}

/// A swap of one channel, with its mailbox.
struct Place {
    swap: Swap<Counted>,
    mailbox: Mailbox<Counted>,
    alive: Arc<AtomicUsize>,
    format: RackFormat,
}

impl Place {
    fn new() -> Self {
        let format = RackFormat { channels_in: 1, channels_out: 1, ..FORMAT };
        let mut place =
            Self { swap: Default::default(), mailbox: Mailbox::default(), alive: Arc::default(), format };
        place.send(1.0);
        place.swap.prepare(&format, 1, &place.mailbox);
        place
    }

    fn send(&self, value: f32) {
        self.mailbox.send(Counted::new(value, &self.alive));
    }

    /// A block, and its last sample.
    fn play(&mut self, length: usize) -> f32 {
        let mut output = vec![vec![0.0; length]];
        self.swap.take(&self.format, &self.mailbox, false);
        self.swap.play(&[vec![0.0; length]], &mut output, length, &self.mailbox);
        output[0][length - 1]
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }
}

#[test]
fn of_several_that_arrive_during_a_fade_the_newest_wins() {
    let mut place = Place::new();
    place.send(2.0);
    let under_way = place.play(480);
    assert!(under_way > 1.4 && under_way < 1.6, "{under_way}");
    for value in [3.0, 4.0, 5.0] {
        place.send(value);
        assert_eq!(place.alive(), 3, "what waited is replaced and freed");
        place.play(1);
    }
    place.play(480);
    let next = place.play(1);
    assert!((next - 2.0 - 3.0 / 960.0).abs() < 1e-5, "the first fade has ended, the next begins: {next}");
    for _ in 0..2 {
        place.play(480);
    }
    assert_eq!(place.play(1), 5.0);
    place.mailbox.sweep();
    assert_eq!(place.alive(), 1);
}

#[test]
fn nobody_is_freed_by_the_audio_thread_and_nobody_is_forgotten() {
    let mut place = Place::new();
    // Nobody sweeps: the audio thread keeps what it has once there is no room for more.
    for value in 0..20 {
        place.send(value as f32);
        for _ in 0..3 {
            place.play(480);
        }
    }
    let kept = place.alive();
    assert!(kept >= 9, "{kept}");
    assert!(place.play(1) < 19.0, "the last ones wait");
    place.mailbox.sweep();
    for _ in 0..3 {
        place.play(480);
    }
    assert_eq!(place.play(1), 19.0, "the newest wins");
    place.mailbox.sweep();
    assert_eq!(place.alive(), 1);
    // What is of another format goes straight back.
    place.send(-1.0);
    place.play(1);
    place.mailbox.sweep();
    assert_eq!((place.alive(), place.play(1)), (1, 19.0));
    // A reset ends a fade; a new format takes what waits.
    place.send(7.0);
    place.play(10);
    place.swap.reset(&place.mailbox);
    assert_eq!(place.play(1), 7.0);
    place.send(8.0);
    place.play(10);
    place.send(9.0);
    place.swap.prepare(&place.format, 1, &place.mailbox);
    assert_eq!(place.play(1), 9.0);
    place.mailbox.sweep();
    assert_eq!(place.alive(), 1);
    let alive = place.alive.clone();
    drop(place);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn a_new_amp_has_its_level_from_its_first_sample_on() {
    let mut loud = wire();
    loud.card.loudness_dbfs = Some(-38.0);
    let format = RackFormat { channels_in: 1, channels_out: 1, ..FORMAT };
    let mut bench = Bench::playing(&wire(), format);
    let mut controls = Controls::NEUTRAL;
    controls.output.mode = OutputMode::Normalised;
    let constant = vec![0.01; 960];
    assert_eq!(bench.run(&constant, &[480], controls)[0], constant);
    bench.send_voice(&loud, format);
    let output = bench.run(&constant, &[480], controls).swap_remove(0);
    // From 0.01 to ten times that, on the straight line of the crossfade alone.
    for i in [0, 240, 480, 959] {
        let expected = 0.01 + 0.09 * (i + 1) as f32 / 960.0;
        assert!((output[i] - expected).abs() < 1e-5, "{i}: {} {expected}", output[i]);
    }
}
