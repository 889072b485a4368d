//! Oversampled amps, and amps that are turned upright.

use super::*;
use shared::engine::Probe;
use shared::model::Linear;

const PLAIN: Manner = Manner {
    quality: Quality::FULL,
    engine: EngineChoice::Native,
    oversampling: 1,
    probe: None,
    align: false,
};

const MONO: RackFormat =
    RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 256, channels_in: 1, channels_out: 1 };

fn linear(response: Vec<f32>) -> Model {
    let network = Network::Linear(Linear::new(response, 0.0).unwrap());
    Model { card: Card::default(), network }
}

fn rack(model: &Model, manner: Manner, format: RackFormat) -> Rack {
    let voice = Voice::build_as(model, manner, format.narrow()).unwrap();
    rendering(Some(voice), format, None)
}

fn play(rack: &mut Rack, input: &[f32]) -> Vec<f32> {
    let mut output = input.to_vec();
    output.chunks_mut(100).for_each(|block| rack.process(&mut [block], Controls::NEUTRAL));
    output
}

#[test]
fn an_oversampled_amp_is_as_late_as_reported_at_every_rate() {
    for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
        for oversampling in [1, 2, 4, 8] {
            let format = RackFormat { sample_rate_hz: rate, ..MONO };
            let mut rack = rack(&linear(vec![1.0]), Manner { oversampling, ..PLAIN }, format);
            // A smooth bump, whose middle can be found between samples.
            let bump = |i: usize| (-((i as f64 - 500.0) / (rate / 4_000.0)).powi(2)).exp();
            let input: Vec<f32> = (0..4_000).map(|i| 0.5 * bump(i) as f32).collect();
            let middle = |sound: &[f32]| {
                let weights = sound.iter().map(|&s| f64::from(s).powi(2));
                let (sum, moment) = weights
                    .enumerate()
                    .fold((0.0, 0.0), |(sum, moment), (i, w)| (sum + w, moment + w * i as f64));
                moment / sum
            };
            let delay = middle(&play(&mut rack, &input)) - middle(&input);
            let off = delay - rack.latency_samples() as f64;
            assert!(off.abs() <= 0.6, "{rate} Hz, {oversampling}x: {delay:.2}, {}", rack.latency_samples());
        }
    }
}

#[test]
fn the_desk_has_the_amp_oversampled_and_the_host_told() {
    let mut amp = Amp::new(FORMAT);
    assert_eq!(amp.rack.latency_samples(), 0);
    amp.desk.set_oversampling(4);
    amp.settle();
    let input = noise(2, 6_000, 1);
    amp.run(&input, 480, Controls::NEUTRAL);
    assert_eq!(amp.rack.changed_latency_samples(), Some(31));
    amp.prepare(FORMAT);
    assert_eq!((amp.rack.latency_samples(), amp.rack.changed_latency_samples()), (31, None));
    let model = Factory::in_slot(DEFAULT_SLOT).unwrap().load().unwrap();
    let output = amp.run(&input, 480, Controls::NEUTRAL);
    let native = EngineChoice::Native;
    let mut engine = shared::engine::build_oversampled_at(&model, native, 4, 48_000.0, 512).unwrap();
    let mut expected = vec![0.0; 6_000];
    engine.process(&input[1], &mut expected);
    let off = output[1].iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(off < 1e-6, "{off}");
}

#[test]
fn broken_sound_does_not_stay_in_an_oversampled_amp() {
    let model = linear(vec![0.01; 400]);
    let format = MONO.narrow();
    let mut voice = Voice::build_as(&model, Manner { oversampling: 4, ..PLAIN }, format).unwrap();
    let mut output = [vec![0.0; 256]];
    voice.play(&[vec![f32::NAN; 256]], &mut output, 256);
    assert!(voice.take_muted() && output[0] == [0.0; 256]);
    let mut fresh = Voice::build_as(&model, Manner { oversampling: 4, ..PLAIN }, format).unwrap();
    let mut expected = [vec![0.0; 256]];
    let input = noise(1, 256, 2);
    for _ in 0..3 {
        voice.play(&input, &mut output, 256);
        fresh.play(&input, &mut expected, 256);
        assert!(!voice.take_muted() && output == expected);
    }
}

#[test]
fn an_inverted_late_model_is_turned_upright_and_its_delay_told_to_the_host() {
    let model = linear([vec![0.0; 40], vec![-0.5]].concat());
    let probe = Probe::of_model(&model, EngineChoice::Native).unwrap();
    let input = noise(1, 3_000, 3).remove(0);
    for (rate, latency) in [(48_000.0, 40), (96_000.0, base_latency_samples(96_000.0).unwrap() + 80)] {
        let format = RackFormat { sample_rate_hz: rate, ..MONO };
        let manner = Manner { probe: Some(probe), align: true, ..PLAIN };
        assert_eq!(rack(&model, manner, format).latency_samples(), latency);
    }
    for (align, probe, gain, latency) in [
        (true, Some(probe), 0.5, 40),
        (false, Some(probe), -0.5, 0),
        (true, Some(Probe { confidence: 0.2, ..probe }), -0.5, 0),
        (true, None, -0.5, 0),
    ] {
        let mut rack = rack(&model, Manner { probe, align, ..PLAIN }, MONO);
        assert_eq!(rack.latency_samples(), latency);
        let output = play(&mut rack, &input);
        let pairs = output[40..].iter().zip(&input);
        let off = pairs.map(|(y, x)| (y - gain * x).abs()).fold(0.0, f32::max);
        assert!(off < 1e-6, "{probe:?}, {align}: {off}");
    }
}

#[test]
fn a_model_is_probed_when_it_is_loaded_and_corrected_on_request() {
    let mut amp = Amp::new(FORMAT);
    let begin = std::time::Instant::now();
    // It plays before it is played to.
    let probe = loop {
        if let Some(probe) = amp.loader.status().get().playing.unwrap().probe {
            break probe;
        }
        assert!(begin.elapsed() < LIMIT);
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(probe.is_clear() && probe.delay_samples > 0, "{probe:?}");
    assert_eq!(amp.rack.latency_samples(), 0);
    amp.desk.set_align(true);
    amp.prepare(FORMAT);
    assert_eq!(amp.rack.latency_samples(), probe.delay_samples);
    assert_eq!(amp.loader.status().get().playing.unwrap().probe, Some(probe));
    amp.desk.set_align(false);
    amp.prepare(FORMAT);
    assert_eq!(amp.rack.latency_samples(), 0);
}
