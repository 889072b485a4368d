//! The tuner over the whole window, to be read from where one stands.

use super::scale::Scale;
use super::{A4_HZ, Asked, Tuner, sane};
use crate::editor::control::{focus_ring, keep_arrows};
use crate::editor::eq::slider::wheel;
use crate::editor::keys;
use crate::editor::theme::{self, Canvas};
use crate::params::{TonewrightParams, USUAL_A4_HZ};
use egui::{Align2, Color32, Id, Key, Sense, Shape, Stroke, Ui, vec2};
use nih_plug::prelude::ParamSetter;

/// Middles of the note and of the figures, in the design.
const NOTE: (f32, f32) = (theme::DESIGN.x / 2.0, 226.0);
const FIGURES: f32 = 552.0;

const SCALE: Scale = Scale { ends: (72.0, 1028.0), y: 444.0, half: 44.0, needle: 9.0, lettered: true };

/// Middle of the row of keys.
const KEYS: f32 = 636.0;

impl Tuner {
    /// Shows the view in place of everything else; what the player asked for.
    pub fn show_full(
        &self,
        ui: &mut Ui,
        canvas: Canvas,
        params: &TonewrightParams,
        setter: &ParamSetter,
    ) -> Option<Asked> {
        let painter = ui.painter().clone();
        painter.rect_filled(ui.clip_rect(), 0.0, theme::BACK);
        let at = canvas.at(28.0, 34.0);
        canvas.label(&painter, at, Align2::LEFT_CENTER, "Tuner", 14.0, theme::TEXT);
        let in_tune = self.in_tune();
        let middle = canvas.at(NOTE.0, NOTE.1);
        if in_tune {
            let glow = theme::GREEN.gamma_multiply(0.22);
            let radius = vec2(canvas.px(420.0), canvas.px(220.0));
            theme::radial(&painter, middle, radius, glow, Color32::TRANSPARENT);
        }
        if let Some(heard) = self.heard {
            let colour = if in_tune { theme::GREEN } else { theme::TEXT };
            let font = canvas.font(270.0);
            let name = painter.text(middle, Align2::CENTER_CENTER, heard.note.name, font, colour);
            let at = name.right_bottom() + vec2(canvas.px(10.0), canvas.px(-72.0));
            let octave = heard.note.octave.to_string();
            painter.text(at, Align2::LEFT_CENTER, octave, canvas.font(60.0), theme::TEXT_DIM);
            for (x, way) in [(150.0, 1.0), (950.0, -1.0)] {
                // Which way to turn the peg: up from the left, down from the right.
                let lit = in_tune || heard.needle * f64::from(way) < 0.0;
                let colour = match (lit, in_tune) {
                    (true, true) => theme::GREEN,
                    (true, false) => theme::AMBER,
                    (false, _) => theme::RAISED,
                };
                wedge(ui, canvas, (x, NOTE.1), way, colour);
            }
            let cents = format!("{:+.1} cents", heard.needle).replace('-', "−");
            let at = canvas.at(NOTE.0 + 8.0, FIGURES);
            painter.text(at, Align2::RIGHT_CENTER, cents, canvas.figures(34.0), theme::TEXT);
            let at = canvas.at(NOTE.0 + 56.0, FIGURES);
            let hertz = format!("{:.2} Hz", heard.frequency_hz);
            painter.text(at, Align2::LEFT_CENTER, hertz, canvas.figures(34.0), theme::TEXT_DIM);
        } else {
            painter.text(middle, Align2::CENTER_CENTER, "–", canvas.font(270.0), theme::MARK);
            let at = canvas.at(NOTE.0, FIGURES);
            let text = "Play a single string";
            painter.text(at, Align2::CENTER_CENTER, text, canvas.font(28.0), theme::TEXT_DIM);
        }
        SCALE.show(ui, canvas, self);

        let key = |x: f32, width: f32| canvas.rect(x, KEYS - 17.0, width, 34.0);
        let about = "Nothing is heard while the tuner listens.";
        keys::switch(ui, canvas, key(28.0, 120.0), ("Mute", 10.5), &params.tuner.mute, setter, about);
        reference(ui, canvas, params);
        let small = keys::key(ui, canvas, key(822.0, 120.0), "tuner-strip", ("Small", 12.0), false);
        let done = keys::key(ui, canvas, key(952.0, 120.0), "tuner-done", ("Done", 12.0), false);
        let asked = match (small.clicked(), done.clicked()) {
            (true, _) => Some(Asked::Turn),
            (_, true) => Some(Asked::Done),
            _ => None,
        };
        small.on_hover_text("The tuner as a strip below the page");
        done.on_hover_text("Puts the tuner away (Escape)");
        asked.or_else(|| ui.input(|i| i.key_pressed(Key::Escape)).then_some(Asked::Done))
    }
}

/// A wedge that points to the right (`1`) or to the left (`-1`).
fn wedge(ui: &Ui, canvas: Canvas, (x, y): (f32, f32), way: f32, colour: Color32) {
    let corners =
        [(-34.0, -46.0), (34.0, 0.0), (-34.0, 46.0)].map(|(dx, dy)| canvas.at(x + way * dx, y + dy));
    ui.painter().add(Shape::convex_polygon(corners.to_vec(), colour, Stroke::NONE));
}

/// The frequency of A4.
fn reference(ui: &Ui, canvas: Canvas, params: &TonewrightParams) {
    let mut a4 = sane(*params.a4.lock());
    let before = a4;
    let (left, right) = (456.0, 700.0);
    let at = canvas.at(left - 14.0, KEYS);
    canvas.label(ui.painter(), at, Align2::RIGHT_CENTER, "A4", 12.0, theme::TEXT_DIM);
    for (from, sign, step) in [(left, "–", -1.0), (right - 44.0, "+", 1.0)] {
        let rect = canvas.rect(from, KEYS - 17.0, 44.0, 34.0);
        if keys::key(ui, canvas, rect, sign, (sign, 16.0), false).clicked() {
            a4 += step;
        }
    }
    let field = canvas.rect(left + 50.0, KEYS - 17.0, right - left - 100.0, 34.0);
    let response = ui.interact(field, Id::unique("a4"), Sense::click());
    let text = format!("{a4:.0} Hz");
    ui.painter().text(field.center(), Align2::CENTER_CENTER, text, canvas.figures(18.0), theme::TEXT);
    focus_ring(ui, canvas, &response, field, 4.0);
    if response.hovered() {
        a4 += f64::from(wheel(ui, response.id)).round();
    }
    if response.has_focus() {
        keep_arrows(ui.ctx(), response.id);
        let presses = |key| ui.input(|i| i.num_presses(key)) as f64;
        a4 += presses(Key::ArrowUp) + presses(Key::ArrowRight);
        a4 -= presses(Key::ArrowDown) + presses(Key::ArrowLeft);
    }
    if response.double_clicked() {
        a4 = USUAL_A4_HZ;
    }
    response.on_hover_text(format!(
        "Frequency of A4, from {:.0} to {:.0} Hz. Wheel or arrows to change, double-click for {USUAL_A4_HZ:.0} Hz",
        A4_HZ.start(),
        A4_HZ.end()
    ));
    if a4 != before {
        *params.a4.lock() = sane(a4);
    }
}
