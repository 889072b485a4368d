//! The tone stack: the faceplate below the amp.

use super::Now;
use super::panel::{Panel, TITLE};
use crate::editor::control::{Notch, Turned};
use crate::editor::knob::Knob;
use crate::editor::theme::{self, Canvas};
use egui::{Stroke, StrokeKind, Ui};

/// Shows the tone stack.
pub fn show(ui: &mut Ui, canvas: Canvas, panel: Panel, now: &Now) {
    let params = &now.params.tone;
    let trim =
        canvas.rect(panel.x + 7.0, panel.y + TITLE + 7.0, panel.width - 14.0, panel.height - TITLE - 14.0);
    let line = Stroke::new(canvas.px(1.2), theme::TRIM);
    ui.painter().rect_stroke(trim, canvas.px(5.0), line, StrokeKind::Inside);
    let lit = params.on.value();
    panel.switch(ui, canvas, "Tone", &params.on, now.setter, "Tone controls behind the amp.");
    let knobs = [
        ("Bass", &params.bass, "Low end."),
        ("Mid", &params.mid, "Body."),
        ("Treble", &params.treble, "Brightness."),
        ("Presence", &params.presence, "Bite, above the treble."),
    ];
    for (i, (label, param, about)) in knobs.into_iter().enumerate() {
        let centre = (panel.x + 54.0 + 84.0 * i as f32, panel.y + 116.0);
        let knob = Knob { label, centre, radius: 29.0, level: None, lit };
        knob.show(ui, canvas, Turned { param, notch: Notch::Plain(0.5), about }, now.setter);
    }
    if !lit {
        panel.veil(ui, canvas);
    }
}
