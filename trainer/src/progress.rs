//! What the person who waits is told.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// A bar on a terminal, plain lines elsewhere.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    /// When the first step was seen, and what was done by then: a resumed run does not begin at 0.
    begun: Option<(Instant, f64)>,
    shown: Instant,
    done: f64,
}

/// How training stands after a measurement.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// Steps taken.
    pub step: u64,
    /// Mean loss since the last measurement.
    pub loss: f64,
    /// ESR on the held-out part.
    pub esr: f64,
    /// The best so far.
    pub best_esr: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Outputs a second.
    pub samples_per_second: f64,
}

/// Positions of the bar: its length stands for all of the training.
const POSITIONS: u64 = 10_000;

impl Progress {
    /// Progress on standard error, as a bar if that is a terminal.
    pub fn new() -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(POSITIONS),
            if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(5) },
        );
        if let Ok(style) = ProgressStyle::with_template("{elapsed} [{wide_bar}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, plain, begun: None, shown: Instant::now(), done: 0.0 }
    }

    /// Progress that nobody sees.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), plain: false, begun: None, shown: Instant::now(), done: 0.0 }
    }

    /// After each step: `done` (0 to 1) of the training, the batch's ESR, the best so far.
    pub fn stepped(&mut self, step: u64, done: f64, batch_esr: f64, best_esr: f64) {
        self.begun.get_or_insert_with(|| (Instant::now(), done));
        self.done = done;
        if !self.plain && self.shown.elapsed() > Duration::from_millis(200) {
            self.shown = Instant::now();
            self.bar.set_position((done * POSITIONS as f64) as u64);
            let left = self.left();
            self.bar.set_message(format!(
                "step {step}, ESR {batch_esr:.5}, held-out best {best_esr:.5}, {left} left"
            ));
        }
    }

    /// After each measurement on the held-out part.
    pub fn measured(&mut self, s: &Status) {
        if self.plain {
            eprintln!(
                "step {}: loss {:.6}, held-out ESR {:.6}, best {:.6}, learning rate {:.1e}, {:.0} k samples/s, {} left",
                s.step,
                s.loss,
                s.esr,
                s.best_esr,
                s.learning_rate,
                s.samples_per_second / 1e3,
                self.left()
            );
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
    }

    fn left(&self) -> String {
        match self.begun {
            Some((begun, before)) if self.done > before => {
                let share = (1.0 - self.done).max(0.0) / (self.done - before);
                clock(begun.elapsed().as_secs_f64() * share)
            }
            _ => "unknown time".into(),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

/// A duration for people.
pub fn clock(seconds: f64) -> String {
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}
