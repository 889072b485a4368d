//! What a device tells besides sound.

use super::meters::Meters;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What happens to a stream. Its callbacks say so here, from any thread and wait-free; who
/// watches over the stream looks here now and then.
pub struct Signals {
    meters: Arc<Meters>,
    lost: AtomicBool,
    panicked: AtomicBool,
    /// A new rate in Hz; 0 for none.
    rate_hz: AtomicU32,
    /// A new buffer in samples; 0 for none.
    buffer_samples: AtomicU32,
    /// Callbacks that played, or that are the only ones, and that heard.
    played: AtomicU64,
    heard: AtomicU64,
    text: Mutex<Option<String>>,
}

/// What has happened since it was looked at last.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Happened {
    pub lost: bool,
    pub panicked: bool,
    pub rate_hz: Option<u32>,
    pub buffer_samples: Option<u32>,
}

impl Signals {
    pub(super) fn new(meters: Arc<Meters>) -> Arc<Self> {
        Arc::new(Self {
            meters,
            lost: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            rate_hz: AtomicU32::new(0),
            buffer_samples: AtomicU32::new(0),
            played: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            text: Mutex::new(None),
        })
    }

    /// The device lost samples, or had none to play.
    pub fn xrun(&self) {
        self.meters.count_xrun();
    }

    /// The device has gone.
    pub fn lost(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// The device runs at another rate from now on.
    pub fn rate_changed(&self, sample_rate_hz: u32) {
        self.rate_hz.store(sample_rate_hz, Ordering::Release);
    }

    /// The device calls with other buffers from now on.
    pub fn buffer_changed(&self, buffer_samples: u32) {
        self.buffer_samples.store(buffer_samples, Ordering::Release);
    }

    /// What a device said of an error: where it takes memory, it is not for a callback that must be in time.
    /// It never waits: if two speak at once, one is not heard.
    pub fn say(&self, text: impl Into<String>) {
        if let Ok(mut place) = self.text.try_lock() {
            *place = Some(text.into());
        }
    }

    pub(super) fn count_played(&self) {
        self.played.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_heard(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// Callbacks that played, or that are the only ones.
    pub(super) fn played(&self) -> u64 {
        self.played.load(Ordering::Relaxed)
    }

    /// Callbacks that heard, where hearing and playing are separate.
    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    pub(super) fn panicked(&self, what: Box<dyn std::any::Any + Send>) {
        self.say(panic_text(what.as_ref()));
        self.panicked.store(true, Ordering::Release);
    }

    pub(super) fn look(&self) -> Happened {
        let changed = |place: &AtomicU32| Some(place.swap(0, Ordering::AcqRel)).filter(|&value| value > 0);
        Happened {
            lost: self.lost.swap(false, Ordering::AcqRel),
            panicked: self.panicked.swap(false, Ordering::AcqRel),
            rate_hz: changed(&self.rate_hz),
            buffer_samples: changed(&self.buffer_samples),
        }
    }

    /// What was said last.
    pub(super) fn said(&self) -> Option<String> {
        self.text.try_lock().ok().and_then(|mut place| place.take())
    }
}

/// What a panic said.
pub(super) fn panic_text(what: &(dyn std::any::Any + Send)) -> String {
    let text = what.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| what.downcast_ref::<String>().cloned()).unwrap_or_default()
}
