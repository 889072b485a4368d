//! Who runs the analyses: a thread beside the audio, or the audio's own.
//!
//! Sound goes out and settings come back through queues that never wait, in memory that is made before
//! and goes round. An analysis of the sound up to one boundary takes effect at the next, whoever runs it.

use super::analyser::{Analyser, Job, Outcome};
use super::controls::Controls;
use super::monitor::Hearing;
use super::networks::Networks;
use super::path;
use crate::simd::FlushDenormals;
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Analyses that may wait: a third of a second. What comes while so many wait is not heard.
const JOBS: usize = 8;
/// How often the listener looks for sound. Being woken would cost the audio thread a system call.
const LOOK: Duration = Duration::from_millis(4);

/// Louder than this, 12 dB above full scale, nothing is to the ear: one broken burst must not make all that
/// comes after it pass for silence.
const LOUDEST: f32 = 4.0;

/// Runs analyses on another thread.
pub struct Listener {
    jobs: Producer<Box<Job>>,
    free: Consumer<Box<Job>>,
    outcomes: Consumer<Outcome>,
    sent: u64,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Analyser>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    done: AtomicU64,
}

impl Listener {
    /// Starts the thread. `sound_samples` is the length of a job's sound, all channels together.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(mut analyser: Analyser, sound_samples: usize) -> std::io::Result<Self> {
        let (jobs, mut waiting) = RingBuffer::<Box<Job>>::new(JOBS);
        let (mut give_back, free) = RingBuffer::<Box<Job>>::new(JOBS);
        // The audio thread empties it before it sends more.
        let (mut tell, outcomes) = RingBuffer::<Outcome>::new(2 * JOBS);
        for _ in 0..JOBS {
            // The ring is as long as this, so nothing is refused.
            let _ = give_back.push(Box::new(empty_job(sound_samples)));
        }
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let listen = move || {
            let _flush = FlushDenormals::new();
            while !theirs.stop.load(Ordering::Acquire) {
                while let Ok(job) = waiting.pop() {
                    let _ = tell.push(analyser.analyse(&job));
                    let _ = give_back.push(job);
                    theirs.done.fetch_add(1, Ordering::Release);
                }
                std::thread::park_timeout(LOOK);
            }
            analyser
        };
        let thread = std::thread::Builder::new().name("tonewright-listener".into()).spawn(listen)?;
        Ok(Self { jobs, free, outcomes, sent: 0, shared, thread: Some(thread) })
    }

    /// Stops the thread and gives the networks back, unless they failed it.
    pub fn stop(mut self) -> Option<Box<dyn Networks>> {
        self.join().map(Analyser::into_networks)
    }

    /// Waits until all that was sent is analysed. Not for the audio thread.
    pub fn wait(&self) {
        let running = || self.thread.as_ref().is_some_and(|t| !t.is_finished());
        while self.shared.done.load(Ordering::Acquire) < self.sent && running() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn join(&mut self) -> Option<Analyser> {
        let thread = self.thread.take()?;
        self.shared.stop.store(true, Ordering::Release);
        thread.thread().unpark();
        thread.join().ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.join();
    }
}

/// Who analyses.
pub enum Hands {
    /// Nobody.
    Nobody,
    /// The thread that calls, and what it found at the last boundary.
    InLine(Box<Analyser>, Box<Option<Outcome>>),
    /// A thread beside it.
    Listener(Listener),
}

/// The audio thread's end of the listening.
pub struct Ear {
    hands: Hands,
    /// Samples from one boundary to the next.
    hop: usize,
    /// What is being filled; none while all jobs wait.
    job: Option<Box<Job>>,
    /// Samples collected since the last boundary.
    filled: usize,
    lost: bool,
    epoch: u64,
    /// Boundaries since the beginning of the stream.
    boundaries: u64,
    latest: Outcome,
    /// What is proposed from the first sample on, for controls that need no sound for it.
    foreseen: Option<Outcome>,
    late: u64,
}

impl Ear {
    /// An ear. Allocates.
    pub fn new(hands: Hands, hop: usize, channels: usize) -> Self {
        let job = match &hands {
            Hands::Nobody => None,
            Hands::InLine(..) | Hands::Listener(_) => Some(Box::new(empty_job(hop * channels))),
        };
        let hearing = if job.is_some() { Hearing::Waiting } else { Hearing::Unavailable };
        let latest = Outcome::nothing(hearing);
        Self {
            hands,
            hop,
            job,
            filled: 0,
            lost: false,
            epoch: 1,
            boundaries: 0,
            latest,
            foreseen: None,
            late: 0,
        }
    }

    /// Finds out what these controls propose before any sound, if they need none. At the beginning of a
    /// stream; not for the audio thread: waits for the listener.
    pub fn foresee(&mut self, controls: &Controls) {
        if controls.needs_no_sound() {
            self.send(controls);
            self.wait();
            let found = match &mut self.hands {
                Hands::Nobody => None,
                Hands::InLine(_, found) => found.take(),
                Hands::Listener(listener) => std::iter::from_fn(|| listener.outcomes.pop().ok()).last(),
            };
            self.foreseen = found.filter(|found| found.epoch == self.epoch);
        }
    }

    /// At the first sample of a stream: takes what these controls propose before any sound, if that is known
    /// or can be found out at once. Says whether there is something.
    pub fn begin(&mut self, controls: &Controls) -> bool {
        let is_known = |outcome: &Outcome| outcome.controls.asks_like(controls);
        if !controls.needs_no_sound() {
            return false;
        }
        if matches!(self.hands, Hands::InLine(..)) && !self.foreseen.as_ref().is_some_and(is_known) {
            self.foresee(controls);
        }
        let Some(foreseen) = self.foreseen.filter(is_known) else { return false };
        self.latest = Outcome { epoch: self.epoch, index: 0, listened_seconds: 0.0, ..foreseen };
        true
    }

    /// Nothing heard: a new stream. What is still being analysed of the old one counts no more.
    pub fn reset(&mut self) {
        if self.latest.controls.needs_no_sound() {
            self.foreseen = Some(self.latest);
        }
        self.epoch += 1;
        (self.filled, self.boundaries, self.lost) = (0, 0, false);
        self.latest = Outcome::nothing(match self.hands {
            Hands::Nobody => Hearing::Unavailable,
            Hands::InLine(..) | Hands::Listener(_) => Hearing::Waiting,
        });
        if let Hands::InLine(_, found) = &mut self.hands {
            **found = None;
        }
    }

    /// The newest outcome that takes effect.
    pub fn latest(&self) -> &Outcome {
        &self.latest
    }

    /// Boundaries whose analysis was not there.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Collects a part of the sound that does not go beyond the next boundary.
    pub fn collect(&mut self, channels: &[&mut [f32]], at: usize, to: usize) {
        if let Some(job) = &mut self.job {
            for (i, sound) in job.sound.chunks_mut(self.hop).enumerate() {
                let free = &mut sound[self.filled..self.filled + to - at];
                match channels.get(i) {
                    Some(channel) => free.iter_mut().zip(&channel[at..to]).for_each(|(x, sample)| {
                        *x = path::sound(*sample).clamp(-LOUDEST, LOUDEST);
                    }),
                    // Jobs go round: an older sound may still be in them.
                    None => free.fill(0.0),
                }
            }
        }
        self.filled += to - at;
    }

    /// Collects samples of a constant for each channel that do not go beyond the next boundary.
    pub fn collect_rest(&mut self, constants: &[f32], samples: usize) {
        if let Some(job) = &mut self.job {
            for (i, sound) in job.sound.chunks_mut(self.hop).enumerate() {
                let constant = constants.get(i).map_or(0.0, |c| path::sound(*c).clamp(-LOUDEST, LOUDEST));
                sound[self.filled..self.filled + samples].fill(constant);
            }
        }
        self.filled += samples;
    }

    /// At a boundary: takes what was found of the sound before the last one, and hands on what came since.
    /// Says whether there is something new.
    pub fn boundary(&mut self, controls: &Controls) -> bool {
        self.boundaries += 1;
        self.filled = 0;
        let (epoch, before) = (self.epoch, self.latest.index);
        let mut take = |outcome: Outcome| {
            if outcome.epoch == epoch {
                self.latest = outcome;
            }
        };
        match &mut self.hands {
            Hands::Nobody => return false,
            Hands::InLine(_, found) => found.take().into_iter().for_each(&mut take),
            Hands::Listener(listener) => {
                while let Ok(outcome) = listener.outcomes.pop() {
                    take(outcome);
                }
            }
        }
        if self.latest.index + 1 < self.boundaries {
            self.late += 1;
        }
        self.send(controls);
        self.latest.index != before
    }

    /// Waits until all is analysed that was handed on. Not for the audio thread.
    pub fn wait(&self) {
        if let Hands::Listener(listener) = &self.hands {
            listener.wait();
        }
    }

    /// Stops listening and gives the networks back.
    pub fn into_networks(self) -> Option<Box<dyn Networks>> {
        match self.hands {
            Hands::Nobody => None,
            Hands::InLine(analyser, _) => Some(analyser.into_networks()),
            Hands::Listener(listener) => listener.stop(),
        }
    }

    fn send(&mut self, controls: &Controls) {
        if let Some(job) = &mut self.job {
            job.epoch = self.epoch;
            job.index = self.boundaries;
            job.follows_gap = std::mem::take(&mut self.lost);
            job.controls = *controls;
        } else {
            self.lost = true;
        }
        match &mut self.hands {
            Hands::Nobody => {}
            Hands::InLine(analyser, found) => **found = self.job.as_ref().map(|job| analyser.analyse(job)),
            Hands::Listener(listener) => {
                if let Some(job) = self.job.take() {
                    match listener.jobs.push(job) {
                        Ok(()) => listener.sent += 1,
                        Err(rtrb::PushError::Full(job)) => {
                            self.lost = true;
                            self.job = Some(job);
                        }
                    }
                }
                if self.job.is_none() {
                    self.job = listener.free.pop().ok();
                }
            }
        }
    }
}

fn empty_job(sound_samples: usize) -> Job {
    Job {
        epoch: 0,
        index: 0,
        follows_gap: false,
        controls: Controls::NEUTRAL,
        sound: vec![0.0; sound_samples],
    }
}
