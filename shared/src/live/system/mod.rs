//! What the system has: ALSA, CoreAudio or WASAPI, by cpal.

mod alsa;
mod calls;
mod find;
mod priority;

use super::backend::{Backend, Calls, Granted, OpenStream, RunningStream, Sound};
use super::signals::Signals;
use super::{DeviceInfo, Direction, LiveError, StreamConfig, UsualDevice};
use alsa::Quiet;
use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, Stream, SupportedStreamConfigRange};
use find::Found;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a device may take to open.
const OPENING: Duration = Duration::from_secs(2);

/// Buffers that a device plays after the one that is being filled: ALSA is given two in all, others have one.
const BUFFERS_OUT: usize = if cfg!(target_os = "linux") { 2 } else { 1 };

/// Formats that we convert, the best first.
const FORMATS: [SampleFormat; 12] = [
    SampleFormat::F32,
    SampleFormat::I32,
    SampleFormat::I24,
    SampleFormat::F64,
    SampleFormat::I16,
    SampleFormat::I64,
    SampleFormat::U32,
    SampleFormat::U24,
    SampleFormat::U16,
    SampleFormat::U64,
    SampleFormat::I8,
    SampleFormat::U8,
];

/// The system's devices. Input and output are streams of their own.
pub(super) struct System(());

impl System {
    pub fn new() -> Self {
        Self(())
    }
}

/// What hears where nobody says what.
pub(super) fn usual_input() -> Result<UsualDevice, LiveError> {
    let _quiet = Quiet::new();
    find::usual_input()
}

/// What plays where nobody says what.
pub(super) fn usual_output() -> Result<UsualDevice, LiveError> {
    let _quiet = Quiet::new();
    find::usual_output()
}

impl Backend for System {
    fn name(&self) -> &'static str {
        match () {
            () if cfg!(target_os = "linux") => "ALSA",
            () if cfg!(target_os = "macos") => "CoreAudio",
            () if cfg!(windows) => "WASAPI",
            () => "system",
        }
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, LiveError> {
        let _quiet = Quiet::new();
        Ok(find::all()?.into_iter().map(|found| found.info).collect())
    }

    fn open(
        &mut self,
        config: &StreamConfig,
        signals: Arc<Signals>,
    ) -> Result<Box<dyn OpenStream>, LiveError> {
        let _quiet = Quiet::new();
        let find = |direction, channels, name: &Option<String>| match channels {
            0 => Ok(None),
            _ => find::one(name.as_deref(), direction).map(Some),
        };
        let output = find(Direction::Output, config.channels_out, &config.output_device)?;
        let input = find(Direction::Input, config.channels_in, &config.input_device)?;
        let same = matches!((&input, &output), (Some(i), Some(o)) if i.info.name == o.info.name);
        let one_clock = same && output.as_ref().is_some_and(|output| find::has_one_clock(&output.info.name));
        let began = Instant::now();
        let duplex = input.is_some() && output.is_some();
        let (mut rate_hz, mut heard, mut played) = (config.sample_rate_hz, None, None);
        if let Some(output) = output {
            let wish = Wish { config, rate_hz, direction: Direction::Output, channels: config.channels_out };
            let opened =
                wish.open(&output, |attempt| calls::play(&output.device, attempt, signals.clone(), began))?;
            // Where there is a choice both run at one rate.
            rate_hz = rate_hz.or(Some(opened.rate_hz).filter(|_| input.is_some()));
            played = Some(opened);
        }
        if let Some(input) = input {
            let open = |rate_hz| {
                let wish =
                    Wish { config, rate_hz, direction: Direction::Input, channels: config.channels_in };
                wish.open(&input, |attempt| {
                    let signals = signals.clone();
                    match duplex {
                        true => calls::hear(&input.device, attempt, signals, began),
                        false => calls::hear_alone(&input.device, attempt, signals, began),
                    }
                })
            };
            heard = Some(match open(rate_hz) {
                // One that nobody asked for: the input may have its own, and is resampled.
                Err(LiveError::RateNotSupported { .. }) if config.sample_rate_hz.is_none() => open(None)?,
                opened => opened?,
            });
        }
        Ok(Box::new(Opened { heard, played, one_clock }))
    }
}

/// What one direction shall be.
struct Wish<'a> {
    config: &'a StreamConfig,
    rate_hz: Option<u32>,
    direction: Direction,
    channels: usize,
}

/// What a device is asked for.
#[derive(Clone, Copy)]
struct Attempt {
    config: cpal::StreamConfig,
    format: SampleFormat,
}

/// One direction that was opened.
struct Half {
    device: String,
    stream: Stream,
    hand: calls::Hand,
    rate_hz: u32,
    buffer_samples: usize,
}

impl Wish<'_> {
    fn open(
        &self,
        found: &Found,
        build: impl Fn(Attempt) -> Result<(Stream, calls::Hand), cpal::Error>,
    ) -> Result<Half, LiveError> {
        let device = &found.info.name;
        let ranges = match self.direction {
            Direction::Input => found.device.supported_input_configs().map(Vec::from_iter),
            _ => found.device.supported_output_configs().map(Vec::from_iter),
        };
        let ranges = ranges.map_err(|e| find::said(&found.info, self.direction, &e))?;
        found.info.check_channels(self.direction, self.channels)?;
        let fits = |range: &SupportedStreamConfigRange| {
            usize::from(range.channels()) >= self.channels && FORMATS.contains(&range.sample_format())
        };
        let ranges: Vec<_> = ranges.into_iter().filter(fits).collect();
        let usual_hz = [found.info.default_sample_rate_hz, found.usual_hz(self.direction)];
        let no_rate = || LiveError::RateNotSupported {
            device: device.clone(),
            sample_rate_hz: self.rate_hz.unwrap_or(found.info.default_sample_rate_hz),
            supported_hz: find::rates(&ranges),
        };
        let rate_hz = find::choose_rate(&ranges, self.rate_hz, usual_hz).ok_or_else(no_rate)?;
        let rank = |range: &&SupportedStreamConfigRange| {
            let format = FORMATS.iter().position(|&format| format == range.sample_format());
            (range.channels(), format)
        };
        let range = ranges.iter().filter(|range| range.contains_rate(rate_hz));
        let range = range.min_by_key(rank).ok_or_else(no_rate)?;
        let samples = self.config.buffer_samples;
        let nearest = match *range.buffer_size() {
            cpal::SupportedBufferSize::Range { min, max } if min <= max => samples.clamp(min, max),
            _ => samples,
        };
        let attempt = |buffer_size| Attempt {
            config: cpal::StreamConfig { channels: range.channels(), sample_rate: rate_hz, buffer_size },
            format: range.sample_format(),
        };
        // A range is no promise; the device's own buffer is better than none.
        let built = match build(attempt(BufferSize::Fixed(nearest))) {
            Err(e) if matches!(e.kind(), ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput) => {
                let own = build(attempt(BufferSize::Default));
                own.map_err(|own| match own.kind() {
                    ErrorKind::UnsupportedConfig => {
                        let why = e.to_string();
                        LiveError::BufferNotSupported { device: device.clone(), samples, why }
                    }
                    _ => find::said(&found.info, self.direction, &own),
                })
            }
            built => built.map_err(|e| find::said(&found.info, self.direction, &e)),
        };
        let (stream, hand) = built?;
        let buffer_samples = stream.buffer_size().unwrap_or(nearest) as usize;
        let buffer_samples = buffer_samples.clamp(1, 1 << 16);
        Ok(Half { device: device.clone(), stream, hand, rate_hz, buffer_samples })
    }
}

struct Opened {
    heard: Option<Half>,
    played: Option<Half>,
    one_clock: bool,
}

impl OpenStream for Opened {
    fn granted(&self) -> Granted {
        let block = |half: &Option<Half>| half.as_ref().map_or(0, |half| half.buffer_samples);
        let (input_block_samples, output_block_samples) = (block(&self.heard), block(&self.played));
        let main = self.played.as_ref().or(self.heard.as_ref());
        let calls = match (&self.heard, &self.played) {
            (Some(heard), Some(_)) => {
                Calls::Split { input_rate_hz: heard.rate_hz, input_block_samples, one_clock: self.one_clock }
            }
            _ => Calls::Joint,
        };
        let max_block_samples = main.map_or(1, |half| half.buffer_samples);
        Granted {
            sample_rate_hz: main.map_or(0, |half| half.rate_hz),
            buffer_samples: max_block_samples as u32,
            max_block_samples,
            input_latency_samples: input_block_samples,
            output_latency_samples: BUFFERS_OUT * output_block_samples,
            calls,
        }
    }

    fn run(self: Box<Self>, sound: Sound) -> Result<Box<dyn RunningStream>, LiveError> {
        let _quiet = Quiet::new();
        let Self { heard, played, .. } = *self;
        let (capture, mut lease) = match sound {
            Sound::Joint(lease) => (None, Some(lease)),
            Sound::Split { capture, player } => (Some(capture), Some(player)),
        };
        let mut capture = capture;
        let mut streams = Vec::new();
        for mut half in played.into_iter().chain(heard) {
            half.hand.give(&mut capture, &mut lease);
            let refused =
                |e: cpal::Error| LiveError::Device { device: half.device.clone(), why: e.to_string() };
            half.stream.play().map_err(refused)?;
            streams.push(half.stream);
        }
        Ok(Box::new(Running { _streams: streams }))
    }
}

struct Running {
    /// They end when they are dropped.
    _streams: Vec<Stream>,
}

impl RunningStream for Running {}
