//! The path of the audio: five bands in series, solo, level match.
//!
//! There is no way around them: bands at 0 dB pass exactly what comes in, so switched off is flat, and the way
//! there is the bands' own glide.
//!
//! What moves does so in steps of [`STEP_SAMPLES`] at fixed positions of the stream, and from one step to
//! the next in a straight line. So neither the host's blocks nor what runs beside changes a sample.

use super::controls::Controls;
use super::glide::Glide;
use super::headroom::Headroom;
use super::loudness::LevelMatch;
use super::settings::{BAND_RANGES, BANDS, EqSettings};
use super::solo::{Regions, Solo};
use crate::dsp::svf::{Coefficients, GRAIN, LOUDEST, Series};

/// Samples between two looks at what moves, a power of two: the grid of the filters.
pub const STEP_SAMPLES: usize = GRAIN;
/// Bands that move faster than this, in dB a second, are another sound for the level match.
const MOVING_DB_A_SECOND: f64 = 3.0;

/// A value that moves in a straight line from step to step.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// At the beginning of the step.
    pub from: f64,
    /// At its end.
    pub to: f64,
}

impl Line {
    /// A value at rest.
    pub fn at(value: f64) -> Self {
        Self { from: value, to: value }
    }

    /// Goes on to another value in the next step.
    pub fn go(&mut self, to: f64) {
        (self.from, self.to) = (self.to, to);
    }

    /// The value at a sample of the step. At rest it is exact.
    pub fn value(&self, sample: usize) -> f32 {
        (self.from + (self.to - self.from) * (sample as f64 / STEP_SAMPLES as f64)) as f32
    }

    /// Whether it is this value from the beginning of the step to its end.
    pub fn is(&self, value: f64) -> bool {
        self.from == value && self.to == value
    }
}

/// A part of a step of two channels; the second is silent where there is none.
pub type Part = [[f32; STEP_SAMPLES]; 2];

/// The filters of two channels, which cost what those of one do.
#[derive(Clone, Debug)]
struct Lanes {
    bands: Series<BANDS>,
    regions: Regions,
}

/// All that lies between input and output, for all channels.
#[derive(Clone, Debug)]
pub struct Path {
    sample_rate_hz: f64,
    step_seconds: f64,
    glide: Glide,
    headroom: Headroom,
    /// What is applied at the end of the step.
    applied: EqSettings,
    /// What it leaves free up to the limit in dB, if that is known.
    room_db: Option<f64>,
    goal: [Coefficients; BANDS],
    lanes: Vec<Lanes>,
    solo: Solo,
    level: LevelMatch,
    /// Whether the level match measures this step.
    measures: bool,
    level_factor: Line,
    /// Nothing was played since the last reset: nothing has to glide.
    silent: bool,
}

impl Path {
    /// A path for so many channels. Allocates.
    pub fn new(sample_rate_hz: f64, channels: usize) -> Self {
        let step_seconds = STEP_SAMPLES as f64 / sample_rate_hz;
        let mut path = Self {
            sample_rate_hz,
            step_seconds,
            glide: Glide::new(step_seconds),
            headroom: Headroom::new(sample_rate_hz),
            applied: EqSettings::flat(),
            room_db: None,
            goal: [Coefficients::PASS; BANDS],
            lanes: vec![Lanes { bands: Series::new(2), regions: Regions::default() }; channels.div_ceil(2)],
            solo: Solo::new(sample_rate_hz),
            level: LevelMatch::new(sample_rate_hz, channels, STEP_SAMPLES),
            measures: false,
            level_factor: Line::at(1.0),
            silent: true,
        };
        path.reset();
        path
    }

    /// Silence before; the next step begins with its controls at once.
    pub fn reset(&mut self) {
        self.glide.reset();
        self.solo.reset();
        self.level.reset();
        self.level_factor = Line::at(1.0);
        self.silent = true;
        self.apply();
        for lanes in &mut self.lanes {
            lanes.bands.reset();
            lanes.regions.reset();
        }
    }

    /// Where the word wants the bands to go.
    pub fn propose(&mut self, settings: &EqSettings) {
        self.glide.propose(settings);
    }

    /// What is applied, on its way.
    pub fn applied(&self) -> &EqSettings {
        &self.applied
    }

    /// Gain of the level match in dB, as it is applied.
    pub fn match_gain_db(&self) -> f64 {
        20.0 * self.level_factor.to.log10()
    }

    /// What becomes of a constant that has come in for long, as a factor, solo apart.
    pub fn constant_gain(&self) -> f64 {
        let bands = self.lanes.first().map_or(1.0, |lanes| lanes.bands.constant_gain());
        bands * self.level_factor.to
    }

    /// Begins a step: everything moves on towards what the controls say.
    pub fn step(&mut self, controls: &Controls) {
        if controls.amount == 0.0 {
            self.glide.let_go();
        }
        self.glide.offset(&controls.bands, controls.enabled);
        self.solo.aim(&controls.bands, controls.enabled);
        if std::mem::take(&mut self.silent) {
            self.glide.arrive();
            self.apply();
            let goal = self.goal;
            self.lanes.iter_mut().for_each(|lanes| lanes.bands.jump_to(goal));
            self.solo.arrive();
        } else if self.glide.step(self.solo.is_idle()) {
            let before = self.applied;
            self.apply();
            if motion_db(&before, &self.applied) > MOVING_DB_A_SECOND * self.step_seconds {
                self.level.bands_move();
            }
        }
        self.solo.step(&self.applied, &mut self.headroom);
        if self.solo.has_ended() {
            self.lanes.iter_mut().for_each(|lanes| lanes.regions.reset());
        }
        let matches = controls.enabled && controls.level_match;
        if !matches {
            self.level.forget();
        }
        self.measures = matches && self.solo.is_idle();
        let gain_db = self.level.step();
        let factor = self.within_room(gain_db);
        self.level_factor.go(if factor == 0.0 { 1.0 } else { 10f64.powf(factor / 20.0) });
    }

    /// Processes a part of a step in place: samples `at..to` of the channels, the first of which is the
    /// step's sample `first`.
    pub fn process(&mut self, channels: &mut [&mut [f32]], at: usize, to: usize, first: usize) {
        let samples = to - at;
        for (pair, (lanes, channels)) in self.lanes.iter_mut().zip(channels.chunks_mut(2)).enumerate() {
            let mut dry: Part = [[0.0; STEP_SAMPLES]; 2];
            for (dry, channel) in dry.iter_mut().zip(&*channels) {
                dry.iter_mut().zip(&channel[at..to]).for_each(|(dry, x)| *dry = sound(*x));
            }
            let mut wet = dry;
            let [left, right] = &mut wet;
            let goal = &self.goal;
            lanes.bands.process(&mut [&mut left[..samples], &mut right[..samples]], || Some(*goal));
            if self.measures {
                self.level.listen(2 * pair, channels.len(), samples, &dry, &wet);
            }
            self.solo.run(&mut lanes.regions, first, samples, &mut wet);
            if !self.level_factor.is(1.0) {
                let line = &self.level_factor;
                wet.iter_mut().for_each(|w| w.iter_mut().zip(first..).for_each(|(x, i)| *x *= line.value(i)));
            }
            for (channel, wet) in channels.iter_mut().zip(&wet) {
                channel[at..to].copy_from_slice(&wet[..samples]);
            }
        }
        if self.measures {
            self.level.advance(samples);
        }
    }

    /// As [`process`](Self::process), of a signal that has come to rest: what moves, moves on.
    pub fn rest(&mut self, samples: usize, first: usize) {
        for lanes in &mut self.lanes {
            let goal = &self.goal;
            lanes.bands.rest(samples, || Some(*goal));
            self.solo.rest(&mut lanes.regions, first, samples);
        }
        if self.measures {
            // A constant has no loudness.
            self.level.advance(samples);
        }
    }

    /// As much of a gain as the bands leave room for.
    fn within_room(&mut self, gain_db: f64) -> f64 {
        if gain_db <= 0.0 {
            return gain_db;
        }
        let room_db = match self.room_db {
            Some(room_db) => room_db,
            None => *self.room_db.insert(self.headroom.room_db(&self.applied)),
        };
        gain_db.min(room_db)
    }

    /// Takes over where the glide is.
    fn apply(&mut self) {
        self.applied = *self.glide.now();
        let scale = self.headroom.scale(&self.applied);
        self.applied.bands.iter_mut().for_each(|b| b.gain_db *= scale);
        self.room_db = None;
        for ((goal, band), range) in self.goal.iter_mut().zip(&self.applied.bands).zip(&BAND_RANGES) {
            let [gain_db, frequency_hz, q] = [band.gain_db, band.frequency_hz, band.q].map(f64::from);
            *goal = Coefficients::new(range.shape, gain_db, frequency_hz, q, self.sample_rate_hz);
        }
    }
}

/// How far the bands went, in dB: a third of an octave counts like a third of the gain.
fn motion_db(a: &EqSettings, b: &EqSettings) -> f64 {
    let each = a.bands.iter().zip(&b.bands).map(|(a, b)| {
        let octaves = (b.frequency_hz / a.frequency_hz).log2().abs();
        f64::from((b.gain_db - a.gain_db).abs() + b.gain_db.abs() * octaves)
    });
    each.sum()
}

/// A sample, or silence in place of what is none: infinity would stay in the filters for ever.
pub fn sound(sample: f32) -> f32 {
    if sample.abs() <= LOUDEST as f32 { sample } else { 0.0 }
}
