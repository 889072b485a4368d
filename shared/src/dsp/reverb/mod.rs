//! A room that is calculated: a feedback delay network.
//!
//! Sixteen delay lines feed each other through a matrix that keeps the energy (Jot and Chaigne, "Digital
//! delay networks for designing artificial reverberators", 1991). Each line loses, at every pass, what the
//! decay time asks for its length: `10^(-3 d / T60)`, and more above the damping frequency, by a shelf of
//! first order. So the decay time is the formula's and not tuned by ear. Before the lines the sound goes
//! through two steps of short delays and the same matrix, which make 256 echoes of one and have no decay of
//! their own. Pairs of lines are slowly turned into each other and back, which moves the modes and keeps the
//! energy too (Schlecht and Habets, "Time-varying feedback matrices in feedback delay networks and their
//! application in artificial reverberation", 2015).
//!
//! All movement begins at multiples of `TICK` samples since the last reset, so that blocks do not matter.

mod diffusion;
mod lines;
mod losses;
mod turns;

use super::ramp::Ramp;
use diffusion::Diffusion;
use lines::{Frame, LINES, Lines, mix, signs};
use losses::Losses;
use std::array::from_fn;
use turns::Turns;

/// Samples between two looks at the settings; what they change is interpolated between.
const TICK: usize = 32;

/// Shortest and longest line at size 1, in seconds.
const LENGTHS_SECONDS: (f64, f64) = (0.021, 0.065);

/// Smallest and largest [`Settings::size`].
pub const SIZES: (f64, f64) = (0.25, 2.0);

/// How long it takes to fade from one size to another, in seconds.
const FADE_SECONDS: f64 = 0.060;

/// How long other settings take, in seconds.
const GLIDE_SECONDS: f64 = 0.050;

/// Frequencies are kept below this share of the sample rate.
const MAX_FREQUENCY: f64 = 0.45;

/// What comes in beyond this, 100 dB above full scale, or is no number, is silence: a network never forgets
/// such.
const LOUDEST_INPUT: f32 = 1e5;

/// What the room is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Time in which the middle (around 700 Hz) decays by 60 dB, in seconds; above 0.
    pub decay_seconds: f64,
    /// Length of the delay lines, in [`SIZES`].
    pub size: f64,
    /// Above this frequency the sound decays up to three times as fast, in Hz.
    pub damping_hz: f64,
    /// How far the modes are moved, 0 to 1.
    pub modulation: f64,
    /// Below this frequency less comes in, in Hz.
    pub low_cut_hz: f64,
    /// Above this frequency less comes in, in Hz.
    pub high_cut_hz: f64,
}

/// The reverberation of a stereo sound, without the sound itself.
#[derive(Debug)]
pub struct Network {
    sample_rate_hz: f64,
    goal: Settings,
    /// The logarithm of the decay time.
    decay: Ramp,
    modulation: Ramp,
    /// The logarithms of frequencies.
    damping: Ramp,
    cuts: [Ramp; 2],
    cut_rates: [f32; 2],
    cut_states: [[f32; 2]; 2],
    inputs: [Frame; 2],
    outputs: [Frame; 2],
    diffusion: Diffusion,
    lines: Lines,
    lengths: [usize; LINES],
    next_lengths: [usize; LINES],
    size: f64,
    next_size: f64,
    /// Samples of the way to the next lengths that are left.
    fading: usize,
    fade_samples: usize,
    losses: Losses,
    turns: Turns,
    ticks: u64,
    in_tick: usize,
    /// Whether the last tick moved something.
    moving: bool,
}

impl Network {
    /// A room for a sample rate.
    pub fn new(sample_rate_hz: f64, settings: Settings) -> Self {
        let ticks = (GLIDE_SECONDS * sample_rate_hz / TICK as f64) as usize;
        let still = || Ramp::new(0.0, ticks);
        let longest = LENGTHS_SECONDS.1 * SIZES.1 * sample_rate_hz;
        // The next primes are not far.
        let longest = longest as usize + 1024;
        let side = |side, out, scale: f32| signs(side, out).map(|sign| scale * sign);
        let lengths = lengths(settings.size, sample_rate_hz);
        let mut network = Self {
            sample_rate_hz,
            goal: settings,
            decay: still(),
            damping: still(),
            modulation: still(),
            cuts: [still(), still()],
            cut_rates: [0.0; 2],
            cut_states: [[0.0; 2]; 2],
            // Each side brings its energy once.
            inputs: from_fn(|s| side(s, false, 0.25)),
            outputs: from_fn(|s| side(s, true, 1.0)),
            diffusion: Diffusion::new(sample_rate_hz),
            lines: Lines::new(longest),
            lengths,
            next_lengths: lengths,
            size: settings.size,
            next_size: settings.size,
            fading: 0,
            fade_samples: ((FADE_SECONDS * sample_rate_hz) as usize).next_multiple_of(TICK),
            losses: Losses::new(),
            turns: Turns::new(),
            ticks: 0,
            in_tick: 0,
            moving: true,
        };
        network.aim(settings);
        network.reset();
        network
    }

    /// Sets off towards other settings. A size that comes while another is faded to waits.
    pub fn aim(&mut self, settings: Settings) {
        let highest = MAX_FREQUENCY * self.sample_rate_hz;
        self.goal = settings;
        self.modulation.aim(settings.modulation as f32);
        let Settings { decay_seconds, damping_hz, low_cut_hz, high_cut_hz, .. } = settings;
        self.decay.aim(decay_seconds.ln() as f32);
        let [low, high] = &mut self.cuts;
        for (ramp, hz) in [(&mut self.damping, damping_hz), (low, low_cut_hz), (high, high_cut_hz)] {
            ramp.aim(hz.min(highest).ln() as f32);
        }
    }

    /// Silence before; whatever moves is where it goes.
    pub fn reset(&mut self) {
        let ramps = [&mut self.decay, &mut self.damping, &mut self.modulation];
        ramps.into_iter().chain(&mut self.cuts).for_each(Ramp::finish);
        self.cut_states = [[0.0; 2]; 2];
        self.diffusion.reset();
        self.lines.reset();
        (self.size, self.next_size) = (self.goal.size, self.goal.size);
        self.lengths = lengths(self.size, self.sample_rate_hz);
        self.next_lengths = self.lengths;
        self.fading = 0;
        (self.ticks, self.in_tick) = (0, 0);
        self.losses.reset();
        self.moving = true;
        self.tick();
        self.losses.rest();
        self.turns.finish();
    }

    /// Samples until what is left is 60 dB down, in the slowest part of the spectrum.
    pub fn tail_samples(&self) -> usize {
        let rate = self.sample_rate_hz;
        let damping_hz = self.goal.damping_hz.min(MAX_FREQUENCY * rate);
        let longest = LENGTHS_SECONDS.1 * self.goal.size * rate;
        let seconds = losses::longest_decay(self.goal.decay_seconds, longest, damping_hz, rate);
        (seconds * rate + longest) as usize + self.diffusion.samples()
    }

    /// Takes a sample of each side, and gives one of each.
    #[inline]
    pub fn advance(&mut self, sides: [f32; 2]) -> [f32; 2] {
        if self.in_tick == TICK {
            self.in_tick = 0;
            self.ticks += 1;
            self.tick();
        }
        self.in_tick += 1;
        let [left, right] = from_fn(|side| self.cut(side, sides[side]));
        let [to_left, to_right] = &self.inputs;
        let input = self.diffusion.advance(from_fn(|i| left * to_left[i] + right * to_right[i]));

        let mut heard = self.lines.read(&self.lengths);
        if self.fading > 0 {
            let share = self.fading as f32 / self.fade_samples as f32;
            let next = self.lines.read(&self.next_lengths);
            heard = from_fn(|i| next[i] + share * (heard[i] - next[i]));
            self.fading -= 1;
            if self.fading == 0 {
                (self.lengths, self.size) = (self.next_lengths, self.next_size);
            }
        }
        let (kept, level) = self.losses.advance(&heard);
        let back = self.turns.advance(mix(kept));
        self.lines.write(from_fn(|i| back[i] + input[i]));
        from_fn(|side| level * heard.iter().zip(&self.outputs[side]).map(|(x, sign)| x * sign).sum::<f32>())
    }

    /// What of a side goes into the room: trapezoidal filters of first order (Zavalishin, "The art of VA
    /// filter design").
    #[inline]
    fn cut(&mut self, side: usize, sample: f32) -> f32 {
        // This is false where the sample is no number.
        let sample = if sample.abs() <= LOUDEST_INPUT { sample } else { 0.0 };
        let [low, high] = &mut self.cut_states[side];
        let pass = |state: &mut f32, rate: f32, x: f32| {
            let step = rate * (x - *state);
            let y = *state + step;
            *state = y + step;
            y
        };
        let sample = sample - pass(low, self.cut_rates[0], sample);
        pass(high, self.cut_rates[1], sample)
    }

    /// Moves on towards the settings.
    fn tick(&mut self) {
        self.turns.aim(self.ticks, TICK as f64 / self.sample_rate_hz, self.modulation.advance());
        if self.fading == 0 && self.goal.size != self.size {
            self.next_size = self.goal.size;
            self.next_lengths = lengths(self.next_size, self.sample_rate_hz);
            self.fading = self.fade_samples;
        }
        let still = self.decay.is_there() && self.damping.is_there() && self.cuts.iter().all(Ramp::is_there);
        let still = still && self.fading == 0;
        if still && !self.moving {
            self.losses.rest();
            return;
        }
        // Once more after the last movement, to be there.
        self.moving = !still;
        // Where the fade will be at the end of this tick.
        let share = self.fading.saturating_sub(TICK) as f64 / self.fade_samples as f64;
        let lengths = from_fn(|i| {
            let (now, next) = (self.lengths[i] as f64, self.next_lengths[i] as f64);
            next + share * (now - next)
        });
        let (decay, damping) = (exp(&mut self.decay), exp(&mut self.damping));
        self.losses.aim(&lengths, decay, damping, self.sample_rate_hz);
        for (rate, cut) in self.cut_rates.iter_mut().zip(&mut self.cuts) {
            *rate = pole(exp(cut), self.sample_rate_hz) as f32;
        }
    }
}

/// The next value of what moves in equal ratios.
fn exp(ramp: &mut Ramp) -> f64 {
    f64::from(ramp.advance()).exp()
}

/// How fast a trapezoidal filter of first order follows.
fn pole(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    let g = (std::f64::consts::PI * frequency_hz / sample_rate_hz).tan();
    g / (1.0 + g)
}

/// The lines' lengths in samples: in equal ratios, and prime, so that as few echoes as possible meet.
fn lengths(size: f64, sample_rate_hz: f64) -> [usize; LINES] {
    let (shortest, longest) = LENGTHS_SECONDS;
    let mut least = 2;
    from_fn(|i| {
        let seconds = size * shortest * (longest / shortest).powf(i as f64 / (LINES - 1) as f64);
        let length = prime_from(least.max((seconds * sample_rate_hz).round() as usize));
        least = length + 1;
        length
    })
}

/// The first prime number that is not below `n`. Gaps between primes are short: below 10 million none is
/// longer than 154.
fn prime_from(n: usize) -> usize {
    let is_prime = |n: usize| {
        n == 2 || n % 2 == 1 && (3..).step_by(2).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
    };
    (n.max(2)..).find(|&n| is_prime(n)).unwrap_or(n)
}
