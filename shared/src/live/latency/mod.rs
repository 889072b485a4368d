//! How long sound takes through the machine and back.
//!
//! A [`Probe`](probe::Probe) in place of effects plays a known noise a few times and records what comes in; [`search`]
//! finds the noise in it. Both work sample by sample on the same clock as the effects do, so what is measured is
//! exactly what a player would hear of a chain without delay.

mod probe;
mod search;

use super::meters::CLIPPED;
use super::{Backend, Direction, LiveError, LiveProcessor, State, StreamConfig};
use crate::chain::{Chain, ChainError};
use probe::{BURSTS, Probe, Tape};
use search::{Found, Search};
use std::time::{Duration, Instant};

/// How often is looked whether the recording is complete.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// After this long without a single sample nothing more is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Finds of one measurement that lie further apart than this, in samples, mean that samples were lost in between.
/// Less may come of two clocks that differ by a thousandth.
const STEADY_SAMPLES: f64 = 200.0;

/// A round trip, in samples at the stream's rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundTrip {
    /// As it was measured: from the sample that was written out to the sample that came in; the median of several.
    pub measured_samples: f64,
    /// How far the several measurements lie apart.
    pub spread_samples: f64,
    /// As the system reports it.
    pub reported_samples: f64,
    /// Sample rate in Hz.
    pub sample_rate_hz: u32,
    /// Samples a callback that the device granted, 0 if they vary.
    pub buffer_samples: u32,
    /// Level of what came back, in dB relative to what went out.
    pub level_db: f64,
    /// Whether it came back upside down.
    pub inverted: bool,
    /// Whether it came back too loud to be recorded whole; that leaves the delay as it is, but not the level.
    pub clipped: bool,
    /// The input channel that it came back on, counted from 0.
    pub channel: usize,
    /// Gaps and losses that the device reported meanwhile.
    pub xruns: u64,
}

impl RoundTrip {
    /// The measured delay in milliseconds.
    pub fn measured_ms(&self) -> f64 {
        self.measured_samples / f64::from(self.sample_rate_hz) * 1e3
    }

    /// The reported delay in milliseconds.
    pub fn reported_ms(&self) -> f64 {
        self.reported_samples / f64::from(self.sample_rate_hz) * 1e3
    }
}

/// Why a round trip could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    /// The stream cannot be opened.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The stream goes only one way.
    #[error("a round trip needs inputs and outputs; there are {channels_in} in and {channels_out} out")]
    OneWay {
        /// Channels in.
        channels_in: usize,
        /// Channels out.
        channels_out: usize,
    },
    /// What was played is not in what came in.
    #[error(
        "nothing of what was played came back within {longest_ms:.0} ms: the input peaked at {}; connect an output to \
         an input by a cable, choose that input, and turn both levels up",
        dbfs(*peak)
    )]
    Nothing {
        /// Largest sample that came in.
        peak: f32,
        /// The longest delay that was looked for, in milliseconds.
        longest_ms: f64,
    },
    /// It came back more than once.
    #[error(
        "the signal came back twice, after {first_ms:.2} ms and, {louder_db:.1} dB softer, after {second_ms:.2} ms; switch \
         off the sound card's direct monitoring and other ways back, then measure again"
    )]
    Ambiguous {
        /// Delay of the louder one, in milliseconds.
        first_ms: f64,
        /// Delay of the softer one, in milliseconds.
        second_ms: f64,
        /// By how much it is louder.
        louder_db: f64,
    },
    /// It came back at different times.
    #[error(
        "the delay did not hold still: of {BURSTS} bursts {found} came back, {spread_samples:.0} samples apart, and the \
         device reported {xruns} gaps; choose a larger buffer, then measure again"
    )]
    Unsteady {
        /// How many bursts came back.
        found: usize,
        /// How far their delays lie apart.
        spread_samples: f64,
        /// Gaps that the device reported.
        xruns: u64,
    },
    /// The stream ended.
    #[error("the device was lost while measuring: {0}")]
    Lost(String),
    /// The device was opened and then gave no sound.
    #[error("the device was opened, but gave no samples within {seconds} s")]
    Stuck {
        /// How long was waited.
        seconds: u64,
    },
}

/// Plays a signal, records it through a cable from output to input, and finds it. The signal is noise at
/// 18 dB below full scale on all outputs, three bursts of 32,767 samples, and takes about six seconds.
///
/// # Errors
/// The stream cannot be opened, or nothing came back, or nothing that tells one delay.
pub fn measure_round_trip(
    backend: Box<dyn Backend>,
    config: StreamConfig,
) -> Result<RoundTrip, LatencyError> {
    if config.direction() != Direction::Duplex {
        let StreamConfig { channels_in, channels_out, .. } = config;
        return Err(LatencyError::OneWay { channels_in, channels_out });
    }
    let (probe, recorder) = Probe::new();
    let chain = Chain::new(vec![Box::new(probe)]).map_err(LiveError::from)?;
    let mut live = LiveProcessor::new(chain, backend, config)?;
    live.start()?;
    let mut progress = (0, Instant::now());
    let tape = loop {
        let tape = recorder.tape();
        let recorded = tape.as_ref().map_or(0, |tape| tape.recorded());
        if let Some(tape) = tape.filter(|tape| tape.is_complete()) {
            break tape;
        }
        match live.state() {
            State::Failed(reason) => return Err(LatencyError::Lost(reason)),
            // What it has recorded so far is worth nothing with a hole in it.
            State::Reconnecting(why) => {
                let why = why.map_or(String::new(), |why| format!("{why}; "));
                return Err(LatencyError::Lost(why + "measure again when it is back"));
            }
            State::Running | State::Stopped => {}
        }
        if recorded != progress.0 {
            progress = (recorded, Instant::now());
        } else if progress.1.elapsed() > PATIENCE {
            return Err(LatencyError::Stuck { seconds: PATIENCE.as_secs() });
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let statistics = live.statistics();
    live.stop();
    let located = locate(&tape, statistics.xruns)?;
    Ok(RoundTrip {
        measured_samples: located.delay_samples,
        spread_samples: located.spread_samples,
        reported_samples: statistics.latency_samples as f64,
        sample_rate_hz: statistics.sample_rate_hz,
        buffer_samples: statistics.buffer_samples,
        level_db: 20.0 * located.gain.abs().log10(),
        inverted: located.gain < 0.0,
        clipped: located.clipped,
        channel: located.channel,
        xruns: statistics.xruns,
    })
}

/// What a recording tells.
struct Located {
    delay_samples: f64,
    spread_samples: f64,
    gain: f64,
    clipped: bool,
    channel: usize,
}

/// Finds the bursts in the channel that has most of them.
fn locate(tape: &Tape, xruns: u64) -> Result<Located, LatencyError> {
    let to_ms = |samples: f64| samples / tape.sample_rate_hz() * 1e3;
    let search = Search::new(&tape.burst(), tape.longest_delay_samples());
    let channels: Vec<_> = (0..tape.channels()).map(|channel| tape.recording(channel)).collect();
    let heard = channels.iter().map(|recording| {
        let bursts = (0..BURSTS).map(|burst| search.find(&recording[tape.answer_to(burst)]));
        bursts.flatten().collect::<Vec<_>>()
    });
    let clarity = |found: &[Found]| found.iter().map(|f| f.clarity).sum::<f64>();
    // Of equal ones the first.
    let best = heard.enumerate().reduce(|a, b| if clarity(&b.1) > clarity(&a.1) { b } else { a });
    let Some((channel, mut found)) = best.filter(|(_, found)| !found.is_empty()) else {
        let all = channels.iter().flatten();
        let peak = all.fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
        return Err(LatencyError::Nothing { peak, longest_ms: to_ms(tape.longest_delay_samples() as f64) });
    };
    if let Some(echo) = found.iter().find_map(|f| Some((f, f.second?))) {
        let (first, (delay_samples, gain)) = echo;
        return Err(LatencyError::Ambiguous {
            first_ms: to_ms(first.delay_samples),
            second_ms: to_ms(delay_samples),
            louder_db: 20.0 * (first.gain / gain).abs().log10(),
        });
    }
    found.sort_by(|a, b| a.delay_samples.total_cmp(&b.delay_samples));
    let spread_samples = found[found.len() - 1].delay_samples - found[0].delay_samples;
    if found.len() < BURSTS || spread_samples > STEADY_SAMPLES {
        return Err(LatencyError::Unsteady { found: found.len(), spread_samples, xruns });
    }
    let Found { delay_samples, gain, .. } = found[BURSTS / 2];
    let clipped = channels[channel].iter().any(|sample| sample.abs() >= CLIPPED);
    Ok(Located { delay_samples, spread_samples, gain, clipped, channel })
}

/// A level for people to read.
fn dbfs(peak: f32) -> String {
    if peak > 0.0 { format!("{:.1} dBFS", 20.0 * peak.log10()) } else { "digital silence".into() }
}

impl From<ChainError> for LatencyError {
    fn from(error: ChainError) -> Self {
        Self::Live(error.into())
    }
}

#[cfg(test)]
mod tests;
