//! A rack full of light parts, and what is measured of it.

use super::*;
use shared::dsp::response::Response;
use shared::model::Linear;

/// A rack, and the loader's end of its queues.
pub struct Bench {
    pub rack: Rack,
    pub link: Arc<Link>,
    pub telemetry: Arc<Telemetry>,
    pub format: RackFormat,
}

impl Bench {
    /// A light amp and two loudspeakers, without words.
    pub fn new(format: RackFormat) -> Self {
        let bench = Self::empty(format);
        bench.send_voice(&light_amp(1), format);
        bench.send_speaker(0, 2, format);
        bench.send_speaker(1, 3, format);
        bench.prepared()
    }

    /// A rack that plays one model, without loudspeakers.
    pub fn playing(model: &Model, format: RackFormat) -> Self {
        let bench = Self::empty(format);
        bench.send_voice(model, format);
        bench.prepared()
    }

    fn empty(format: RackFormat) -> Self {
        let (link, telemetry) = (Arc::new(Link::default()), Arc::new(Telemetry::default()));
        let mut rack = Rack::with_eq(link.clone(), telemetry.clone(), None);
        rack.listen(Mode::InLine);
        Self { rack, link, telemetry, format }
    }

    fn prepared(mut self) -> Self {
        self.rack.prepare(self.format);
        self
    }

    pub fn send_voice(&self, model: &Model, format: RackFormat) {
        self.link.voices.send(Box::new(voice(model, format)));
    }

    pub fn send_speaker(&self, at: usize, seed: u64, format: RackFormat) {
        let speaker = Speaker::build(&small_cabinet(seed), format).unwrap();
        self.link.speakers[at].send(Box::new(speaker));
    }

    /// Plays a sound of one channel on all that come in; in blocks of these lengths, over and over.
    pub fn run(&mut self, input: &[f32], blocks: &[usize], controls: Controls) -> Vec<Vec<f32>> {
        let mut output = vec![vec![0.0; input.len()]; self.format.channels_out];
        output[..self.format.channels_in].iter_mut().for_each(|channel| channel.copy_from_slice(input));
        let (mut at, mut blocks) = (0, blocks.iter().cycle());
        while at < input.len() {
            let to = (at + blocks.next().unwrap()).min(input.len());
            let mut channels: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..to]).collect();
            self.rack.process(&mut channels, controls);
            at = to;
        }
        output
    }
}

pub fn voice(model: &Model, format: RackFormat) -> Voice {
    Voice::build(model, Quality::FULL, EngineChoice::Native, format.narrow()).unwrap()
}

/// A small network of its own sound, with an answer to silence that is not silence.
pub fn light_amp(seed: u64) -> Model {
    let spec = WaveNetSpec::nam_a1(3, 1, &[vec![1, 2, 4, 8], vec![16, 32]]);
    let spec = WaveNetSpec { head_scale: 0.2, ..spec };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let weights = (0..spec.weight_count()).map(|_| rng.random_range(-0.7..0.7)).collect();
    let network = Network::WaveNet(WaveNet::new(spec, weights).unwrap());
    let card = Card {
        input_level_dbu: Some(18.0),
        output_level_dbu: Some(9.0),
        loudness_dbfs: Some(-24.0),
        ..Card::default()
    };
    Model { card, network }
}

/// An amp that changes nothing.
pub fn wire() -> Model {
    let network = Network::Linear(Linear::new(vec![1.0], 0.0).unwrap());
    Model { card: Card::default(), network }
}

/// A short response that dies away.
pub fn small_cabinet(seed: u64) -> Response {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut channel: Vec<f32> =
        (0..600).map(|i| rng.random_range(-1.0f32..1.0) * (-f64::from(i) / 60.0).exp() as f32).collect();
    channel[0] = 1.0;
    Response::new(vec![channel], 48_000.0).unwrap()
}

/// A turn of a knob or a switch.
pub type Change = fn(&mut Controls);

/// Every part does something.
pub fn busy() -> Controls {
    let mut controls = Controls::NEUTRAL;
    controls.gate = GateControls { on: true, threshold_db: -50.0, ..controls.gate };
    controls.tone = ToneControls { on: true, bass_db: 4.0, mid_db: -3.0, treble_db: 5.0, presence_db: 2.0 };
    controls.cab = CabControls { on: true, blend: 0.4, ..controls.cab };
    controls.eq.bands[1].gain_offset_db = 6.0;
    controls.eq.bands[3].gain_offset_db = -5.0;
    controls.output.gain_db = -3.0;
    controls
}

pub fn sine(frequency_hz: f64, amplitude: f64, samples: usize, sample_rate_hz: f64) -> Vec<f32> {
    let turn = std::f64::consts::TAU * frequency_hz / sample_rate_hz;
    (0..samples).map(|i| (amplitude * (turn * i as f64).sin()) as f32).collect()
}

pub fn largest_step(signal: &[f32]) -> f32 {
    signal.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

pub fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}
