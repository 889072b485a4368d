//! Says whether the guitar comes in at the right level.
//!
//! The player plays as hard as they ever will for some seconds, and the largest of all peaks is judged. The thresholds:
//!
//! - Without calibration, the rack's level is what the models are played with, so the peak behind the trim counts.
//!   Models are captured with test signals up to about full scale. Hardest strums between -12 and -3 dBFS drive
//!   them as the captured gear was driven, and leave room for what is harder still.
//! - With calibration the rack itself brings the guitar to the model's level, and how loud it comes in is only a question of
//!   the interface: the peak before the trim counts. Between -30 dBFS, where the converter's own noise
//!   would come up behind a high-gain amp, and -3 dBFS, all is well.
//! - Nothing below -50 dBFS passes for playing: that is hum and hiss of an open cable.
//! - What reached full scale before the trim is clipped, whatever was set here.

use std::collections::VecDeque;

/// Loudest that hardest strums should peak, in dBFS.
pub const LOUDEST_DBFS: f32 = -3.0;
/// Softest that they should peak, in dBFS.
pub const SOFTEST_DBFS: f32 = -12.0;
/// The same with calibration, before the trim.
pub const SOFTEST_CALIBRATED_DBFS: f32 = -30.0;
/// Peaks below this are no playing, in dBFS.
pub const NOTHING_DBFS: f32 = -50.0;
/// Nor is what stays below this, in dBFS rms over 0.4 s: a cable that is plugged in makes one peak and no more.
pub const NOTHING_RMS_DBFS: f32 = -65.0;
/// How far back the guide looks, in seconds.
const LOOKS_BACK_SECONDS: f64 = 6.0;

/// What [`Telemetry`](super::Telemetry) tells of the input at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InputReading {
    /// Largest magnitude behind the trim since the last reading.
    pub peak: f32,
    /// The same before the trim.
    pub raw_peak: f32,
    /// Root mean square of the last 0.4 s behind the trim.
    pub rms: f32,
    /// Whether the input reached full scale before the trim since the last reading.
    pub clipped: bool,
}

/// How the guitar comes in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputLevel {
    /// Nobody plays.
    Nothing,
    /// Its hardest strums are softer than they should be.
    TooQuiet {
        /// How much has to be added at least, in dB.
        by_db: f32,
    },
    /// As it should.
    Good,
    /// Its hardest strums are louder than they should be.
    TooHot {
        /// How much has to be taken away at least, in dB.
        by_db: f32,
    },
    /// It is cut off at full scale before the trim, which only the interface or the track's gain can mend.
    Clipping,
}

impl InputLevel {
    /// Judges the loudest of some readings. `calibrated` says whether the model plays at its own level already, as the
    /// [controls](super::InputControls::calibrated) want it and the model's card allows it.
    pub fn of<'a>(readings: impl IntoIterator<Item = &'a InputReading>, calibrated: bool) -> Self {
        let most = readings.into_iter().fold(InputReading::default(), |most, one| InputReading {
            peak: most.peak.max(one.peak),
            raw_peak: most.raw_peak.max(one.raw_peak),
            rms: most.rms.max(one.rms),
            clipped: most.clipped || one.clipped,
        });
        let dbfs = |level: f32| 20.0 * level.log10();
        let (peak, softest) = match calibrated {
            true => (most.raw_peak, SOFTEST_CALIBRATED_DBFS),
            false => (most.peak, SOFTEST_DBFS),
        };
        let peak_dbfs = dbfs(peak);
        if most.clipped {
            Self::Clipping
        } else if !(peak_dbfs >= NOTHING_DBFS && dbfs(most.rms) >= NOTHING_RMS_DBFS) {
            Self::Nothing
        } else if peak_dbfs < softest {
            Self::TooQuiet { by_db: softest - peak_dbfs }
        } else if peak_dbfs > LOUDEST_DBFS {
            Self::TooHot { by_db: peak_dbfs - LOUDEST_DBFS }
        } else {
            Self::Good
        }
    }
}

/// Readings of the last seconds, for the window.
#[derive(Clone, Debug, Default)]
pub struct InputGuide {
    readings: VecDeque<(f64, InputReading)>,
}

impl InputGuide {
    /// Adds a reading at a time in seconds, of any clock that goes forward, and forgets those of long ago.
    pub fn push(&mut self, now_seconds: f64, reading: InputReading) {
        self.readings.push_back((now_seconds, reading));
        // Nothing is kept of a clock that is no number.
        let is_old = |at: f64| now_seconds.is_nan() || now_seconds - at > LOOKS_BACK_SECONDS;
        while self.readings.front().is_some_and(|(at, _)| is_old(*at)) {
            self.readings.pop_front();
        }
    }

    /// Judges them, see [`InputLevel::of`].
    pub fn level(&self, calibrated: bool) -> InputLevel {
        InputLevel::of(self.readings.iter().map(|(_, reading)| reading), calibrated)
    }

    /// Begins anew, as when the player has turned a knob.
    pub fn clear(&mut self) {
        self.readings.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(peak_dbfs: f32, trim_db: f32) -> InputReading {
        let factor = |db: f32| 10f32.powf(db / 20.0);
        let peak = factor(peak_dbfs);
        InputReading {
            peak: peak * factor(trim_db),
            raw_peak: peak,
            rms: 0.2 * peak,
            clipped: peak_dbfs >= 0.0,
        }
    }

    fn assert_level(found: InputLevel, expected: InputLevel) {
        let close = match (found, expected) {
            (InputLevel::TooQuiet { by_db: a }, InputLevel::TooQuiet { by_db: b })
            | (InputLevel::TooHot { by_db: a }, InputLevel::TooHot { by_db: b }) => (a - b).abs() < 0.01,
            (a, b) => a == b,
        };
        assert!(close, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn the_hardest_strum_is_judged() {
        let cases = [
            (&[-20.0, -7.0, -40.0][..], InputLevel::Good),
            (&[-12.0], InputLevel::Good),
            (&[-30.0, -18.0], InputLevel::TooQuiet { by_db: 6.0 }),
            (&[-1.0, -9.0], InputLevel::TooHot { by_db: 2.0 }),
            (&[0.0, -9.0], InputLevel::Clipping),
            (&[-55.0], InputLevel::Nothing),
            (&[], InputLevel::Nothing),
        ];
        for (peaks, expected) in cases {
            let readings: Vec<InputReading> = peaks.iter().map(|peak| playing(*peak, 0.0)).collect();
            assert_level(InputLevel::of(&readings, false), expected);
        }
    }

    #[test]
    fn without_calibration_the_trim_counts_and_with_it_the_interface() {
        let cases = [
            (-26.0, 20.0, false, InputLevel::Good),
            (-26.0, 20.0, true, InputLevel::Good),
            (-26.0, 0.0, false, InputLevel::TooQuiet { by_db: 14.0 }),
            (-26.0, 0.0, true, InputLevel::Good),
            (-36.0, 24.0, true, InputLevel::TooQuiet { by_db: 6.0 }),
            (-6.0, 6.0, false, InputLevel::TooHot { by_db: 3.0 }),
            (-1.0, -12.0, true, InputLevel::TooHot { by_db: 2.0 }),
            (1.0, -24.0, false, InputLevel::Clipping),
        ];
        for (peak, trim, calibrated, expected) in cases {
            assert_level(InputLevel::of(&[playing(peak, trim)], calibrated), expected);
        }
    }

    #[test]
    fn a_knock_is_no_playing() {
        let knock = InputReading { rms: 1e-4, ..playing(-10.0, 0.0) };
        assert_eq!(InputLevel::of(&[knock], false), InputLevel::Nothing);
        let broken = InputReading { peak: f32::NAN, ..knock };
        assert_eq!(InputLevel::of(&[broken], false), InputLevel::Nothing);
    }

    #[test]
    fn the_guide_forgets_what_was_long_ago() {
        let mut guide = InputGuide::default();
        guide.push(0.0, playing(-1.0, 0.0));
        guide.push(5.9, playing(-8.0, 0.0));
        assert_level(guide.level(false), InputLevel::TooHot { by_db: 2.0 });
        guide.push(6.1, playing(-20.0, 0.0));
        assert_eq!(guide.level(false), InputLevel::Good);
        guide.clear();
        assert_eq!(guide.level(false), InputLevel::Nothing);
        guide.push(f64::NAN, playing(-8.0, 0.0));
        assert_eq!(guide.level(false), InputLevel::Nothing);
    }
}
