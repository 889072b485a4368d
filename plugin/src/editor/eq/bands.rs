//! What a band is after the player's offsets, and which offsets bring it where the player wants it.

use crate::params::BandParams;
use nih_plug::prelude::{FloatParam, Param, ParamSetter};
use shared::word_eq::{
    BAND_RANGES, BANDS, BandControls, BandSettings, EqSettings, FREQUENCY_RANGE_OCTAVES, MAX_GAIN_DB, MAX_Q,
    MIN_Q, Q_RANGE_OCTAVES,
};

/// What the player adds, as the parameters say it now.
pub fn added(params: &[BandParams; BANDS]) -> [BandControls; BANDS] {
    params.map(|band| BandControls {
        gain_offset_db: band.gain.unmodulated_plain_value(),
        frequency_offset_octaves: band.frequency.unmodulated_plain_value(),
        q_offset_octaves: band.q.map_or(0.0, |q| q.unmodulated_plain_value()),
        off: band.off.value(),
        solo: band.solo.value(),
    })
}

/// A band with the player's offsets, within its range. Whether it is off makes no difference.
pub fn together(band: usize, proposed: &BandSettings, added: &BandControls) -> BandSettings {
    let range = &BAND_RANGES[band];
    let frequency_hz = proposed.frequency_hz * added.frequency_offset_octaves.exp2();
    BandSettings {
        gain_db: (proposed.gain_db + added.gain_offset_db).clamp(-MAX_GAIN_DB, MAX_GAIN_DB),
        frequency_hz: frequency_hz.clamp(range.lowest_hz, range.highest_hz),
        q: if added.q_offset_octaves == 0.0 {
            proposed.q
        } else {
            (proposed.q * added.q_offset_octaves.exp2()).clamp(MIN_Q, MAX_Q)
        },
    }
}

/// All bands with the player's offsets; those that are off have no gain.
pub fn all_together(proposed: &EqSettings, added: &[BandControls; BANDS]) -> EqSettings {
    let mut settings = *proposed;
    for (i, band) in settings.bands.iter_mut().enumerate() {
        *band = together(i, band, &added[i]);
        if added[i].off {
            band.gain_db = 0.0;
        }
    }
    settings
}

/// The offsets in dB and octaves that bring a band to a gain and a frequency, as far as both may go.
pub fn offsets(band: usize, proposed: &BandSettings, gain_db: f32, hz: f32) -> (f32, f32) {
    let range = &BAND_RANGES[band];
    let gain = gain_db.clamp(-MAX_GAIN_DB, MAX_GAIN_DB) - proposed.gain_db;
    let octaves = (hz.clamp(range.lowest_hz, range.highest_hz) / proposed.frequency_hz).log2();
    (gain.clamp(-MAX_GAIN_DB, MAX_GAIN_DB), octaves.clamp(-FREQUENCY_RANGE_OCTAVES, FREQUENCY_RANGE_OCTAVES))
}

/// The offset in octaves that brings a band to a Q, as far as that may go.
pub fn q_offset(proposed: &BandSettings, q: f32) -> f32 {
    (q.clamp(MIN_Q, MAX_Q) / proposed.q).log2().clamp(-Q_RANGE_OCTAVES, Q_RANGE_OCTAVES)
}

/// Whether the player changed anything of a band.
pub fn is_touched(added: &BandControls) -> bool {
    added.gain_offset_db.abs() > 0.005
        || added.frequency_offset_octaves.abs() > 0.0005
        || added.q_offset_octaves.abs() > 0.0005
}

/// Gives a band back to the word: a gesture for each offset that is not 0.
pub fn give_back(setter: &ParamSetter, band: &BandParams) {
    let offsets = [Some(band.gain), Some(band.frequency), band.q];
    for param in offsets.into_iter().flatten() {
        if param.unmodulated_plain_value() != 0.0 {
            set(setter, param, 0.0);
        }
    }
}

/// Sets a parameter as one gesture for the host.
pub fn set(setter: &ParamSetter, param: &FloatParam, value: f32) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal() -> EqSettings {
        EqSettings::from_values(&[
            3.0, 120.0, -2.0, 400.0, 0.8, 1.0, 1_000.0, 2.0, 4.0, 3_000.0, 1.2, -5.0, 9_000.0,
        ])
    }

    #[test]
    fn offsets_bring_a_band_where_it_is_dragged() {
        let proposed = proposal();
        for (band, gain_db, hz) in [(0, -8.0, 60.0), (1, 9.0, 900.0), (3, 0.0, 220.0), (4, 6.0, 20_000.0)] {
            let (gain_offset_db, frequency_offset_octaves) =
                offsets(band, &proposed.bands[band], gain_db, hz);
            let added = BandControls { gain_offset_db, frequency_offset_octaves, ..BandControls::default() };
            let there = together(band, &proposed.bands[band], &added);
            assert!((there.gain_db - gain_db).abs() < 1e-4, "{band}: {}", there.gain_db);
            assert!((there.frequency_hz / hz - 1.0).abs() < 1e-4, "{band}: {}", there.frequency_hz);
            assert_eq!(there.q, proposed.bands[band].q);
        }
    }

    #[test]
    fn nothing_leaves_its_range() {
        let proposed = proposal();
        let (gain, octaves) = offsets(2, &proposed.bands[2], 40.0, 15.0);
        let added = BandControls {
            gain_offset_db: gain,
            frequency_offset_octaves: octaves,
            q_offset_octaves: q_offset(&proposed.bands[2], 99.0),
            ..BandControls::default()
        };
        let there = together(2, &proposed.bands[2], &added);
        assert_eq!((there.gain_db, there.frequency_hz), (MAX_GAIN_DB, BAND_RANGES[2].lowest_hz));
        assert!((there.q - MAX_Q).abs() < 1e-4);
    }

    #[test]
    fn untouched_bands_are_as_proposed_and_bands_that_are_off_have_no_gain() {
        let proposed = proposal();
        let mut added = [BandControls::default(); BANDS];
        assert_eq!(all_together(&proposed, &added), proposed);
        assert!(added.iter().all(|a| !is_touched(a)));
        added[4].off = true;
        added[1].frequency_offset_octaves = 1.0;
        let both = all_together(&proposed, &added);
        assert_eq!((both.bands[4].gain_db, both.bands[1].frequency_hz), (0.0, 800.0));
        assert!(is_touched(&added[1]) && !is_touched(&added[4]));
    }
}
