//! The tuner, over the whole window.

use super::keys;
use super::theme::{self, Canvas};
use crate::params::{TonewrightParams, USUAL_A4_HZ};
use crate::rack::TunerTap;
use egui::{Align2, Color32, Ui, pos2, vec2};
use nih_plug::prelude::ParamSetter;
use shared::dsp::pitch::{Note, PitchDetector};
use std::sync::Arc;

/// Where it lies, in the design.
pub const FRAME: (f32, f32, f32, f32) = (150.0, 96.0, 800.0, 500.0);

/// Time between two looks at the sound, in seconds.
const LOOK_SECONDS: f64 = 0.05;

/// How long the last note stays after the string has faded, in seconds.
const STAY_SECONDS: f64 = 1.5;

/// Time constant of the needle, in seconds.
const NEEDLE_SECONDS: f64 = 0.12;

/// As near as this is in tune, in cents: finer than a string stays after it was plucked.
const IN_TUNE_CENTS: f64 = 2.0;

/// Range of A4, in Hz: from baroque pitch to what a few orchestras play at.
const A4_HZ: std::ops::RangeInclusive<f64> = 415.0..=466.0;

/// Marks from in tune to fifty cents.
const MARKS: i32 = 10;

/// Listens to the guitar and shows the note.
pub struct Tuner {
    tap: Arc<TunerTap>,
    ear: Option<(f64, PitchDetector)>,
    samples: Vec<f32>,
    written: u64,
    looked_at: f64,
    heard: Option<Heard>,
}

/// The note that is shown.
#[derive(Clone, Copy, Debug)]
struct Heard {
    note: Note,
    frequency_hz: f64,
    /// What the needle shows, in cents.
    needle: f64,
    at: f64,
}

impl Tuner {
    /// A tuner that hears this.
    pub fn new(tap: Arc<TunerTap>) -> Self {
        Self { tap, ear: None, samples: Vec::new(), written: 0, looked_at: 0.0, heard: None }
    }

    /// Whether it has something to show while it is on.
    pub fn moves(&self, on: bool) -> bool {
        on && (self.heard.is_some() || self.tap.written() != self.written)
    }

    /// Listens, at a time in seconds, with A4 at a frequency in Hz.
    pub fn listen(&mut self, now: f64, a4_hz: f64) {
        if (0.0..LOOK_SECONDS).contains(&(now - self.looked_at)) {
            return;
        }
        let passed = (now - self.looked_at).clamp(0.0, 1.0);
        self.looked_at = now;
        let rate = self.tap.sample_rate_hz();
        let written = self.tap.written();
        let is_new = written != self.written;
        self.written = written;
        if self.ear.as_ref().is_none_or(|(of, _)| *of != rate) {
            self.ear = Some((rate, PitchDetector::new(rate)));
        }
        let Some((_, ear)) = &mut self.ear else { return };
        self.samples.resize(ear.window_samples(), 0.0);
        self.tap.latest(&mut self.samples);
        let a4_hz = sane(a4_hz);
        match ear.detect(&self.samples).filter(|_| is_new) {
            Some(pitch) => {
                let note = Note::nearest(pitch.frequency_hz, a4_hz);
                let before = self.heard.filter(|h| (h.note.name, h.note.octave) == (note.name, note.octave));
                let step = 1.0 - (-passed / NEEDLE_SECONDS).exp();
                let needle = before.map_or(note.cents, |h| h.needle + step * (note.cents - h.needle));
                self.heard = Some(Heard { note, frequency_hz: pitch.frequency_hz, needle, at: now });
            }
            None => self.heard = self.heard.filter(|heard| now - heard.at < STAY_SECONDS),
        }
    }

    /// Shows it; whether it is to be closed.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        canvas: Canvas,
        params: &TonewrightParams,
        setter: &ParamSetter,
    ) -> bool {
        let (x, y, width, height) = FRAME;
        let middle = x + width / 2.0;
        let painter = ui.painter().clone();
        canvas.label(
            &painter,
            canvas.at(x + 28.0, y + 30.0),
            Align2::LEFT_CENTER,
            "Tuner",
            14.0,
            theme::TEXT,
        );
        let close = canvas.rect(x + width - 104.0, y + 16.0, 80.0, 28.0);
        let close = keys::key(ui, canvas, close, "tuner-close", ("Done", 11.0), false).clicked();

        let in_tune = self.heard.is_some_and(|heard| heard.needle.abs() <= IN_TUNE_CENTS);
        let colour = if in_tune { theme::GREEN } else { theme::TEXT };
        if in_tune {
            let glow = theme::GREEN.gamma_multiply(0.22);
            let radius = vec2(canvas.px(260.0), canvas.px(150.0));
            theme::radial(&painter, canvas.at(middle, y + 170.0), radius, glow, Color32::TRANSPARENT);
        }
        if let Some(heard) = self.heard {
            let text = painter.text(
                canvas.at(middle, y + 166.0),
                Align2::CENTER_CENTER,
                heard.note.name,
                canvas.font(150.0),
                colour,
            );
            let at = text.right_bottom() + vec2(canvas.px(6.0), canvas.px(-38.0));
            let octave = heard.note.octave.to_string();
            painter.text(at, Align2::LEFT_CENTER, octave, canvas.font(36.0), theme::TEXT_DIM);
            let figures = format!("{:+.1} cents     {:.2} Hz", heard.needle, heard.frequency_hz);
            let at = canvas.at(middle, y + 388.0);
            painter.text(at, Align2::CENTER_CENTER, figures, canvas.figures(19.0), theme::TEXT);
        } else {
            let at = canvas.at(middle, y + 166.0);
            painter.text(at, Align2::CENTER_CENTER, "–", canvas.font(150.0), theme::MARK);
            let at = canvas.at(middle, y + 388.0);
            let text = "Play a single string";
            painter.text(at, Align2::CENTER_CENTER, text, canvas.font(17.0), theme::TEXT_DIM);
        }
        self.scale(ui, canvas, in_tune);

        let mute = canvas.rect(x + 28.0, y + height - 56.0, 150.0, 30.0);
        let about = "Nothing is heard while the tuner listens.";
        keys::switch(ui, canvas, mute, "Mute", &params.tuner.mute, setter, about);
        reference(ui, canvas, params);
        close
    }

    /// Fifty cents either way, and the needle.
    fn scale(&self, ui: &Ui, canvas: Canvas, in_tune: bool) {
        let (x, y, width, _) = FRAME;
        let (left, right, y) = (x + 70.0, x + width - 70.0, y + 314.0);
        let at = |cents: f64| left + (right - left) * (0.5 + cents as f32 / 100.0);
        let bar = canvas.rect(left - 12.0, y - 34.0, right - left + 24.0, 68.0);
        let painter = ui.painter();
        canvas.inset(painter, bar, 6.0);
        let zone = canvas.rect(at(-IN_TUNE_CENTS), y - 34.0, at(IN_TUNE_CENTS) - at(-IN_TUNE_CENTS), 68.0);
        let green = theme::GREEN.gamma_multiply(if in_tune { 0.5 } else { 0.22 });
        painter.rect_filled(zone, 0.0, green);
        for mark in -MARKS..=MARKS {
            let cents = f64::from(mark) * 50.0 / f64::from(MARKS);
            let (half, colour) = if mark % 5 == 0 { (18.0, theme::TEXT_DIM) } else { (9.0, theme::MARK) };
            let top = canvas.at(at(cents), y - half);
            let bottom = canvas.at(at(cents), y + half);
            painter.line_segment([top, bottom], egui::Stroke::new(canvas.px(1.4), colour));
        }
        if let Some(heard) = self.heard {
            let colour = if in_tune { theme::GREEN } else { theme::AMBER };
            let needle = canvas.rect(at(heard.needle) - 3.0, y - 30.0, 6.0, 60.0);
            painter.rect_filled(needle, canvas.px(3.0), colour);
            let tip = canvas.at(at(heard.needle), y - 42.0);
            let wing = canvas.px(7.0);
            let arrow =
                vec![tip, pos2(tip.x - wing, tip.y - 1.4 * wing), pos2(tip.x + wing, tip.y - 1.4 * wing)];
            painter.add(egui::Shape::convex_polygon(arrow, colour, egui::Stroke::NONE));
        }
        for (cents, text) in [(-50.0, "−50"), (-25.0, "−25"), (0.0, "0"), (25.0, "+25"), (50.0, "+50")] {
            let place = canvas.at(at(cents), y + 48.0);
            painter.text(place, Align2::CENTER_CENTER, text, canvas.figures(12.0), theme::TEXT_DIM);
        }
    }
}

/// A frequency of A4 within the range: a session may hold anything.
fn sane(a4_hz: f64) -> f64 {
    if a4_hz.is_finite() { a4_hz.clamp(*A4_HZ.start(), *A4_HZ.end()) } else { USUAL_A4_HZ }
}

/// The frequency of A4.
fn reference(ui: &mut Ui, canvas: Canvas, params: &TonewrightParams) {
    let (x, y, width, height) = FRAME;
    let y = y + height - 41.0;
    let mut a4 = sane(*params.a4.lock());
    let before = a4;
    let right = x + width - 28.0;
    canvas.label(ui.painter(), canvas.at(right - 214.0, y), Align2::LEFT_CENTER, "A4", 12.0, theme::TEXT_DIM);
    for (from, sign, step) in [(right - 186.0, "–", -1.0), (right - 32.0, "+", 1.0)] {
        let rect = canvas.rect(from, y - 15.0, 32.0, 30.0);
        if keys::key(ui, canvas, rect, sign, (sign, 14.0), false).clicked() {
            a4 += step;
        }
    }
    let middle = canvas.at(right - 93.0, y);
    let text = format!("{a4:.0} Hz");
    let field = egui::Rect::from_center_size(middle, vec2(canvas.px(110.0), canvas.px(30.0)));
    let response = ui.interact(field, egui::Id::unique("a4"), egui::Sense::click());
    ui.painter().text(middle, Align2::CENTER_CENTER, text, canvas.figures(15.0), theme::TEXT);
    super::control::focus_ring(ui, canvas, &response, field, 4.0);
    if response.hovered() {
        a4 += f64::from(super::eq::slider::wheel(ui, response.id)).round();
    }
    if response.has_focus() {
        super::control::keep_arrows(ui.ctx(), response.id);
        let presses = |key| ui.input(|i| i.num_presses(key)) as f64;
        a4 += presses(egui::Key::ArrowUp) + presses(egui::Key::ArrowRight);
        a4 -= presses(egui::Key::ArrowDown) + presses(egui::Key::ArrowLeft);
    }
    if response.double_clicked() {
        a4 = USUAL_A4_HZ;
    }
    response.on_hover_ui(|ui| {
        ui.label("Frequency of A4, from 415 to 466 Hz. Wheel or arrows to change, double-click for 440 Hz");
    });
    if a4 != before {
        *params.a4.lock() = sane(a4);
    }
}
