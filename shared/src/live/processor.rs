//! A chain that plays.

use super::meters::Meters;
use super::supervisor::{Parts, Shared, Supervisor};
use super::{Backend, LiveError, Statistics, StreamConfig};
use crate::chain::{Chain, ChainError, Controls, Value};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long is waited for the devices to close. One that hangs may hang for ever.
const LONGEST_STOP: Duration = Duration::from_secs(15);

/// What a stream is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Nothing.
    Stopped,
    /// Playing.
    Running,
    /// The device is gone; it is looked for again and again. What it or the last attempt said, if anything.
    Reconnecting(Option<String>),
    /// It cannot go on, for this reason. What was set is kept: it can be started again.
    Failed(String),
}

/// Plays a chain live. Dropping it stops it.
///
/// While it plays a thread of its own watches over the stream: when the device is pulled out it looks for it
/// again, less and less often, up to once a second; when it runs at another rate the chain is prepared anew.
pub struct LiveProcessor {
    parts: Option<Parts>,
    watching: Option<Watching>,
    shared: Arc<Shared>,
    meters: Arc<Meters>,
    config: StreamConfig,
    controls: Controls,
}

/// The thread that watches.
struct Watching {
    thread: JoinHandle<()>,
    /// Brings the parts when it ends.
    done: Receiver<Parts>,
}

impl LiveProcessor {
    /// A chain that will play through `backend`.
    ///
    /// # Errors
    /// The configuration makes no sense, see [`StreamConfig::validate`].
    pub fn new(chain: Chain, backend: Box<dyn Backend>, config: StreamConfig) -> Result<Self, LiveError> {
        config.validate()?;
        let controls = chain.controls();
        Ok(Self {
            parts: Some(Parts::new(chain, backend)),
            watching: None,
            shared: Arc::default(),
            meters: Arc::default(),
            config,
            controls,
        })
    }

    /// Opens the devices and plays. Returns when they run. After a failure it can be tried again.
    ///
    /// # Errors
    /// There is no such device, it cannot do what is asked for, the chain refuses it, or it plays already.
    pub fn start(&mut self) -> Result<(), LiveError> {
        match self.state() {
            State::Running | State::Reconnecting(_) => return Err(LiveError::AlreadyRunning),
            State::Stopped | State::Failed(_) => self.stop(),
        }
        let Some(parts) = self.parts.take() else { return Err(LiveError::ChainHeld) };
        self.meters = Arc::default();
        self.shared = Arc::default();
        let (tell, told) = mpsc::channel();
        let (hand, handed) = mpsc::channel::<Parts>();
        let (finish, done) = mpsc::channel();
        let (shared, meters, config) = (self.shared.clone(), self.meters.clone(), self.config.clone());
        let thread = std::thread::Builder::new().name("tonewright live".into()).spawn(move || {
            // The parts come after the thread, so that they are not lost where there can be none.
            if let Ok(parts) = handed.recv() {
                drop(finish.send(Supervisor::new(parts, config, shared, meters).run(&tell)));
            }
        });
        match thread {
            Ok(thread) => {
                drop(hand.send(parts));
                self.watching = Some(Watching { thread, done });
            }
            Err(e) => {
                self.parts = Some(parts);
                return Err(e.into());
            }
        }
        let started = told.recv().unwrap_or(Err(LiveError::ChainHeld));
        if started.is_err() {
            self.stop();
        }
        started
    }

    /// Stops and closes the devices. The chain and all that was set stay. A device that hangs is waited for
    /// for some seconds; one that keeps the chain is told by the next start.
    pub fn stop(&mut self) {
        self.shared.ask_to_stop();
        if let Some(Watching { thread, done }) = self.watching.take() {
            thread.thread().unpark();
            self.parts = done.recv_timeout(LONGEST_STOP).ok();
            if self.parts.is_some() {
                // It has done all, and does not panic any more.
                drop(thread.join());
            }
        }
        self.shared.set(State::Stopped);
    }

    /// What it is doing.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// What was counted since the start, also after the end.
    pub fn statistics(&self) -> Statistics {
        self.meters.read()
    }

    /// What changes the chain's parameters and bypasses it.
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Sets a parameter, as [`Controls::set`].
    ///
    /// # Errors
    /// There is no such parameter, or the value is none of its values.
    pub fn set<'a>(&self, path: &str, value: impl Into<Value<'a>>) -> Result<(), ChainError> {
        self.controls.set(path, value)
    }

    /// What the stream shall be.
    pub fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// Stops, and gives the chain back. None where a device has not let go of it.
    pub fn into_chain(mut self) -> Option<Chain> {
        self.stop();
        self.parts.take()?.into_chain()
    }
}

impl Drop for LiveProcessor {
    fn drop(&mut self) {
        self.stop();
    }
}
