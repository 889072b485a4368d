//! Filters that stay clean while their parameters move: linear state-variable filters by trapezoidal
//! integration, with the responses of [`cookbook`](super::cookbook).
//!
//! After Andrew Simper (Cytomic), "Solving the continuous SVF equations using trapezoidal integration and
//! equivalent currents" (2013), `SvfLinearTrapOptimised2`, and Vadim Zavalishin, "The Art of VA Filter
//! Design". With the states s1 and s2, the input x, g = tan(pi f / rate) and the damping k:
//!
//! ```text
//! a1 = 1 / (1 + g (g + k)),  a2 = g a1,  a3 = g a2
//! v1 = a1 s1 + a2 (x - s2),  v2 = s2 + a2 s1 + a3 (x - s2)
//! s1 <- 2 v1 - s1,  s2 <- 2 v2 - s2,  y = m0 x + m1 v1 + m2 v2
//! ```
//!
//! Without input a step changes s1² + s2² by -4 g k v1²: no filter of this kind ever adds energy, so no
//! sequence of them does. The step is linear in a1, a2 and a3, and what lies between two steps that add
//! no energy adds none either. So the numbers of a step may themselves be interpolated from sample to
//! sample, which needs no division, and nothing a parameter does can make a filter ring up.
//!
//! The output is computed from x, s1 and s2 alone. That way a sample waits for a multiplication and an
//! addition in each filter of a series, and not for the whole step.

use super::cookbook::{HIGHEST_SHARE, Shape};
use super::pair::Pair;
use crate::simd::Level;
use std::f64::consts::{LN_10, PI};

/// Samples from one value of the coefficients to the next; in between they are interpolated.
pub const GRAIN: usize = 16;
/// What is louder is no sound, and is taken for silence, as are infinities and what is no number.
pub const LOUDEST: f64 = 1e9;
/// States decay to this and then to zero, long before they would become subnormal.
const QUIETEST: f64 = 1e-30;
/// Lowest frequency of a filter in Hz.
const LOWEST_HZ: f64 = 1e-3;

/// What a filter does at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficients {
    /// 2 a1 - 1, 2 a2, 2 a3: the numbers of a step.
    step: [f64; 3],
    /// What of the input and of the states before the step is heard.
    mix: [f64; 3],
}

impl Coefficients {
    /// Passes all as it is.
    pub const PASS: Self = Self { step: [0.0, 0.0, 0.0], mix: [1.0, 0.0, 0.0] };

    /// A filter of the cookbook: gain in dB, frequency in Hz (limited to [`HIGHEST_SHARE`] of the rate),
    /// rate in Hz. At 0 dB it passes exactly what comes in. A value that is not finite, or a Q or a rate
    /// that is not positive, gives [`Coefficients::PASS`].
    pub fn new(shape: Shape, gain_db: f64, frequency_hz: f64, q: f64, sample_rate_hz: f64) -> Self {
        let Some((g, damping)) = prototype(frequency_hz, q, sample_rate_hz) else { return Self::PASS };
        if !gain_db.is_finite() {
            return Self::PASS;
        }
        // The cookbook's A.
        let a = (gain_db * (LN_10 / 40.0)).exp();
        match shape {
            Shape::LowShelf => Self::of(g / a.sqrt(), damping, [1.0, damping * (a - 1.0), a * a - 1.0]),
            Shape::Peak => {
                let damping = damping / a;
                Self::of(g, damping, [1.0, damping * (a * a - 1.0), 0.0])
            }
            Shape::HighShelf => {
                Self::of(g * a.sqrt(), damping, [a * a, damping * (1.0 - a) * a, 1.0 - a * a])
            }
        }
    }

    /// What lies in a band, to hear it alone: the low-pass of a low shelf, the band-pass of a peak (0 dB at
    /// its frequency), the high-pass of a high shelf. Units and limits as of [`Coefficients::new`].
    pub fn solo(shape: Shape, frequency_hz: f64, q: f64, sample_rate_hz: f64) -> Self {
        let Some((g, damping)) = prototype(frequency_hz, q, sample_rate_hz) else { return Self::PASS };
        let mix = match shape {
            Shape::LowShelf => [0.0, 0.0, 1.0],
            Shape::Peak => [0.0, damping, 0.0],
            Shape::HighShelf => [1.0, -damping, -1.0],
        };
        Self::of(g, damping, mix)
    }

    /// A low-pass of second order with g = tan(pi f / rate), above 0, and a damping of 1/Q.
    pub fn low_pass(g: f64, damping: f64) -> Self {
        Self::of(g, damping, [0.0, 0.0, 1.0])
    }

    /// The high-pass that belongs to [`Coefficients::low_pass`].
    pub fn high_pass(g: f64, damping: f64) -> Self {
        Self::of(g, damping, [1.0, -damping, -1.0])
    }

    /// A low-pass of first order with g = tan(pi f / rate), above 0 (Zavalishin's one-pole).
    pub fn low_pass_of_first_order(g: f64) -> Self {
        let (share, step) = Self::one_pole(g);
        Self { step, mix: [share, 0.0, 1.0 - share] }
    }

    /// The high-pass that belongs to [`Coefficients::low_pass_of_first_order`].
    pub fn high_pass_of_first_order(g: f64) -> Self {
        let (share, step) = Self::one_pole(g);
        Self { step, mix: [1.0 - share, 0.0, share - 1.0] }
    }

    /// Only the second state moves: s2 <- s2 + 2 g / (1 + g) (x - s2). A step without input multiplies it by
    /// less than one, so it adds no energy either.
    fn one_pole(g: f64) -> (f64, [f64; 3]) {
        let share = g / (1.0 + g);
        (share, [0.0, 0.0, 2.0 * share])
    }

    /// Between the sound as it comes in, at 0, and what this filter makes of it, at 1, by straight mixing.
    pub fn mixed(self, share: f64) -> Self {
        let [input, first, second] = self.mix;
        Self { mix: [1.0 + share * (input - 1.0), share * first, share * second], ..self }
    }

    /// Whether all passes as it is.
    fn is_flat(&self) -> bool {
        self.mix == [1.0, 0.0, 0.0]
    }

    fn of(g: f64, k: f64, [m0, m1, m2]: [f64; 3]) -> Self {
        let a1 = 1.0 / (1.0 + g * (g + k));
        let a2 = g * a1;
        let a3 = g * a2;
        Self {
            step: [2.0 * a1 - 1.0, 2.0 * a2, 2.0 * a3],
            mix: [m0 + m1 * a2 + m2 * a3, m1 * a1 + m2 * a2, m2 * (1.0 - a3) - m1 * a2],
        }
    }

    fn each(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let zip = |a: [f64; 3], b: [f64; 3]| std::array::from_fn(|i| f(a[i], b[i]));
        Self { step: zip(self.step, other.step), mix: zip(self.mix, other.mix) }
    }
}

/// g and 1/Q of a filter, if there is one.
fn prototype(frequency_hz: f64, q: f64, sample_rate_hz: f64) -> Option<(f64, f64)> {
    let sound = q > 0.0 && sample_rate_hz > 0.0 && frequency_hz.is_finite() && sample_rate_hz.is_finite();
    if !sound {
        return None;
    }
    let frequency_hz = frequency_hz.min(HIGHEST_SHARE * sample_rate_hz).max(LOWEST_HZ);
    Some(((PI * frequency_hz / sample_rate_hz).tan(), 1.0 / q))
}

/// Coefficients for both numbers of a [`Pair`].
#[derive(Clone, Copy)]
struct Spread {
    step: [Pair; 3],
    mix: [Pair; 3],
}

impl Spread {
    #[inline(always)]
    fn new(c: &Coefficients) -> Self {
        Self { step: c.step.map(Pair::splat), mix: c.mix.map(Pair::splat) }
    }

    #[inline(always)]
    fn advance(&mut self, by: &Self) {
        for (value, by) in self.step.iter_mut().zip(&by.step) {
            *value = *value + *by;
        }
        for (value, by) in self.mix.iter_mut().zip(&by.mix) {
            *value = *value + *by;
        }
    }
}

/// The memory of a filter for two channels.
#[derive(Clone, Copy, Debug)]
struct State {
    first: Pair,
    second: Pair,
}

impl State {
    fn silent() -> Self {
        Self { first: Pair::splat(0.0), second: Pair::splat(0.0) }
    }

    #[inline(always)]
    fn step(&mut self, c: &Spread, x: Pair) -> Pair {
        let y = c.mix[0] * x + (c.mix[1] * self.first + c.mix[2] * self.second);
        let rest = x - self.second;
        let first = c.step[0] * self.first + c.step[1] * rest;
        self.second = self.second + (c.step[1] * self.first + c.step[2] * rest);
        self.first = first;
        y
    }

    /// Without what is too small to matter, and without what should never have come in.
    #[inline(always)]
    fn settle(&mut self) {
        self.first = self.first.within(QUIETEST, f64::MAX);
        self.second = self.second.within(QUIETEST, f64::MAX);
    }
}

/// `N` filters one after the other, for any number of channels, each with its own memory.
///
/// Coefficients are set on a grid of [`GRAIN`] samples that begins at the last [`reset`](Self::reset), so what
/// comes out depends on no block size, to the bit.
#[derive(Clone, Debug)]
pub struct Series<const N: usize> {
    /// As of the last sample.
    now: [Coefficients; N],
    /// What is added with each sample, while gliding.
    by: [Coefficients; N],
    /// What is reached with the last sample of the grain.
    goal: [Coefficients; N],
    gliding: bool,
    /// Samples since the grain began.
    position: usize,
    /// A pair of channels each.
    states: Vec<[State; N]>,
    /// Whether a grain in which nothing is heard of any filter is left alone.
    rests: bool,
    level: Level,
}

impl<const N: usize> Series<N> {
    /// Filters that pass all, for this many channels. Not for the audio thread: allocates.
    pub fn new(channels: usize) -> Self {
        let pass = [Coefficients::PASS; N];
        let states = vec![[State::silent(); N]; channels.div_ceil(2)];
        let level = Level::detect();
        Self { now: pass, by: pass, goal: pass, gliding: false, position: 0, states, rests: false, level }
    }

    /// The same that does nothing while no filter is heard: then every bit of the sound passes, whatever it is. A filter that
    /// is heard again begins with silence before.
    pub fn resting(self) -> Self {
        Self { rests: true, ..self }
    }

    /// Silence before; the grid begins anew. Coefficients stay as they were last asked for.
    pub fn reset(&mut self) {
        self.states.fill([State::silent(); N]);
        self.jump_to(self.goal);
        self.position = 0;
    }

    /// Sets coefficients at once, which clicks unless there is silence.
    pub fn jump_to(&mut self, coefficients: [Coefficients; N]) {
        (self.now, self.goal, self.gliding) = (coefficients, coefficients, false);
    }

    /// Filters a block of any length in place, on the audio thread. At the beginning of each grain `next` is
    /// asked for the coefficients to be reached at its end; `None` keeps them where they are.
    ///
    /// Channels are as many as the series was made for and of one length; beyond that they are left alone.
    pub fn process(
        &mut self,
        channels: &mut [&mut [f32]],
        mut next: impl FnMut() -> Option<[Coefficients; N]>,
    ) {
        let length = channels.iter().map(|c| c.len()).min().unwrap_or(0);
        let mut at = 0;
        while at < length {
            if self.position == 0 {
                self.begin(next());
            }
            let end = length.min(at + GRAIN - self.position);
            if self.rests && !self.gliding && self.now.iter().all(Coefficients::is_flat) {
                self.leave_alone(end - at);
                at = end;
                continue;
            }
            let mut now = self.now;
            for (pair, states) in channels.chunks_mut(2).zip(&mut self.states) {
                now = self.now;
                let (gliding, by) = (self.gliding, &self.by);
                self.level.run(|| {
                    let mut sound = [Pair::splat(0.0); GRAIN];
                    let sound = &mut sound[..end - at];
                    load(pair, at, sound);
                    if gliding {
                        glide(&mut now, by, states, sound);
                    } else {
                        hold(&now, states, sound);
                    }
                    store(pair, at, sound);
                });
            }
            self.now = now;
            self.position += end - at;
            if self.position == GRAIN {
                self.end();
            }
            at = end;
        }
    }

    /// Goes on by samples of a grain that nothing is done to.
    fn leave_alone(&mut self, samples: usize) {
        if self.position == 0 {
            self.states.fill([State::silent(); N]);
        }
        self.position = (self.position + samples) % GRAIN;
    }

    /// Lets samples go by in which each channel's input is the constant it has been for long: coefficients move as
    /// in [`process`](Self::process), and what the filters remember stays, for a constant leaves the same in them
    /// whatever their coefficients are. Costs next to nothing.
    pub fn rest(&mut self, samples: usize, mut next: impl FnMut() -> Option<[Coefficients; N]>) {
        let mut left = samples;
        while left > 0 {
            if self.position == 0 {
                self.begin(next());
            }
            let count = left.min(GRAIN - self.position);
            if self.gliding {
                for (now, by) in self.now.iter_mut().zip(&self.by) {
                    *now = now.each(*by, |now, by| now + by * count as f64);
                }
            }
            self.position += count;
            if self.position == GRAIN {
                self.end();
            }
            left -= count;
        }
    }

    /// What becomes of a constant that has come in for long, as a factor: it leaves 0 in the first state and itself in
    /// the second.
    pub fn constant_gain(&self) -> f64 {
        self.now.iter().map(|c| c.mix[0] + c.mix[2]).product()
    }

    fn begin(&mut self, goal: Option<[Coefficients; N]>) {
        let Some(goal) = goal.filter(|goal| *goal != self.goal) else { return };
        self.gliding = true;
        self.goal = goal;
        for ((by, now), goal) in self.by.iter_mut().zip(&self.now).zip(&goal) {
            *by = goal.each(*now, |goal, now| (goal - now) / GRAIN as f64);
        }
    }

    /// Sums of steps are not quite their goal, so it is set.
    fn end(&mut self) {
        (self.now, self.gliding, self.position) = (self.goal, false, 0);
        self.states.iter_mut().flatten().for_each(State::settle);
    }
}

/// Reads samples of one or two channels from `at` on.
#[inline(always)]
fn load(channels: &[&mut [f32]], at: usize, sound: &mut [Pair]) {
    let put = |pair: &mut Pair, a: f32, b: f32| {
        *pair = Pair::new(f64::from(a), f64::from(b)).within(0.0, LOUDEST);
    };
    match channels {
        [left, right] => {
            for ((pair, l), r) in sound.iter_mut().zip(&left[at..]).zip(&right[at..]) {
                put(pair, *l, *r);
            }
        }
        [mono] => sound.iter_mut().zip(&mono[at..]).for_each(|(pair, x)| put(pair, *x, 0.0)),
        _ => {}
    }
}

/// Writes samples back.
#[inline(always)]
fn store(channels: &mut [&mut [f32]], at: usize, sound: &[Pair]) {
    match channels {
        [left, right] => {
            for ((pair, l), r) in sound.iter().zip(&mut left[at..]).zip(&mut right[at..]) {
                [*l, *r] = pair.to_f32();
            }
        }
        [mono] => sound.iter().zip(&mut mono[at..]).for_each(|(pair, x)| [*x, _] = pair.to_f32()),
        _ => {}
    }
}

/// All filters while nothing moves.
#[inline(always)]
fn hold<const N: usize>(now: &[Coefficients; N], states: &mut [State; N], sound: &mut [Pair]) {
    let now: [Spread; N] = std::array::from_fn(|i| Spread::new(&now[i]));
    let mut memory = *states;
    for x in sound {
        for (state, now) in memory.iter_mut().zip(&now) {
            *x = state.step(now, *x);
        }
    }
    *states = memory;
}

/// All filters while their coefficients move with every sample. Sample by sample, so that one filter need not wait for what
/// another one remembers.
#[inline(always)]
fn glide<const N: usize>(
    coefficients: &mut [Coefficients; N],
    by: &[Coefficients; N],
    states: &mut [State; N],
    sound: &mut [Pair],
) {
    let mut now: [Spread; N] = std::array::from_fn(|i| Spread::new(&coefficients[i]));
    let by: [Spread; N] = std::array::from_fn(|i| Spread::new(&by[i]));
    let mut memory = *states;
    for x in sound {
        for ((state, now), by) in memory.iter_mut().zip(&mut now).zip(&by) {
            now.advance(by);
            *x = state.step(now, *x);
        }
    }
    *states = memory;
    for (c, now) in coefficients.iter_mut().zip(&now) {
        *c = Coefficients { step: now.step.map(Pair::first), mix: now.mix.map(Pair::first) };
    }
}
