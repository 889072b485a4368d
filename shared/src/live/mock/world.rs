//! Where simulated time passes.

use super::device::{LoopBack, MockDevice};
use crate::live::backend::{Calls, Granted, Sound};
use crate::live::device::choose;
use crate::live::player::Io;
use crate::live::signals::Signals;
use crate::live::{DeviceInfo, Direction, LiveError, StreamConfig};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sound that a cable holds, in samples.
const CABLE_SAMPLES: usize = 1 << 16;

type Signal = Box<dyn FnMut(usize, f64) -> f32 + Send>;

/// The devices, and the stream that runs on them.
pub(super) struct World {
    devices: Vec<MockDevice>,
    refusals: VecDeque<LiveError>,
    refusals_to_run: VecDeque<LiveError>,
    lengths: Vec<usize>,
    turn: usize,
    stream: Option<Stream>,
    outside: Outside,
    now_seconds: f64,
    /// Whether streams do not end when they are told to.
    pub hanging: bool,
}

/// What the devices are connected to.
struct Outside {
    input: Signal,
    kept: Vec<VecDeque<f32>>,
    keep_samples: usize,
    cable: Option<LoopBack>,
    /// What went into the cable, around a ring, by channels.
    in_cable: Vec<Vec<f32>>,
    chance: u64,
}

/// A stream that was opened.
pub(super) struct Plan {
    pub granted: Granted,
    input: Option<Clock>,
    output: Option<Clock>,
    cable: Option<LoopBack>,
    channels_out: usize,
    signals: Arc<Signals>,
    pub reported: Arc<Reported>,
}

/// What a stream reports of either direction, in samples. Whoever asks waits for nobody, nor the audio thread for them.
pub(super) struct Reported([AtomicUsize; 2]);

impl Reported {
    pub fn latency_samples(&self) -> [usize; 2] {
        [0, 1].map(|way| self.0[way].load(Ordering::Relaxed))
    }

    fn set_buffer(&self, buffer_samples: usize) {
        // A direction that is not used reports nothing.
        for way in self.0.iter().filter(|way| way.load(Ordering::Relaxed) > 0) {
            way.store(buffer_samples, Ordering::Relaxed);
        }
    }
}

struct Stream {
    plan: Plan,
    sound: Sound,
    /// A device that has gone or changes its rate calls no more.
    silent: bool,
}

/// A device's clock, and when it calls next.
#[derive(Clone, Copy)]
struct Clock {
    device: usize,
    /// Samples a second, truly.
    rate_hz: f64,
    buffer: usize,
    samples: u64,
    began_seconds: f64,
    lateness_seconds: f64,
    /// Samples of the callbacks that came at once.
    ahead: u64,
}

impl Clock {
    /// When it calls next. Counted from the beginning, so that nothing adds up.
    fn next_seconds(&self) -> f64 {
        self.began_seconds + self.samples.saturating_sub(self.ahead) as f64 / self.rate_hz
    }
}

impl World {
    pub fn new(mut devices: Vec<MockDevice>) -> Self {
        if let Some(device) = devices.iter_mut().find(|device| device.info.max_channels_in > 0) {
            device.info.is_default_input = true;
        }
        if let Some(device) = devices.iter_mut().find(|device| device.info.max_channels_out > 0) {
            device.info.is_default_output = true;
        }
        let outside = Outside {
            input: Box::new(|_, _| 0.0),
            kept: Vec::new(),
            keep_samples: 0,
            cable: None,
            in_cable: Vec::new(),
            chance: 1,
        };
        Self {
            devices,
            refusals: VecDeque::new(),
            refusals_to_run: VecDeque::new(),
            lengths: Vec::new(),
            turn: 0,
            stream: None,
            outside,
            now_seconds: 0.0,
            hanging: false,
        }
    }

    pub fn infos(&self) -> Vec<DeviceInfo> {
        self.devices.iter().filter(|d| d.plugged_in).map(|device| device.info.clone()).collect()
    }

    /// The place of the device that a direction of the stream goes through, if it has that direction.
    fn device(&self, config: &StreamConfig, direction: Direction) -> Result<Option<usize>, LiveError> {
        let (channels, name) = match direction {
            Direction::Input => (config.channels_in, &config.input_device),
            _ => (config.channels_out, &config.output_device),
        };
        if channels == 0 {
            return Ok(None);
        }
        let there = self.infos();
        if there.is_empty() {
            return Err(LiveError::NoDevices("all mock devices are unplugged".into()));
        }
        let chosen = &there[choose(&there, name.as_deref(), direction)?];
        chosen.check_channels(direction, channels)?;
        Ok(self.devices.iter().position(|device| device.info.name == chosen.name))
    }

    /// Opens a stream.
    pub fn plan(&mut self, config: &StreamConfig, signals: Arc<Signals>) -> Result<Plan, LiveError> {
        if let Some(error) = self.refusals.pop_front() {
            return Err(error);
        }
        let input = self.device(config, Direction::Input)?;
        let output = self.device(config, Direction::Output)?;
        let Some(main) = output.or(input) else { return Err(LiveError::NoChannels) };
        if self.stream.is_some() {
            return Err(LiveError::Busy { device: self.devices[main].info.name.clone() });
        }
        let rate = |device: usize| self.devices[device].info.choose_rate(config.sample_rate_hz);
        let buffer = |device: usize| self.devices[device].buffer_samples.unwrap_or(config.buffer_samples);
        let clock = |device: usize, rate_hz: u32| Clock {
            device,
            rate_hz: f64::from(rate_hz) * self.devices[device].speed,
            buffer: buffer(device) as usize,
            samples: 0,
            began_seconds: self.now_seconds,
            lateness_seconds: self.devices[device].lateness_seconds,
            ahead: 0,
        };
        let separate = match (input, output) {
            (Some(input), Some(output)) => input != output || self.devices[input].separate,
            _ => false,
        };
        let sample_rate_hz = rate(main)?;
        let calls = match input {
            Some(device) if separate => Calls::Split {
                input_rate_hz: rate(device)?,
                input_block_samples: buffer(device) as usize,
                one_clock: Some(device) == output,
            },
            _ => Calls::Joint,
        };
        let latency = |device: Option<usize>| device.map_or(0, |device| buffer(device) as usize);
        let granted = Granted {
            sample_rate_hz,
            buffer_samples: buffer(main),
            max_block_samples: buffer(main) as usize,
            input_latency_samples: latency(input),
            output_latency_samples: latency(output),
            calls,
        };
        let input_clock = match calls {
            Calls::Split { input_rate_hz, .. } => input.map(|device| clock(device, input_rate_hz)),
            Calls::Joint => None,
        };
        let cable = input.and_then(|device| self.devices[device].loop_back);
        let at_once = u64::from(self.devices[main].at_once - 1);
        let output_clock =
            Some(Clock { ahead: at_once * u64::from(buffer(main)), ..clock(main, sample_rate_hz) });
        let channels_out = config.channels_out;
        let reported = Arc::new(Reported([latency(input), latency(output)].map(AtomicUsize::new)));
        Ok(Plan { granted, input: input_clock, output: output_clock, cable, channels_out, signals, reported })
    }

    /// Lets an opened stream run.
    pub fn run(&mut self, plan: Plan, sound: Sound) -> Result<(), LiveError> {
        if let Some(error) = self.refusals_to_run.pop_front() {
            return Err(error);
        }
        self.outside.connect(&plan);
        let gone = self.uses(&plan).any(|device| !self.devices[device].plugged_in);
        if gone {
            plan.signals.lost();
        }
        self.stream = Some(Stream { plan, sound, silent: gone });
        Ok(())
    }

    fn uses<'a>(&self, plan: &'a Plan) -> impl Iterator<Item = usize> + use<'a> {
        plan.input.iter().chain(&plan.output).map(|clock| clock.device)
    }

    /// Ends the stream.
    pub fn end(&mut self) -> Option<Sound> {
        self.stream.take().map(|stream| stream.sound)
    }

    pub fn run_blocks(&mut self, blocks: usize) -> usize {
        let mut played = 0;
        while played < blocks && self.stream.as_ref().is_some_and(|stream| !stream.silent) {
            played += usize::from(self.call_next(f64::INFINITY) == Some(Direction::Output));
        }
        played
    }

    pub fn run_seconds(&mut self, seconds: f64) {
        let until_seconds = self.now_seconds + seconds;
        while self.call_next(until_seconds).is_some() {}
        self.now_seconds = until_seconds;
    }

    /// Lets the next callback come that is due before `until_seconds`, and says which it was.
    fn call_next(&mut self, until_seconds: f64) -> Option<Direction> {
        let stream = self.stream.as_mut().filter(|stream| !stream.silent)?;
        let due = |clock: &Option<Clock>| clock.map_or(f64::INFINITY, |clock| clock.next_seconds());
        let (input_due, output_due) = (due(&stream.plan.input), due(&stream.plan.output));
        let direction = if input_due <= output_due { Direction::Input } else { Direction::Output };
        let due_seconds = input_due.min(output_due);
        // Half a nanosecond, so that a second of blocks is a second.
        if due_seconds >= until_seconds - 5e-10 {
            return None;
        }
        self.now_seconds = self.now_seconds.max(due_seconds);
        let clock = match direction {
            Direction::Input => stream.plan.input.as_mut()?,
            _ => stream.plan.output.as_mut()?,
        };
        let length = if direction == Direction::Input || self.lengths.is_empty() {
            clock.buffer
        } else {
            self.turn += 1;
            self.lengths[(self.turn - 1) % self.lengths.len()].min(clock.buffer)
        };
        let called_seconds = due_seconds + clock.lateness_seconds * self.outside.chance();
        let first = clock.samples;
        clock.samples += length as u64;
        let mut io = Side { outside: &mut self.outside, first, rate_hz: clock.rate_hz, due_seconds };
        match (&mut stream.sound, direction) {
            (Sound::Joint(player), _) | (Sound::Split { player, .. }, Direction::Output) => {
                player.play(called_seconds, length, &mut io);
            }
            (Sound::Split { capture, .. }, _) => {
                // What came in since the last time; a block is heard when it is full.
                io.due_seconds -= length as f64 / io.rate_hz;
                capture.hear(called_seconds, length, &mut io);
            }
        }
        Some(direction)
    }

    pub fn set_input(&mut self, signal: Signal) {
        self.outside.input = signal;
    }

    pub fn record(&mut self, samples: usize) {
        let channels = self.devices.iter().map(|device| device.info.max_channels_out).max().unwrap_or(0);
        self.outside.kept = vec![VecDeque::with_capacity(samples); channels];
        self.outside.keep_samples = samples;
    }

    pub fn recorded(&self) -> Vec<Vec<f32>> {
        self.outside.kept.iter().map(|channel| channel.iter().copied().collect()).collect()
    }

    /// Tells the stream what became of one of its devices.
    fn tell(&mut self, device: usize, silent: bool, tell: impl Fn(&Signals)) {
        if let Some(stream) = &mut self.stream {
            let clocks = stream.plan.input.iter().chain(&stream.plan.output);
            if clocks.map(|clock| clock.device).any(|used| used == device) {
                tell(&stream.plan.signals);
                stream.silent |= silent;
            }
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.devices.iter().position(|device| device.info.name == name)
    }

    pub fn plug(&mut self, name: &str, plugged_in: bool) {
        let Some(device) = self.place(name) else { return };
        self.devices[device].plugged_in = plugged_in;
        if !plugged_in {
            self.tell(device, true, |signals| {
                signals.say(format!("\"{name}\" was pulled out"));
                signals.lost();
            });
        }
    }

    pub fn stall(&mut self, name: &str) {
        if let Some(device) = self.place(name) {
            self.tell(device, true, |_| {});
        }
    }

    pub fn set_rate(&mut self, name: &str, sample_rate_hz: u32) {
        let Some(device) = self.place(name) else { return };
        self.devices[device].info.default_sample_rate_hz = sample_rate_hz;
        self.devices[device].info.sample_rates_hz = vec![sample_rate_hz];
        self.tell(device, true, |signals| signals.rate_changed(sample_rate_hz));
    }

    pub fn set_buffer(&mut self, name: &str, buffer_samples: u32) {
        let Some(device) = self.place(name) else { return };
        let buffer_samples = buffer_samples.max(1);
        self.devices[device].buffer_samples = Some(buffer_samples);
        if let Some(stream) = &mut self.stream {
            let clocks = stream.plan.input.iter_mut().chain(&mut stream.plan.output);
            clocks.filter(|clock| clock.device == device).for_each(|c| c.buffer = buffer_samples as usize);
            stream.plan.reported.set_buffer(buffer_samples as usize);
            self.outside.no_quicker_than(stream.plan.reported.latency_samples());
        }
        self.tell(device, false, |signals| signals.buffer_changed(buffer_samples));
    }

    pub fn set_lengths(&mut self, lengths: &[usize]) {
        self.lengths = lengths.iter().copied().filter(|&length| length > 0).collect();
        self.turn = 0;
    }

    pub fn overrun(&mut self, samples: usize) {
        self.gap(Direction::Input, samples);
    }

    pub fn underrun(&mut self, samples: usize) {
        self.gap(Direction::Output, samples);
    }

    /// A device goes on without a callback.
    fn gap(&mut self, direction: Direction, samples: usize) {
        let Some(stream) = &mut self.stream else { return };
        let plan = &mut stream.plan;
        let clock = match direction {
            Direction::Input if plan.input.is_some() => plan.input.as_mut(),
            _ => plan.output.as_mut(),
        };
        if let Some(clock) = clock {
            clock.samples += samples as u64;
            plan.signals.xrun();
        }
    }

    pub fn refuse(&mut self, error: LiveError) {
        self.refusals.push_back(error);
    }

    pub fn refuse_to_run(&mut self, error: LiveError) {
        self.refusals_to_run.push_back(error);
    }
}

impl Outside {
    fn connect(&mut self, plan: &Plan) {
        self.cable = plan.cable;
        self.no_quicker_than(plan.reported.latency_samples());
        let channels = if plan.cable.is_some() { plan.channels_out } else { 0 };
        self.in_cable = vec![vec![0.0; CABLE_SAMPLES]; channels];
    }

    fn no_quicker_than(&mut self, [input_samples, output_samples]: [usize; 2]) {
        if let Some(cable) = &mut self.cable {
            cable.samples = cable.samples.max(input_samples + output_samples);
        }
    }

    /// A number from 0 to 1, the same ones each time (xorshift64).
    fn chance(&mut self) -> f64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One callback's side of the outside.
struct Side<'a> {
    outside: &'a mut Outside,
    /// Its first sample, counted by the device.
    first: u64,
    rate_hz: f64,
    due_seconds: f64,
}

impl Io for Side<'_> {
    fn read(&mut self, channel: usize, from: usize, to: &mut [f32]) {
        let first = self.first + from as u64;
        if let Some(LoopBack { samples, gain }) = self.outside.cable {
            let Some(cable) = self.outside.in_cable.get(channel) else { return to.fill(0.0) };
            for (i, sample) in (first..).zip(to) {
                let sent = i.checked_sub(samples as u64).map(|i| cable[i as usize % CABLE_SAMPLES]);
                *sample = gain * sent.unwrap_or(0.0);
            }
            return;
        }
        for (i, sample) in to.iter_mut().enumerate() {
            *sample = (self.outside.input)(channel, self.due_seconds + (from + i) as f64 / self.rate_hz);
        }
    }

    fn write(&mut self, channel: usize, from: usize, samples: &[f32]) {
        if let Some(cable) = self.outside.in_cable.get_mut(channel) {
            for (i, sample) in (self.first + from as u64..).zip(samples) {
                cable[i as usize % CABLE_SAMPLES] = *sample;
            }
        }
        let keep = self.outside.keep_samples;
        if let Some(kept) = self.outside.kept.get_mut(channel) {
            for sample in samples {
                if kept.len() >= keep {
                    kept.pop_front();
                }
                if keep > 0 {
                    kept.push_back(*sample);
                }
            }
        }
    }
}
