//! The amp's place in the rack.

use super::swap::{Mailbox, Swap};
use super::{AmpControls, Controls, Link, RackFormat};
use crate::amp::{Turn, Voice, base_latency_samples};
use shared::chain::Bypass;

/// The voice that plays, and the way past it.
#[derive(Default)]
pub(super) struct Amp {
    voices: Swap<Voice>,
    bypass: Option<Bypass>,
    latency_samples: usize,
    /// A voice came at the beginning of this block.
    came: bool,
    /// A turn of knobs that waits for the one before to end, or for its voice to come.
    turn: Option<Box<Turn>>,
    wet: Vec<Vec<f32>>,
}

impl Amp {
    /// Gets ready, and settles on the delay. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat, mailbox: &Mailbox<Voice>) {
        let narrow = format.narrow();
        self.voices.prepare(format, narrow.channels, mailbox);
        self.latency_samples = match self.voices.current() {
            Some(voice) => voice.latency_samples(),
            None => base_latency_samples(format.sample_rate_hz).unwrap_or(0),
        };
        self.voices.wait(self.latency_samples);
        self.bypass = Some(Bypass::new(narrow, self.latency_samples, true));
        self.wet = vec![vec![0.0; narrow.max_block_samples]; narrow.channels];
    }

    /// Takes over a voice and a turn of its knobs that wait. Returns whether there is news: a voice wants to be told what the player wants,
    /// and what turns wants to be played.
    pub fn take(&mut self, format: &RackFormat, link: &Link, silent: bool) -> bool {
        self.came = self.voices.take(format, &link.voices, silent);
        let turns = self.turn(&link.turns, silent);
        self.came || turns
    }

    /// Turns the voice that plays or is about to. Returns whether there was or is a turn to be made.
    fn turn(&mut self, mailbox: &Mailbox<Turn>, silent: bool) -> bool {
        if let Some(newer) = mailbox.receive() {
            mailbox.retire(self.turn.replace(newer));
        }
        let Some(turn) = &mut self.turn else { return false };
        let Some(voice) = self.voices.newest_mut().filter(|voice| voice.lineage() >= turn.lineage()) else {
            return true;
        };
        let is_its = voice.lineage() == turn.lineage();
        if is_its && !silent && voice.is_turning() {
            return true;
        }
        if is_its {
            voice.turn(turn, silent);
        }
        mailbox.retire(self.turn.take());
        true
    }

    /// What the player wants, at the beginning of a block.
    pub fn aim(&mut self, controls: &Controls, jump: bool) {
        let AmpControls { on } = controls.amp;
        if let Some(bypass) = &mut self.bypass {
            bypass.aim(on);
            if jump {
                bypass.finish();
            }
        }
        for voice in self.voices.each_mut() {
            voice.aim(controls, jump);
        }
        // Its levels are right from its first sample on: gliding there would be heard as a swell.
        if std::mem::take(&mut self.came)
            && let Some(new) = self.voices.newest_mut()
        {
            new.aim(controls, true);
        }
    }

    /// The guitar of each channel becomes what the amp gives, in place. Returns whether the model had to be muted.
    pub fn process(&mut self, signal: &mut [Vec<f32>], length: usize, mailbox: &Mailbox<Voice>) -> bool {
        let Some(bypass) = &mut self.bypass else { return false };
        bypass.keep(signal, length);
        self.voices.play(signal, &mut self.wet, length, mailbox);
        for (signal, wet) in signal.iter_mut().zip(&self.wet) {
            signal[..length].copy_from_slice(&wet[..length]);
        }
        bypass.mix(signal, length);
        // Each is asked, so that none keeps it for later.
        let mut muted = false;
        for voice in self.voices.each_mut() {
            muted |= voice.take_muted();
        }
        muted
    }

    /// Silence before.
    pub fn reset(&mut self, mailbox: &Mailbox<Voice>) {
        self.voices.reset(mailbox);
        if let Some(bypass) = &mut self.bypass {
            bypass.reset();
        }
    }

    /// The delay, as of the last [`Amp::prepare`].
    pub fn latency_samples(&self) -> usize {
        self.latency_samples
    }

    /// The voice that plays or is about to.
    pub fn newest(&self) -> Option<&Voice> {
        self.voices.newest()
    }

    /// Samples at the host's rate that sound on after the input has ended, latency not counted: what the model
    /// remembers, and the other half of the filters that the latency is the first half of.
    pub fn tail_samples(&self, format: &RackFormat) -> usize {
        self.voices.newest().map_or(0, |voice| {
            let info = voice.info();
            let seconds = info.memory_samples() as f64 / info.card.sample_rate_hz;
            (seconds * format.sample_rate_hz).ceil() as usize + voice.latency_samples()
        })
    }
}
