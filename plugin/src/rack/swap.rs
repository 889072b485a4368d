//! What plays and what replaces it, without a click and without memory asked for on the audio thread.

use crossbeam::queue::ArrayQueue;
use shared::dsp::delay::Delay;
use shared::dsp::ramp::Ramp;

/// How long a new one takes to replace the old one, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// Old ones that may wait to be freed. The loader takes them away every few milliseconds.
const RETIRED: usize = 8;

/// The queues between the loader and the audio thread, both free of locks.
pub struct Mailbox<T> {
    /// The newest; the loader replaces one that was not taken.
    arrived: ArrayQueue<Box<T>>,
    /// To be freed by the loader.
    retired: ArrayQueue<Box<T>>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { arrived: ArrayQueue::new(1), retired: ArrayQueue::new(RETIRED) }
    }
}

impl<T> Mailbox<T> {
    /// Leaves one for the audio thread; one that was not taken in time is freed here.
    pub fn send(&self, new: Box<T>) {
        drop(self.arrived.force_push(new));
    }

    /// Whether nothing waits for the audio thread.
    pub(crate) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }

    /// Frees what the audio thread gave back. Not for the audio thread.
    pub fn sweep(&self) {
        while let Some(old) = self.retired.pop() {
            drop(old);
        }
    }

    /// The one that waits, as long as there is room for it and another one to go back.
    pub(super) fn receive(&self) -> Option<Box<T>> {
        let room = self.retired.capacity() - self.retired.len();
        if room >= 2 { self.arrived.pop() } else { None }
    }

    /// Gives one back, to be freed by the loader.
    pub(super) fn retire(&self, old: Option<Box<T>>) {
        if let Some(old) = old
            && let Err(old) = self.retired.push(old)
        {
            // There is room whenever one is taken. Should that ever fail, memory is lost rather
            // than freed on the audio thread.
            std::mem::forget(old);
        }
    }
}

/// What is made by the loader and played by the audio thread.
pub trait Playable {
    /// Whether it can play in the rack's format.
    fn fits(&self, format: &super::RackFormat) -> bool;

    /// Plays the first `length` samples of each channel.
    fn play(&mut self, input: &[Vec<f32>], output: &mut [Vec<f32>], length: usize);

    /// Silence before.
    fn reset(&mut self);
}

/// One that plays, and one that replaces it.
pub(super) struct Swap<T> {
    current: Option<Box<T>>,
    next: Option<Box<T>>,
    fade: Ramp,
    other: Vec<Vec<f32>>,
    shares: Vec<f32>,
    /// What passes through while there is nobody to play is as late as what plays.
    waits: Vec<Delay>,
}

impl<T> Default for Swap<T> {
    fn default() -> Self {
        let (other, shares, waits) = (Vec::new(), Vec::new(), Vec::new());
        Self { current: None, next: None, fade: Ramp::new(0.0, 1), other, shares, waits }
    }
}

impl<T: Playable> Swap<T> {
    /// Gets ready, and takes over what waits if it fits. Not for the audio thread.
    pub fn prepare(&mut self, format: &super::RackFormat, channels: usize, mailbox: &Mailbox<T>) {
        let all = [mailbox.arrived.pop(), self.next.take(), self.current.take()];
        self.current = all.into_iter().flatten().find(|one| one.fits(format));
        self.fade = Ramp::new(0.0, (FADE_SECONDS * format.sample_rate_hz) as usize);
        self.other = vec![vec![0.0; format.max_block_samples]; channels];
        self.shares = vec![0.0; format.max_block_samples];
        self.wait(0);
    }

    /// How late those that play are, in samples: so is what passes through while there are none. Not for the audio thread.
    pub fn wait(&mut self, samples: usize) {
        self.waits = vec![Delay::new(samples); self.other.len()];
    }

    /// Takes over what waits, at the beginning of a block: at once if nothing was heard yet. Returns whether one came.
    pub fn take(&mut self, format: &super::RackFormat, mailbox: &Mailbox<T>, silent: bool) -> bool {
        // One is retired for each that is taken, so there must be room for it.
        if self.next.is_some() || mailbox.retired.is_full() {
            return false;
        }
        let Some(new) = mailbox.arrived.pop() else { return false };
        if !new.fits(format) {
            mailbox.retire(Some(new));
            return false;
        }
        if silent {
            mailbox.retire(self.current.replace(new));
        } else {
            self.next = Some(new);
            self.fade.jump(0.0);
            self.fade.aim(1.0);
        }
        true
    }

    /// Plays the first `length` samples. Returns whether there was anybody to do so.
    pub fn play(
        &mut self,
        input: &[Vec<f32>],
        output: &mut [Vec<f32>],
        length: usize,
        mailbox: &Mailbox<T>,
    ) -> bool {
        match &mut self.current {
            Some(current) => current.play(input, output, length),
            // Until the first comes, what there is passes through.
            None => {
                let each = output.iter_mut().zip(input.iter().cycle()).zip(&mut self.waits);
                for ((output, input), wait) in each {
                    output[..length].copy_from_slice(&input[..length]);
                    wait.process(&mut output[..length]);
                }
            }
        }
        let Some(next) = &mut self.next else { return self.current.is_some() };
        next.play(input, &mut self.other, length);
        let shares = &mut self.shares[..length];
        self.fade.fill(shares);
        for (output, other) in output.iter_mut().zip(&self.other) {
            for ((output, other), share) in output.iter_mut().zip(other).zip(&*shares) {
                *output += share * (other - *output);
            }
        }
        if self.fade.is_there() {
            let old = std::mem::replace(&mut self.current, self.next.take());
            mailbox.retire(old);
        }
        true
    }

    /// The one that plays or is about to.
    pub fn newest(&self) -> Option<&T> {
        self.next.as_deref().or(self.current.as_deref())
    }

    /// The one that plays or is about to.
    pub fn newest_mut(&mut self) -> Option<&mut T> {
        self.next.as_deref_mut().or(self.current.as_deref_mut())
    }

    /// The one that plays.
    pub fn current(&self) -> Option<&T> {
        self.current.as_deref()
    }

    /// Whether one is replacing another.
    pub fn is_fading(&self) -> bool {
        self.next.is_some()
    }

    /// All that play.
    pub fn each_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.current.as_deref_mut().into_iter().chain(self.next.as_deref_mut())
    }

    /// Silence before; what was about to play does.
    pub fn reset(&mut self, mailbox: &Mailbox<T>) {
        if let Some(next) = self.next.take() {
            mailbox.retire(self.current.replace(next));
        }
        if let Some(current) = &mut self.current {
            current.reset();
        }
        self.waits.iter_mut().for_each(Delay::reset);
    }
}
