//! Amps and word equalisers in chains.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;
#[path = "support/word_eq.rs"]
mod words;

use shared::chain::processors::{Amp, WordEqualiser};
use shared::chain::{Chain, ChainError, Document, Processor, Purpose, StreamFormat, View};
use shared::engine::{EngineChoice, EngineKind, build_at};
use shared::factory::MODELS;
use shared::model::{Linear, Model, Network, WaveNetSpec};
use shared::word_eq::{
    BandControls, Controls, EqModel, Hearing, Kind, LearnedReference, Mode, Monitor, NamedReference,
    Reference, WordEq,
};
use std::path::Path;
use std::sync::Arc;
use support::{model_of, random_model};

fn stream(sample_rate_hz: f64, channels: usize, purpose: Purpose) -> StreamFormat {
    StreamFormat {
        sample_rate_hz,
        max_block_samples: 700,
        channels_in: channels,
        channels_out: channels,
        purpose,
    }
}

fn prepared(processor: impl Processor + 'static, format: StreamFormat) -> Chain {
    let mut chain = Chain::new(vec![Box::new(processor)]).unwrap();
    chain.prepare(format).unwrap();
    chain
}

fn play(chain: &mut Chain, input: &[Vec<f32>], block: usize) -> Vec<Vec<f32>> {
    let mut output = input.to_vec();
    let length = input[0].len();
    for from in (0..length).step_by(block) {
        let to = (from + block).min(length);
        let mut part: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[from..to]).collect();
        chain.process(&mut part);
    }
    output
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn stereo(samples: usize) -> Vec<Vec<f32>> {
    vec![words::noise(samples, 0.3, 1), words::noise(samples, 0.2, 2)]
}

#[test]
fn an_amp_is_one_engine_a_channel_at_any_rate_and_in_any_blocks() {
    let model = MODELS[1].load().unwrap();
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let mut chain =
            prepared(Amp::new(&model, 1.0, EngineChoice::Native), stream(rate_hz, 2, Purpose::File));
        let input = stereo(4000);
        for block in [1, 64, 700, 4000] {
            chain.reset();
            let played = play(&mut chain, &input, block);
            for (played, input) in played.iter().zip(&input) {
                let mut engine = build_at(&model, EngineChoice::Native, rate_hz, 512).unwrap();
                let mut expected = vec![0.0; input.len()];
                engine.process(input, &mut expected);
                assert!(apart(played, &expected) <= 1e-6, "{rate_hz} Hz, blocks of {block}");
                assert_eq!(chain.latency_samples(), engine.latency_samples());
            }
        }
        let field = model.receptive_field_samples().unwrap() as f64 / 48_000.0 * rate_hz;
        // The filters of another rate ring on as well.
        assert_eq!(chain.tail_samples(), field.ceil() as usize + chain.latency_samples());
        let (position, View::Amp(amp)) = chain.views().swap_remove(0) else { panic!("no amp") };
        assert_eq!((position, amp.name(), amp.size()), (0, model.card.name.as_str(), None));
        assert_eq!(amp.engine(), Some(EngineKind::Native));
        assert!(!amp.take_muted());
    }
}

#[test]
fn a_model_that_looks_ahead_is_for_files_alone() {
    let mut model = random_model(WaveNetSpec::seed(4, 3, 3, false), 3);
    model.card.name = "Prophet".into();
    let ahead = model.lookahead_samples();
    assert!(ahead > 0);
    let amp = || Amp::new(&model, 1.0, EngineChoice::Auto);
    assert_eq!(prepared(amp(), stream(48_000.0, 1, Purpose::File)).latency_samples(), ahead);
    let mut chain = Chain::new(vec![Box::new(amp())]).unwrap();
    let said = chain.prepare(stream(48_000.0, 1, Purpose::Live)).unwrap_err().to_string();
    assert!(
        said.contains("processor 0, amp") && said.contains("Prophet") && said.contains("future"),
        "{said}"
    );
}

#[test]
fn what_is_no_number_is_silent_and_told() {
    // As loud as a float can be: a sum of two samples is infinite.
    let loud = model_of(Network::Linear(Linear::new(vec![f32::MAX, f32::MAX], 0.0).unwrap()));
    let mut chain = prepared(Amp::new(&loud, 1.0, EngineChoice::Native), stream(48_000.0, 1, Purpose::File));
    let view = chain.views().swap_remove(0).1;
    assert_eq!(play(&mut chain, &[vec![0.0; 100]], 10), [vec![0.0; 100]]);
    assert_eq!(view.take_warning(), None);
    let played = play(&mut chain, &[vec![2.0; 100]], 10);
    assert_eq!(played, [vec![0.0; 100]]);
    assert!(view.take_warning().unwrap().contains("no numbers"));
    assert_eq!(view.take_warning(), None, "it is told once");

    let model = MODELS[1].load().unwrap();
    let mut chain = prepared(Amp::new(&model, 1.0, EngineChoice::Native), stream(48_000.0, 1, Purpose::File));
    let input = vec![words::noise(2000, 0.3, 4)];
    let expected = play(&mut chain, &input, 500);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let played = play(&mut chain, &[vec![bad; 2000]], 500);
        assert!(played[0].iter().all(|s| s.is_finite()), "{bad}");
        chain.reset();
        assert_eq!(play(&mut chain, &input, 500), expected, "{bad} left something behind");
    }
}

fn document(folder: &Path, text: &str) -> Result<Chain, ChainError> {
    let path = folder.join("chain.yaml");
    std::fs::write(&path, text).unwrap();
    Document::load(&path)?.build()
}

#[test]
fn documents_name_models_and_words() {
    let folder = tempfile::tempdir().unwrap();
    let model: Model = MODELS[0].load().unwrap();
    model.save(&folder.path().join("mine.onnx")).unwrap();
    let noise = words::noise(48_000, 0.2, 5);
    shared::audio::write_wav(&folder.path().join("neutral.wav"), &[noise], 48_000).unwrap();
    let chain = document(
        folder.path(),
        "chain:
  - amp: { model: mine.onnx, quality: 0.5, engine: native }
  - word_eq:
      word: Warm
      amount: -0.3
      word2: bright
      speed: 1
      reference: neutral.wav
      level_match: true
      bands: { 2: { gain_db: 3, q_octaves: 1 }, 5: { off: true } }
  - word_eq: { bands: { 1: { frequency_octaves: -0.5, solo: true } } }",
    )
    .unwrap();
    let controls = chain.controls();
    for (path, value) in [
        ("1.word", 0.0),
        ("1.amount", -0.3),
        ("1.word2", 1.0),
        ("1.blend", 0.5),
        ("1.speed", 1.0),
        ("1.freeze", 0.0),
        ("1.reference", 6.0),
        ("1.level_match", 1.0),
        ("1.band2_gain_db", 3.0),
        ("1.band2_q_octaves", 1.0),
        ("1.band5_off", 1.0),
        ("2.band1_frequency_octaves", -0.5),
        ("2.band1_solo", 1.0),
    ] {
        assert_eq!(controls.get(path).unwrap(), value, "{path}");
    }
    assert!(controls.get("1.band1_q_octaves").is_err(), "a shelf has no Q");
    assert!(controls.get("2.amount").is_err(), "without a word there is no amount");
    controls.set("1.word", "cold").unwrap();
    controls.set("1.reference", "guitar-amp").unwrap();
    let (_, View::WordEq(view)) = &chain.views()[1] else { panic!("no equaliser") };
    let named = view.reference().unwrap();
    assert!(named.warning.as_ref().unwrap().contains("1.0 s") && named.described.contains("neutral.wav"));
    let learned = LearnedReference::learn(&folder.path().join("neutral.wav")).unwrap();
    assert_eq!(named.reference, learned.reference(&EqModel::factory().unwrap().table));
}

#[test]
fn what_a_document_gets_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("amp: { model: no_such_amp }", &["no_such_amp", "jcm_standard"]),
        ("amp: { model: missing.nam }", &["missing.nam", "processor 0, amp"]),
        ("amp: { model: jcm_standard, quality: 2 }", &["quality is 2", "0 to 1"]),
        ("amp: { model: jcm_standard, engine: steam }", &["steam", "native"]),
        ("amp: { model: jcm_standard, drive: 3 }", &["drive"]),
        ("amp: {}", &["model"]),
        ("word_eq: { word: wram }", &["did you mean \"warm\""]),
        ("word_eq: { word: warm, amount: 3 }", &["amount is 3", "-1 to 1"]),
        ("word_eq: { word: warm, amount: .nan }", &["amount is NaN"]),
        ("word_eq: { word: warm, blend: 0.2 }", &["word2"]),
        ("word_eq: { word: warm, speed: 0.1 }", &["speed is 0.1", "0.3 to 30 s"]),
        ("word_eq: { word: warm, reference: trumpet }", &["trumpet", "full-mix"]),
        ("word_eq: { word: warm, reference: none.wav }", &["none.wav"]),
        ("word_eq: { amount: 0.5 }", &["amount", "word"]),
        ("word_eq: {}", &["nothing to do", "`level_match`"]),
        ("word_eq: { bands: { 6: { off: true } } }", &["band is 6", "1 to 5"]),
        ("word_eq: { bands: { 0: { off: true } } }", &["band is 0", "1 to 5"]),
        ("word_eq: { bands: { 1: { q_octaves: 1 } } }", &["band 1 is a shelf"]),
        ("word_eq: { bands: { 2: { gain_db: 40 } } }", &["band2_gain_db is 40", "-12 to 12 dB"]),
        ("word_eq: { bands: { 2: { gain: 4 } } }", &["gain"]),
    ];
    for (entry, says) in cases {
        let error = document(folder.path(), &format!("chain:\n  - {entry}\n"));
        let error = error.err().unwrap_or_else(|| panic!("{entry} is built")).to_string();
        assert!(error.contains("chain.yaml"), "{entry}: {error}");
        assert!(says.iter().all(|part| error.contains(part)), "{entry}: {error}");
    }
}

fn busy() -> Controls {
    let mut controls = Controls {
        amount: 0.8,
        level_match: true,
        reference: Reference::Kind(Kind::Any),
        ..Controls::NEUTRAL
    };
    controls.bands[1] = BandControls { gain_offset_db: -3.0, ..BandControls::default() };
    controls.bands[3].frequency_offset_octaves = 0.5;
    controls
}

#[test]
fn an_equaliser_in_a_chain_is_the_equaliser_in_any_blocks() {
    let model = EqModel::factory().unwrap();
    for rate_hz in [44_100.0, 48_000.0] {
        let mut eq = WordEq::new(Some(model.clone()), Arc::new(Monitor::default()));
        eq.prepare(rate_hz, 2, Mode::InLine);
        assert!(eq.problem().is_none(), "{:?}", eq.problem());
        let input = stereo(20_000);
        let mut expected = input.clone();
        let mut channels: Vec<&mut [f32]> = expected.iter_mut().map(Vec::as_mut_slice).collect();
        eq.process(&mut channels, &busy());
        assert!(apart(&input[0], &expected[0]) > 1e-2, "it does something");

        // Made with other values and set before it is prepared, as documents and flags do.
        let processor = WordEqualiser::new(Some(model.clone()), Controls::NEUTRAL);
        let mut chain = Chain::new(vec![Box::new(processor)]).unwrap();
        for (path, value) in
            [("0.amount", 0.8), ("0.band2_gain_db", -3.0), ("0.band4_frequency_octaves", 0.5)]
        {
            chain.set(path, value).unwrap();
        }
        chain.set("0.level_match", true).unwrap();
        chain.set("0.reference", "any").unwrap();
        chain.prepare(stream(rate_hz, 2, Purpose::File)).unwrap();
        for block in [1, 17, 512, 20_000] {
            chain.reset();
            assert!(play(&mut chain, &input, block) == expected, "{rate_hz} Hz, blocks of {block}");
        }
        let (_, View::WordEq(view)) = chain.views().swap_remove(0) else { panic!("no equaliser") };
        assert_ne!(view.monitor().read().hearing, Hearing::Unavailable);
        assert_eq!(view.problem(), None);
    }
}

#[test]
fn what_was_frozen_is_kept_when_all_begins_anew() {
    let model = EqModel::factory().unwrap();
    let mut chain = prepared(
        WordEqualiser::new(Some(model), Controls { amount: 1.0, ..Controls::NEUTRAL }),
        stream(48_000.0, 2, Purpose::File),
    );
    let (_, View::WordEq(view)) = chain.views().swap_remove(0) else { panic!("no equaliser") };
    let input = stereo(48_000);
    play(&mut chain, &input, 480);
    chain.set("0.freeze", true).unwrap();
    play(&mut chain, &input, 480);
    let proposed = view.monitor().read().proposed;
    for anew in [
        |chain: &mut Chain| chain.reset(),
        |chain: &mut Chain| {
            chain.prepare(stream(48_000.0, 2, Purpose::File)).unwrap();
        },
    ] {
        anew(&mut chain);
        play(&mut chain, &[vec![0.0; 480], vec![0.0; 480]], 480);
        let reading = view.monitor().read();
        assert_eq!(reading.hearing, Hearing::Frozen);
        for (now, then) in reading.proposed.bands.iter().zip(&proposed.bands) {
            assert!((now.gain_db - then.gain_db).abs() < 1e-3, "{now:?} {then:?}");
        }
    }
    // Thawed, it hears again.
    chain.set("0.freeze", false).unwrap();
    play(&mut chain, &input, 480);
    assert_eq!(view.monitor().read().hearing, Hearing::Listening);
}

#[test]
fn without_networks_files_are_refused_and_players_are_told() {
    let deaf = || WordEqualiser::new(Some(words::model()), Controls { amount: 1.0, ..Controls::NEUTRAL });
    let mut chain = Chain::new(vec![Box::new(deaf())]).unwrap();
    let said = chain.prepare(stream(48_000.0, 1, Purpose::File)).unwrap_err().to_string();
    assert!(said.contains("processor 0, word_eq: it cannot listen"), "{said}");

    let mut chain = Chain::new(vec![Box::new(deaf())]).unwrap();
    chain.set("0.band1_gain_db", 6.0).unwrap();
    chain.prepare(stream(48_000.0, 1, Purpose::Live)).unwrap();
    let view = chain.views().swap_remove(0).1;
    assert!(view.take_warning().unwrap().contains("cannot listen"));
    assert_eq!(view.take_warning(), None, "it is told once");
    // The bands are the player's: a shelf's gain is all there near 0 Hz.
    let played = play(&mut chain, &[vec![0.1; 48_000]], 480);
    assert!((20.0 * (played[0][47_999] / 0.1).log10() - 6.0).abs() < 0.05, "{}", played[0][47_999]);
}

#[test]
fn a_learned_reference_can_be_left_and_chosen_again() {
    let model = EqModel::factory().unwrap();
    let learned = Reference::Learned(model.table.latent_of_balance(model.table.mean_balance_db()));
    let named = NamedReference { reference: learned, described: "mine".into(), warning: None };
    let processor = WordEqualiser::with_reference(Some(model), Controls::NEUTRAL, Some(named));
    let chain = Chain::new(vec![Box::new(processor)]).unwrap();
    let choice = chain.controls().get("0.reference").unwrap();
    chain.set("0.reference", "bass").unwrap();
    assert_ne!(chain.controls().get("0.reference").unwrap(), choice);
    chain.set("0.reference", "learned").unwrap();
    assert_eq!(chain.controls().get("0.reference").unwrap(), choice);
}
