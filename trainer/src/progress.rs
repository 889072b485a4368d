//! What the person who waits is told, and who else follows a run.

use crate::TrainerError;
use crate::history::Point;
use crate::out::complain;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use shared::model::WaveNetSpec;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// A bar on a terminal, plain lines elsewhere; and what else wants to know how training goes.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    /// When the first step was seen, and what was done by then: a resumed run does not begin at 0.
    begun: Option<(Instant, f64)>,
    shown: Instant,
    done: f64,
    course: Course,
    followers: Vec<Box<dyn Follower>>,
}

/// How training stands after a measurement on the held-out part.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// What was measured.
    pub point: &'a Point,
    /// The best held-out ESR so far.
    pub best_esr: f64,
    /// The architecture, scaled to the target.
    pub spec: &'a WaveNetSpec,
    /// The weights with that ESR, which would be exported now.
    pub best: &'a [f32],
}

/// Somebody who is told of every measurement, on the thread that trains.
pub trait Follower {
    /// What it is, for the warning when it fails.
    fn name(&self) -> &'static str;

    /// Training begins, or goes on, after `step` steps.
    ///
    /// # Errors
    /// A file cannot be written.
    fn begins(&mut self, _step: u64) -> Result<(), TrainerError> {
        Ok(())
    }

    /// Takes note of a measurement.
    ///
    /// # Errors
    /// A file cannot be written, or libtorch fails.
    fn measured(&mut self, measured: &Measured<'_>) -> Result<(), TrainerError>;
}

/// Positions of the bar: its length stands for all of the training.
const POSITIONS: u64 = 10_000;
/// Bars of the sparkline.
const SPARKS: usize = 16;

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
        Self { plain, ..Self::with(bar) }
    }

    /// Progress that nobody sees.
    pub fn silent() -> Self {
        Self::with(ProgressBar::hidden())
    }

    fn with(bar: ProgressBar) -> Self {
        Self {
            bar,
            plain: false,
            begun: None,
            shown: Instant::now(),
            done: 0.0,
            course: Course::default(),
            followers: Vec::new(),
        }
    }

    /// Lets somebody follow the next run, until [`Progress::finish`].
    pub fn follow(&mut self, follower: Box<dyn Follower>) {
        self.followers.push(follower);
    }

    /// Before the first step of this sitting, with the held-out ESR before the very first one and what was measured since.
    pub fn begins(&mut self, step: u64, first_esr: f64, earlier: &[Point]) {
        self.begun = None;
        self.course = Course::beginning_at(first_esr);
        earlier.iter().for_each(|point| self.course.push(point.esr));
        self.tell(|follower| follower.begins(step));
    }

    /// After each step: `done` (0 to 1) of the training, the batch's ESR, the best so far.
    pub fn stepped(&mut self, step: u64, done: f64, batch_esr: f64, best_esr: f64) {
        self.begun.get_or_insert_with(|| (Instant::now(), done));
        self.done = done;
        if !self.plain && self.shown.elapsed() > Duration::from_millis(200) {
            self.shown = Instant::now();
            self.bar.set_position((done * POSITIONS as f64) as u64);
            let left = self.left();
            let course = self.course.text(best_esr);
            self.bar.set_message(format!("{course}, now {batch_esr:.5}, step {step}, {left} left"));
        }
    }

    /// After each measurement on the held-out part.
    pub fn measured(&mut self, measured: &Measured<'_>) {
        let p = measured.point;
        self.course.push(p.esr);
        if self.plain {
            complain(format_args!(
                "step {}: {}, held-out now {:.6}, train {:.6}, loss {:.6}, learning rate {:.1e}, {:.0} k samples/s, {} left",
                p.step,
                self.course.text(measured.best_esr),
                p.esr,
                p.train_esr,
                p.loss,
                p.learning_rate,
                p.samples_per_second / 1e3,
                self.left()
            ));
        }
        self.tell(|follower| follower.measured(measured));
    }

    /// Whoever fails is told no more; training does not end for a full disk of previews.
    fn tell(&mut self, mut news: impl FnMut(&mut dyn Follower) -> Result<(), TrainerError>) {
        let bar = &self.bar;
        self.followers.retain_mut(|follower| match news(follower.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                let name = follower.name();
                bar.suspend(|| complain(format_args!("warning: training goes on without {name}: {error}")));
                false
            }
        });
    }

    /// Takes the bar away, and sends the followers home.
    pub fn finish(&mut self) {
        self.bar.finish_and_clear();
        self.followers.clear();
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

/// The held-out ESR so far.
#[derive(Clone, Debug, Default)]
struct Course {
    first: f64,
    /// The last measurements.
    latest: Vec<f64>,
}

impl Course {
    fn beginning_at(esr: f64) -> Self {
        Self { first: esr, latest: vec![esr] }
    }

    fn push(&mut self, esr: f64) {
        self.latest.push(esr);
        let surplus = self.latest.len().saturating_sub(SPARKS);
        self.latest.drain(..surplus);
    }

    /// From where to where, and the way there.
    fn text(&self, best: f64) -> String {
        format!("ESR {:.4} -> {best:.5} {}", self.first, sparkline(&self.latest))
    }
}

/// Bars as high as the values' logarithms; the lowest value has the lowest bar.
pub fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let logs: Vec<f64> = values.iter().map(|v| if *v < 1e-12 { 1e-12f64.ln() } else { v.ln() }).collect();
    let finite = || logs.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    // Less than a per cent is no course worth drawing.
    let span = (high - low).max(0.01);
    let bar = |v: &f64| match v.is_finite() {
        true => BARS[((v - low) / span * 7.0).round().clamp(0.0, 7.0) as usize],
        false => '?',
    };
    logs.iter().map(bar).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sparkline_falls_with_the_error() {
        assert_eq!(sparkline(&[1.0, 0.5, 0.001]), "█▇▁");
        assert_eq!(sparkline(&[0.5, 0.5]), "▁▁");
        assert_eq!(sparkline(&[f64::NAN, 1.0, f64::INFINITY]), "?▁?");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn the_course_keeps_where_it_began() {
        let mut course = Course::beginning_at(1.0);
        (1..100).for_each(|i| course.push(1.0 / f64::from(i)));
        let text = course.text(0.0101);
        assert!(text.starts_with("ESR 1.0000 -> 0.01010 █"), "{text}");
        assert_eq!(text.chars().filter(|c| ('▁'..='█').contains(c)).count(), SPARKS);
    }

    struct Fails(std::rc::Rc<std::cell::Cell<u32>>);

    impl Follower for Fails {
        fn name(&self) -> &'static str {
            "a test"
        }

        fn measured(&mut self, _: &Measured<'_>) -> Result<(), TrainerError> {
            self.0.set(self.0.get() + 1);
            Err(TrainerError::Setting("full".into()))
        }
    }

    #[test]
    fn whoever_fails_is_told_no_more() {
        let told = std::rc::Rc::default();
        let mut progress = Progress::silent();
        progress.follow(Box::new(Fails(std::rc::Rc::clone(&told))));
        let point = Point {
            step: 1,
            seconds: 1.0,
            loss: 1.0,
            train_esr: 1.0,
            esr: 1.0,
            learning_rate: 1.0,
            samples_per_second: 1.0,
        };
        let spec = WaveNetSpec::seed(2, 2, 3, true);
        let measured = Measured { point: &point, best_esr: 1.0, spec: &spec, best: &[] };
        progress.measured(&measured);
        progress.measured(&measured);
        assert_eq!(told.get(), 1);
    }
}
