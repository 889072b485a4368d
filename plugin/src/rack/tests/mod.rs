mod bench;
mod blocks;
mod chain;
mod eq;
mod gate;
mod inputs;
mod knobs;
mod levels;
mod manner;
mod quality;
mod rescue;
mod sleep;
mod swaps;
mod switches;
mod turns;

#[path = "../../../../shared/tests/support/two_knobs.rs"]
mod two_knobs;

use super::*;
use crate::amp::{
    Desk, Loader, MAX_PATH_BYTES, Manner, ModelInfo, Part, Quality, Voice, base_latency_samples,
};
use crate::factory::{DEFAULT_SLOT, Factory, MODELS, OWN_FILE_SLOT};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::{EngineChoice, EngineKind};
use shared::model::{Card, Model, Network, WaveNet, WaveNetSpec};
use shared::word_eq::{EqModel, Mode};
use std::sync::Arc;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const FORMAT: RackFormat =
    RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 512, channels_in: 2, channels_out: 2 };

/// An input of a linear gain.
fn input_gain(gain: f32) -> InputControls {
    InputControls { trim_db: 20.0 * gain.log10(), ..Controls::NEUTRAL.input }
}

/// An output of a linear gain.
fn output_gain(gain: f32) -> OutputControls {
    OutputControls { gain_db: 20.0 * gain.log10(), ..Controls::NEUTRAL.output }
}

/// A desk, a loader and a rack, as the plugin joins them.
struct Amp {
    desk: Arc<Desk>,
    loader: Loader,
    rack: Rack,
}

impl Amp {
    fn new(format: RackFormat) -> Self {
        let mut amp = Self::restored(|_| ());
        amp.prepare(format);
        amp
    }

    /// A session's wishes are there before the loader looks.
    fn restored(wish: impl FnOnce(&Desk)) -> Self {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        wish(&desk);
        let link = Arc::new(Link::default());
        let loader = Loader::start(desk.clone(), link.clone());
        let rack = Rack::new(link, Arc::default());
        Self { desk, loader, rack }
    }

    fn prepare(&mut self, format: RackFormat) {
        self.desk.set_format(format);
        self.settle();
        self.rack.prepare(format);
    }

    fn settle(&self) {
        assert!(self.desk.wait_until_settled(LIMIT));
    }

    fn error(&self) -> Option<String> {
        self.loader.status().get().error
    }

    fn name(&self) -> String {
        self.loader.status().get().playing.unwrap().card.name
    }

    fn run(&mut self, input: &[Vec<f32>], block: usize, controls: Controls) -> Vec<Vec<f32>> {
        let mut output = input.to_vec();
        let mut at = 0;
        while at < input[0].len() {
            let to = (at + block).min(input[0].len());
            let mut channels: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..to]).collect();
            self.rack.process(&mut channels, controls);
            at = to;
        }
        output
    }
}

/// A rack that plays one voice of that format, or nothing but the equaliser, which listens in line.
fn rendering(voice: Option<Voice>, format: RackFormat, model: Option<Arc<EqModel>>) -> Rack {
    let link = Arc::new(Link::default());
    if let Some(voice) = voice {
        link.voices.send(Box::new(voice));
    }
    let mut rack = Rack::with_eq(link, Arc::default(), model);
    rack.listen(Mode::InLine);
    rack.prepare(format);
    rack
}

fn noise(channels: usize, samples: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..channels).map(|_| (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect()).collect()
}

/// What a slot's model makes of a signal, computed without the rack.
fn reference(slot: usize, input: &[f32]) -> Vec<f32> {
    let model = Factory::in_slot(slot).unwrap().load().unwrap();
    let mut engine = shared::engine::build_at(&model, EngineChoice::Native, 48_000.0, 512).unwrap();
    let mut output = vec![0.0; input.len()];
    engine.process(input, &mut output);
    output
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn plays_the_model_from_the_first_sample_on_each_channel() {
    let mut amp = Amp::new(FORMAT);
    let input = noise(2, 3000, 1);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    for (input, output) in input.iter().zip(&output) {
        assert!(difference(output, &reference(DEFAULT_SLOT, input)) < 1e-6);
    }
    assert_eq!(amp.rack.latency_samples(), 0);
}

#[test]
fn the_output_does_not_depend_on_the_blocks() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let input = noise(2, 4000, 2);
        let controls = Controls { input: input_gain(1.7), output: output_gain(0.4), ..Controls::NEUTRAL };
        let mut amp = Amp::new(RackFormat { sample_rate_hz, ..FORMAT });
        let expected = amp.run(&input, 4000, controls);
        for block in [1, 16, 17, 64, 480, 512, 2027] {
            amp.rack.reset();
            let output = amp.run(&input, block, controls);
            for (a, b) in output.iter().zip(&expected) {
                assert!(difference(a, b) < 1e-6, "{sample_rate_hz} Hz, blocks of {block}");
            }
        }
    }
}

#[test]
fn a_new_model_fades_in_over_twenty_milliseconds() {
    let mut amp = Amp::new(FORMAT);
    let input = noise(2, 48_000, 3);
    let head: Vec<Vec<f32>> = input.iter().map(|c| c[..24_000].to_vec()).collect();
    let tail: Vec<Vec<f32>> = input.iter().map(|c| c[24_000..].to_vec()).collect();
    amp.run(&head, 512, Controls::NEUTRAL);
    let slot = MODELS[2].slot;
    amp.desk.set_slot(Part::Model, slot);
    amp.settle();
    let output = amp.run(&tail, 512, Controls::NEUTRAL);
    let old = reference(DEFAULT_SLOT, &input[0])[24_000..].to_vec();
    // The new model begins with silence before, so its memory fills while it fades in.
    let new = reference(slot, &tail[0]);
    let fade = 960;
    assert!(difference(&output[0][..1], &old[..1]) < 2e-3 * 1.0f32.max(new[0].abs() + old[0].abs()));
    for i in [100, 480, 900] {
        let share = (i + 1) as f32 / fade as f32;
        let expected = old[i] + share * (new[i] - old[i]);
        assert!((output[0][i] - expected).abs() < 1e-4, "{i}: {} {expected}", output[0][i]);
    }
    assert!(difference(&output[0][fade..], &new[fade..]) < 1e-6);
    assert_eq!(amp.name(), Factory::in_slot(slot).unwrap().card().name);
}

#[test]
fn before_the_first_sound_a_new_model_is_there_at_once() {
    let mut amp = Amp::new(FORMAT);
    let input = noise(2, 2000, 4);
    let slot = MODELS[1].slot;
    amp.desk.set_slot(Part::Model, slot);
    amp.settle();
    let output = amp.run(
        &input,
        64,
        Controls { input: input_gain(2.0), output: output_gain(0.5), ..Controls::NEUTRAL },
    );
    let driven: Vec<f32> = input[0].iter().map(|s| s * 2.0).collect();
    let expected: Vec<f32> = reference(slot, &driven).iter().map(|s| s * 0.5).collect();
    assert!(difference(&output[0], &expected) < 1e-6);
}

#[test]
fn what_goes_past_everything_is_not_muted_by_the_tuner() {
    let mut amp = Amp::new(FORMAT);
    let input = noise(2, 4000, 6);
    let tuner = TunerControls { on: true, mute: true };
    let muted = amp.run(&input, 500, Controls { tuner, ..Controls::NEUTRAL });
    assert!(muted.iter().all(|channel| channel[1000..].iter().all(|sample| *sample == 0.0)));
    amp.rack.reset();
    assert_eq!(amp.run(&input, 500, Controls { bypass: true, tuner, ..Controls::NEUTRAL }), input);
}

#[test]
fn bypass_is_the_input_after_the_reported_delay() {
    for sample_rate_hz in [22_050.0, 44_100.0, 48_000.0, 96_000.0] {
        let mut amp = Amp::new(RackFormat { sample_rate_hz, ..FORMAT });
        let input = noise(2, 3000, 5);
        let controls =
            Controls { input: input_gain(3.0), output: output_gain(3.0), bypass: true, ..Controls::NEUTRAL };
        let output = amp.run(&input, 100, controls);
        let latency = amp.rack.latency_samples();
        // The loudspeakers that come along begin a sample or two after the first of their file at some rates.
        let base = base_latency_samples(sample_rate_hz).unwrap();
        assert!((base..base + 4).contains(&latency), "{latency} samples, {base} of them the amp's");
        for (input, output) in input.iter().zip(&output) {
            assert!(output[..latency].iter().all(|s| *s == 0.0));
            assert_eq!(output[latency..], input[..3000 - latency]);
        }
    }
}

#[test]
fn bypass_and_gains_move_without_a_click() {
    let mut amp = Amp::new(FORMAT);
    let constant = vec![vec![0.25; 4800]; 2];
    let settled = amp.run(&constant, 480, Controls::NEUTRAL);
    let bypassed = amp.run(&constant, 480, Controls { bypass: true, ..Controls::NEUTRAL });
    let louder =
        amp.run(&constant, 480, Controls { bypass: true, output: output_gain(8.0), ..Controls::NEUTRAL });
    let back = amp.run(&constant, 480, Controls { output: output_gain(8.0), ..Controls::NEUTRAL });
    let all: Vec<f32> =
        [&settled, &bypassed, &louder, &back].iter().flat_map(|o| o[0].iter().copied()).collect();
    let range = all[4000..].iter().fold(0.0f32, |m, s| m.max(s.abs()));
    let step = all[4000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
    assert!(step < range * 8.0 / 960.0 + 1e-3, "largest step {step} of {range}");
    assert_eq!(all[4800 * 2 - 1], 0.25);
}

#[test]
fn what_cannot_be_loaded_leaves_the_old_model_playing_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = WaveNetSpec::seed(4, 3, 3, false);
    let weights = vec![0.01; ahead.weight_count()];
    let network = Network::WaveNet(WaveNet::new(ahead, weights).unwrap());
    let ahead = Model { card: Card { name: "Prophet".into(), ..Card::default() }, network };
    let seer = folder.path().join("prophet.onnx");
    ahead.save(&seer).unwrap();
    let junk = folder.path().join("junk.onnx");
    std::fs::write(&junk, b"this is no model").unwrap();

    let mut amp = Amp::new(FORMAT);
    let before = amp.name();
    let input = noise(2, 2000, 6);
    let expected = amp.run(&input, 512, Controls::NEUTRAL);
    let cases = [
        (None, "No model file"),
        (Some(folder.path().join("missing.onnx")), "missing.onnx"),
        (Some(folder.path().to_owned()), "folder"),
        (Some(junk), "junk.onnx"),
        (Some(seer), "Prophet"),
    ];
    for (file, says) in cases {
        amp.desk.set_file(Part::Model, file);
        amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
        amp.settle();
        let error = amp.error().unwrap_or_default();
        assert!(error.contains(says), "{error}");
        assert_eq!(amp.name(), before);
        amp.rack.reset();
        assert_eq!(amp.run(&input, 512, Controls::NEUTRAL), expected);
    }
    // A change of the format while the wish cannot be fulfilled: what played is built again.
    amp.prepare(RackFormat { sample_rate_hz: 96_000.0, ..FORMAT });
    assert!(amp.error().is_some());
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    let latency = amp.rack.latency_samples();
    assert!(difference(&output[0][latency..], &input[0]) > 1e-3, "the dry signal is no model");
    // The engine can be chosen all the same.
    let library = shared::engine::onnxruntime::library_candidates().iter().any(|p| p.exists());
    let expected = if library { EngineKind::OnnxRuntime } else { EngineKind::Native };
    amp.desk.set_engine(EngineChoice::OnnxRuntime);
    amp.settle();
    assert!(amp.error().is_some());
    assert_eq!(amp.loader.status().get().playing.and_then(|p| p.engine), Some(expected));
    // And the next good wish clears the error.
    amp.desk.set_engine(EngineChoice::Auto);
    amp.desk.set_slot(Part::Model, DEFAULT_SLOT);
    amp.settle();
    assert_eq!(amp.error(), None);
}

#[test]
fn an_unassigned_slot_keeps_what_plays() {
    let amp = Amp::new(FORMAT);
    amp.desk.set_slot(Part::Model, MODELS[3].slot);
    amp.settle();
    amp.desk.set_slot(Part::Model, 63);
    amp.settle();
    assert_eq!((amp.error(), amp.name()), (None, MODELS[3].card().name.clone()));
}

#[test]
fn the_players_file_is_read_again_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.onnx");
    let mut model = MODELS[0].load().unwrap();
    let amp = Amp::new(FORMAT);
    for name in ["First", "Second"] {
        model.card.name = name.into();
        model.save(&path).unwrap();
        amp.desk.set_file(Part::Model, Some(path.clone()));
        amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
        amp.settle();
        assert_eq!(amp.name(), name);
    }
}

#[test]
fn a_model_of_another_rate_asks_for_another_delay_and_gives_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cd.onnx");
    let mut model = MODELS[0].load().unwrap();
    model.card.sample_rate_hz = 44_100.0;
    model.save(&path).unwrap();

    let mut amp = Amp::new(FORMAT);
    assert_eq!(amp.rack.changed_latency_samples(), None);
    amp.desk.set_file(Part::Model, Some(path));
    amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    amp.settle();
    amp.run(&noise(2, 2000, 7), 512, Controls::NEUTRAL);
    let asked = amp.rack.changed_latency_samples().unwrap();
    assert!(asked > 0);
    amp.prepare(FORMAT);
    assert_eq!((amp.rack.latency_samples(), amp.rack.changed_latency_samples()), (asked, None));

    amp.desk.set_slot(Part::Model, DEFAULT_SLOT);
    amp.settle();
    amp.run(&noise(2, 2000, 8), 512, Controls::NEUTRAL);
    assert_eq!(amp.rack.changed_latency_samples(), Some(0));
    amp.prepare(FORMAT);
    assert_eq!(amp.rack.latency_samples(), 0);
}

#[test]
fn all_factory_models_have_one_delay_at_a_rate() {
    for sample_rate_hz in [44_100.0, 88_200.0, 96_000.0] {
        let format = RackFormat { sample_rate_hz, channels_in: 1, channels_out: 1, ..FORMAT };
        let base = base_latency_samples(sample_rate_hz).unwrap();
        for model in MODELS {
            let loaded = model.load().unwrap();
            let voice = Voice::build(&loaded, Quality::FULL, EngineChoice::Native, format.narrow()).unwrap();
            assert_eq!(voice.latency_samples(), base, "{} at {sample_rate_hz} Hz", model.id);
        }
    }
}

#[test]
fn broken_input_is_survived() {
    let mut amp = Amp::new(FORMAT);
    let input = noise(2, 4096, 9);
    let expected = amp.run(&input, 512, Controls::NEUTRAL);
    amp.rack.reset();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-40, -1e-45] {
        for bypass in [false, true] {
            let output = amp.run(&vec![vec![bad; 700]; 2], 512, Controls { bypass, ..Controls::NEUTRAL });
            assert!(output.iter().flatten().all(|s| s.is_finite() && !s.is_subnormal()), "{bad}");
        }
    }
    amp.rack.reset();
    assert_eq!(amp.run(&input, 512, Controls::NEUTRAL), expected);
}

#[test]
fn the_latest_wish_wins() {
    let mut amp = Amp::new(FORMAT);
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for _ in 0..20 {
        for _ in 0..5 {
            amp.desk.set_slot(Part::Model, MODELS[rng.random_range(0..MODELS.len())].slot);
        }
        amp.run(&noise(2, 600, 11), 100, Controls::NEUTRAL);
    }
    let last = MODELS[2].slot;
    amp.desk.set_slot(Part::Model, last);
    amp.settle();
    // Two fades at most: one that is under way and the last one.
    amp.run(&noise(2, 48_000, 12), 480, Controls::NEUTRAL);
    let input = noise(2, 8000, 13);
    amp.rack.reset();
    let output = amp.run(&input, 480, Controls::NEUTRAL);
    assert!(difference(&output[0], &reference(last, &input[0])) < 1e-6);
}
