//! Who watches over a stream.

use super::backend::{Calls, Granted, RunningStream, Sound};
use super::feed::Join;
use super::meters::Meters;
use super::player::{Home, Lease, Player, Shape};
use super::signals::{Happened, Signals, panic_text};
use super::silence::Silence;
use super::{Backend, LiveError, State, StreamConfig};
use crate::chain::{Chain, StreamFormat};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::park_timeout;
use std::time::{Duration, Instant};

/// How often a stream is looked after. The audio thread wakes nobody: that would be a call of the system's.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How long a device that has gone is left alone before it is tried again, at first and at last.
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LAST_WAIT: Duration = Duration::from_secs(1);

/// How often a stream is asked for its latencies.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// How long a device may take to let go of the chain when it is closed.
const HOMECOMING: Duration = Duration::from_secs(5);

/// What goes from start to start.
pub(super) struct Parts {
    /// None while it is lent.
    chain: Option<Chain>,
    /// Where it comes home to from the last stream.
    home: Option<Home>,
    pub backend: Box<dyn Backend>,
}

impl Parts {
    pub fn new(chain: Chain, backend: Box<dyn Backend>) -> Self {
        Self { chain: Some(chain), home: None, backend }
    }

    /// The chain, if no device holds it.
    pub fn chain(&mut self) -> Option<&mut Chain> {
        if self.chain.is_none() {
            self.chain = self.home.as_mut().and_then(Home::look);
        }
        self.chain.as_mut()
    }

    pub fn into_chain(mut self) -> Option<Chain> {
        self.chain()?;
        self.chain
    }
}

/// What the watch and its owner share.
pub(super) struct Shared {
    state: Mutex<State>,
    stop: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        Self { state: Mutex::new(State::Stopped), stop: AtomicBool::new(false) }
    }
}

impl Shared {
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    fn shall_stop(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// Opens, watches and closes streams, on a thread of its own.
pub(super) struct Supervisor {
    parts: Parts,
    config: StreamConfig,
    shared: Arc<Shared>,
    meters: Arc<Meters>,
}

/// A stream that runs.
struct Stream {
    running: Box<dyn RunningStream>,
    signals: Arc<Signals>,
    joint: bool,
    chain_latency_samples: usize,
    /// How long it may be silent; none if it keeps no time.
    silence: Option<Silence>,
}

/// Why a stream ended.
enum End {
    Stop,
    /// With what is known of why.
    Lost(Option<String>),
    Changed,
    Failed(LiveError),
}

impl Supervisor {
    pub fn new(parts: Parts, config: StreamConfig, shared: Arc<Shared>, meters: Arc<Meters>) -> Self {
        Self { parts, config, shared, meters }
    }

    /// Plays until it shall stop or cannot go on. `tell` hears how it began. Whatever panics, the parts come back.
    pub fn run(mut self, tell: &Sender<Result<(), LiveError>>) -> Parts {
        let played = catch_unwind(AssertUnwindSafe(|| self.play(tell)));
        let played = played.unwrap_or_else(|what| {
            let text = panic_text(what.as_ref());
            drop(tell.send(Err(LiveError::Panicked(text.clone()))));
            Err(LiveError::Panicked(text))
        });
        if let Err(why) = played {
            self.shared.set(State::Failed(why.to_string()));
        }
        self.parts
    }

    fn play(&mut self, tell: &Sender<Result<(), LiveError>>) -> Result<(), LiveError> {
        let mut stream = match self.open(&self.config.clone()) {
            Ok(stream) => stream,
            Err(e) => {
                drop(tell.send(Err(e)));
                return Ok(());
            }
        };
        self.shared.set(State::Running);
        drop(tell.send(Ok(())));
        loop {
            let end = self.watch(&mut stream);
            let (lost, why) = match end {
                End::Stop => return self.close(stream),
                End::Failed(e) => {
                    self.close(stream)?;
                    return Err(e);
                }
                End::Lost(why) => (true, why),
                End::Changed => (false, None),
            };
            self.shared.set(State::Reconnecting(why.clone()));
            self.close(stream)?;
            stream = match self.reopen(lost, why)? {
                Some(stream) => stream,
                None => return Ok(()),
            };
            if lost {
                self.meters.count_restart();
            }
            self.shared.set(State::Running);
        }
    }

    /// Looks after a stream until it ends.
    fn watch(&self, stream: &mut Stream) -> End {
        let mut asked = Instant::now();
        loop {
            if self.shared.shall_stop() {
                return End::Stop;
            }
            let Happened { lost, panicked, rate_hz, buffer_samples } = stream.signals.look();
            if rate_hz.is_some() || buffer_samples.is_some() {
                self.meters.count_change();
            }
            if panicked {
                return End::Failed(LiveError::Panicked(stream.signals.said().unwrap_or_default()));
            }
            if lost {
                return End::Lost(stream.signals.said());
            }
            let (heard, played) = (stream.signals.heard(), stream.signals.played());
            if let Some(seconds) = stream.silence.as_mut().and_then(|silence| silence.look(heard, played)) {
                let said = stream.signals.said().map_or(String::new(), |said| format!(": {said}"));
                return End::Lost(Some(format!("the device was silent for {seconds:.0} s{said}")));
            }
            if rate_hz.is_some() {
                return End::Changed;
            }
            match buffer_samples {
                // Blocks of any size are cut; what waits between two callbacks depends on theirs.
                Some(samples) if stream.joint => {
                    self.meters.set_buffer(samples);
                    self.ask_latency(stream);
                }
                Some(_) => return End::Changed,
                None => {}
            }
            // A system may tell of its latencies later than of its buffer.
            if asked.elapsed() > ASK_EVERY {
                asked = Instant::now();
                self.ask_latency(stream);
            }
            park_timeout(LOOK_EVERY);
        }
    }

    fn ask_latency(&self, stream: &Stream) {
        // Separate callbacks are joined anew for other buffers, and what is between them is not the device's.
        if let Some(device) = stream.running.latency_samples().filter(|_| stream.joint) {
            self.meters.set_latency(device.iter().sum::<usize>() + stream.chain_latency_samples);
        }
    }

    /// Ends a stream and waits for the chain. A device that hangs may never end: a thread of its own waits for that.
    fn close(&mut self, stream: Stream) -> Result<(), LiveError> {
        let running = stream.running;
        let closing = std::thread::Builder::new().name("tonewright closing".into());
        let (ended, ending) = channel();
        // Without a thread it is dropped here.
        drop(closing.spawn(move || {
            drop(running);
            let _ = ended.send(());
        }));
        let deadline = Instant::now() + HOMECOMING;
        let _ = ending.recv_timeout(HOMECOMING);
        self.come_home(deadline)
    }

    /// Waits until a device that was closed has let go of the chain.
    fn come_home(&mut self, deadline: Instant) -> Result<(), LiveError> {
        while self.parts.chain().is_none() {
            if Instant::now() > deadline {
                return Err(LiveError::ChainHeld);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Tries to open again until it works, or it shall stop: then there is none. `why` is what was lost for.
    fn reopen(&mut self, lost: bool, why: Option<String>) -> Result<Option<Stream>, LiveError> {
        let mut wait = FIRST_WAIT;
        if lost {
            // One that comes and goes shall not keep the machine busy.
            self.pause(wait);
        }
        loop {
            if self.shared.shall_stop() {
                return Ok(None);
            }
            let mut opened = self.open(&self.config.clone());
            if matches!(opened, Err(LiveError::RateNotSupported { .. })) {
                // The device has come back at a rate of its own; that is better than none.
                opened = self.open(&StreamConfig { sample_rate_hz: None, ..self.config.clone() });
            }
            match opened {
                Ok(stream) => return Ok(Some(stream)),
                Err(e @ (LiveError::Chain(_) | LiveError::Panicked(_) | LiveError::ChainHeld)) => {
                    return Err(e);
                }
                // The device is not there yet, or others are quicker.
                Err(e) => {
                    let why = why.as_ref().map_or(e.to_string(), |why| format!("{why}; {e}"));
                    self.shared.set(State::Reconnecting(Some(why)));
                }
            }
            self.pause(wait);
            wait = (2 * wait).min(LAST_WAIT);
        }
    }

    /// Waits, unless it shall stop.
    fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        while !self.shared.shall_stop() && Instant::now() < until {
            park_timeout(until.saturating_duration_since(Instant::now()));
        }
    }

    /// Opens a stream and lends it the chain. If that fails the chain is back.
    fn open(&mut self, config: &StreamConfig) -> Result<Stream, LiveError> {
        let signals = Signals::new(self.meters.clone());
        let opened = self.parts.backend.open(config, signals.clone())?;
        let granted = opened.granted();
        let shape = Shape::new(config);
        let format = shape.format(granted.sample_rate_hz, granted.max_block_samples);
        let Some(chain) = self.parts.chain() else { return Err(LiveError::ChainHeld) };
        prepare(chain, format)?;
        let chain_latency_samples = chain.latency_samples();
        let (ends, device_latency) = self.join(config, &granted, &signals)?;
        self.meters.set_stream(
            granted.sample_rate_hz,
            granted.buffer_samples,
            device_latency + chain_latency_samples,
        );
        let (capture, feed) = ends.unzip();
        let channels = shape.channels(format.max_block_samples);
        // Lent last, so that it is not lost to anything above.
        let Some(chain) = self.parts.chain.take() else { return Err(LiveError::ChainHeld) };
        let player = Player::new(chain, channels, shape, format, feed, self.meters.clone(), signals.clone());
        let (lease, home) = Lease::new(player);
        self.parts.home = Some(home);
        let joint = capture.is_none();
        let sound = match capture {
            None => Sound::Joint(lease),
            Some(capture) => Sound::Split { capture, player: lease },
        };
        let silence = Silence::of(&granted);
        match opened.run(sound) {
            Ok(running) => {
                let silence = Some(silence).filter(|_| running.keeps_time());
                Ok(Stream { running, signals, joint, chain_latency_samples, silence })
            }
            Err(e) => {
                self.come_home(Instant::now() + HOMECOMING)?;
                Err(e)
            }
        }
    }

    /// What stands between separate callbacks, and how long sound takes outside of the chain.
    fn join(
        &self,
        config: &StreamConfig,
        granted: &Granted,
        signals: &Arc<Signals>,
    ) -> Result<(Option<(super::capture::Capture, super::feed::Feed)>, usize), LiveError> {
        let Calls::Split { input_rate_hz, input_block_samples, one_clock } = granted.calls else {
            return Ok((None, granted.input_latency_samples + granted.output_latency_samples));
        };
        let join = Join {
            channels: config.channels_in,
            input_rate_hz,
            output_rate_hz: granted.sample_rate_hz,
            input_block: input_block_samples,
            output_block: granted.max_block_samples,
            one_clock,
            latency: config.latency,
        };
        let (capture, feed, delay) = join.connect(&self.meters, signals)?;
        // The block of the input is part of what waits.
        let before = granted.input_latency_samples.saturating_sub(input_block_samples);
        Ok((Some((capture, feed)), before + delay + granted.output_latency_samples))
    }
}

/// A processor's fault shall not take the chain down, nor the thread.
fn prepare(chain: &mut Chain, format: StreamFormat) -> Result<(), LiveError> {
    match catch_unwind(AssertUnwindSafe(|| chain.prepare(format))) {
        Ok(prepared) => prepared.map_err(LiveError::Chain),
        Err(what) => Err(LiveError::Panicked(panic_text(what.as_ref()))),
    }
}
