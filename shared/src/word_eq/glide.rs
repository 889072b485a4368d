//! Settings on their way: what the word proposes and what the player adds, each gliding in time.
//!
//! All glides are one-poles in seconds, stepped at fixed positions of the stream, with a limit on their
//! speed. The word moves slowly, the player's hand fast; one more pole behind both takes the corners off, where
//! a glide sets out or meets the end of a range.

use super::controls::BandControls;
use super::settings::{BAND_RANGES, BANDS, BandRange, BandSettings, EqSettings, MAX_GAIN_DB, MAX_Q, MIN_Q};
use crate::dsp::cookbook::Shape;
use std::f64::consts::LN_2;

/// Time constant of what the word proposes, in seconds.
const PROPOSAL_SECONDS: f64 = 0.120;
/// Time constant of what the player adds, in seconds.
const OFFSET_SECONDS: f64 = 0.030;
/// Time constant of the pole behind both, in seconds.
const CORNER_SECONDS: f64 = 0.008;
/// Fastest change of a proposed gain, in dB a second.
const PROPOSAL_DB_A_SECOND: f64 = 60.0;
/// Fastest change of a gain the player adds, in dB a second.
const OFFSET_DB_A_SECOND: f64 = 300.0;
/// Fastest change of a frequency or a Q, in octaves a second.
const OCTAVES_A_SECOND: f64 = 24.0;
/// Nearer than this to its end, a gain has arrived: -120 dB of the signal.
const ARRIVED_DB: f64 = 1e-5;
/// Nearer than this to its end, the logarithm of a frequency or a Q has arrived.
const ARRIVED_LN: f64 = 1e-6;

/// How a value moves in one step.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Share of the rest that is left after a step.
    keep: f64,
    /// Furthest move of a step.
    most: f64,
    /// Nearer than this is there.
    arrived: f64,
}

impl Pace {
    /// A pace for steps of `step_seconds`.
    pub fn new(step_seconds: f64, time_constant_seconds: f64, most_a_second: f64, arrived: f64) -> Self {
        let keep = (-step_seconds / time_constant_seconds).exp();
        Self { keep, most: most_a_second * step_seconds, arrived }
    }

    /// Moves `value` a step towards `target`; says whether it moved.
    pub fn step(&self, value: &mut f64, target: f64) -> bool {
        if *value == target {
            return false;
        }
        let rest = target - *value;
        let next = *value + ((1.0 - self.keep) * rest).clamp(-self.most, self.most);
        *value = if (target - next).abs() < self.arrived { target } else { next };
        true
    }
}

/// Gain in dB and logarithms of frequency and Q: of a band, or of what is added to one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Values {
    gain_db: f64,
    ln_frequency: f64,
    ln_q: f64,
}

impl Values {
    fn of(band: &BandSettings) -> Self {
        Self {
            gain_db: f64::from(band.gain_db),
            ln_frequency: f64::from(band.frequency_hz).ln(),
            ln_q: f64::from(band.q).ln(),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            gain_db: self.gain_db + other.gain_db,
            ln_frequency: self.ln_frequency + other.ln_frequency,
            ln_q: self.ln_q + other.ln_q,
        }
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            gain_db: self.gain_db - other.gain_db,
            ln_frequency: self.ln_frequency - other.ln_frequency,
            ln_q: self.ln_q - other.ln_q,
        }
    }
}

/// The paces of [`Values`].
#[derive(Clone, Copy, Debug)]
struct Paces {
    gain: Pace,
    ln: Pace,
}

impl Paces {
    fn new(step_seconds: f64, time_constant_seconds: f64, db_a_second: f64) -> Self {
        Self {
            gain: Pace::new(step_seconds, time_constant_seconds, db_a_second, ARRIVED_DB),
            ln: Pace::new(step_seconds, time_constant_seconds, OCTAVES_A_SECOND * LN_2, ARRIVED_LN),
        }
    }

    fn step(&self, values: &mut Values, target: &Values) -> bool {
        let gain = self.gain.step(&mut values.gain_db, target.gain_db);
        let frequency = self.ln.step(&mut values.ln_frequency, target.ln_frequency);
        let q = self.ln.step(&mut values.ln_q, target.ln_q);
        gain || frequency || q
    }
}

/// One band on its way.
#[derive(Clone, Copy, Debug, Default)]
struct Band {
    proposal: Values,
    proposal_target: Values,
    offset: Values,
    offset_target: Values,
    /// 1, or 0 where the player switched it off.
    presence: f64,
    presence_target: f64,
    /// All of it together, within the band's range, and without corners.
    now: Values,
}

/// The ends of a band's range.
#[derive(Clone, Copy, Debug)]
struct Limits {
    ln_frequency: [f64; 2],
    ln_q: [f64; 2],
}

impl Limits {
    fn of(range: &BandRange) -> Self {
        let ln = |v: f32| f64::from(v).ln();
        Self { ln_frequency: [ln(range.lowest_hz), ln(range.highest_hz)], ln_q: [ln(MIN_Q), ln(MAX_Q)] }
    }
}

/// All bands on their way.
#[derive(Clone, Debug)]
pub struct Glide {
    bands: [Band; BANDS],
    limits: [Limits; BANDS],
    flat: [Values; BANDS],
    /// Everything is where it should be.
    arrived: bool,
    proposal: Paces,
    offset: Paces,
    presence: Pace,
    corners: Paces,
    now: EqSettings,
}

impl Glide {
    /// Flat and at rest; for steps of `step_seconds`.
    pub fn new(step_seconds: f64) -> Self {
        let mut glide = Self {
            bands: Default::default(),
            limits: std::array::from_fn(|i| Limits::of(&BAND_RANGES[i])),
            flat: EqSettings::flat().bands.map(|band| Values::of(&band)),
            arrived: false,
            proposal: Paces::new(step_seconds, PROPOSAL_SECONDS, PROPOSAL_DB_A_SECOND),
            offset: Paces::new(step_seconds, OFFSET_SECONDS, OFFSET_DB_A_SECOND),
            presence: Pace::new(step_seconds, OFFSET_SECONDS, f64::INFINITY, ARRIVED_DB),
            corners: Paces::new(step_seconds, CORNER_SECONDS, f64::INFINITY),
            now: EqSettings::flat(),
        };
        glide.reset();
        glide
    }

    /// Flat and at rest.
    pub fn reset(&mut self) {
        self.bands = [Band { presence: 1.0, presence_target: 1.0, ..Band::default() }; BANDS];
        self.propose(&EqSettings::flat());
        self.arrive();
    }

    /// Where the word wants to go.
    pub fn propose(&mut self, settings: &EqSettings) {
        self.arrived = false;
        for (band, to) in self.bands.iter_mut().zip(&settings.bands) {
            band.proposal_target = Values::of(to);
        }
    }

    /// The word wants nothing any more: what it had moved is the player's to move, at his pace. So an amount
    /// of 0 is there at once, and where he takes over what was applied, nothing moves.
    pub fn let_go(&mut self) {
        for (band, flat) in self.bands.iter_mut().zip(&self.flat) {
            let flat = *flat;
            band.proposal_target = flat;
            if band.proposal != flat {
                self.arrived = false;
                // From where the band is heard to be; one that is off is heard nowhere.
                let from = if band.presence == 1.0 { band.now } else { band.proposal.plus(&band.offset) };
                band.offset = from.less(&flat);
                band.proposal = flat;
            }
        }
    }

    /// Where the player wants to go; to flat, unless the whole is `enabled`.
    pub fn offset(&mut self, controls: &[BandControls; BANDS], enabled: bool) {
        for (band, to) in self.bands.iter_mut().zip(controls) {
            let finite = |v: f32, most: f64| {
                if v.is_finite() { f64::from(v).clamp(-most, most) } else { 0.0 }
            };
            let target = Values {
                gain_db: finite(to.gain_offset_db, 2.0 * f64::from(MAX_GAIN_DB)),
                ln_frequency: finite(to.frequency_offset_octaves, 16.0) * LN_2,
                ln_q: finite(to.q_offset_octaves, 16.0) * LN_2,
            };
            let presence = f64::from(u8::from(enabled && !to.off));
            self.arrived &= target == band.offset_target && presence == band.presence_target;
            (band.offset_target, band.presence_target) = (target, presence);
        }
    }

    /// Is there at once, without a way.
    pub fn arrive(&mut self) {
        for band in &mut self.bands {
            band.proposal = band.proposal_target;
            band.offset = band.offset_target;
            band.presence = band.presence_target;
        }
        for (band, limits) in self.bands.iter_mut().zip(&self.limits) {
            band.now = band.sum(limits);
        }
        self.show();
    }

    /// Moves a step; says whether anything moved. With `unheard`, a band that does nothing is heard in no
    /// other way either, and may go elsewhere at once.
    pub fn step(&mut self, unheard: bool) -> bool {
        if self.arrived {
            return false;
        }
        let (mut moved, mut on_the_way) = (false, false);
        for (band, limits) in self.bands.iter_mut().zip(&self.limits) {
            let does_nothing = unheard && band.now.gain_db == 0.0;
            if does_nothing {
                band.proposal = Values { gain_db: band.proposal.gain_db, ..band.proposal_target };
                band.offset = Values { gain_db: band.offset.gain_db, ..band.offset_target };
            }
            on_the_way |= self.proposal.step(&mut band.proposal, &band.proposal_target);
            on_the_way |= self.offset.step(&mut band.offset, &band.offset_target);
            on_the_way |= self.presence.step(&mut band.presence, band.presence_target);
            let sum = band.sum(limits);
            if does_nothing {
                let there = Values { gain_db: 0.0, ..sum };
                moved |= band.now != there;
                band.now = there;
            }
            moved |= self.corners.step(&mut band.now, &sum);
        }
        if moved {
            self.show();
        }
        self.arrived = !moved && !on_the_way;
        moved
    }

    /// Where the bands are: the proposal and the player's part of it, each band within its range.
    pub fn now(&self) -> &EqSettings {
        &self.now
    }

    fn show(&mut self) {
        for ((band, range), now) in self.bands.iter().zip(&BAND_RANGES).zip(&mut self.now.bands) {
            now.gain_db = band.now.gain_db as f32;
            now.frequency_hz = (band.now.ln_frequency.exp() as f32).clamp(range.lowest_hz, range.highest_hz);
            if range.shape == Shape::Peak {
                now.q = (band.now.ln_q.exp() as f32).clamp(MIN_Q, MAX_Q);
            }
        }
    }
}

impl Band {
    /// The proposal and what the player makes of it.
    fn sum(&self, limits: &Limits) -> Values {
        let most = f64::from(MAX_GAIN_DB);
        let sum = self.proposal.plus(&self.offset);
        Values {
            gain_db: sum.gain_db.clamp(-most, most) * self.presence,
            ln_frequency: sum.ln_frequency.clamp(limits.ln_frequency[0], limits.ln_frequency[1]),
            ln_q: sum.ln_q.clamp(limits.ln_q[0], limits.ln_q[1]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_over_what_is_applied_moves_nothing() {
        let mut glide = Glide::new(16.0 / 48e3);
        let proposed = EqSettings::from_values(&[
            5.0, 90.0, -4.0, 300.0, 2.0, 3.0, 2_000.0, 0.4, 2.5, 5_000.0, 1.0, -6.0, 9_000.0,
        ]);
        glide.propose(&proposed);
        // Still on the way.
        for _ in 0..200 {
            glide.step(false);
        }
        let before = *glide.now();
        assert!(before != proposed && before != EqSettings::flat());
        let mut offsets = [BandControls::default(); BANDS];
        for ((offset, before), flat) in offsets.iter_mut().zip(&before.bands).zip(&EqSettings::flat().bands) {
            offset.gain_offset_db = before.gain_db;
            offset.frequency_offset_octaves = (before.frequency_hz / flat.frequency_hz).log2();
            offset.q_offset_octaves = (before.q / flat.q).log2();
        }
        for _ in 0..20_000 {
            // The listener may still tell what it wanted before.
            glide.propose(&proposed);
            glide.let_go();
            glide.offset(&offsets, true);
            glide.step(false);
            for (now, before) in glide.now().bands.iter().zip(&before.bands) {
                assert!((now.gain_db - before.gain_db).abs() < 1e-4);
                assert!((now.frequency_hz / before.frequency_hz - 1.0).abs() < 1e-4);
                assert!((now.q / before.q - 1.0).abs() < 1e-4);
            }
        }
    }
}
