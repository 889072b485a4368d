use super::*;
use parking_lot::Mutex;
use shared::word_eq::{BAND_RANGES, BandSettings, Monitor};

/// A host: parameters have no other way to get a value.
#[derive(Default)]
struct Host {
    /// Parameters whose gesture has begun and not ended.
    held: Mutex<Vec<ParamPtr>>,
    /// Gestures that ended.
    gestures: Mutex<Vec<ParamPtr>>,
}

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        self.held.lock().push(param);
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        assert!(self.held.lock().contains(&param), "no gesture was begun");
        // SAFETY: the tests set parameters that live as long as they do.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        self.held.lock().retain(|held| *held != param);
        self.gestures.lock().push(param);
    }

    fn get_state(&self) -> PluginState {
        unreachable!("no parameter asks for the state")
    }

    fn set_state(&self, _: PluginState) {}

    fn request_restart(&self) {}
}

/// Whether a latent is this number all over, up to the rounding of the curve that is kept.
fn is_all(latent: &[f32; 32], value: f32) -> bool {
    latent.iter().all(|v| (v - value).abs() < 1e-4)
}

fn texts_lead_back(param: &impl Param) {
    for i in 0..=200 {
        let text = param.normalized_value_to_string(i as f32 / 200.0, true);
        let back = param.string_to_normalized_value(&text);
        let back = back.unwrap_or_else(|| panic!("{}: \"{text}\" is not understood", param.name()));
        assert_eq!(param.normalized_value_to_string(back, true), text, "{}", param.name());
        assert!(!text.starts_with("-0.0 ") && !text.contains("-0.00"), "{text}");
    }
    for text in ["nan", "NaN %", "inf", "-infinity", "", "a bit"] {
        assert_eq!(param.string_to_normalized_value(text), None, "{}: \"{text}\"", param.name());
    }
}

#[test]
fn a_fresh_equaliser_changes_nothing() {
    assert_eq!(EqParams::default().controls(&mut Known::default()), Controls::NEUTRAL);
}

#[test]
fn three_seconds_are_the_middle_of_the_knob() {
    let speed = EqParams::default().speed;
    assert!((speed.default_normalized_value() - 0.5).abs() < 1e-4);
    for (at, seconds) in [(0.0, MIN_SPEED_SECONDS), (1.0, MAX_SPEED_SECONDS)] {
        assert_eq!(speed.preview_plain(at), seconds);
    }
}

#[test]
fn numbers_are_texts_both_ways() {
    let params = EqParams::default();
    for param in [&params.blend, &params.amount, &params.speed] {
        texts_lead_back(param);
    }
    for band in params.bands() {
        texts_lead_back(band.gain);
        texts_lead_back(band.frequency);
        band.q.into_iter().for_each(texts_lead_back);
    }
    for (text, amount) in [("70", 0.7), ("-50 %", -0.5), ("100%", 1.0)] {
        let said = params.amount.string_to_normalized_value(text).unwrap();
        assert!((params.amount.preview_plain(said) - amount).abs() < 1e-6, "{text}");
    }
}

#[test]
fn what_the_player_sets_is_what_the_equaliser_is_told() {
    let params = EqParams::default();
    let (host, mut known) = (Host::default(), Known::default());
    let setter = ParamSetter { raw_context: &host };
    setter.begin_set_parameter(&params.reference);
    for reference in ReferenceParam::variants().iter().enumerate().map(|(i, _)| ReferenceParam::from_index(i))
    {
        setter.set_parameter(&params.reference, reference);
        let expected = reference.kind().map_or(Reference::Kind(Kind::Any), Reference::Kind);
        assert_eq!(params.controls(&mut known).reference, expected, "nothing was learned yet");
    }
    params.learned.keep(Some([0.25; 32]));
    let Reference::Learned(learned) = params.controls(&mut known).reference else {
        panic!("nothing learned")
    };
    assert!(is_all(&learned, 0.25), "{learned:?}");
    for (i, band) in params.bands().into_iter().enumerate() {
        let value = i as f32 * 0.5 - 1.0;
        for param in [Some(band.gain), Some(band.frequency), band.q].into_iter().flatten() {
            setter.begin_set_parameter(param);
            setter.set_parameter(param, value);
        }
        setter.begin_set_parameter(band.solo);
        setter.set_parameter(band.solo, i == 3);
        let told = params.controls(&mut known).bands[i];
        let q_offset_octaves = if band.q.is_some() { value } else { 0.0 };
        let expected = BandControls {
            gain_offset_db: value,
            frequency_offset_octaves: value,
            q_offset_octaves,
            off: false,
            solo: i == 3,
        };
        assert_eq!(format!("{told:.4?}"), format!("{expected:.4?}"));
    }
}

#[test]
fn every_kind_of_source_can_be_chosen() {
    for kind in Kind::ALL {
        assert_eq!(ReferenceParam::from(kind).kind(), Some(kind));
    }
    assert_eq!(ReferenceParam::variants().len(), Kind::ALL.len() + 1);
}

#[test]
fn what_was_learned_and_frozen_survives_a_session() {
    let (params, other) = (EqParams::default(), EqParams::default());
    for latent in [Some(std::array::from_fn(|i| 0.1 * i as f32 - 1.0)), None] {
        let frozen = latent.map(|latent: [f32; 32]| latent.map(|v| -v));
        params.learned.keep(latent);
        params.frozen.keep(frozen);
        assert_eq!(params.learned.kept().is_some(), latent.is_some());
        let saved = params.serialize_fields();
        assert!(saved.contains_key("eq-learned") && saved.contains_key("eq-frozen"), "{saved:?}");
        other.learned.keep(Some([9.0; 32]));
        other.frozen.keep(Some([9.0; 32]));
        other.deserialize_fields(&saved);
        assert_eq!(other.learned.kept(), params.learned.kept());
        assert_eq!(other.frozen.kept(), params.frozen.kept());
    }
}

#[test]
fn what_is_frozen_is_kept_until_it_thaws() {
    let params = EqParams::default();
    let (monitor, mut known) = (Monitor::default(), Known::default());
    let mut block = |freeze: f32| {
        // SAFETY: the parameter lives as long as the test.
        unsafe { params.freeze.as_ptr()._internal_set_normalized_value(freeze) };
        let controls = params.controls(&mut known);
        params.keep_frozen(&controls, &known, &monitor);
        (controls.freeze, controls.frozen)
    };
    assert_eq!([block(1.0), block(1.0)], [(true, None); 2], "nothing was heard yet");
    let heard = |v: f32| Reading { heard: [v; 32], listened_seconds: 1.0, ..monitor.read() };
    let mut freezes = |v: f32| {
        assert_eq!(block(1.0), (true, None));
        let frozen = block(1.0);
        assert!(frozen.1.is_some_and(|latent| is_all(&latent, v)), "{frozen:?}");
        // It hears something else meanwhile.
        monitor.write(&heard(7.0));
        assert_eq!([block(1.0), block(1.0)], [frozen; 2]);
        assert_eq!([block(0.0).0, block(0.0).0], [false; 2]);
    };
    monitor.write(&heard(0.5));
    freezes(0.5);
    freezes(7.0);
}

#[test]
fn what_a_session_brings_while_it_plays_stays() {
    let params = EqParams::default();
    let (monitor, mut known) = (Monitor::default(), Known::default());
    monitor.write(&Reading { heard: [0.5; 32], listened_seconds: 1.0, ..monitor.read() });
    let freeze = |on: f32| {
        // SAFETY: the parameter lives as long as the test.
        unsafe { params.freeze.as_ptr()._internal_set_normalized_value(on) };
    };
    let mut loads_between = |before: f32, after: f32, balance: f32| {
        // The host sets the switch, then the balance, on its own thread: wherever the audio thread is.
        freeze(before);
        let controls = params.controls(&mut known);
        freeze(after);
        params.frozen.keep(Some([balance; 32]));
        let loaded = params.frozen.kept();
        params.keep_frozen(&controls, &known, &monitor);
        assert_eq!(params.frozen.kept(), loaded, "{before} {after}");
        let controls = params.controls(&mut known);
        params.keep_frozen(&controls, &known, &monitor);
        assert_eq!(params.frozen.kept(), loaded);
        assert!(controls.freeze && is_all(&controls.frozen.unwrap(), balance));
    };
    // The switch was read before the balance came.
    loads_between(1.0, 1.0, 3.0);
    // The last session's balance was about to thaw.
    loads_between(0.0, 1.0, 4.0);
}

#[test]
fn taking_over_while_it_is_off_keeps_the_bands() {
    let params = EqParams::default();
    let host = Host::default();
    let setter = ParamSetter { raw_context: &host };
    // SAFETY: the parameter lives as long as the test.
    unsafe { params.on.as_ptr()._internal_set_normalized_value(0.0) };
    // SAFETY: as above; this is 6 of ±12 dB.
    unsafe { params.mid_peak.gain.as_ptr()._internal_set_normalized_value(0.75) };
    let mut reading = Monitor::default().read();
    reading.proposed.bands[2].gain_db = -2.0;
    params.take_over(&setter, &reading);
    assert!((params.mid_peak.gain.value() - 4.0).abs() < 1e-4, "{}", params.mid_peak.gain.value());
}

#[test]
fn taking_over_keeps_what_is_applied_without_the_word() {
    let params = EqParams::default();
    let host = Host::default();
    let setter = ParamSetter { raw_context: &host };
    // SAFETY: the parameter lives as long as the test.
    unsafe { params.amount.as_ptr()._internal_set_normalized_value(0.9) };
    // SAFETY: as above.
    unsafe { params.low_peak.off.as_ptr()._internal_set_normalized_value(1.0) };
    let mut reading = Monitor::default().read();
    for (i, (band, range)) in reading.applied.bands.iter_mut().zip(&BAND_RANGES).enumerate() {
        *band = BandSettings {
            gain_db: 5.0 * i as f32 - 10.0,
            frequency_hz: if i % 2 == 0 { range.lowest_hz } else { range.highest_hz },
            q: if range.shape == shared::dsp::cookbook::Shape::Peak {
                0.1 * 10f32.powi(i as i32 - 1)
            } else {
                band.q
            },
        };
    }
    reading.proposed.bands[1].gain_db = 4.0;
    params.take_over(&setter, &reading);
    assert!(host.held.lock().is_empty(), "a gesture did not end");
    assert_eq!(host.gestures.lock().len(), 14);

    let controls = params.controls(&mut Known::default());
    assert_eq!(controls.amount, 0.0);
    for (i, (band, flat)) in controls.bands.iter().zip(EqSettings::flat().bands).enumerate() {
        let expected = reading.applied.bands[i];
        // A band that is off keeps what it would apply if it were on.
        let gain_db = if i == 1 { 4.0 } else { expected.gain_db };
        assert!((band.gain_offset_db - gain_db).abs() < 1e-4, "band {i}");
        let near = |value: f32, expected: f32| (value / expected - 1.0).abs() < 1e-4;
        assert!(
            near(flat.frequency_hz * band.frequency_offset_octaves.exp2(), expected.frequency_hz),
            "band {i}"
        );
        assert!(near(flat.q * band.q_offset_octaves.exp2(), expected.q), "band {i}");
        assert_eq!(band.off, i == 1);
    }
}
