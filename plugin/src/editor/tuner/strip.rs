//! The tuner as a strip in place of the one below the page, which goes on being seen and played.

use super::scale::Scale;
use super::{Asked, Tuner};
use crate::editor::theme::{self, Canvas};
use crate::editor::{footer, keys};
use crate::params::TonewrightParams;
use egui::{Align2, Ui, vec2};
use nih_plug::prelude::ParamSetter;

/// Middle of the strip, in the design.
const MIDDLE: f32 = theme::FOOTER_TOP + 19.0;

const SCALE: Scale = Scale { ends: (196.0, 640.0), y: MIDDLE, half: 13.0, needle: 5.0, lettered: false };

impl Tuner {
    /// Shows the strip; what the player asked for.
    pub fn show_strip(
        &self,
        ui: &Ui,
        canvas: Canvas,
        params: &TonewrightParams,
        setter: &ParamSetter,
    ) -> Option<Asked> {
        footer::surface(ui, canvas, theme::FOOTER_TOP, theme::DESIGN.y - theme::FOOTER_TOP);
        let painter = ui.painter();
        let at = canvas.at(16.0, MIDDLE);
        canvas.label(painter, at, Align2::LEFT_CENTER, "Tuner", 10.5, theme::TEXT_FAINT);
        let middle = canvas.at(126.0, MIDDLE);
        match self.heard {
            Some(heard) => {
                let colour = if self.in_tune() { theme::GREEN } else { theme::TEXT };
                let font = canvas.font(29.0);
                let name = painter.text(middle, Align2::CENTER_CENTER, heard.note.name, font, colour);
                let at = name.right_bottom() + vec2(canvas.px(2.0), canvas.px(-9.0));
                let octave = heard.note.octave.to_string();
                painter.text(at, Align2::LEFT_CENTER, octave, canvas.font(13.0), theme::TEXT_DIM);
                let cents = format!("{:+.1} cents", heard.needle).replace('-', "−");
                let at = canvas.at(764.0, MIDDLE);
                painter.text(at, Align2::RIGHT_CENTER, cents, canvas.figures(13.0), theme::TEXT);
                let at = canvas.at(862.0, MIDDLE);
                let hertz = format!("{:.2} Hz", heard.frequency_hz);
                painter.text(at, Align2::RIGHT_CENTER, hertz, canvas.figures(13.0), theme::TEXT_DIM);
            }
            None => {
                painter.text(middle, Align2::CENTER_CENTER, "–", canvas.font(29.0), theme::MARK);
                let at = canvas.at(672.0, MIDDLE);
                let text = "Play a single string";
                painter.text(at, Align2::LEFT_CENTER, text, canvas.font(13.0), theme::TEXT_DIM);
            }
        }
        SCALE.show(ui, canvas, self);

        let key = |x: f32, width: f32| canvas.rect(x, MIDDLE - 12.0, width, 24.0);
        let about = "Nothing is heard while the tuner listens.";
        keys::switch(ui, canvas, key(880.0, 62.0), ("Mute", 10.5), &params.tuner.mute, setter, about);
        let full = keys::key(ui, canvas, key(948.0, 62.0), "tuner-full", ("Large", 10.5), false);
        let done = keys::key(ui, canvas, key(1016.0, 58.0), "tuner-done", ("Done", 10.5), false);
        let asked = match (full.clicked(), done.clicked()) {
            (true, _) => Some(Asked::Turn),
            (_, true) => Some(Asked::Done),
            _ => None,
        };
        full.on_hover_text("The tuner over the whole window, to be read from afar");
        done.on_hover_text("Puts the tuner away");
        asked
    }
}
