//! What hears, where hearing and playing are separate callbacks.

use super::meters::Meters;
use super::player::Io;
use super::signals::Signals;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Samples of a channel that are handed over at once.
const PIECE: usize = 128;

/// Hears a stream's input and hands it to the callback that plays, through a ring without locks.
pub struct Capture {
    ring: rtrb::Producer<f32>,
    marks: rtrb::Producer<Mark>,
    channels: usize,
    /// Samples of a channel that the device has given.
    heard: u64,
    /// Those of them for which there was no room.
    lost: Arc<AtomicU64>,
    meters: Arc<Meters>,
    signals: Arc<Signals>,
    interleaved: Vec<f32>,
    channel: Vec<f32>,
}

/// When how much had been heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub time_seconds: f64,
    pub heard: f64,
}

impl Capture {
    pub(super) fn new(
        ring: rtrb::Producer<f32>,
        marks: rtrb::Producer<Mark>,
        channels: usize,
        lost: Arc<AtomicU64>,
        meters: Arc<Meters>,
        signals: Arc<Signals>,
    ) -> Self {
        let interleaved = vec![0.0; PIECE * channels];
        Self {
            ring,
            marks,
            channels,
            heard: 0,
            lost,
            meters,
            signals,
            interleaved,
            channel: vec![0.0; PIECE],
        }
    }

    /// Takes a callback of `samples` samples. `time_seconds` is when it was called, by the clock that
    /// [`Lease::play`](super::Lease::play) is told. Allocates, locks and waits for nothing, and never panics.
    pub fn hear(&mut self, time_seconds: f64, samples: usize, io: &mut dyn Io) {
        self.signals.count_heard();
        let heard = catch_unwind(AssertUnwindSafe(|| self.hear_all(time_seconds, samples, io)));
        if let Err(what) = heard {
            self.signals.panicked(what);
        }
    }

    fn hear_all(&mut self, time_seconds: f64, samples: usize, io: &mut dyn Io) {
        let room = (self.ring.slots() / self.channels).min(samples);
        let mut from = 0;
        while from < room {
            let length = PIECE.min(room - from);
            for channel in 0..self.channels {
                io.read(channel, from, &mut self.channel[..length]);
                let places = self.interleaved[channel..].iter_mut().step_by(self.channels);
                places.zip(&self.channel[..length]).for_each(|(place, sample)| *place = *sample);
            }
            // There was room, and nobody else fills it.
            let _ = self.ring.push_entire_slice(&self.interleaved[..length * self.channels]);
            from += length;
        }
        if room < samples {
            self.lost.fetch_add((samples - room) as u64, Ordering::Relaxed);
            self.meters.count_overrun(samples - room);
        }
        self.heard += samples as u64;
        // Where nobody listens there is no room, and the next mark will tell as much.
        let _ = self.marks.push(Mark { time_seconds, heard: self.heard as f64 });
    }
}
