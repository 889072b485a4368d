//! Butterworth filters.

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose};
use crate::dsp::approach::Approach;
use crate::dsp::butterworth::{Design, MAX_ORDER, MAX_SECTIONS, Pass};
use crate::dsp::svf::{Coefficients, GRAIN, Series};
use serde::Deserialize;

/// The cutoffs there are, in Hz; and each stream's lie below half of its rate.
const LOWEST_HZ: f64 = 10.0;
const HIGHEST_HZ: f64 = 96_000.0;

/// Time constant of each of the two poles that a cutoff glides by, in seconds: after five of them 96 % of the way is
/// done.
const GLIDE_SECONDS: f64 = 0.008;
/// So near, in octaves, a cutoff has arrived.
const THERE_OCTAVES: f64 = 1e-5;

/// A low-pass or a high-pass with the flattest response there is: 3 dB down at its cutoff, and beyond it
/// 6 dB per octave and order. Its parameter is `cutoff`, in Hz.
///
/// A cutoff glides on the logarithm of frequency, nine tenths of the way in 30 ms, by filters that stay
/// clean while they move. So a sweep is heard as a sweep:
///
/// ```
/// use shared::chain::{Chain, Purpose, StreamFormat, processors::Butterworth};
///
/// let mut chain = Chain::new(vec![Box::new(Butterworth::low_pass(1000.0, 2))])?;
/// chain.prepare(StreamFormat {
///     sample_rate_hz: 48_000.0,
///     max_block_samples: 512,
///     channels_in: 1,
///     channels_out: 1,
///     purpose: Purpose::Live,
/// })?;
///
/// // From any thread, while the audio thread plays: one step every 53 ms here.
/// let controls = chain.controls();
/// let mut block = vec![0.1; 512];
/// for cutoff in (1000..=5000).step_by(100) {
///     controls.set("0.cutoff", cutoff)?;
///     for _ in 0..5 {
///         chain.process(&mut [&mut block]);
///     }
/// }
/// assert_eq!(controls.get("0.cutoff")?, 5000.0);
///
/// // Half of the sample rate and more is refused, with both numbers.
/// let refused = controls.set("0.cutoff", 30_000).unwrap_err().to_string();
/// assert!(refused.contains("30000 Hz") && refused.contains("24000 Hz"));
/// # Ok::<(), shared::chain::ChainError>(())
/// ```
pub struct Butterworth {
    parameters: [Parameter; 1],
    pass: Pass,
    order: usize,
    design: Design,
    sample_rate_hz: f64,
    cutoff: Glide,
    sections: Option<Box<dyn Sections>>,
}

/// As it is written down: `{ cutoff: 80 }`, with `order` 2 where it is left out.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FilterEntry {
    /// Frequency at which 3 dB are lost, in Hz, 10 to 96000 and below half of the sample rate.
    pub cutoff: f64,
    /// 6 dB per octave each, 1 to 16.
    #[serde(default = "usual_order")]
    pub order: usize,
}

fn usual_order() -> usize {
    2
}

impl Butterworth {
    /// Passes what lies below `cutoff_hz`, 10 to 96000 Hz. Of an order of 1 to 16; 2 is usual, 12 dB per octave.
    pub fn low_pass(cutoff_hz: f64, order: usize) -> Self {
        Self::new(Pass::Low, cutoff_hz, order)
    }

    /// Passes what lies above `cutoff_hz`, 10 to 96000 Hz. Of an order of 1 to 16; 2 is usual, 12 dB per octave.
    pub fn high_pass(cutoff_hz: f64, order: usize) -> Self {
        Self::new(Pass::High, cutoff_hz, order)
    }

    fn new(pass: Pass, cutoff_hz: f64, order: usize) -> Self {
        Self {
            parameters: [Parameter::frequency("cutoff", LOWEST_HZ, HIGHEST_HZ, cutoff_hz)],
            pass,
            order,
            design: Design::new(pass, order),
            sample_rate_hz: 1.0,
            cutoff: Glide::at(cutoff_hz),
            sections: None,
        }
    }

    fn check_order(&self) -> Result<(), ProcessorError> {
        if (1..=MAX_ORDER).contains(&self.order) {
            return Ok(());
        }
        Err(ProcessorError::OutOfRange {
            parameter: "order".into(),
            value: self.order.to_string(),
            range: format!("1 to {MAX_ORDER}"),
        })
    }
}

impl Processor for Butterworth {
    fn kind(&self) -> &'static str {
        match self.pass {
            Pass::Low => "low_pass",
            Pass::High => "high_pass",
        }
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.check_order()?;
        self.parameters[0].check_rate(self.cutoff.target_hz(), format.sample_rate_hz)?;
        self.sample_rate_hz = format.sample_rate_hz;
        self.cutoff.set_rate(format.sample_rate_hz);
        self.sections = Some(sections(self.design.sections(), format.channels));
        self.reset();
        Ok(())
    }

    fn set(&mut self, _: usize, value: f64) {
        self.cutoff.aim(value);
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let Some(sections) = &mut self.sections else { return };
        let (design, cutoff, rate) = (&self.design, &mut self.cutoff, self.sample_rate_hz);
        sections.process(channels, &mut || cutoff.step().map(|hz| design.coefficients(hz, rate)));
    }

    fn reset(&mut self) {
        self.cutoff.finish();
        let coefficients = self.design.coefficients(self.cutoff.target_hz(), self.sample_rate_hz);
        if let Some(sections) = &mut self.sections {
            sections.reset(&coefficients);
        }
    }

    /// Until 80 dB of what the filter holds have decayed.
    fn tail_samples(&self) -> usize {
        let lowest_hz = self.cutoff.now_hz().min(self.cutoff.target_hz());
        self.design.decay_samples(lowest_hz, self.sample_rate_hz)
    }
}

impl FilterEntry {
    /// A filter of the usual order.
    pub fn new(cutoff: f64) -> Self {
        Self { cutoff, order: usual_order() }
    }

    pub(in crate::chain) fn build_low_pass(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        self.build(Pass::Low)
    }

    pub(in crate::chain) fn build_high_pass(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        self.build(Pass::High)
    }

    fn build(&self, pass: Pass) -> Result<Box<dyn Processor>, ProcessorError> {
        let filter = Butterworth::new(pass, self.cutoff, self.order);
        filter.check_order()?;
        Ok(Box::new(filter))
    }
}

/// A frequency on its way to another, on the logarithm. It moves once a grain of the filters.
struct Glide {
    /// Octaves above 1 Hz.
    octaves: Approach,
    /// The target as it was given.
    target_hz: f64,
}

impl Glide {
    fn at(frequency_hz: f64) -> Self {
        Self { octaves: Approach::at(frequency_hz.log2(), THERE_OCTAVES), target_hz: frequency_hz }
    }

    fn set_rate(&mut self, sample_rate_hz: f64) {
        self.octaves.set_pace(GLIDE_SECONDS * sample_rate_hz / GRAIN as f64);
    }

    fn aim(&mut self, frequency_hz: f64) {
        self.octaves.aim(frequency_hz.log2());
        self.target_hz = frequency_hz;
    }

    fn finish(&mut self) {
        self.octaves.finish();
    }

    fn target_hz(&self) -> f64 {
        self.target_hz
    }

    fn now_hz(&self) -> f64 {
        self.octaves.now().exp2()
    }

    /// The frequency at the end of the next grain, while it moves.
    fn step(&mut self) -> Option<f64> {
        let moved = self.octaves.step();
        moved.then(|| if self.octaves.rests() { self.target_hz } else { self.now_hz() })
    }
}

type All = [Coefficients; MAX_SECTIONS];

/// A [`Series`] of any number of sections.
trait Sections: Send {
    fn reset(&mut self, coefficients: &All);
    fn process(&mut self, channels: &mut [&mut [f32]], next: &mut dyn FnMut() -> Option<All>);
}

impl<const N: usize> Sections for Series<N> {
    fn reset(&mut self, coefficients: &All) {
        Self::reset(self);
        self.jump_to(std::array::from_fn(|i| coefficients[i]));
    }

    fn process(&mut self, channels: &mut [&mut [f32]], next: &mut dyn FnMut() -> Option<All>) {
        Self::process(self, channels, || next().map(|all| std::array::from_fn(|i| all[i])));
    }
}

fn sections(count: usize, channels: usize) -> Box<dyn Sections> {
    match count {
        0 | 1 => Box::new(Series::<1>::new(channels)),
        2 => Box::new(Series::<2>::new(channels)),
        3 => Box::new(Series::<3>::new(channels)),
        4 => Box::new(Series::<4>::new(channels)),
        5 => Box::new(Series::<5>::new(channels)),
        6 => Box::new(Series::<6>::new(channels)),
        7 => Box::new(Series::<7>::new(channels)),
        _ => Box::new(Series::<MAX_SECTIONS>::new(channels)),
    }
}
